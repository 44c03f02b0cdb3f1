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
 * Flags of the engine of Node, for a process that runs for months. The heap may double between two collections:
 * by default it grows several times over on a large machine, and a signer has little alive. And functions are
 * optimised after a third of the usual work: a signer does little of each kind a second, and would run baseline
 * code for minutes (measured: 15 % more batches a second after six seconds).
 */
const engineFlags = ['--heap-growing-percent=100', '--interrupt-budget=20000'];

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
  for (const flag of engineFlags) setFlagsFromString(flag);
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
