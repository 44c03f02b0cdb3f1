/**
 * Forming own batches from what clients sent here (protocol section 2). At most one batch of ordinary
 * and one of contested transactions is in flight; what arrives meanwhile fills the next one, so batches
 * grow with load and no timer delays a lone transaction.
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

import { type BatchId, type BatchNumber, batchNumber, type TransactionId } from '../base/ids.ts';
import { type BatchKeys, dependencyKey, type Key, keysOf } from '../dependency/keys.ts';
import { type AfterEntry, type Batch, makeBatch } from '../messages/batch.ts';
import type { Transaction } from '../messages/transaction.ts';
import type { DeliveryOrder } from '../ordering/delivery.ts';
import { highestUsed } from '../ordering/window.ts';
import type { Acceptance } from './acceptance.ts';
import type { SubmittedTransaction } from './contract.ts';
import type { Core } from './core.ts';

interface Queued extends SubmittedTransaction {
  readonly dependencies: readonly Key[];
  readonly wildcard: boolean;
  readonly explicit: boolean;
}

type Touching = Pick<BatchKeys, 'dependencies' | 'wildcard' | 'explicit'>;

/** Keys that transactions must not touch for now, or that skipped ones touch. */
class KeySet {
  readonly keys = new Set<Key>();
  wildcard = false;
  explicit = false;

  add(of: Touching): void {
    for (const key of of.dependencies) this.keys.add(key);
    this.wildcard ||= of.wildcard;
    this.explicit ||= of.explicit;
  }

  meets({ dependencies, wildcard, explicit }: Touching): boolean {
    if (wildcard && this.explicit) return true;
    if (this.wildcard && explicit) return true;
    return dependencies.some((key) => this.keys.has(key));
  }
}

type Lane = 'ordinary' | 'contested';

export interface IngressHooks {
  /** Takes an own batch in and announces it. */
  launch(batch: Batch): void;
  /** Whether the signers see to it that this accepted batch becomes final (section 6, "Pending"). */
  drives(batch: Batch): boolean;
}

/** Recently contested dependencies remembered, oldest forgotten first. */
const contestedMax = 4096;
/** Bytes of a batch around its transactions. */
const headerBytes = 4096;
const afterEntryBytes = 40;

export class Ingress {
  readonly #core: Core;
  readonly #acceptance: Acceptance;
  readonly #order: DeliveryOrder;
  readonly #hooks: IngressHooks;
  #queue: Queued[] = [];
  readonly #queuedIds = new Set<TransactionId>();
  /** Own batches in flight: not certified yet, by lane. */
  readonly #flying = new Map<BatchId, Lane>();
  /** Own batches not in the committed order, oldest first. */
  readonly #own = new Map<BatchId, { readonly batch: Batch; readonly keys: BatchKeys }>();
  /** Transactions of own batches that are not committed. */
  readonly #ownIds = new Set<TransactionId>();
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
    return this.#queue.length;
  }

  /** Takes transactions from clients; those that are known already are not queued again. */
  submit(transactions: readonly SubmittedTransaction[]): void {
    for (const one of transactions) {
      if (this.#queuedIds.has(one.id) || this.#order.transactionSeen(one.id) || this.#ownIds.has(one.id))
        continue;
      this.#queuedIds.add(one.id);
      this.#queue.push(queuedOf(one));
    }
    this.form();
  }

  /** After a restart: own batches that are not committed travel again (section 2, "Window"). */
  restore(): void {
    const own = this.#core.self;
    this.#next = highestUsed(this.#order.committed.window(own)) + 1;
    for (const { held } of this.#acceptance.accepted.values()) {
      if (held.batch.header.ingress !== own) continue;
      this.#remember(held.batch, held.keys);
      this.#next = Math.max(this.#next, held.batch.header.number + 1);
    }
    for (const { batch } of [...this.#own.values()]) {
      if (this.#order.has(batch.id)) continue;
      if (this.#order.waiting.has(batch.id)) this.contested(batch);
      else {
        this.#flying.set(batch.id, 'ordinary');
        this.#hooks.launch(batch);
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
    const own = this.#own.get(id);
    if (own && finality === 'score' && !contested)
      for (const key of own.keys.dependencies) this.#hot.delete(key);
    if (own || contested || this.#queue.length > 0) this.form();
  }

  /** The committed order used these batches' numbers. */
  committed(ids: Iterable<BatchId>): void {
    for (const id of ids) {
      for (const transaction of this.#own.get(id)?.batch.transactionIds ?? [])
        this.#ownIds.delete(transaction);
      this.#own.delete(id);
      this.#flying.delete(id);
      this.#contested.delete(id);
    }
    this.form();
  }

  /** Forms as many batches as the lanes, the window and the queue allow. */
  form(): void {
    for (const lane of ['ordinary', 'contested'] as const) {
      if (this.#queue.length === 0) return;
      if ([...this.#flying.values()].includes(lane)) continue;
      const watermark = this.#order.committed.window(this.#core.self).watermark;
      if (this.#next > watermark + this.#core.limits.window) return;
      const chosen = this.#choose(lane);
      if (chosen.length > 0) this.#send(chosen, lane);
    }
  }

  #remember(batch: Batch, keys: BatchKeys): void {
    this.#own.set(batch.id, { batch, keys });
    for (const id of batch.transactionIds) this.#ownIds.add(id);
  }

  /** Takes what may travel in this lane out of the queue, in order. */
  #choose(lane: Lane): Queued[] {
    const blocked = this.#blocked();
    const { batchBytesMax, batchTransactionsMax } = this.#core.limits;
    const chosen: Queued[] = [];
    const kept: Queued[] = [];
    let bytes = headerBytes + this.#own.size * afterEntryBytes;
    for (let i = 0; i < this.#queue.length; i++) {
      const queued = this.#queue[i]!;
      const hot = queued.wildcard
        ? this.#hot.size > 0
        : queued.dependencies.some((key) => this.#hot.has(key));
      const fits = chosen.length < batchTransactionsMax && bytes + queued.size <= batchBytesMax;
      if (!fits) {
        for (let rest = i; rest < this.#queue.length; rest++) kept.push(this.#queue[rest]!);
        break;
      }
      if (hot !== (lane === 'contested') || blocked.meets(queued)) {
        kept.push(queued);
        blocked.add(queued);
        continue;
      }
      chosen.push(queued);
      bytes += queued.size;
    }
    this.#queue = kept;
    for (const { id } of chosen) this.#queuedIds.delete(id);
    return chosen;
  }

  /** Keys on which nothing may be sent now (rule 2), own lanes in flight included. */
  #blocked(): KeySet {
    const blocked = new KeySet();
    for (const keys of this.#contested.values()) blocked.add(keys);
    const unfinished = new KeySet();
    let some = false;
    for (const [id, { keys }] of this.#own) {
      if (this.#order.has(id)) continue;
      unfinished.add(keys);
      some = true;
    }
    if (!some) return blocked;
    const frozenBefore = this.#core.now - this.#core.limits.freezeAfterMs;
    for (const { held, acceptedAt } of this.#acceptance.accepted.values()) {
      if (acceptedAt > frozenBefore) break;
      // What need not ever become final, a twin of an equivocator's, must not freeze anything.
      if (!this.#order.has(held.batch.id) && unfinished.meets(held.keys) && this.#hooks.drives(held.batch))
        blocked.add(held.keys);
    }
    return blocked;
  }

  #send(chosen: readonly Queued[], lane: Lane): void {
    const number = batchNumber(this.#next++);
    const batch = makeBatch(
      { epoch: this.#core.epoch, ingress: this.#core.self, number, after: this.#after(chosen) },
      chosen.map((one) => one.transaction),
      (bytes) => this.#core.config.signingKey.sign(bytes),
    );
    this.#remember(batch, keysOf(batch));
    this.#flying.set(batch.id, lane);
    this.#core.emit({ type: 'accepted', batch: batch.id, transactions: batch.transactionIds });
    this.#hooks.launch(batch);
    this.#armFreeze();
  }

  /** Own earlier batches that conflict and are not in the committed order (section 2, `after`). */
  #after(chosen: readonly Queued[]): AfterEntry[] {
    const keys = {
      dependencies: [...new Set(chosen.flatMap((one) => one.dependencies))],
      transactions: [],
      slot: '',
      wildcard: chosen.some((one) => one.wildcard),
      explicit: chosen.some((one) => one.explicit),
    };
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
        if (this.#queue.length > 0) this.#armFreeze();
      });
  }
}

function queuedOf(one: SubmittedTransaction): Queued {
  const dependencies = one.transaction.dependencies;
  return {
    ...one,
    dependencies: dependencies?.map(dependencyKey) ?? [],
    wildcard: dependencies === undefined,
    explicit: dependencies === undefined || dependencies.length > 0,
  };
}

/** Bytes that a transaction takes in a batch, at most. */
export const transactionSize = (transaction: Transaction): number =>
  192 +
  transaction.client.length +
  transaction.body.length +
  (transaction.dependencies ?? []).reduce((sum, dependency) => sum + dependency.length + 4, 0);
