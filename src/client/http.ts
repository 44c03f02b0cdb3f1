/**
 * Requests to a signer. Whatever goes wrong comes back as one of three things, because the sender treats
 * them differently: an answer, a refusal in the signer's own words, or no sensible answer at all.
 */

import {
  checkJson,
  type ErrorJson,
  errorJson,
  type ResultJson,
  resultsJson,
  type Wait,
} from '../messages/http.ts';

/** What is used of `fetch`. */
export type Fetch = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string>;
    readonly body: string;
    readonly signal: AbortSignal;
  },
) => Promise<Response>;

export type Answer =
  | { readonly kind: 'results'; readonly results: readonly ResultJson[] }
  | { readonly kind: 'refused'; readonly error: ErrorJson }
  /** `arrived` is false only when the request certainly reached nobody. */
  | { readonly kind: 'failed'; readonly message: string; readonly arrived: boolean };

export interface SubmitCall {
  readonly url: string;
  /** JSON texts of the transactions. */
  readonly transactions: readonly string[];
  readonly wait: Wait;
  /** How long the signer may wait for finality. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

const answerBytesMax = 256 << 20;

/** Errors of Node before a connection exists; browsers do not tell. */
const neverArrived = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

const failed = (message: string, arrived = true): Answer => ({ kind: 'failed', message, arrived });

function describe(error: unknown): { message: string; arrived: boolean } {
  const cause = error instanceof Error ? error.cause : undefined;
  const code =
    typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : undefined;
  const message = error instanceof Error ? error.message : String(error);
  const detail = code ?? (cause instanceof Error ? cause.message : undefined);
  return {
    message: detail === undefined ? message : `${message} (${detail})`,
    arrived: code === undefined || !neverArrived.has(code),
  };
}

/** @throws when the answer is longer than any honest one. */
async function readText(response: Response): Promise<string> {
  const reader = response.body?.getReader();
  if (!reader) return '';
  const decoder = new TextDecoder();
  let text = '';
  for (let length = 0; ; ) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.length;
    if (length > answerBytesMax) {
      await reader.cancel();
      throw new Error(`the answer has more than ${answerBytesMax} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

function interpret(status: number, text: string, count: number): Answer {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return failed(`status ${status} without JSON`);
  }
  if (status >= 400) {
    const error = checkJson(errorJson, json);
    return error.ok ? { kind: 'refused', error: error.value } : failed(`status ${status}`);
  }
  const results = checkJson(resultsJson, json);
  if (!results.ok) return failed(`malformed answer: ${results.error.message}`);
  return results.value.results.length === count
    ? { kind: 'results', results: results.value.results }
    : failed(`${results.value.results.length} results for ${count} transactions`);
}

/** Posts transactions. Never rejects. */
export async function submitTransactions(fetch: Fetch, call: SubmitCall): Promise<Answer> {
  const query = `wait=${call.wait}&timeoutMs=${Math.round(call.timeoutMs)}`;
  try {
    const response = await fetch(`${call.url}/v1/transactions?${query}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"transactions":[${call.transactions.join()}]}`,
      signal: call.signal,
    });
    return interpret(response.status, await readText(response), call.transactions.length);
  } catch (error) {
    const { message, arrived } = describe(error);
    return failed(message, arrived);
  }
}
