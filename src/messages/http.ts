/**
 * What clients and signers say over HTTP, as JSON (interfaces, "Signer, client-facing"). Both sides use
 * these schemas, so a form has one definition.
 *
 * POST /v1/transactions?wait=accepted|score|order&timeoutMs=N
 *   Body: one transaction, or { transactions: [...] }. Sending a transaction again is always allowed and
 *   asks about the same one: its id is the idempotency key.
 *   - `wait` absent or `accepted`: 202 once durable in a batch of this signer's, or known already.
 *   - otherwise: 200 once each has a receipt or an error. What has neither after `timeoutMs` comes as
 *     { id } alone: it is accepted, ask again.
 *   The single form answers with the result itself, the other with { results }, in the order asked. A form
 *   that is wrong refuses the whole request; what is wrong with one transaction stands in its result.
 * GET /v1/transactions/{id}?wait=score|order&timeoutMs=N -> { id, status, receipt? }
 * Errors: { code, message, retryable, retryAfterMs?, outcome } with a status of 400 or above.
 */

import { z } from 'zod';
import { compareBytes, fromHex, toHex } from '../base/bytes.ts';
import type { Epoch, Height } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { base64, base64Pattern, fromBase64 } from './base64.ts';
import { fieldName } from './config-file.ts';
import { bodyBytesMax, clientIdBytesMax, dependenciesMax, dependencyBytesMax } from './limits.ts';
import {
  type EncodedTransaction,
  encodedTransaction,
  neverExpires,
  type Transaction,
} from './transaction.ts';

/** Transactions in one POST. */
export const requestTransactionsMax = 256;
/** Bytes of a POST body that a signer takes; the largest transaction fits. */
export const requestBytesMax = 4 << 20;
/** Longest `timeoutMs`. */
export const waitMsMax = 60_000;

const hex = (bytesMin: number, bytesMax: number) =>
  z
    .string()
    .regex(
      new RegExp(`^(?:[0-9a-f]{2}){${bytesMin},${bytesMax}}$`),
      `expected ${bytesMin === bytesMax ? bytesMin : `${bytesMin} to ${bytesMax}`} bytes as lower-case hex`,
    );

const base64Text = (bytesMax: number) =>
  z
    .string()
    .max(4 * Math.ceil(bytesMax / 3), `expected at most ${bytesMax} bytes`)
    .regex(base64Pattern, 'expected base64 with padding');

export const transactionJson = z.strictObject({
  /** Client id: hex of 1 to 64 bytes, the ed25519 public key when signed. */
  client: hex(1, clientIdBytesMax),
  nonce: z.int().min(0),
  /** Committed height above which signers reject it; null for never. */
  expires: z.int().min(0).nullable(),
  /** A set, in any order. Null: depends on everything. */
  dependencies: z
    .array(base64Text(dependencyBytesMax))
    .max(dependenciesMax, `expected at most ${dependenciesMax} dependencies`)
    .nullable(),
  body: base64Text(bodyBytesMax),
  /** ed25519 over the id, or null. */
  signature: hex(64, 64).nullable(),
  /** Federation that the client means; the signer's own when absent. */
  epoch: hex(32, 32).optional(),
});
export type TransactionJson = z.output<typeof transactionJson>;

export const transactionsJson = z.strictObject({
  transactions: z.array(transactionJson).min(1).max(requestTransactionsMax),
});

export const errorJson = z.object({
  /** Stable, UPPER_SNAKE_CASE. */
  code: z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/),
  message: z.string().max(4096),
  /** The same transaction may succeed later, or at another signer. */
  retryable: z.boolean(),
  retryAfterMs: z.int().min(0).optional(),
  /** `rejected`: this signer did nothing with it and never will. `unknown`: it may be, or become, ordered. */
  outcome: z.enum(['rejected', 'unknown']),
});
export type ErrorJson = z.output<typeof errorJson>;

/** One transaction's answer: a receipt, an error, or neither when it is only accepted. */
export const resultJson = z.object({
  id: hex(32, 32),
  /** `decodeReceiptJson` reads it. */
  receipt: z.unknown().optional(),
  error: errorJson.optional(),
});
export type ResultJson = z.output<typeof resultJson>;

export const resultsJson = z.object({ results: z.array(resultJson).max(requestTransactionsMax) });

export const statusJson = z.object({
  id: hex(32, 32),
  /** `unknown`: this signer has not seen it, or forgot that it did. */
  status: z.enum(['unknown', 'accepted', 'final']),
  receipt: z.unknown().optional(),
});
export type StatusJson = z.output<typeof statusJson>;

/** Query of both requests, as text. */
export const waitQuery = z.strictObject({
  wait: z.enum(['accepted', 'score', 'order']).optional(),
  timeoutMs: z.coerce.number().int().min(0).max(waitMsMax).optional(),
});
export type Wait = 'accepted' | 'score' | 'order';

/** What is wrong first, as `field: what was expected`. */
function explain(error: z.ZodError): string {
  const issue = error.issues[0]!;
  const at = fieldName(issue.path);
  const text = issue.message.replace(/\s+/g, ' ').slice(0, 200);
  return at === '' ? text : `${at}: ${text}`;
}

/** Checks a value from outside against one of the schemas here. */
export function checkJson<T>(schema: z.ZodType<T>, value: unknown, code = 'REQUEST_MALFORMED'): Result<T> {
  const checked = schema.safeParse(value);
  return checked.success ? accept(checked.data) : refuse(code, explain(checked.error));
}

/** The JSON form of a transaction; it names its epoch. */
export const encodeTransactionJson = (transaction: Transaction): TransactionJson => ({
  client: toHex(transaction.client),
  nonce: transaction.nonce,
  expires: transaction.expires === neverExpires ? null : transaction.expires,
  dependencies: transaction.dependencies ? transaction.dependencies.map(base64) : null,
  body: base64(transaction.body),
  signature: transaction.signature ? toHex(transaction.signature) : null,
  epoch: transaction.epoch,
});

/** The set with one encoding: ascending, each once. */
function dependencySet(list: readonly Uint8Array[]): Uint8Array[] {
  const sorted = [...list].sort(compareBytes);
  return sorted.filter((one, i) => i === 0 || compareBytes(sorted[i - 1]!, one) !== 0);
}

function toTransaction(json: TransactionJson, epoch: Epoch): Result<Transaction> {
  if (json.epoch !== undefined && json.epoch !== epoch)
    return refuse('EPOCH', 'the transaction is of another federation');
  const client = fromHex(json.client);
  if (json.signature !== null && client.length !== 32)
    return refuse('CLIENT_KEY', 'a signed transaction needs a 32-byte ed25519 key as client');
  const body = fromBase64(json.body);
  if (body.length > bodyBytesMax) return refuse('BODY_SIZE', `body has more than ${bodyBytesMax} bytes`);
  const dependencies = json.dependencies?.map(fromBase64);
  if (dependencies?.some((one) => one.length > dependencyBytesMax))
    return refuse('DEPENDENCY_SIZE', `a dependency has more than ${dependencyBytesMax} bytes`);
  return accept({
    epoch,
    client,
    nonce: json.nonce,
    expires: json.expires === null ? neverExpires : (json.expires as Height),
    dependencies: dependencies && dependencySet(dependencies),
    body,
    signature: json.signature === null ? undefined : fromHex(json.signature),
  });
}

/** A transaction as it came, and as it goes into a batch. */
export interface SizedTransaction extends EncodedTransaction {
  /** Bytes it will take in a batch. */
  readonly size: number;
}

function sized(transaction: Transaction): SizedTransaction {
  const { id, raw } = encodedTransaction(transaction);
  return { transaction, id, raw, size: raw.length };
}

/** Reads the JSON form of a transaction. Its signature and the federation's limits are not checked here. */
export function decodeTransactionJson(value: unknown, epoch: Epoch): Result<SizedTransaction> {
  const json = checkJson(transactionJson, value);
  if (!json.ok) return json;
  const transaction = toTransaction(json.value, epoch);
  return transaction.ok ? accept(sized(transaction.value)) : transaction;
}

/** The body of a POST: one transaction, or several. */
export interface SubmitRequest {
  /** The answer is the result itself, without `results`. */
  readonly single: boolean;
  readonly transactions: readonly SizedTransaction[];
}

/** Reads the body of a POST. A refusal names the transaction: `transactions[3].nonce: ...`. */
export function decodeSubmitJson(value: unknown, epoch: Epoch): Result<SubmitRequest> {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'transactions')) {
    const one = decodeTransactionJson(value, epoch);
    return one.ok ? accept({ single: true, transactions: [one.value] }) : one;
  }
  const json = checkJson(transactionsJson, value);
  if (!json.ok) return json;
  const transactions: SizedTransaction[] = [];
  for (const [i, one] of json.value.transactions.entries()) {
    const transaction = toTransaction(one, epoch);
    if (!transaction.ok)
      return refuse(transaction.error.code, `transactions[${i}]: ${transaction.error.message}`);
    transactions.push(sized(transaction.value));
  }
  return accept({ single: false, transactions });
}
