/**
 * One submitted transaction on its way: what was reached, what is wanted next, and whether any signer may
 * have it. The last decides the outcome of a failure: once a request may have arrived, only a receipt
 * can tell, so every later failure leaves the outcome unknown.
 */

import type { TransactionId } from '../base/ids.ts';
import type { Wait } from '../messages/http.ts';
import type { Receipt } from '../messages/receipt.ts';
import type { Transaction } from '../messages/transaction.ts';
import { ClientError } from './error.ts';
import { Goal } from './goal.ts';

export class Job {
  readonly id: TransactionId;
  readonly transaction: Transaction;
  /** JSON form, as it goes into a request. */
  readonly text: string;
  /** Index of the signer it is routed to, before any trouble. */
  readonly home: number;
  readonly accepted = new Goal<void>();
  readonly final = new Goal<Receipt>();
  readonly ordered = new Goal<Receipt>();
  /** A signer may have it. */
  sent = false;
  /** A request with it is on its way. */
  travelling = false;
  /** The last trouble, for the message of a timeout. */
  trouble: string | undefined;
  /** Answers that brought nothing new: it is among the slow ones. */
  asks = 0;
  /** Goes in a request of its own: one with others was refused as a whole. */
  alone = false;
  /** Waits in a queue, for an answer, or for a timer. */
  busy = false;
  #failure: ClientError | undefined;
  readonly #rested: () => void;

  /** @param rested called whenever nothing is left to do, until more is asked for, and on failure. */
  constructor(id: TransactionId, transaction: Transaction, text: string, home: number, rested: () => void) {
    this.id = id;
    this.transaction = transaction;
    this.text = text;
    this.home = home;
    this.#rested = rested;
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** What to ask a signer for next; undefined when nobody waits for anything. */
  get wait(): Wait | undefined {
    if (this.#failure) return undefined;
    const others = this.final.awaited || this.ordered.awaited;
    if (this.accepted.open && (this.accepted.awaited || !others)) return 'accepted';
    if (this.final.awaited) return 'score';
    return this.ordered.awaited ? 'order' : undefined;
  }

  /** A signer has it in a durable batch. */
  accept(): void {
    this.sent = true;
    this.accepted.reach();
  }

  /** A verified receipt. */
  receive(receipt: Receipt): void {
    this.accept();
    this.final.reach(receipt);
    if (receipt.finality === 'order') this.ordered.reach(receipt);
  }

  /** Nobody waits for anything now. */
  rest(): void {
    this.busy = false;
    this.#rested();
  }

  fail(
    code: string,
    message: string,
    retryable: boolean,
    outcome: 'rejected' | 'unknown' = 'rejected',
  ): void {
    if (this.#failure) return;
    const unknown = this.sent || this.travelling || !this.accepted.open;
    const error = new ClientError(code, message, { retryable, outcome: unknown ? 'unknown' : outcome });
    this.#failure = error;
    for (const goal of [this.accepted, this.final, this.ordered]) goal.fail(error);
    this.#rested();
  }
}
