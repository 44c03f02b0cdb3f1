/**
 * The client: submits transactions to any of the signers and resolves promises with verified receipts
 * (interfaces, "Client"). It trusts nobody but the federation file. In browsers it needs nothing but
 * `fetch` and `WebSocket`; on Node `connectNode` brings native cryptography.
 *
 *   const tx = client.submit(body, { deps: ['document-1'] });
 *   await tx.accepted;               durable at one signer
 *   const receipt = await tx.final;  by score or by order, whichever comes first
 *   await tx.ordered;                in a committed block
 *
 * What nobody asks for is not requested: a client that awaits `final` alone sends one request.
 */

import { compareBytes, utf8 } from '../base/bytes.ts';
import type { Height, TransactionId } from '../base/ids.ts';
import { nobleProvider } from '../crypto/bls-noble.ts';
import { nobleSignatures } from '../crypto/ed25519-noble.ts';
import type { SchemeProvider } from '../crypto/scheme.ts';
import type { SingleSignatures, SingleSigner } from '../crypto/signing.ts';
import { encodeTransactionJson } from '../messages/http.ts';
import { clientIdBytesMax, dependencyBytesMax } from '../messages/limits.ts';
import { encodeReceiptJson, type Receipt } from '../messages/receipt.ts';
import type { ReceiptJson } from '../messages/receipt-json.ts';
import type { StreamEvent } from '../messages/stream.ts';
import {
  neverExpires,
  type Transaction,
  transactionId,
  transactionSigningBytes,
} from '../messages/transaction.ts';
import { openFederation } from '../verify/federation.ts';
import { Verifier } from '../verify/verifier.ts';
import { misuse } from './error.ts';
import type { Goal } from './goal.ts';
import type { Fetch } from './http.ts';
import { Job } from './job.ts';
import { ReceiptChecker } from './receipts.ts';
import { type Route, Router } from './router.ts';
import { Sender } from './sender.ts';
import { follow, type SubscribeOptions, type WebSocketLike } from './subscribe.ts';

export interface ConnectOptions {
  /** Text of the federation file, or what `openFederation` made of it. */
  readonly federation: string | Verifier;
  /** Base URLs; those of the federation file when absent. */
  readonly signers?: readonly string[];
  readonly route?: Route;
  /** Client id of unsigned transactions, 1 to 64 bytes; random when absent. */
  readonly clientId?: Uint8Array;
  /** Signs every transaction; the client id is then its public key. */
  readonly sign?: SingleSigner;
  /** Connections to each signer for fresh transactions: 4, what a browser allows besides the rest. */
  readonly connections?: number;
  /** A signer that has not answered for this long is taken for dead: 3000 milliseconds. */
  readonly stallMs?: number;
  /** Pure JavaScript when absent. Used only when `federation` is a text. */
  readonly provider?: SchemeProvider;
  readonly singles?: SingleSignatures;
  readonly fetch?: Fetch;
  readonly webSocket?: (url: string) => WebSocketLike;
}

export interface SubmitOptions {
  /** What the transaction depends on. Undefined: on everything. Empty: on nothing. */
  readonly deps?: readonly (string | Uint8Array)[] | undefined;
  readonly signal?: AbortSignal;
  /** From the submission, and again from each time more of it is asked for: 30 000 milliseconds. */
  readonly timeoutMs?: number;
  /** 0 to 2^53-1; random when absent. Give the same one to submit the same transaction again. */
  readonly nonce?: number;
  /** Committed height above which signers reject it. */
  readonly expires?: number;
  /** On whose behalf, when one connection serves many clients; 1 to 64 bytes. */
  readonly clientId?: Uint8Array;
  readonly sign?: SingleSigner;
}

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

const timeoutMsDefault = 30_000;

function verifierOf({ federation, provider, singles }: ConnectOptions): Verifier {
  if (federation instanceof Verifier) return federation;
  const opened = openFederation(federation, provider ?? nobleProvider, singles ?? nobleSignatures);
  if (!opened.ok) throw misuse(opened.error.code, opened.error.message);
  return opened.value;
}

function globalWebSocket(url: string): WebSocketLike {
  const { WebSocket } = globalThis as { WebSocket?: new (url: string) => WebSocketLike };
  if (!WebSocket) throw misuse('NO_WEBSOCKET', 'there is no global WebSocket: pass options.webSocket');
  return new WebSocket(url);
}

/** 53 random bits. */
function randomNonce(): number {
  const [high, low] = crypto.getRandomValues(new Uint32Array(2)) as unknown as [number, number];
  return (high >>> 11) * 2 ** 32 + low;
}

/** @throws ClientError when it is empty or too long. */
function checkedClientId(id: Uint8Array): Uint8Array {
  if (id.length < 1 || id.length > clientIdBytesMax)
    throw misuse('CLIENT_ID', `clientId: expected 1 to ${clientIdBytesMax} bytes`);
  return id;
}

/** The set with one encoding: ascending, each once. */
function dependencySet(deps: readonly (string | Uint8Array)[]): Uint8Array[] {
  const sorted = deps.map((one) => (typeof one === 'string' ? utf8(one) : one)).sort(compareBytes);
  return sorted.filter((one, i) => i === 0 || compareBytes(sorted[i - 1]!, one) !== 0);
}

/** The promises of a job. @param more called when one is asked for that nobody waited for yet. */
function handleOf(job: Job, more: () => void): SubmittedTransaction {
  const want = <T>(goal: Goal<T>): Promise<T> => {
    const fresh = goal.open && !goal.awaited;
    const { promise } = goal;
    if (fresh) more();
    return promise;
  };
  return {
    id: job.id,
    get accepted() {
      return want(job.accepted);
    },
    get final() {
      return want(job.final);
    },
    get ordered() {
      return want(job.ordered);
    },
  };
}

export class Client {
  readonly verifier: Verifier;
  readonly #options: ConnectOptions;
  readonly #router: Router;
  readonly #sender: Sender;
  readonly #clientId: Uint8Array;
  readonly #jobs = new Set<Job>();
  readonly #closing = new AbortController();

  constructor(options: ConnectOptions) {
    this.#options = options;
    this.verifier = verifierOf(options);
    const urls = options.signers ?? this.verifier.federation.signers.map((signer) => signer.url);
    if (urls.length === 0) throw misuse('NO_SIGNERS', 'signers: expected at least one URL');
    this.#router = new Router(urls, options.route ?? 'dependency');
    for (const url of this.#router.urls)
      if (!/^https?:\/\//.test(url) || !URL.canParse(url))
        throw misuse('SIGNER_URL', `signers: expected http:// or https:// URLs, found ${url}`);
    this.#clientId = checkedClientId(options.clientId ?? crypto.getRandomValues(new Uint8Array(16)));
    this.#sender = new Sender({
      fetch: options.fetch ?? ((url, init) => globalThis.fetch(url, init)),
      router: this.#router,
      receipts: new ReceiptChecker(this.verifier),
      connections: options.connections ?? 4,
      stallMs: options.stallMs ?? 3000,
    });
  }

  /**
   * Submits a transaction. Text is encoded as UTF-8.
   * @throws ClientError when the federation's limits do not admit it, or the client is closed.
   */
  submit(body: Uint8Array | string, options: SubmitOptions = {}): SubmittedTransaction {
    if (this.#closing.signal.aborted) throw misuse('CLOSED', 'the client is closed');
    if (options.signal?.aborted) throw misuse('ABORTED', 'the caller gave up before the submission');
    const transaction = this.#transaction(body, options);
    const job = new Job(
      transactionId(transaction),
      transaction,
      JSON.stringify(encodeTransactionJson(transaction)),
      this.#router.home(transaction),
      () => stop(),
    );
    const { signal, timeoutMs = timeoutMsDefault } = options;
    const abort = (): void => job.fail('ABORTED', 'the caller gave up', true);
    const expire = (): void => {
      const trouble = job.trouble === undefined ? '' : `; ${job.trouble}`;
      job.fail('TIMEOUT', `not done after ${timeoutMs} ms${trouble}`, true);
    };
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      this.#jobs.delete(job);
    };
    const start = (): void => {
      stop();
      timer = setTimeout(expire, timeoutMs);
      signal?.addEventListener('abort', abort);
      this.#jobs.add(job);
      this.#sender.take(job);
    };
    start();
    return handleOf(job, () => {
      if (signal?.aborted) abort();
      else if (this.#closing.signal.aborted) job.fail('CLOSED', 'the client was closed', true);
      else start();
    });
  }

  /** Events of a signer's stream, decoded; see `subscribe.ts`. Ends when the signal aborts. */
  subscribe({ after = 0, signal }: SubscribeOptions = {}): AsyncGenerator<StreamEvent, void, void> {
    const stop = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    return follow(
      {
        urls: this.#router.urls,
        epoch: this.verifier.epoch,
        n: this.verifier.n,
        open: this.#options.webSocket ?? globalWebSocket,
      },
      after,
      stop,
    );
  }

  /** A receipt as it is kept in files, for `JSON.stringify`. */
  receiptJson(receipt: Receipt): ReceiptJson {
    return encodeReceiptJson(receipt, this.verifier.n);
  }

  /** Gives up everything that is under way, with `CLOSED`. */
  close(): void {
    this.#closing.abort();
    this.#sender.close();
    for (const job of [...this.#jobs]) job.fail('CLOSED', 'the client was closed', true);
  }

  #transaction(body: Uint8Array | string, options: SubmitOptions): Transaction {
    const sign = options.sign ?? this.#options.sign;
    const unsigned: Transaction = {
      epoch: this.verifier.epoch,
      client: sign?.publicKey ?? checkedClientId(options.clientId ?? this.#clientId),
      nonce: options.nonce ?? randomNonce(),
      expires: (options.expires as Height | undefined) ?? neverExpires,
      dependencies: options.deps && dependencySet(options.deps),
      body: typeof body === 'string' ? utf8(body) : body,
      signature: undefined,
    };
    for (const field of ['nonce', 'expires'] as const)
      if (!Number.isSafeInteger(unsigned[field]) || unsigned[field] < 0)
        throw misuse('OPTIONS', `${field}: expected a whole number from 0, found ${unsigned[field]}`);
    if (unsigned.dependencies?.some((one) => one.length > dependencyBytesMax))
      throw misuse('DEPENDENCY_SIZE', `deps: expected at most ${dependencyBytesMax} bytes each`);
    const id = transactionId(unsigned);
    const transaction = sign ? { ...unsigned, signature: sign.sign(transactionSigningBytes(id)) } : unsigned;
    const valid = this.verifier.transaction(transaction, id);
    if (!valid.ok) throw misuse(valid.error.code, valid.error.message);
    return transaction;
  }
}

/** Opens a client. Nothing is sent before the first submit. @throws ClientError on wrong options. */
export const connect = (options: ConnectOptions): Client => new Client(options);
