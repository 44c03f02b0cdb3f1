/**
 * What this signer has published: the committed height, and the batches delivered by score that no block
 * holds yet. It is built from durable events alone, so whoever reads it, streams and receipts, never sees
 * what a crash could take back.
 *
 * Rules:
 * 1. The events of a step are published together: whoever reads between steps finds a block, and with it
 *    the batches that became final only on top of it (protocol section 5).
 * 2. `ahead` holds exactly the published batches that are in no published block, oldest first.
 */

import { invariant } from '../base/assert.ts';
import type { BatchId, Height, TransactionId } from '../base/ids.ts';
import type { CommittedBlock, EngineEvent } from '../engine/contract.ts';
import type { Delivery } from '../ordering/delivery.ts';

/** A batch final by its score, in no block yet. */
export interface AheadBatch {
  /** Ascending in the order of publication, from 1. */
  readonly sequence: number;
  readonly delivery: Delivery;
  /** In a published block since. */
  settled: boolean;
}

/** Where a transaction stands among the batches ahead. */
export interface AheadPlace {
  readonly delivery: Delivery;
  readonly index: number;
}

export interface FeedListener {
  /** Final by score. */
  batch?(ahead: AheadBatch): void;
  /** @param deliveryOf of each batch of the block. */
  block?(committed: CommittedBlock, deliveryOf: (id: BatchId) => Delivery): void;
  /** After all of a step was published. */
  advanced?(): void;
}

export class Feed {
  #height: Height;
  #sequence = 0;
  readonly #ahead = new Map<BatchId, AheadBatch>();
  /** By sequence; the settled ones are swept out now and then. */
  #log: AheadBatch[] = [];
  #settledInLog = 0;
  /** Places of the transactions of batches ahead in which somebody has looked for one. */
  readonly #indices = new WeakMap<AheadBatch, ReadonlyMap<TransactionId, number>>();
  readonly #listeners = new Set<FeedListener>();

  /** @param height committed height before the first event. */
  constructor(height: Height) {
    this.#height = height;
  }

  get height(): Height {
    return this.#height;
  }

  get ahead(): ReadonlyMap<BatchId, AheadBatch> {
    return this.#ahead;
  }

  /** Sequence of the newest batch published by score. */
  get sequence(): number {
    return this.#sequence;
  }

  /**
   * Where a transaction stands among the batches ahead. Few are looked for, those that come again, so nothing is
   * kept for each: a batch is indexed when it is first looked into.
   */
  find(transaction: TransactionId): AheadPlace | undefined {
    for (const ahead of this.#ahead.values()) {
      const index = this.#indexOf(ahead).get(transaction);
      if (index !== undefined) return { delivery: ahead.delivery, index };
    }
    return undefined;
  }

  /** The first batch ahead that was published after the given sequence. */
  nextAhead(after: number): AheadBatch | undefined {
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#log[middle]!.sequence <= after) low = middle + 1;
      else high = middle;
    }
    while (this.#log[low]?.settled) low += 1;
    return this.#log[low];
  }

  /** Returns what ends the listening. */
  listen(listener: FeedListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Publishes the events of one step. */
  take(events: readonly EngineEvent[]): void {
    /** Delivered by the block that follows in this step. */
    const ordered = new Map<BatchId, Delivery>();
    let published = false;
    for (const event of events) {
      if (event.type === 'committed') this.#block(event.committed, ordered);
      else if (event.type !== 'delivered') continue;
      else if (event.delivery.finality === 'score') this.#batch(event.delivery);
      else ordered.set(event.delivery.batch.id, event.delivery);
      published = true;
    }
    if (published) for (const listener of [...this.#listeners]) listener.advanced?.();
  }

  #batch(delivery: Delivery): void {
    this.#sequence += 1;
    const ahead: AheadBatch = { sequence: this.#sequence, delivery, settled: false };
    this.#ahead.set(delivery.batch.id, ahead);
    this.#log.push(ahead);
    for (const listener of [...this.#listeners]) listener.batch?.(ahead);
  }

  #block(committed: CommittedBlock, ordered: ReadonlyMap<BatchId, Delivery>): void {
    const deliveries = new Map<BatchId, Delivery>();
    for (const { batch } of committed.places) {
      const ahead = this.#ahead.get(batch);
      const delivery = ahead?.delivery ?? ordered.get(batch);
      invariant(delivery, `block ${committed.height} holds batch ${batch}, which was not delivered`);
      deliveries.set(batch, delivery);
      if (ahead) this.#settle(ahead);
    }
    this.#height = committed.height;
    for (const listener of [...this.#listeners]) listener.block?.(committed, (id) => deliveries.get(id)!);
  }

  #settle(ahead: AheadBatch): void {
    ahead.settled = true;
    this.#ahead.delete(ahead.delivery.batch.id);
    this.#settledInLog += 1;
    if (this.#settledInLog < 64 || 2 * this.#settledInLog < this.#log.length) return;
    this.#log = this.#log.filter((one) => !one.settled);
    this.#settledInLog = 0;
  }

  #indexOf(ahead: AheadBatch): ReadonlyMap<TransactionId, number> {
    const known = this.#indices.get(ahead);
    if (known) return known;
    const { batch, verdicts } = ahead.delivery;
    const index = new Map<TransactionId, number>();
    for (const [i, id] of batch.transactionIds.entries()) if (verdicts[i] !== 'duplicate') index.set(id, i);
    this.#indices.set(ahead, index);
    return index;
  }
}
