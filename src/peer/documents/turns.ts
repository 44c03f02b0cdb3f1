/**
 * One writer at a time, and the points at which a store can be interrupted. Calls of a store queue up,
 * so that a caller which forgets to await cannot interleave two groups.
 *
 * A *step* is every place where a store gives up control. Tests hook into it to stop a store dead there
 * (`storeConformance`), and `signal` is looked at there.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';

/** Called after each await with the name of the place; a throw stands for a crash there. */
export type StepHook = (point: string) => void;

export interface StepOptions {
  readonly onStep?: StepHook | undefined;
}

/** Lets other work run, then continues unless it is told to stop. @throws the signal's reason. */
export async function step(hook: StepHook | undefined, point: string, signal?: AbortSignal): Promise<void> {
  await nextTurn();
  hook?.(point);
  signal?.throwIfAborted();
}

/** Runs one piece of work after the other; one that throws does not stop the next. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work);
    // The caller gets the rejection from `turn`; the queue only needs to know when it is over.
    this.#last = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }
}
