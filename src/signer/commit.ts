/**
 * Group commit: what depends on a write happens after the write is on disk, and one sync of the disk
 * serves everything that came while the one before it was under way.
 *
 * Rules (docs/engine.md, "Durable before"):
 * 1. An action runs when every write that was applied before it was registered is durable. Actions run in
 *    the order in which they were registered, so two durable messages are never reordered.
 * 2. At most one flush is in flight. A write that comes while it is belongs to the next one.
 * 3. With nothing unsynced, actions run at the end of the turn, without a flush.
 * 4. After the disk has refused once nothing runs any more.
 */

import type { Write } from '../base/ledger.ts';
import type { Store } from '../store/port.ts';

interface Waiting {
  /** Groups of writes that must be durable first. */
  readonly after: number;
  readonly action: () => void;
}

export type CommitStore = Pick<Store, 'apply' | 'flush' | 'flushNow'>;

export interface CommitHooks {
  /** The store was synced in this time, in milliseconds. */
  synced(tookMs: number): void;
  /** A flush succeeded: `settle` has something to do. */
  flushed(): void;
  failed(error: unknown): void;
}

export class GroupCommit {
  readonly #store: CommitStore;
  readonly #hooks: CommitHooks;
  readonly #clock: () => number;
  /** Groups of writes applied and durable, counted from the start. */
  #applied = 0;
  #durable = 0;
  #flight: Promise<void> | undefined;
  #failed = false;
  /** Lazy writes were applied since the last flush began. */
  #lazy = false;
  #waiting: Waiting[] = [];

  constructor(store: CommitStore, hooks: CommitHooks, clock: () => number) {
    this.#store = store;
    this.#hooks = hooks;
    this.#clock = clock;
  }

  /** Makes writes visible to reads, in memory. */
  apply(writes: readonly Write[]): void {
    if (writes.length === 0) return;
    this.#store.apply(writes);
    this.#applied += 1;
  }

  /** Makes writes visible that nothing waits for: they become durable with the next flush. */
  applyLazily(writes: readonly Write[]): void {
    if (writes.length === 0) return;
    this.#store.apply(writes);
    this.#lazy = true;
  }

  whenDurable(action: () => void): void {
    this.#waiting.push({ after: this.#applied, action });
  }

  /** Runs what may run now; what still waits is synced at once if that is quick, else a flush starts. */
  settle(): void {
    do {
      if (this.#failed) return;
      const ready = this.#waiting.findIndex(({ after }) => after > this.#durable);
      const due = ready < 0 ? this.#waiting : this.#waiting.slice(0, ready);
      this.#waiting = ready < 0 ? [] : this.#waiting.slice(ready);
      for (const { action } of due) action();
    } while (this.#waiting.length > 0 && this.#flushNow());
    if (this.#waiting.length > 0) this.#flush();
  }

  /** Makes everything durable and runs everything that waits, for a clean end. */
  async finish(): Promise<void> {
    while (!this.#failed && (this.#flight || this.#lazy || this.#applied > this.#durable)) {
      this.#flush();
      await this.#flight;
    }
    this.settle();
  }

  #flush(): void {
    if (this.#flight || this.#failed) return;
    const covered = this.#applied;
    this.#lazy = false;
    const startedAt = this.#clock();
    this.#flight = this.#store.flush().then(
      () => {
        this.#flight = undefined;
        this.#durable = covered;
        this.#hooks.synced(this.#clock() - startedAt);
        this.#hooks.flushed();
      },
      (error: unknown) => {
        this.#flight = undefined;
        this.#fail(error);
      },
    );
  }

  #flushNow(): boolean {
    if (this.#flight) return false;
    const startedAt = this.#clock();
    try {
      if (!this.#store.flushNow?.()) return false;
    } catch (error) {
      this.#fail(error);
      return false;
    }
    this.#durable = this.#applied;
    this.#lazy = false;
    this.#hooks.synced(this.#clock() - startedAt);
    return true;
  }

  #fail(error: unknown): void {
    this.#failed = true;
    this.#waiting = [];
    this.#hooks.failed(error);
  }
}
