/**
 * `musig-paxos start`: one signer, in the foreground, until it is told to stop or must stop. SIGTERM and
 * SIGINT end it cleanly; a second one ends it at once. Logs are JSON on stdout.
 */

import { setFlagsFromString } from 'node:v8';
import { accept, type Result, refuse } from '../base/result.ts';
import { documentMachine } from '../peer/machine/documents.ts';
import { type CheckKind, loadSignerHome } from '../signer/config.ts';
import { ListenError } from '../signer/listen-error.ts';
import { type RunningSigner, type SignerOptions, startSigner } from '../signer/signer.ts';
import { StoreError } from '../store/error.ts';
import { untilSignal } from './until-signal.ts';

export interface StartOptions {
  /** Directory with `signer.toml` and `keys.toml`. */
  readonly home: string;
}

/**
 * How far the heap may grow between two collections, in percent of what is alive. By default the engine of
 * Node lets it grow several times over on a large machine; a signer has little alive, and should stay small.
 */
const heapGrowingPercent = 50;

/** What signers of the built-in state machine check before they order (interfaces, `StateMachine.check`). */
const checks: Readonly<Record<CheckKind, SignerOptions>> = {
  none: {},
  documents: { check: documentMachine.check },
};

/** After a failure there is little to save, and the process must not linger. */
const failedCloseMs = 3000;

/** A mistake of the user's as a refusal. @throws anything else. */
function mistake(error: unknown, home: string): Result<never> {
  if (error instanceof StoreError) return refuse(error.code, error.message);
  if (error instanceof ListenError) return refuse('LISTEN', `${home}/signer.toml: ${error.message}`);
  throw error;
}

/**
 * Runs a signer until it ends.
 * @returns the exit code: 0 after a signal, 1 after a failure that the log describes. A refusal names the
 *   file and the field at fault, and nothing was started.
 */
export async function startCommand({ home }: StartOptions): Promise<Result<{ readonly exitCode: number }>> {
  setFlagsFromString(`--heap-growing-percent=${heapGrowingPercent}`);
  const loaded = loadSignerHome(home);
  if (!loaded.ok) return loaded;
  const { stopped, release } = untilSignal();
  try {
    let signer: RunningSigner;
    try {
      signer = await startSigner(loaded.value, checks[loaded.value.check]);
    } catch (error) {
      return mistake(error, home);
    }
    const ended = await Promise.race([stopped, signer.failed]);
    if (ended === 'signal') {
      await signer.close();
      return accept({ exitCode: 0 });
    }
    const timeout = new Promise((resolve) => setTimeout(resolve, failedCloseMs).unref());
    // It failed already, and said so; whether closing works does not matter any more.
    await Promise.race([signer.close().catch(() => undefined), timeout]);
    return accept({ exitCode: 1 });
  } finally {
    release();
  }
}
