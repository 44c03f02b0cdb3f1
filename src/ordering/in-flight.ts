/**
 * The batches on their way into the order, and which of them hold the same transactions. Nearly always a
 * transaction stands in one batch alone; then it is no duplicate wherever that batch gets its place, and
 * nobody has to look it up again (protocol section 8).
 *
 * A batch is *fresh* when none of its transactions stood in the committed order when it came here, and none
 * has stood in another batch here since. Invariants:
 * 1. Every batch is here before it is delivered, derived in a block or committed, until it is committed or
 *    has lost its number. (The engine: as long as its pool holds it.)
 * 2. A batch that is not fresh never becomes fresh again.
 * 3. No batch here is in the committed order.
 *
 * So a transaction of a fresh batch is in no order that does not hold the batch itself: what is committed
 * now and was not when the batch came was here meanwhile (1), and had it held the transaction, then whichever
 * of the two came second would have found the other, and the batch would not be fresh (2).
 */

import type { BatchId, TransactionId } from '../base/ids.ts';
import type { Batch } from '../messages/batch.ts';

interface Entry {
  readonly transactionIds: readonly TransactionId[];
  fresh: boolean;
}

export class InFlight {
  readonly #committed: (id: TransactionId) => boolean;
  readonly #entries = new Map<BatchId, Entry>();
  /** The batches that hold a transaction: nearly always one. */
  readonly #holders = new Map<TransactionId, BatchId | Set<BatchId>>();

  /** @param committed whether a transaction stands in the committed order, in a batch that is not void. */
  constructor(committed: (id: TransactionId) => boolean) {
    this.#committed = committed;
  }

  /** A batch comes in; one that is here already stays as it is. */
  enter({ id, transactionIds }: Pick<Batch, 'id' | 'transactionIds'>): void {
    if (this.#entries.has(id)) return;
    const entry: Entry = { transactionIds, fresh: true };
    this.#entries.set(id, entry);
    for (const transaction of transactionIds) {
      const holders = this.#holders.get(transaction);
      if (holders === undefined) {
        this.#holders.set(transaction, id);
        if (entry.fresh && this.#committed(transaction)) entry.fresh = false;
        continue;
      }
      entry.fresh = false;
      if (typeof holders !== 'string') holders.add(id);
      else if (holders !== id) {
        this.#entries.get(holders)!.fresh = false;
        this.#holders.set(transaction, new Set([holders, id]));
      }
    }
  }

  /** A batch is committed, or never will be. */
  leave(id: BatchId): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    for (const transaction of entry.transactionIds) {
      const holders = this.#holders.get(transaction);
      if (holders === id) this.#holders.delete(transaction);
      else if (typeof holders === 'object' && holders.delete(id) && holders.size === 0)
        this.#holders.delete(transaction);
    }
  }

  has(id: BatchId): boolean {
    return this.#entries.has(id);
  }

  /** No transaction of the batch can be a duplicate. False for a batch that is not here. */
  fresh(id: BatchId): boolean {
    return this.#entries.get(id)?.fresh === true;
  }

  /** The batches here that hold a transaction. */
  holders(transaction: TransactionId): Iterable<BatchId> {
    const holders = this.#holders.get(transaction);
    if (holders === undefined) return [];
    return typeof holders === 'string' ? [holders] : holders;
  }

  /** The other batches here that hold a transaction of this one. */
  sharers = (id: BatchId): Iterable<BatchId> => {
    const entry = this.#entries.get(id);
    const found = new Set<BatchId>();
    if (entry?.fresh === false)
      for (const transaction of entry.transactionIds)
        for (const holder of this.holders(transaction)) if (holder !== id) found.add(holder);
    return found;
  };
}
