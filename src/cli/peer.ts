/**
 * `musig-paxos peer`: one learner, in the foreground, until it is told to stop or must halt. SIGTERM and
 * SIGINT end it cleanly; a second one ends it at once. Logs are JSON on stdout.
 */

import { accept, type Result, refuse } from '../base/result.ts';
import type { PeerFinality } from '../peer/api.ts';
import { ForkDetected } from '../peer/api.ts';
import { loadPeerHome, type StoreKind, storeKinds } from '../peer/config.ts';
import { LearnerHalted } from '../peer/follow/errors.ts';
import { ListenError } from '../peer/http.ts';
import { LearnerRefused, type RunningLearner, startLearner } from '../peer/learner.ts';
import { StoreError } from '../store/error.ts';
import { untilSignal } from './until-signal.ts';

export interface PeerOptions {
  /** Directory with `peer.toml`. */
  readonly home: string;
  /** Instead of what `peer.toml` says. */
  readonly store?: string | undefined;
  readonly finality?: string | undefined;
}

const finalities: readonly PeerFinality[] = ['score', 'order'];

function choice<T extends string>(
  flag: string,
  given: string | undefined,
  choices: readonly T[],
): Result<T | undefined> {
  if (given === undefined || choices.includes(given as T)) return accept(given as T | undefined);
  return refuse('BAD_OPTION', `${flag}: "${given}" is unknown, expected ${choices.join(', ')}`);
}

/** What a person can put right, as a refusal. @throws anything else. */
function mistake(error: unknown, home: string): Result<never> {
  if (error instanceof StoreError) return refuse(error.code, error.message);
  if (error instanceof ListenError) return refuse('LISTEN', `${home}/peer.toml: ${error.message}`);
  if (error instanceof LearnerRefused) return refuse('CONFIG_INVALID', `${home}/peer.toml: ${error.message}`);
  if (error instanceof LearnerHalted || error instanceof ForkDetected)
    return refuse('HALTED', `${home}: ${error.message}`);
  throw error;
}

/**
 * Runs a learner until it ends.
 * @returns the exit code: 0 after a signal, 1 after a halt that the log describes. A refusal names the
 *   file, the field or the flag at fault, and nothing was started.
 */
export async function peerCommand(options: PeerOptions): Promise<Result<{ readonly exitCode: number }>> {
  const { home } = options;
  const store = choice<StoreKind>('--store', options.store, storeKinds);
  if (!store.ok) return store;
  const finality = choice('--finality', options.finality, finalities);
  if (!finality.ok) return finality;
  const loaded = loadPeerHome(home, {
    ...(store.value && { store: store.value }),
    ...(finality.value && { finality: finality.value }),
  });
  if (!loaded.ok) return loaded;
  const { stopped, release } = untilSignal();
  try {
    let learner: RunningLearner;
    try {
      learner = await startLearner(loaded.value);
    } catch (error) {
      return mistake(error, home);
    }
    const ended = await Promise.race([stopped, learner.failed]);
    await learner.close();
    return accept({ exitCode: ended === 'signal' ? 0 : 1 });
  } finally {
    release();
  }
}
