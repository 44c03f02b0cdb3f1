/**
 * Forming own batches from what clients sent here (protocol section 2). At most one batch of ordinary
 * and one of contested transactions is in flight, unless batches are full; what arrives meanwhile fills the
 * next one, so batches grow with load and no timer delays a lone transaction.
 *
 * Rules:
 * 1. A transaction never overtakes an earlier one of this queue that it conflicts with.
 * 2. On a contested dependency (an own batch on it was certified and not final) nothing more is sent
 *    until that batch is ordered; nor on one where some batch is not final after `freezeAfterMs` and an own one
 *    is not final either. So what can hold each other up is finite, and nobody can freeze others out.
 * 3. Transactions on recently contested dependencies travel apart from the others, so that they take
 *    only each other through phase 3.
 * 4. Numbers ascend without gaps and stay within own watermark + W.
 */

import { type BatchId, type BatchNumber, batchNumber } from '../base/ids.ts';
import { type BatchKeys, type Key, slotKey } from '../dependency/keys.ts';
import { type AfterEntry, assembleBatch, type Batch } from '../messages/batch.ts';
import { encodedTransaction, type Transaction } from '../messages/transaction.ts';
import type { DeliveryOrder } from '../ordering/delivery.ts';
import { highestUsed } from '../ordering/window.ts';
import type { Acceptance } from './acceptance.ts';
import type { SubmittedTransaction } from './contract.ts';
import type { Core } from './core.ts';
import {
  IngressQueue,
  KeySet,
  type Lane,
  type Obstacles,
  type Queued,
  type Touching,
} from './ingress-queue.ts';
import type { Held } from './pool.ts';

export interface IngressHooks {
  /** Takes an own batch in and announces it. */
  launch(batch: Batch, keys: BatchKeys): void;
  /** Whether the signers see to it that this accepted batch becomes final (section 6, "Pending"). */
  drives(batch: Batch): boolean;
}

/** Recently contested dependencies remembered, oldest forgotten first. */
const contestedMax = 4096;
/** Bytes of a batch around its transactions. */
const headerBytes = 4096;
const afterEntryBytes = 40;
/** Full batches of ordinary transactions in flight at once. */
const flyingMax = 4;

export class Ingress {
  readonly #core: Core;
  readonly #acceptance: Acceptance;
  readonly #order: DeliveryOrder;
  readonly #hooks: IngressHooks;
  readonly #queue = new IngressQueue();
  /** Own batches in flight: not certified yet, by lane. */
  readonly #flying = new Map<BatchId, Lane>();
  /** Own batches not in the committed order, oldest first. */
  readonly #own = new Map<BatchId, { readonly batch: Batch; readonly keys: BatchKeys }>();
  /** Own batches that are certified and not final. */
  readonly #contested = new Map<BatchId, BatchKeys>();
  readonly #hot = new Set<Key>();
  #next = 1;

  constructor(core: Core, acceptance: Acceptance, order: DeliveryOrder, hooks: IngressHooks) {
    this.#core = core;
    this.#acceptance = acceptance;
    this.#order = order;
    this.#hooks = hooks;
  }

  /** Transactions waiting for a batch. */
  get queued(): number {
    return this.#queue.size;
  }

  /** Takes transactions from clients; those that are known already are not queued again. */
  submit(transactions: readonly SubmittedTransaction[]): void {
    for (const one of transactions) {
      const { id, transaction, raw } = one;
      if (!this.#queue.has(id) && !this.#isKnown(one))
        this.#queue.push(raw ? { id, transaction, raw } : encodedTransaction(transaction));
    }
    this.form();
  }

  /** In O, or in an own batch that will be. */
  #isKnown({ id }: SubmittedTransaction): boolean {
    for (const holder of this.#order.committed.inFlight.holders(id)) if (this.#own.has(holder)) return true;
    return this.#order.transactionSeen(id);
  }

  /** After a restart: own batches that are not committed travel again (section 2, "Window"). */
  restore(): void {
    const own = this.#core.self;
    this.#next = highestUsed(this.#order.committed.window(own)) + 1;
    for (const { held } of this.#acceptance.accepted.values()) {
      if (held.batch.header.ingress !== own) continue;
      this.#own.set(held.batch.id, held);
      this.#next = Math.max(this.#next, held.batch.header.number + 1);
    }
    for (const { batch, keys } of [...this.#own.values()]) {
      if (this.#order.has(batch.id)) continue;
      if (this.#order.waiting.has(batch.id)) this.contested(batch);
      else {
        this.#flying.set(batch.id, 'ordinary');
        this.#hooks.launch(batch, keys);
      }
    }
    this.#armFreeze();
  }

  /** An own batch got its certificate: the lane is free; if it is not final, its keys are contested. */
  certified(batch: Batch): void {
    if (!this.#flying.delete(batch.id)) return;
    this.form();
  }

  /** An own batch is certified and its score does not make it final. */
  contested(batch: Batch): void {
    const own = this.#own.get(batch.id);
    if (!own || this.#contested.has(batch.id)) return;
    this.#queue.changed();
    this.#contested.set(batch.id, own.keys);
    for (const key of own.keys.dependencies) {
      this.#hot.delete(key);
      this.#hot.add(key);
    }
    for (const key of this.#hot) {
      if (this.#hot.size <= contestedMax) break;
      this.#hot.delete(key);
    }
  }

  /** A batch is final: what waited for it may travel. */
  delivered(id: BatchId, finality: 'score' | 'order'): void {
    this.#flying.delete(id);
    const contested = this.#contested.delete(id);
    if (contested) this.#queue.changed();
    const own = this.#own.get(id);
    if (own && finality === 'score' && !contested && this.#hot.size > 0)
      for (const key of own.keys.dependencies) if (this.#hot.delete(key)) this.#queue.changed();
    if (own || contested || this.#queue.size > 0) this.form();
  }

  /** The committed order used these batches' numbers. */
  committed(ids: Iterable<BatchId>): void {
    for (const id of ids) {
      this.#own.delete(id);
      this.#flying.delete(id);
      if (this.#contested.delete(id)) this.#queue.changed();
    }
    this.form();
  }

  /** Forms as many batches as the lanes, the window and the queue allow. */
  form(): void {
    for (const lane of ['ordinary', 'contested'] as const) {
      if (this.#queue.size === 0) return;
      if (!this.#mayStart(lane)) continue;
      const watermark = this.#order.committed.window(this.#core.self).watermark;
      if (this.#next > watermark + this.#core.limits.window) return;
      const chosen = this.#choose(lane);
      if (chosen.length > 0) this.#send(chosen, lane);
    }
  }

  /**
   * When the next batch leaves: at once when no own batch of its lane is in flight, else with the certificate
   * of that one. A full one leaves too while only a few are in flight: waiting could not make it any larger, and over
   * long distances a flight takes a second. All of the policy of batching is here.
   */
  #mayStart(lane: Lane): boolean {
    let flying = 0;
    for (const one of this.#flying.values()) if (one === lane) flying += 1;
    if (flying === 0) return true;
    return (
      lane === 'ordinary' && flying < flyingMax && this.#queue.size >= this.#core.limits.batchTransactionsMax
    );
  }

  #isHot(touching: Touching): boolean {
    if (this.#hot.size === 0) return false;
    return touching.wildcard || touching.dependencies.some((key) => this.#hot.has(key));
  }

  /** Takes what may travel in this lane out of the queue, in order. */
  #choose(lane: Lane): Queued[] {
    if (lane === 'contested' && this.#hot.size === 0) return [];
    const obstacles = this.#obstacles();
    if (lane === 'contested' && this.#stuck(this.#queue.blocked(lane, obstacles))) return [];
    const { batchBytesMax, batchTransactionsMax } = this.#core.limits;
    return this.#queue.take(
      lane,
      obstacles,
      (queued) => this.#isHot(queued) === (lane === 'contested'),
      batchTransactionsMax,
      batchBytesMax - headerBytes - this.#own.size * afterEntryBytes,
    );
  }

  /** What nothing may touch (rule 2). The queue is told when `#contested` changes; frozen are what they are named. */
  #obstacles(): Obstacles {
    const frozen = this.#frozen();
    const keys = (): KeySet => {
      const blocked = new KeySet();
      for (const own of this.#contested.values()) blocked.add(own);
      for (const held of frozen) blocked.add(held.keys);
      return blocked;
    };
    return { name: frozen.map(({ batch }) => batch.id).join(), keys };
  }

  /** Nothing may be sent on any contested dependency: the lane need not look for transactions. */
  #stuck(blocked: KeySet): boolean {
    for (const key of this.#hot) if (!blocked.has(key)) return false;
    return true;
  }

  /** Batches that are not final for long and touch an own one that is not final either (rule 2). */
  #frozen(): Held[] {
    const frozen: Held[] = [];
    const frozenBefore = this.#core.now - this.#core.limits.freezeAfterMs;
    let unfinished: KeySet | undefined;
    for (const { held, acceptedAt } of this.#acceptance.accepted.values()) {
      if (acceptedAt > frozenBefore) break;
      if (this.#order.has(held.batch.id)) continue;
      unfinished ??= this.#unfinished();
      // What need not ever become final, a twin of an equivocator's, must not freeze anything.
      if (unfinished.meets(held.keys) && this.#hooks.drives(held.batch)) frozen.push(held);
    }
    return frozen;
  }

  /** What own batches that are not final touch. */
  #unfinished(): KeySet {
    const unfinished = new KeySet();
    for (const [id, { keys }] of this.#own) if (!this.#order.has(id)) unfinished.add(keys);
    return unfinished;
  }

  #send(chosen: readonly Queued[], lane: Lane): void {
    const number = batchNumber(this.#next++);
    const keys = keysOfQueued(chosen, slotKey(this.#core.self, number));
    const batch = assembleBatch(
      { epoch: this.#core.epoch, ingress: this.#core.self, number, after: this.#after(keys) },
      chosen,
      (bytes) => this.#core.config.signingKey.sign(bytes),
    );
    this.#own.set(batch.id, { batch, keys });
    this.#flying.set(batch.id, lane);
    this.#core.emit({ type: 'accepted', batch: batch.id, transactions: batch.transactionIds });
    this.#hooks.launch(batch, keys);
    this.#armFreeze();
  }

  /** Own earlier batches that conflict and are not in the committed order (section 2, `after`). */
  #after(keys: BatchKeys): AfterEntry[] {
    return this.#acceptance.index
      .conflictsOf(keys)
      .map((id) => this.#own.get(id)?.batch)
      .filter((batch) => batch !== undefined)
      .map((batch) => ({ number: batch.header.number as BatchNumber, id: batch.id }))
      .sort((a, b) => a.number - b.number);
  }

  /** Looks again when a frozen dependency may have thawed by a deadline rather than by an event. */
  #armFreeze(): void {
    const { timers, limits } = this.#core;
    if (!timers.has('ingress'))
      timers.set('ingress', this.#core.now + limits.freezeAfterMs, () => {
        this.form();
        if (this.#queue.size > 0) this.#armFreeze();
      });
  }
}

/** The conflict keys of a batch of these transactions. */
function keysOfQueued(chosen: readonly Queued[], slot: Key): BatchKeys {
  const dependencies = new Set<Key>();
  for (const one of chosen) for (const key of one.dependencies) dependencies.add(key);
  return {
    dependencies: [...dependencies],
    transactions: chosen.map((one) => one.id),
    slot,
    wildcard: chosen.some((one) => one.wildcard),
    explicit: chosen.some((one) => one.explicit),
  };
}

/** Bytes that a transaction takes in a batch, at most. */
export const transactionSize = (transaction: Transaction): number =>
  192 +
  transaction.client.length +
  transaction.body.length +
  (transaction.dependencies ?? []).reduce((sum, dependency) => sum + dependency.length + 4, 0);
