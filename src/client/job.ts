/**
 * One submitted transaction on its way: what was reached, what is wanted next, and whether any signer may
 * have it. The last decides the outcome of a failure: once a request may have arrived, only a receipt
 * can tell, so every later failure leaves the outcome unknown.
 *
 * A promise is made when somebody asks for it. What nobody asks for is not requested from a signer, and its
 * failure is nobody's unhandled rejection.
 */

import { Timed } from '../base/deadlines.ts';
import type { TransactionId } from '../base/ids.ts';
import { encodeTransactionJson, type Wait } from '../messages/http.ts';
import type { Receipt } from '../messages/receipt.ts';
import type { EncodedTransaction, Transaction } from '../messages/transaction.ts';
import { ClientError } from './error.ts';

/** Promises of a submitted transaction. Each rejects with a `ClientError`. */
export interface SubmittedTransaction {
  readonly id: TransactionId;
  /** Durable in a batch of some signer's. */
  readonly accepted: Promise<void>;
  /** A verified receipt, by score or by order. */
  readonly final: Promise<Receipt>;
  /** A verified receipt by order. */
  readonly ordered: Promise<Receipt>;
}

export interface JobOwner {
  /** Somebody asks for something that nobody waited for yet. */
  more(job: Job): void;
  /** Nothing is left to do, until more is asked for. */
  rested(job: Job): void;
}

/** Transactions that went to a signer in one message of a stream. */
export interface Shipment {
  readonly sentAt: number;
  readonly dueAt: number;
  readonly wait: Wait;
  /** Without an answer. */
  left: number;
}

/** A promise that somebody asked for. */
class Asked<T> {
  readonly promise: Promise<T>;
  resolve: (value: T) => void = () => {};
  reject: (error: Error) => void = () => {};

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

export class Job extends Timed {
  readonly encoded: EncodedTransaction;
  /** Index of the signer it is routed to, before any trouble. */
  readonly home: number;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly #owner: JobOwner;
  /** A signer may have it. */
  sent = false;
  /** A request with it is on its way. */
  travelling = false;
  /** Waits in a queue, for an answer, or for a timer. */
  busy = false;
  /** Goes in a request of its own: one with others was refused as a whole. */
  alone = false;
  /** Answers that brought nothing new: it is among the slow ones. */
  asks = 0;
  /** The last trouble, for the message of a timeout. */
  trouble: string | undefined;
  /** With what it went over a stream. */
  shipment: Shipment | undefined;
  #isAccepted = false;
  #receipt: Receipt | undefined;
  #orderReceipt: Receipt | undefined;
  #failure: ClientError | undefined;
  #accepted: Asked<void> | undefined;
  #final: Asked<Receipt> | undefined;
  #ordered: Asked<Receipt> | undefined;
  #text: string | undefined;
  #abort: (() => void) | undefined;

  constructor(
    encoded: EncodedTransaction,
    home: number,
    timeoutMs: number,
    signal: AbortSignal | undefined,
    owner: JobOwner,
  ) {
    super();
    this.encoded = encoded;
    this.home = home;
    this.timeoutMs = timeoutMs;
    this.signal = signal;
    this.#owner = owner;
  }

  get id(): TransactionId {
    return this.encoded.id;
  }

  get transaction(): Transaction {
    return this.encoded.transaction;
  }

  /** Canonical bytes. */
  get raw(): Uint8Array {
    return this.encoded.raw;
  }

  /** JSON form, as it goes into a request. */
  get text(): string {
    this.#text ??= JSON.stringify(encodeTransactionJson(this.transaction));
    return this.#text;
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** What to ask a signer for next; undefined when nobody waits for anything. */
  get wait(): Wait | undefined {
    if (this.#failure) return undefined;
    const final = this.#final !== undefined && !this.#receipt;
    const ordered = this.#ordered !== undefined && !this.#orderReceipt;
    if (!this.#isAccepted && (this.#accepted || !(final || ordered))) return 'accepted';
    if (final) return 'score';
    return ordered ? 'order' : undefined;
  }

  get accepted(): Promise<void> {
    if (!this.#accepted) {
      this.#accepted = new Asked();
      if (this.#isAccepted) this.#accepted.resolve();
      this.#wanted(this.#accepted, this.#isAccepted);
    }
    return this.#accepted.promise;
  }

  get final(): Promise<Receipt> {
    if (!this.#final) {
      this.#final = new Asked();
      if (this.#receipt) this.#final.resolve(this.#receipt);
      this.#wanted(this.#final, this.#receipt !== undefined);
    }
    return this.#final.promise;
  }

  get ordered(): Promise<Receipt> {
    if (!this.#ordered) {
      this.#ordered = new Asked();
      if (this.#orderReceipt) this.#ordered.resolve(this.#orderReceipt);
      this.#wanted(this.#ordered, this.#orderReceipt !== undefined);
    }
    return this.#ordered.promise;
  }

  /** Gives up when the caller does. */
  listen(): void {
    if (!this.signal || this.#abort) return;
    this.#abort = () => this.fail('ABORTED', 'the caller gave up', true);
    this.signal.addEventListener('abort', this.#abort);
  }

  stopListening(): void {
    if (!this.#abort) return;
    this.signal?.removeEventListener('abort', this.#abort);
    this.#abort = undefined;
  }

  /** A signer has it in a durable batch. */
  accept(): void {
    this.sent = true;
    if (this.#isAccepted || this.#failure) return;
    this.#isAccepted = true;
    this.#accepted?.resolve();
  }

  /** A verified receipt. */
  receive(receipt: Receipt): void {
    this.accept();
    if (this.#failure) return;
    if (!this.#receipt) {
      this.#receipt = receipt;
      this.#final?.resolve(receipt);
    }
    if (this.#orderReceipt || receipt.finality !== 'order') return;
    this.#orderReceipt = receipt;
    this.#ordered?.resolve(receipt);
  }

  /** Nobody waits for anything now. */
  rest(): void {
    this.busy = false;
    this.#owner.rested(this);
  }

  fail(
    code: string,
    message: string,
    retryable: boolean,
    outcome: 'rejected' | 'unknown' = 'rejected',
  ): void {
    if (this.#failure) return;
    const unknown = this.sent || this.travelling || this.#isAccepted;
    const error = new ClientError(code, message, { retryable, outcome: unknown ? 'unknown' : outcome });
    this.#failure = error;
    if (!this.#isAccepted) this.#accepted?.reject(error);
    if (!this.#receipt) this.#final?.reject(error);
    if (!this.#orderReceipt) this.#ordered?.reject(error);
    this.#owner.rested(this);
  }

  #wanted(what: Pick<Asked<never>, 'reject'>, reached: boolean): void {
    if (reached) return;
    if (this.#failure) what.reject(this.#failure);
    else this.#owner.more(this);
  }
}

/** What the caller of `submit` holds of a job. */
export class Handle implements SubmittedTransaction {
  readonly #job: Job;

  constructor(job: Job) {
    this.#job = job;
  }

  get id(): TransactionId {
    return this.#job.id;
  }
  get accepted(): Promise<void> {
    return this.#job.accepted;
  }
  get final(): Promise<Receipt> {
    return this.#job.final;
  }
  get ordered(): Promise<Receipt> {
    return this.#job.ordered;
  }
}
