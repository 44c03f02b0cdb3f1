/**
 * The submission stream (`/v1/submit`): transactions in their canonical bytes one way, what became of them
 * the other way, in binary WebSocket messages. It is what `POST /v1/transactions` is, without JSON, and with
 * one proof for all transactions of a batch in place of a receipt for each.
 *
 * - `submit`, client to signer: transactions with consecutive tickets, and how far to wait for them. The bytes
 *   of a transaction are those that the batch will hold. Sending a transaction again is always allowed.
 * - `answers`, signer to client: each ticket is answered exactly once, with one of
 *   - `accepted`: durable in a batch of this signer's (`wait` was `accepted`);
 *   - `open`: the time is up, it is accepted or on its way, ask again;
 *   - an error, in the form of `messages/http.ts`;
 *   - a place in a `proof`: the receipt's parts that a batch's transactions share, and the hashes by which
 *     the client finds the batch's Merkle root from its own transactions (`verify/batch-tree.ts`).
 *
 * A message that breaks the form ends the connection: 1008 with the reason. A client has no more than
 * `submitOutstandingMax` tickets without an answer.
 */

import { P } from '../base/codec.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { type SizedTransaction, type Wait, waitMsMax } from './http.ts';
import { type EncodedTransaction, idOfCanonical, transactionCodec } from './transaction.ts';

export const submitPath = '/v1/submit';
/** Bytes of a `submit` message; the largest transaction fits. */
export const submitBytesMax = 2 << 20;
/** Transactions in one `submit` message. */
export const submitTransactionsMax = 512;
/** Tickets of one connection without an answer. */
export const submitOutstandingMax = 8192;
/** `wait` times are multiples of this. */
export const submitWaitStepMs = 100;

export interface SubmitMessage {
  /** Ticket of the first transaction; those of the others follow, modulo 2^32. */
  readonly first: number;
  readonly wait: Wait;
  readonly timeoutMs: number;
  readonly transactions: readonly SizedTransaction[];
}

const submitCode = 1;
const waits: readonly Wait[] = ['accepted', 'score', 'order'];
/** Type, first ticket, wait level, time in steps, number of transactions. */
const submitHeadBytes = 1 + 4 + 1 + 2 + 2;

/** The ticket that many places after another one. */
export const ticketAfter = (first: number, count: number): number => (first + count) >>> 0;

/** Bytes of a `submit` message around its transactions. */
export function encodeSubmit(
  { first, wait, timeoutMs }: Omit<SubmitMessage, 'transactions'>,
  transactions: readonly Pick<EncodedTransaction, 'raw'>[],
): Uint8Array {
  let length = submitHeadBytes;
  for (const { raw } of transactions) length += raw.length;
  const message = new Uint8Array(length);
  const view = new DataView(message.buffer);
  message[0] = submitCode;
  view.setUint32(1, first);
  message[5] = waits.indexOf(wait);
  view.setUint16(6, Math.ceil(timeoutMs / submitWaitStepMs));
  view.setUint16(8, transactions.length);
  let at = submitHeadBytes;
  for (const { raw } of transactions) {
    message.set(raw, at);
    at += raw.length;
  }
  return message;
}

function submitted(reader: P.Reader, count: number): SizedTransaction[] {
  const transactions: SizedTransaction[] = [];
  for (let i = 0; i < count; i++) {
    const start = reader.at;
    const transaction = transactionCodec.read(reader);
    const id = idOfCanonical(reader.bytes, start, reader.at, transaction);
    const raw = reader.bytes.subarray(start, reader.at);
    transactions.push({ transaction, id, raw, size: raw.length });
  }
  return transactions;
}

/** Decodes a `submit` message; its bytes must not change afterwards. What the federation admits is not checked. */
export function decodeSubmit(message: Uint8Array): Result<SubmitMessage> {
  if (message[0] !== submitCode || message.length < submitHeadBytes)
    return refuse('SUBMIT_TYPE', 'expected a submit message');
  const view = new DataView(message.buffer, message.byteOffset, message.length);
  const wait = waits[message[5]!];
  const timeoutMs = view.getUint16(6) * submitWaitStepMs;
  const count = view.getUint16(8);
  if (wait === undefined) return refuse('SUBMIT_WAIT', `there is no wait level ${message[5]}`);
  if (timeoutMs > waitMsMax) return refuse('SUBMIT_TIMEOUT', `timeout: expected at most ${waitMsMax} ms`);
  if (count < 1 || count > submitTransactionsMax)
    return refuse('SUBMIT_COUNT', `expected 1 to ${submitTransactionsMax} transactions, found ${count}`);
  const reader = new P.Reader(message);
  reader.at = submitHeadBytes;
  try {
    const transactions = submitted(reader, count);
    return reader.left === 0
      ? accept({ first: view.getUint32(1), wait, timeoutMs, transactions })
      : refuse('SUBMIT_LENGTH', `${reader.left} bytes too many`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return refuse('MALFORMED', `transaction: ${reason.slice(0, 80)}`);
  }
}
