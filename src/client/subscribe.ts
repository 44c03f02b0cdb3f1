/**
 * The stream of a signer as an async iterable, with credit-based flow control (`messages/stream.ts`): the
 * signer sends no more events than the consumer has asked for, so a slow consumer holds a bounded number.
 * After a failure the stream goes on at the next signer, from the last block seen; batches that no block
 * holds yet then come again. Events are decoded, not verified: a learner verifies, a viewer may not care.
 */

import type { Epoch, Height } from '../base/ids.ts';
import { decodeStreamEvent, encodeCredit, type StreamEvent } from '../messages/stream.ts';
import { jittered } from './router.ts';

/** What is used of a WebSocket; the browser's, or that of the `ws` package. */
export interface WebSocketLike {
  binaryType: string;
  /** Bytes that were given to `send` and have not left. */
  readonly bufferedAmount: number;
  send(data: Uint8Array): void;
  close(): void;
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
}

export interface SubscribeOptions {
  /** Height of the last block that is known already; 0, the default, for everything. */
  readonly after?: number;
  readonly signal?: AbortSignal;
}

export interface StreamSource {
  /** Base URLs of signers, tried in turn. */
  readonly urls: readonly string[];
  readonly epoch: Epoch;
  /** Signers of the federation. */
  readonly n: number;
  readonly open: (url: string) => WebSocketLike;
}

/** Events that may be on their way or waiting for the consumer. */
const creditWindow = 64;
const reconnectMsMin = 100;
const reconnectMsMax = 10_000;

/** The events of one connection, until it ends or breaks the rules. */
class Connection {
  readonly #socket: WebSocketLike;
  readonly #source: StreamSource;
  readonly #events: StreamEvent[] = [];
  #ended = false;
  #used = 0;
  #wake: () => void = () => {};

  constructor(source: StreamSource, url: string) {
    this.#source = source;
    this.#socket = source.open(url);
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.addEventListener('open', () => this.#socket.send(encodeCredit(creditWindow)));
    this.#socket.addEventListener('message', ({ data }) => this.#message(data));
    this.#socket.addEventListener('close', () => this.end());
    this.#socket.addEventListener('error', () => this.end());
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#socket.close();
    this.#wake();
  }

  #message(data: unknown): void {
    if (this.#ended) return;
    const event =
      data instanceof ArrayBuffer ? decodeStreamEvent(new Uint8Array(data), this.#source.n) : undefined;
    const sensible =
      event?.ok &&
      this.#events.length < creditWindow &&
      (event.value.type !== 'hello' || event.value.epoch === this.#source.epoch);
    if (!sensible) {
      this.end();
      return;
    }
    this.#events.push(event.value);
    this.#wake();
  }

  /** The next event, or undefined when there will be none. */
  async next(): Promise<StreamEvent | undefined> {
    while (this.#events.length === 0 && !this.#ended)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    const event = this.#events.shift();
    if (!event || this.#ended) return event;
    this.#used += 1;
    if (this.#used >= creditWindow / 2) {
      this.#socket.send(encodeCredit(this.#used));
      this.#used = 0;
    }
    return event;
  }
}

/** Waits, or until the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}

/** Follows the stream until the signal aborts, then ends without an error. */
export async function* follow(
  source: StreamSource,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<StreamEvent, void, void> {
  let height = after as Height;
  for (let attempt = 0, failures = 0; !signal.aborted; attempt++) {
    const base = source.urls[attempt % source.urls.length]!.replace(/^http/, 'ws');
    const connection = new Connection(source, `${base}/v1/stream?after=${height}`);
    const end = (): void => connection.end();
    signal.addEventListener('abort', end);
    try {
      for (let event = await connection.next(); event; event = await connection.next()) {
        if (signal.aborted) return;
        if (event.type === 'block') height = event.block.height;
        failures = 0;
        yield event;
      }
    } finally {
      signal.removeEventListener('abort', end);
      connection.end();
    }
    failures += 1;
    if (failures >= source.urls.length && !signal.aborted)
      await pause(jittered(Math.min(reconnectMsMin * 2 ** Math.min(failures, 10), reconnectMsMax)), signal);
  }
}
