/**
 * What clients do with transactions: send them, and ask what became of them (interfaces, "Signer,
 * client-facing"). A transaction is taken at most once, whatever is sent how often: its id is looked up
 * among what is final, then among what is under way here, and only a new one goes to the engine.
 *
 * Answers rest on durable events alone (feed.ts). A receipt is made when somebody asks or waits for it.
 */

import { toHex } from '../base/bytes.ts';
import type { BatchId, TransactionId } from '../base/ids.ts';
import type { CommittedBlock, EngineEvent, SubmittedTransaction } from '../engine/contract.ts';
import { transactionSize } from '../engine/ingress.ts';
import type { Batch } from '../messages/batch.ts';
import type { ErrorJson, IdentifiedTransaction, ResultJson, StatusJson, Wait } from '../messages/http.ts';
import type { ReceiptJson } from '../messages/receipt-json.ts';
import type { Delivery } from '../ordering/delivery.ts';
import type { Verifier } from '../verify/verifier.ts';
import type { Admission, Candidate } from './admission.ts';
import { type HttpError, invalid, overloaded, stopping, undecided } from './errors.ts';
import type { AheadBatch, Feed, FeedListener } from './feed.ts';
import { type Answer, Waiters } from './waiters.ts';

/** Makes receipts; undefined where there is nothing to prove yet. */
export interface Receipts {
  /** Of a batch final by score. Undefined too when the proof would be too long: then it is given by order. */
  score(delivery: Delivery, index: number): ReceiptJson | undefined;
  order(id: TransactionId): ReceiptJson | undefined;
  /** In a committed block. */
  isOrdered(id: TransactionId): boolean;
}

export interface TransactionsOptions {
  readonly verifier: Verifier;
  readonly admission: Admission;
  readonly feed: Feed;
  readonly receipts: Receipts;
  readonly submit: (transactions: readonly SubmittedTransaction[]) => void;
  readonly waitsMax?: number;
}

/** How long and how far a request waits. */
export interface WaitOptions {
  readonly wait: Wait;
  readonly timeoutMs: number;
  /** The client is gone. */
  readonly signal: AbortSignal;
}

const waitsMax = 1 << 16;
/** When to come back: a batch takes a few round trips. */
const queueRetryMs = 250;

export class Transactions implements FeedListener {
  readonly #options: TransactionsOptions;
  readonly #waiters: Waiters;
  #closed = false;

  constructor(options: TransactionsOptions) {
    this.#options = options;
    this.#waiters = new Waiters(options.waitsMax ?? waitsMax);
    options.feed.listen(this);
  }

  /** Requests and transactions waited for. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Own batches that were under way when this signer stopped: accepted, as clients were told. */
  restore(batches: Iterable<Batch>): void {
    for (const batch of batches)
      this.#options.admission.restore(
        batch.transactions.map((transaction, i) =>
          candidateOf({ id: batch.transactionIds[i]!, transaction }),
        ),
      );
  }

  /**
   * Takes transactions and waits as asked. One result each, in order; or an error, and nothing was taken.
   */
  async submit(
    list: readonly IdentifiedTransaction[],
    options: WaitOptions,
  ): Promise<ResultJson[] | HttpError> {
    if (this.#closed) return stopping;
    const refused = new Map<TransactionId, ErrorJson>();
    const fresh = new Map<TransactionId, IdentifiedTransaction>();
    for (const one of list) {
      const checked = this.#options.verifier.transaction(one.transaction, one.id);
      if (!checked.ok) refused.set(one.id, invalid(checked.error).error);
      else if (!this.#isKnown(one.id)) fresh.set(one.id, one);
    }
    const taken = this.#take([...fresh.values()], list.length);
    if (taken) return taken;
    const answers = await this.#answers(
      list.map(({ id }) => id).filter((id) => !refused.has(id)),
      options,
    );
    return list.map(({ id }) => this.#result(id, refused.get(id), answers.get(id)));
  }

  /** What is known of a transaction, after waiting as asked. */
  async status(id: TransactionId, options: WaitOptions | undefined): Promise<StatusJson | HttpError> {
    if (this.#closed) return stopping;
    if (options && !this.#waiters.hasRoom(1)) return overloaded('too many requests wait here', queueRetryMs);
    const waited = options && (await this.#answers([id], options)).get(id);
    const answer = waited ?? this.#known(id, 'score');
    if (answer?.receipt) return { id, status: 'final', receipt: answer.receipt };
    if (this.#isFinal(id)) return { id, status: 'final' };
    return { id, status: this.#options.admission.stage(id) === 'accepted' ? 'accepted' : 'unknown' };
  }

  /** The durable events of a step, after the feed has taken them. */
  take(events: readonly EngineEvent[]): void {
    for (const event of events)
      if (event.type === 'accepted') {
        this.#options.admission.accepted(event.transactions);
        for (const id of event.transactions) this.#waiters.answer(id, 'accepted', () => ({}));
      }
  }

  batch({ delivery }: AheadBatch): void {
    const ids = firstPlaces(delivery);
    this.#options.admission.final(ids.map(([id]) => id));
    for (const [id, index] of ids) {
      this.#waiters.answer(id, 'score', () => {
        const receipt = this.#options.receipts.score(delivery, index);
        return receipt && { receipt };
      });
      this.#waiters.answer(id, 'accepted', () => ({}));
    }
  }

  block(committed: CommittedBlock, deliveryOf: (id: BatchId) => Delivery): void {
    for (const { batch } of committed.places) {
      const ids = firstPlaces(deliveryOf(batch));
      this.#options.admission.final(ids.map(([id]) => id));
      for (const [id] of ids)
        this.#waiters.answer(id, 'order', () => {
          const receipt = this.#options.receipts.order(id);
          return receipt && { receipt };
        });
    }
  }

  /** Nothing is taken any more, and every wait ends with what it has. */
  close(): void {
    this.#closed = true;
    this.#waiters.close();
  }

  #isFinal(id: TransactionId): boolean {
    return this.#options.feed.find(id) !== undefined || this.#options.receipts.isOrdered(id);
  }

  #isKnown(id: TransactionId): boolean {
    return this.#options.admission.stage(id) !== undefined || this.#isFinal(id);
  }

  #take(fresh: readonly IdentifiedTransaction[], waits: number): HttpError | undefined {
    if (!this.#waiters.hasRoom(waits)) return overloaded('too many requests wait here', queueRetryMs);
    const candidates = fresh.map(candidateOf);
    const admitted = this.#options.admission.admit(candidates);
    if (!admitted.ok) return overloaded(admitted.error.message, queueRetryMs);
    const submitted = fresh.map((one, i) => ({ ...one, size: candidates[i]!.size }));
    if (submitted.length > 0) this.#options.submit(submitted);
    return undefined;
  }

  /** The answer there is already. */
  #known(id: TransactionId, level: Wait): Answer | undefined {
    const ordered = this.#options.receipts.order(id);
    if (ordered) return { receipt: ordered };
    if (level === 'order') return undefined;
    const ahead = this.#options.feed.find(id);
    const scored = ahead && this.#options.receipts.score(ahead.delivery, ahead.index);
    if (scored) return { receipt: scored };
    if (level !== 'accepted') return undefined;
    return ahead || this.#options.admission.stage(id) === 'accepted' ? {} : undefined;
  }

  async #answers(
    ids: readonly TransactionId[],
    { wait, timeoutMs, signal }: WaitOptions,
  ): Promise<Map<TransactionId, Answer>> {
    const answers = new Map<TransactionId, Answer>();
    const open = new Set<TransactionId>();
    for (const id of ids) {
      const known = this.#known(id, wait);
      if (known) answers.set(id, known);
      else open.add(id);
    }
    if (open.size === 0) return answers;
    const late = await this.#waiters.wait([...open], wait, timeoutMs, signal);
    for (const [id, answer] of late) answers.set(id, answer);
    return answers;
  }

  #result(id: TransactionId, refused: ErrorJson | undefined, answer: Answer | undefined): ResultJson {
    if (refused) return { id, error: refused };
    if (answer?.receipt) return { id, receipt: answer.receipt };
    if (answer || this.#options.admission.stage(id) === 'accepted' || this.#options.feed.find(id))
      return { id };
    const { error } = this.#closed
      ? stopping
      : undecided('TIMEOUT', 'the transaction waits for a batch', 504);
    return { id, error };
  }
}

const candidateOf = ({ id, transaction }: IdentifiedTransaction): Candidate => ({
  id,
  client: toHex(transaction.client),
  size: transactionSize(transaction),
});

/** Transactions that have their place here, with their index in the batch. */
const firstPlaces = ({ batch, verdicts }: Delivery): [TransactionId, number][] =>
  batch.transactionIds.flatMap((id, index): [TransactionId, number][] => {
    const verdict = verdicts[index];
    return verdict === undefined || verdict === 'duplicate' ? [] : [[id, index]];
  });
