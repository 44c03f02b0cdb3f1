/**
 * What clients do with transactions: send them, and ask what became of them (interfaces, "Signer,
 * client-facing"). A transaction is taken at most once, whatever is sent how often: its id is looked up
 * among what is under way here, then among what is final, and only a new one goes to the engine.
 *
 * Answers rest on durable events alone (feed.ts), and are made when somebody asks or waits for them. Clients
 * come over HTTP (`submit`, `status`) or over a submission stream (`receive`); what they ask is the same.
 */

import type { BatchId, TransactionId } from '../base/ids.ts';
import type { CommittedBlock, EngineEvent, SubmittedTransaction } from '../engine/contract.ts';
import { transactionSize } from '../engine/ingress.ts';
import { type Batch, letGoOfTransactions } from '../messages/batch.ts';
import type { ErrorJson, ResultJson, SizedTransaction, StatusJson, Wait } from '../messages/http.ts';
import { encodeReceiptJson } from '../messages/receipt.ts';
import { type SubmitMessage, ticketAfter } from '../messages/submission.ts';
import type { Delivery } from '../ordering/delivery.ts';
import { type ProvenBatch, receiptAt } from '../verify/receipt-make.ts';
import type { Verifier } from '../verify/verifier.ts';
import type { Admission, ClientShare, OpenTransaction } from './admission.ts';
import { type HttpError, invalid, overloaded, stopping, undecided } from './errors.ts';
import type { AheadBatch, Feed, FeedListener } from './feed.ts';
import { WaitGroup, type WaitOwner, Waits } from './waiters.ts';

/** A transaction's place in a batch that is proven to be final. */
export interface ProvenPlace {
  readonly proven: ProvenBatch;
  readonly index: number;
}

/** What proves that transactions are final; undefined where there is nothing to prove yet. */
export interface Receipts {
  /** Of a batch final by score. Undefined too when the proof would be too long: then it is given by order. */
  score(delivery: Delivery): ProvenBatch | undefined;
  /** Of a transaction in a committed block. */
  order(id: TransactionId): ProvenPlace | undefined;
  /** Of a batch in a committed block. */
  orderOf(batch: BatchId): ProvenBatch | undefined;
  /** In a batch that this signer knows to be final, published or not. */
  isSeen(id: TransactionId): boolean;
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

/** A connection of a submission stream. */
export interface Submitter extends WaitOwner {
  readonly group: WaitGroup;
  /** Share of the client that was heard last. */
  share: ClientShare | undefined;
  refused(ticket: number, error: ErrorJson): void;
}

const waitsMax = 1 << 16;
/** When to come back: a batch takes a few round trips. */
const queueRetryMs = 250;

const waitsFull = overloaded('too many requests wait here', queueRetryMs);
const timeout = undecided('TIMEOUT', 'the transaction waits for a batch', 504);

/** A request over HTTP: its tickets are the places in its list. */
class HttpRequest implements WaitOwner {
  readonly group = new WaitGroup(this);
  readonly results: ResultJson[];
  readonly #n: number;
  readonly #late: () => ErrorJson;
  #left: number;
  #done: () => void = () => {};

  constructor(ids: readonly TransactionId[], n: number, late: () => ErrorJson) {
    this.results = ids.map((id) => ({ id }));
    this.#left = ids.length;
    this.#n = n;
    this.#late = late;
  }

  accepted(): void {
    this.#answered();
  }
  proven(ticket: number, batch: ProvenBatch, index: number): void {
    const receipt = receiptAt(batch, index);
    if (receipt) this.results[ticket]!.receipt = encodeReceiptJson(receipt, this.#n);
    this.#answered();
  }
  late(ticket: number, reached: boolean): void {
    if (!reached) this.results[ticket]!.error = this.#late();
    this.#answered();
  }
  refused(ticket: number, error: ErrorJson): void {
    this.results[ticket]!.error = error;
    this.#answered();
  }

  /** Resolves when every ticket has its answer, or the client is gone. */
  whole(signal: AbortSignal): Promise<void> {
    if (this.#left === 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      this.#done = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  #answered(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#done();
  }
}

export class Transactions implements FeedListener {
  readonly #options: TransactionsOptions;
  readonly #admission: Admission;
  readonly #waits: Waits;
  #closed = false;

  constructor(options: TransactionsOptions) {
    this.#options = options;
    this.#admission = options.admission;
    this.#waits = new Waits({
      admission: options.admission,
      sizeMax: options.waitsMax ?? waitsMax,
      reached: (record) => this.#isReached(record),
    });
    options.feed.listen(this);
  }

  /** Requests and transactions waited for. */
  get waiting(): number {
    return this.#waits.size;
  }

  /** Own batches that were under way when this signer stopped: accepted, as clients were told. */
  restore(batches: Iterable<Batch>): void {
    for (const { transactions, transactionIds } of batches)
      transactions.forEach((one, i) => {
        this.#admission.restore(transactionIds[i]!, one.client, transactionSize(one));
      });
  }

  /** Takes what came over a submission stream; every ticket is answered, now or later. */
  receive({ first, wait, timeoutMs, transactions }: SubmitMessage, from: Submitter): void {
    const fresh: SizedTransaction[] = [];
    const now = performance.now();
    for (let i = 0; i < transactions.length; i++) {
      const one = transactions[i]!;
      const ticket = ticketAfter(first, i);
      const refused = this.#takeOne(one, from, fresh);
      if (refused) from.refused(ticket, refused.error);
      else this.#await(one.id, ticket, wait, from.group, now, timeoutMs);
    }
    if (fresh.length > 0) this.#options.submit(fresh);
  }

  /** The connection is gone. */
  leave(from: Submitter): void {
    this.#waits.end(from.group);
  }

  /**
   * Takes transactions and waits as asked. One result each, in order; or an error, and nothing was taken.
   */
  async submit(
    list: readonly SizedTransaction[],
    { wait, timeoutMs, signal }: WaitOptions,
  ): Promise<ResultJson[] | HttpError> {
    if (this.#closed) return stopping;
    if (!this.#waits.hasRoom(list.length)) return waitsFull;
    const request = this.#request(list.map(({ id }) => id));
    const checked = list.map((one) => this.#options.verifier.transaction(one.transaction, one.id));
    const taken = this.#takeAll(list.filter((_, i) => checked[i]!.ok));
    if (taken) return taken;
    const now = performance.now();
    for (const [i, { id }] of list.entries()) {
      const valid = checked[i]!;
      if (valid.ok) this.#await(id, i, wait, request.group, now, timeoutMs);
      else request.refused(i, invalid(valid.error).error);
    }
    await request.whole(signal);
    this.#waits.end(request.group);
    return request.results;
  }

  /** What is known of a transaction, after waiting as asked. */
  async status(id: TransactionId, options: WaitOptions | undefined): Promise<StatusJson | HttpError> {
    if (this.#closed) return stopping;
    const request = this.#request([id]);
    if (options) {
      if (!this.#waits.hasRoom(1)) return waitsFull;
      this.#await(id, 0, options.wait, request.group, performance.now(), options.timeoutMs);
      await request.whole(options.signal);
      this.#waits.end(request.group);
    }
    const result = request.results[0]!;
    if (result.receipt === undefined) this.#answer(id, 0, 'score', request);
    if (result.receipt !== undefined) return { id, status: 'final', receipt: result.receipt };
    if (this.#isFinal(id)) return { id, status: 'final' };
    const record = this.#admission.find(id);
    return { id, status: record?.share && record.accepted ? 'accepted' : 'unknown' };
  }

  /** The durable events of a step, after the feed has taken them. */
  take(events: readonly EngineEvent[]): void {
    // It was checked, and its vote is fixed: nobody here reads its transactions any more, but it stays for long.
    for (const event of events)
      if (event.type === 'arrived') letGoOfTransactions(event.batch);
      else if (event.type === 'accepted')
        for (const id of event.transactions) {
          const record = this.#admission.find(id);
          if (!record) continue;
          this.#admission.accepted(record);
          if (record.waits) this.#waits.accepted(record);
        }
  }

  batch({ delivery }: AheadBatch): void {
    this.#final(delivery, 'score', () => this.#options.receipts.score(delivery));
  }

  block(committed: CommittedBlock, deliveryOf: (id: BatchId) => Delivery): void {
    for (const { batch } of committed.places) {
      const delivery = deliveryOf(batch);
      // What was published by score is final already: only those who wait for more are left.
      if (delivery.finality === 'score' && this.#admission.lingering === 0) continue;
      this.#final(delivery, 'order', () => this.#options.receipts.orderOf(batch));
    }
  }

  /** Nothing is taken any more, and every wait ends with what it has. */
  close(): void {
    this.#closed = true;
    this.#waits.close();
  }

  /** Why a ticket that nothing is known of got no answer in time. */
  get lateError(): ErrorJson {
    return (this.#closed ? stopping : timeout).error;
  }

  #request(ids: readonly TransactionId[]): HttpRequest {
    return new HttpRequest(ids, this.#options.verifier.n, () => this.lateError);
  }

  /** Every transaction that has its place in a batch: it is final, and those who wait for it are told. */
  #final({ batch, verdicts }: Delivery, level: Wait, prove: () => ProvenBatch | undefined): void {
    const admission = this.#admission;
    if (admission.open + admission.lingering === 0) return;
    let proven: ProvenBatch | undefined;
    let asked = false;
    for (let i = 0; i < verdicts.length; i++) {
      if (verdicts[i] === 'duplicate') continue;
      const record = admission.find(batch.transactionIds[i]!);
      if (!record) continue;
      admission.final(record);
      if (record.waits) {
        if (!asked) proven = prove();
        asked = true;
        if (proven?.verdicts[i] !== undefined) this.#waits.proven(record, level, proven, i);
        else this.#waits.accepted(record);
      }
      admission.release(record);
    }
  }

  /** Published as final, or in a committed block. */
  #isFinal(id: TransactionId): boolean {
    if (!this.#options.receipts.isSeen(id)) return false;
    return this.#options.feed.find(id) !== undefined || this.#options.receipts.order(id) !== undefined;
  }

  #isReached(record: OpenTransaction): boolean {
    return (record.share !== undefined && record.accepted) || this.#isFinal(record.id);
  }

  /** Refuses a transaction, or takes it unless it is known. @param fresh gets what the engine must have. */
  #takeOne(one: SizedTransaction, from: Submitter, fresh: SizedTransaction[]): HttpError | undefined {
    if (this.#closed) return stopping;
    const checked = this.#options.verifier.transaction(one.transaction, one.id);
    if (!checked.ok) return invalid(checked.error);
    if (!this.#waits.hasRoom(1)) return waitsFull;
    const known = this.#admission.find(one.id);
    if (known?.share || this.#options.receipts.isSeen(one.id)) return undefined;
    const record = known ?? this.#admission.record(one.id);
    from.share = this.#admission.shareOf(one.transaction.client, from.share);
    const admitted = this.#admission.admit(record, from.share, one.size);
    if (admitted.ok) {
      fresh.push(one);
      return undefined;
    }
    this.#admission.release(record);
    return overloaded(admitted.error.message, queueRetryMs);
  }

  /** Takes those that are not known, all of them or none. */
  #takeAll(list: readonly SizedTransaction[]): HttpError | undefined {
    const fresh: SizedTransaction[] = [];
    const records: OpenTransaction[] = [];
    for (const one of list) {
      const known = this.#admission.find(one.id);
      if (known?.share || this.#options.receipts.isSeen(one.id)) continue;
      const record = known ?? this.#admission.record(one.id);
      const share = this.#admission.shareOf(one.transaction.client);
      const admitted = this.#admission.admit(record, share, one.size);
      records.push(record);
      if (admitted.ok) fresh.push(one);
      else {
        for (const back of records) {
          this.#admission.final(back);
          this.#admission.release(back);
        }
        return overloaded(admitted.error.message, queueRetryMs);
      }
    }
    if (fresh.length > 0) this.#options.submit(fresh);
    return undefined;
  }

  /** Answers now if there is an answer, else waits. */
  #await(
    id: TransactionId,
    ticket: number,
    wait: Wait,
    group: WaitGroup,
    now: number,
    timeoutMs: number,
  ): void {
    const record = this.#admission.find(id);
    if (record?.share) {
      if (wait === 'accepted' && record.accepted) {
        group.owner.accepted(ticket);
        return;
      }
    } else if (this.#answer(id, ticket, wait, group.owner)) return;
    this.#waits.add(group, ticket, wait, record ?? this.#admission.record(id), now, timeoutMs);
  }

  /** Gives the answer that there is already; false when there is none. */
  #answer(id: TransactionId, ticket: number, level: Wait, owner: WaitOwner): boolean {
    if (!this.#options.receipts.isSeen(id)) return false;
    const ordered = this.#options.receipts.order(id);
    if (ordered) {
      owner.proven(ticket, ordered.proven, ordered.index);
      return true;
    }
    if (level === 'order') return false;
    const ahead = this.#options.feed.find(id);
    if (!ahead) return false;
    const proven = this.#options.receipts.score(ahead.delivery);
    if (proven?.verdicts[ahead.index] !== undefined) owner.proven(ticket, proven, ahead.index);
    else if (level === 'accepted') owner.accepted(ticket);
    else return false;
    return true;
  }
}
