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

import { allocate, compareBytes, utf8 } from '../base/bytes.ts';
import { Deadlines } from '../base/deadlines.ts';
import type { Height } from '../base/ids.ts';
import { nobleSignatures } from '../crypto/ed25519-noble.ts';
import type { SchemeProvider } from '../crypto/scheme.ts';
import { nobleSchemes } from '../crypto/schemes-noble.ts';
import type { SingleSignatures, SingleSigner } from '../crypto/signing.ts';
import { clientIdBytesMax, dependencyBytesMax } from '../messages/limits.ts';
import { encodeReceiptJson, type Receipt } from '../messages/receipt.ts';
import type { ReceiptJson } from '../messages/receipt-json.ts';
import type { StreamEvent } from '../messages/stream.ts';
import {
  type EncodedTransaction,
  encodedTransaction,
  neverExpires,
  type Transaction,
  transactionId,
  transactionSigningBytes,
} from '../messages/transaction.ts';
import { openFederation } from '../verify/federation.ts';
import { Verifier } from '../verify/verifier.ts';
import { misuse } from './error.ts';
import type { Fetch } from './http.ts';
import { Handle, Job, type JobOwner, type SubmittedTransaction } from './job.ts';
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
  readonly schemes?: readonly SchemeProvider[];
  readonly singles?: SingleSignatures;
  readonly fetch?: Fetch;
  /** The global one when absent, if there is one. */
  readonly webSocket?: (url: string) => WebSocketLike;
  /** False: transactions go in requests over HTTP alone, not over WebSockets. */
  readonly stream?: boolean;
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

const timeoutMsDefault = 30_000;
/** `setTimeout` takes a 32-bit number. */
const timerMsMax = 2 ** 31 - 1;

function verifierOf({ federation, schemes, singles }: ConnectOptions): Verifier {
  if (federation instanceof Verifier) return federation;
  const opened = openFederation(federation, schemes ?? nobleSchemes, singles ?? nobleSignatures);
  if (!opened.ok) throw misuse(opened.error.code, opened.error.message);
  return opened.value;
}

function globalWebSocket(): ((url: string) => WebSocketLike) | undefined {
  const { WebSocket } = globalThis as { WebSocket?: new (url: string) => WebSocketLike };
  return WebSocket && ((url) => new WebSocket(url));
}

function withoutWebSocket(): never {
  throw misuse('NO_WEBSOCKET', 'there is no global WebSocket: pass options.webSocket');
}

/** Random numbers are drawn in blocks: a call costs more than what it brings. */
const randomWords = new Uint32Array(1024);
let randomUsed = randomWords.length;

/** 53 random bits. */
function randomNonce(): number {
  if (randomUsed === randomWords.length) {
    crypto.getRandomValues(randomWords);
    randomUsed = 0;
  }
  const high = randomWords[randomUsed++]!;
  return (high >>> 11) * 2 ** 32 + randomWords[randomUsed++]!;
}

/** @throws ClientError when it is empty or too long. */
function checkedClientId(id: Uint8Array): Uint8Array {
  if (id.length < 1 || id.length > clientIdBytesMax)
    throw misuse('CLIENT_ID', `clientId: expected 1 to ${clientIdBytesMax} bytes`);
  return id;
}

function checkWhole(field: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0)
    throw misuse('OPTIONS', `${field}: expected a whole number from 0, found ${value}`);
}

/** Text longer than this is given to the encoder, for which a call is dear. */
const shortText = 256;

/** Text as UTF-8. */
function bytesOf(text: string | Uint8Array): Uint8Array {
  if (typeof text !== 'string') return text;
  if (text.length > shortText) return utf8(text);
  const bytes = allocate(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return utf8(text);
    bytes[i] = code;
  }
  return bytes;
}

/** The set with one encoding: ascending, each once. */
function dependencySet(deps: readonly (string | Uint8Array)[]): Uint8Array[] {
  if (deps.length === 1) return [bytesOf(deps[0]!)];
  const list = deps.map(bytesOf);
  list.sort(compareBytes);
  return list.filter((one, i) => i === 0 || compareBytes(list[i - 1]!, one) !== 0);
}

export class Client implements JobOwner {
  readonly verifier: Verifier;
  readonly #options: ConnectOptions;
  readonly #router: Router;
  readonly #sender: Sender;
  readonly #clientId: Uint8Array;
  /** Jobs with something to do, by when they must be done. */
  readonly #deadlines = new Deadlines<Job>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = 0;
  #now: number | undefined;
  readonly #closing = new AbortController();
  #closed = false;

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
      webSocket: options.stream === false ? undefined : (options.webSocket ?? globalWebSocket()),
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
    if (this.#closed) throw misuse('CLOSED', 'the client is closed');
    const { signal, timeoutMs = timeoutMsDefault } = options;
    if (signal?.aborted) throw misuse('ABORTED', 'the caller gave up before the submission');
    const encoded = this.#transaction(body, options);
    const job = new Job(encoded, this.#router.home(encoded.transaction), timeoutMs, signal, this);
    this.#start(job);
    return new Handle(job);
  }

  /** Events of a signer's stream, decoded; see `subscribe.ts`. Ends when the signal aborts. */
  subscribe({ after = 0, signal }: SubscribeOptions = {}): AsyncGenerator<StreamEvent, void, void> {
    const stop = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    return follow(
      {
        urls: this.#router.urls,
        epoch: this.verifier.epoch,
        n: this.verifier.n,
        open: this.#options.webSocket ?? globalWebSocket() ?? withoutWebSocket,
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
    this.#closed = true;
    this.#closing.abort();
    this.#sender.close();
    for (const job of this.#deadlines.takeAll()) job.fail('CLOSED', 'the client was closed', true);
  }

  /** Somebody asks for more of a job. */
  more(job: Job): void {
    if (job.signal?.aborted) job.fail('ABORTED', 'the caller gave up', true);
    else if (this.#closed) job.fail('CLOSED', 'the client was closed', true);
    else this.#start(job);
  }

  /** A job has nothing left to do for now. */
  rested(job: Job): void {
    this.#deadlines.remove(job);
    job.stopListening();
    if (this.#deadlines.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The time, asked for once for all that is submitted together: the clock costs as much as the rest. */
  #time(): number {
    if (this.#now === undefined) {
      this.#now = performance.now();
      queueMicrotask(() => {
        this.#now = undefined;
      });
    }
    return this.#now;
  }

  #start(job: Job): void {
    const now = this.#time();
    this.#deadlines.add(job, now, job.timeoutMs);
    job.listen();
    this.#arm(now + job.timeoutMs, now);
    this.#sender.take(job);
  }

  /** One timer, for the earliest deadline. */
  #arm(at: number, now: number): void {
    if (this.#timer !== undefined && this.#timerAt <= at) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#expire(), Math.min(Math.max(0, at - now), timerMsMax));
  }

  #expire(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (let job = this.#deadlines.due(now); job; job = this.#deadlines.due(now)) {
      const trouble = job.trouble === undefined ? '' : `; ${job.trouble}`;
      job.fail('TIMEOUT', `not done after ${job.timeoutMs} ms${trouble}`, true);
    }
    const { next } = this.#deadlines;
    if (next !== undefined) this.#arm(next, now);
  }

  #transaction(body: Uint8Array | string, options: SubmitOptions): EncodedTransaction {
    const sign = options.sign ?? this.#options.sign;
    const unsigned: Transaction = {
      epoch: this.verifier.epoch,
      client: sign?.publicKey ?? checkedClientId(options.clientId ?? this.#clientId),
      nonce: options.nonce ?? randomNonce(),
      expires: (options.expires as Height | undefined) ?? neverExpires,
      dependencies: options.deps && dependencySet(options.deps),
      body: bytesOf(body),
      signature: undefined,
    };
    checkWhole('nonce', unsigned.nonce);
    checkWhole('expires', unsigned.expires);
    if (unsigned.dependencies?.some((one) => one.length > dependencyBytesMax))
      throw misuse('DEPENDENCY_SIZE', `deps: expected at most ${dependencyBytesMax} bytes each`);
    const encoded = encodedTransaction(
      sign
        ? { ...unsigned, signature: sign.sign(transactionSigningBytes(transactionId(unsigned))) }
        : unsigned,
    );
    const valid = this.verifier.transaction(encoded.transaction, encoded.id);
    if (!valid.ok) throw misuse(valid.error.code, valid.error.message);
    return encoded;
  }
}

export type { SubmittedTransaction } from './job.ts';

/** Opens a client. Nothing is sent before the first submit. @throws ClientError on wrong options. */
export const connect = (options: ConnectOptions): Client => new Client(options);
