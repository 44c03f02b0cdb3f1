/**
 * A submission stream to one signer (`messages/submission.ts`): jobs go out under tickets, and come back as
 * they are answered. Whatever is wrong with it, it ends, once, and gives back the jobs without an answer.
 *
 * The signer is not trusted: an answer that breaks the form, names a ticket that is not open, or carries a proof
 * that does not verify ends the stream. So does silence: an answer is due when its wait and `stallMs` are over.
 */

import type { ProofAnswer } from '../messages/answers.ts';
import type { ErrorJson, Wait } from '../messages/http.ts';
import type { Receipt } from '../messages/receipt.ts';
import { encodeSubmit, submitOutstandingMax, ticketAfter } from '../messages/submission.ts';
import type { Job, Shipment } from './job.ts';
import type { ReceiptChecker } from './receipts.ts';
import type { WebSocketLike } from './subscribe.ts';

/** Who is told what comes. A job's answer takes it off the stream. */
export interface StreamOwner {
  /** The stream is open, or there is room on it again. */
  ready(): void;
  accepted(job: Job): void;
  /** Accepted, and not yet what was asked for. */
  open(job: Job): void;
  refused(job: Job, error: ErrorJson): void;
  /** @param tookMs since it was sent. */
  received(job: Job, receipt: Receipt, tookMs: number): void;
  /**
   * The last call. @param jobs without an answer.
   * @param why undefined when it was idle. @param opened false when it never was open.
   */
  ended(jobs: readonly Job[], why: string | undefined, opened: boolean): void;
}

export interface SubmitStreamOptions {
  readonly socket: WebSocketLike;
  readonly receipts: ReceiptChecker;
  readonly owner: StreamOwner;
  readonly stallMs: number;
}

/** Bytes that may wait in the socket before more is given to it. */
const bufferedBytesMax = 4 << 20;
/** A stream that carries nothing for this long is closed, so that it keeps no process alive. */
const idleMs = 10_000;

export class SubmitStream {
  readonly #socket: WebSocketLike;
  readonly #receipts: ReceiptChecker;
  readonly #owner: StreamOwner;
  readonly #stallMs: number;
  readonly #jobs = new Map<number, Job>();
  /** Oldest first, from `#oldest` on. */
  #shipments: Shipment[] = [];
  #oldest = 0;
  #ticket = 0;
  #state: 'opening' | 'open' | 'ended' = 'opening';
  #timer: ReturnType<typeof setTimeout>;
  #timerAt = Number.POSITIVE_INFINITY;
  #idle = false;

  constructor({ socket, receipts, owner, stallMs }: SubmitStreamOptions) {
    this.#socket = socket;
    this.#receipts = receipts;
    this.#owner = owner;
    this.#stallMs = stallMs;
    this.#timer = setTimeout(() => this.end('no connection in time'), stallMs);
    socket.binaryType = 'arraybuffer';
    socket.addEventListener('open', () => {
      if (this.#state !== 'opening') return;
      this.#state = 'open';
      this.#watch(performance.now() + idleMs);
      owner.ready();
    });
    socket.addEventListener('message', ({ data }) => this.#message(data));
    socket.addEventListener('close', () => this.end('the connection ended'));
    socket.addEventListener('error', () => this.end('the connection failed'));
  }

  /** More bytes wait in the socket than it should be given. */
  get isFull(): boolean {
    return this.#socket.bufferedAmount > bufferedBytesMax;
  }

  /** Transactions that may be sent now. */
  get room(): number {
    return this.#state === 'open' && !this.isFull ? submitOutstandingMax - this.#jobs.size : 0;
  }

  /** Sends jobs in one message; there must be room for them. */
  send(jobs: readonly Job[], wait: Wait, timeoutMs: number, now: number): void {
    const first = this.#ticket;
    const shipment: Shipment = {
      sentAt: now,
      dueAt: now + timeoutMs + this.#stallMs,
      wait,
      left: jobs.length,
    };
    this.#shipments.push(shipment);
    this.#ticket = ticketAfter(first, jobs.length);
    for (let i = 0; i < jobs.length; i++) {
      const job = jobs[i]!;
      job.travelling = true;
      job.shipment = shipment;
      this.#jobs.set(ticketAfter(first, i), job);
    }
    this.#idle = false;
    if (shipment.dueAt < this.#timerAt) this.#watch(shipment.dueAt);
    this.#socket.send(encodeSubmit({ first, wait, timeoutMs }, jobs));
  }

  /** @param why undefined when nothing is wrong. */
  end(why: string | undefined): void {
    if (this.#state === 'ended') return;
    const opened = this.#state === 'open';
    this.#state = 'ended';
    clearTimeout(this.#timer);
    this.#socket.close();
    const jobs = [...this.#jobs.values()];
    this.#jobs.clear();
    for (const job of jobs) {
      job.travelling = false;
      job.sent = true;
    }
    this.#owner.ended(jobs, why, opened);
  }

  /** Looks again then: for an answer that is overdue, or a stream that carries nothing. */
  #watch(at: number): void {
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#look(), Math.max(0, at - performance.now()));
  }

  #look(): void {
    const now = performance.now();
    const oldest = this.#oldestOpen();
    if (oldest && oldest.dueAt <= now) this.end('no answer in time');
    else if (!oldest && this.#idle) this.end(undefined);
    else {
      this.#idle = !oldest;
      this.#watch(oldest ? oldest.dueAt : now + idleMs);
    }
  }

  #oldestOpen(): Shipment | undefined {
    while (this.#shipments[this.#oldest]?.left === 0) this.#oldest += 1;
    if (2 * this.#oldest > this.#shipments.length) {
      this.#shipments.splice(0, this.#oldest);
      this.#oldest = 0;
    }
    return this.#shipments[this.#oldest];
  }

  #message(data: unknown): void {
    if (this.#state !== 'open') return;
    if (!(data instanceof ArrayBuffer)) {
      this.end('it answered with text');
      return;
    }
    const answers = this.#receipts.answers(new Uint8Array(data));
    if (!answers.ok) {
      this.end(`malformed answer: ${answers.error.message}`);
      return;
    }
    const { accepted, open, errors, proofs } = answers.value;
    const proven = proofs.every((one) => this.#proof(one));
    if (!proven) return;
    const rest =
      this.#each(accepted, (job) => this.#owner.accepted(job)) &&
      this.#each(open, (job) => this.#owner.open(job)) &&
      errors.every(({ tickets, error }) => this.#each(tickets, (job) => this.#owner.refused(job, error)));
    if (!rest) return;
    this.#oldestOpen();
    this.#owner.ready();
  }

  /** False when a proof does not hold: the stream has ended, and its jobs are among those without an answer. */
  #proof(answer: ProofAnswer): boolean {
    const jobs: Job[] = [];
    for (const ticket of answer.tickets) {
      const job = this.#jobs.get(ticket);
      if (!job) return this.#unknown(ticket);
      jobs.push(job);
    }
    const receipts = this.#receipts.proven(answer, jobs);
    if (!receipts.ok) {
      this.end(`its receipt is not valid: ${receipts.error.message}`);
      return false;
    }
    const now = performance.now();
    for (let i = 0; i < jobs.length; i++) {
      const job = jobs[i]!;
      this.#take(answer.tickets[i]!, job);
      this.#owner.received(job, receipts.value[i]!, now - job.shipment!.sentAt);
    }
    return true;
  }

  #each(tickets: readonly number[], tell: (job: Job) => void): boolean {
    for (const ticket of tickets) {
      const job = this.#jobs.get(ticket);
      if (!job) return this.#unknown(ticket);
      this.#take(ticket, job);
      tell(job);
    }
    return true;
  }

  /** Takes a job off the stream. */
  #take(ticket: number, job: Job): void {
    job.travelling = false;
    job.shipment!.left -= 1;
    this.#jobs.delete(ticket);
  }

  #unknown(ticket: number): false {
    this.end(`it answered for another transaction: there is no open ticket ${ticket}`);
    return false;
  }
}
