/**
 * The durable store of a signer or a learner. Writes are visible to reads at once and durable after
 * `flush`; what one `apply` call contains becomes durable together or not at all, and never before an
 * earlier `apply`.
 */

import type { Ledger, Write } from '../base/ledger.ts';

export interface Store extends Ledger {
  /** Visible at once, in memory; durable after the next `flush` that starts after it. */
  apply(writes: readonly Write[]): void;
  /**
   * Makes everything applied so far durable (group commit: concurrent calls share one sync).
   * Rejects when the disk refuses; the store then stays failed and every later flush rejects too, so
   * that nothing that depends on a lost write ever leaves.
   */
  flush(): Promise<void>;
  /**
   * The same before it returns, if that can be had in next to no time; a store need not offer it.
   * @returns false when nothing was done. @throws when the disk refuses, as `flush` rejects.
   */
  flushNow?(): boolean;
  close(): Promise<void>;
}
