/**
 * One connection to a signer's `/v1/stream` (`messages/stream.ts`). It gives credit as events are done
 * with, so that what is on its way and what waits here never exceeds `creditMax` events, however fast the
 * signer is. A signer that sends without credit, or what is no event, is lying; one that says nothing at
 * all, not even on the wire, is gone.
 */

import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { Height } from '../../base/ids.ts';
import { frameBytesMax } from '../../messages/limits.ts';
import { decodeStreamEvent, encodeCredit, type StreamEvent } from '../../messages/stream.ts';
import { reasonOf } from '../../store/error.ts';
import type { Ending } from './sources.ts';

export interface SignerStreamOptions {
  /** Base URL of the signer. */
  readonly url: string;
  /** Height of the last block that is known. */
  readonly after: Height;
  /** Signers of the federation. */
  readonly n: number;
  readonly creditMax: number;
  /** Between two pings. */
  readonly heartbeatMs: number;
  /** The connection must stand by then. */
  readonly connectMs: number;
  readonly event: (event: StreamEvent) => void;
  /** Called once, unless `close` was called before. */
  readonly ended: (ending: Ending, reason: string) => void;
}

const goingAway = 1001;

/** `http` becomes `ws`, `https` becomes `wss`. */
const streamUrl = (base: string, after: Height): string =>
  `${base.replace(/^http/, 'ws').replace(/\/$/, '')}/v1/stream?after=${after}`;

export class SignerStream {
  readonly #options: SignerStreamOptions;
  readonly #socket: WebSocket;
  readonly #heartbeat: NodeJS.Timeout;
  #wire: Socket | undefined;
  /** Bytes read at the last heartbeat: whoever sends something is alive, however slow the line is. */
  #bytesRead = -1;
  /** Credit that the signer has left. */
  #credit = 0;
  /** Events that arrived and are not done with. */
  #inFlight = 0;
  #ended = false;

  constructor(options: SignerStreamOptions) {
    this.#options = options;
    const socket = new WebSocket(streamUrl(options.url, options.after), {
      perMessageDeflate: false,
      maxPayload: 4 * frameBytesMax,
      handshakeTimeout: options.connectMs,
      followRedirects: false,
      // One message a turn: checking signatures must not starve everything else.
      allowSynchronousEvents: false,
    });
    this.#socket = socket;
    socket.on('upgrade', (response) => {
      this.#wire = response.socket;
    });
    socket.on('open', () => this.#grant());
    socket.on('message', (data, isBinary) => this.#message(data as Buffer, isBinary));
    socket.on('unexpected-response', (_request, response) =>
      this.#end('failed', `it answered ${response.statusCode}`),
    );
    socket.on('error', (error) => this.#end('failed', reasonOf(error)));
    socket.on('close', (code) => this.#end('failed', `it closed the stream (${code})`));
    this.#heartbeat = setInterval(() => this.#beat(), options.heartbeatMs);
    this.#heartbeat.unref();
  }

  /** Events that arrived and are not done with. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** One event needs no more memory here. */
  settled(): void {
    this.#inFlight -= 1;
    this.#grant();
  }

  /** Ends the connection without a word to `ended`. */
  close(): void {
    this.#ended = true;
    clearInterval(this.#heartbeat);
    this.#socket.close(goingAway);
    this.#socket.terminate();
  }

  #message(data: Buffer, isBinary: boolean): void {
    if (this.#ended) return;
    this.#credit -= 1;
    this.#inFlight += 1;
    if (this.#credit < 0) {
      this.#end('forged', 'it sent more events than it had credit for');
      return;
    }
    if (!isBinary) {
      this.#end('forged', 'it sent text');
      return;
    }
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const event = decodeStreamEvent(bytes, this.#options.n);
    if (event.ok) this.#options.event(event.value);
    else this.#end('forged', event.error.message);
  }

  #grant(): void {
    if (this.#ended || this.#socket.readyState !== WebSocket.OPEN) return;
    const { creditMax } = this.#options;
    const events = creditMax - this.#credit - this.#inFlight;
    if (events < Math.max(1, creditMax >> 2)) return;
    this.#credit += events;
    this.#socket.send(encodeCredit(events));
  }

  #beat(): void {
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    const bytesRead = this.#wire?.bytesRead ?? 0;
    if (bytesRead === this.#bytesRead) this.#end('failed', 'it does not answer any more');
    else this.#socket.ping();
    this.#bytesRead = bytesRead;
  }

  #end(ending: Ending, reason: string): void {
    if (this.#ended) return;
    this.close();
    this.#options.ended(ending, reason);
  }
}
