/**
 * `/v1/stream` on the client-facing server: WebSocket upgrades in, one `StreamSession` each. Receivers are
 * strangers, so what they may send is tiny, their number is bounded, and one that does not answer a ping
 * is dropped.
 */

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import type { Height } from '../base/ids.ts';
import { decodeCredit } from '../messages/stream.ts';
import { reasonOf } from '../store/error.ts';
import { type HttpError, invalid, overloaded, stopping } from './errors.ts';
import { StreamSession, type StreamSources } from './stream-session.ts';

export interface StreamServerOptions extends StreamSources {
  /** A stream failed for a reason of our own. */
  readonly onError: (error: unknown) => void;
  readonly streamsMax?: number;
  readonly pingMs?: number;
}

const streamsMax = 256;
/** Whoever neither answered, nor sent, nor took anything between two pings is gone. */
const pingMs = 30_000;
/** A credit message has five bytes. */
const messageBytesMax = 64;
/** For the other side to answer a close, when the signer stops. */
const goodbyeMs = 250;
const policyViolation = 1008;
const internalError = 1011;
const goingAway = 1001;

interface Open {
  readonly session: StreamSession;
  alive: boolean;
}

function refuseUpgrade(socket: Duplex, { status, error }: HttpError): void {
  const body = JSON.stringify(error);
  const head = [
    `HTTP/1.1 ${status} Refused`,
    'Connection: close',
    'Content-Type: application/json; charset=utf-8',
    'Access-Control-Allow-Origin: *',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ].join('\r\n');
  // No timeout of the server watches an upgraded socket.
  socket.once('finish', () => socket.destroy());
  socket.end(`${head}\r\n\r\n${body}`);
}

/** The height after which the stream begins, or undefined when the address is not one of a stream. */
function addressOf(request: IncomingMessage): { readonly after: Height } | HttpError {
  const base = 'http://signer.invalid';
  const url = URL.canParse(request.url ?? '', base) ? new URL(request.url ?? '', base) : undefined;
  if (url?.pathname !== '/v1/stream')
    return invalid({ code: 'NOT_FOUND', message: 'there is no such resource' }, 404);
  const text = url.searchParams.get('after') ?? '0';
  const after = Number(text);
  return /^[0-9]{1,16}$/.test(text) && Number.isSafeInteger(after)
    ? { after: after as Height }
    : invalid({ code: 'HEIGHT', message: 'after: expected a whole number from 0' });
}

export class StreamServer {
  readonly #options: StreamServerOptions;
  readonly #upgrader: WebSocketServer;
  readonly #open = new Map<WebSocket, Open>();
  readonly #pinging: NodeJS.Timeout;
  #closed = false;

  constructor(server: Server, options: StreamServerOptions) {
    this.#options = options;
    this.#upgrader = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: messageBytesMax,
    });
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#pinging = setInterval(() => this.#ping(), options.pingMs ?? pingMs);
    this.#pinging.unref();
  }

  /** Open streams. */
  get size(): number {
    return this.#open.size;
  }

  /** Says goodbye to all; resolves when nothing is open. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#pinging);
    const closed = [...this.#open].map(([ws, { session }]) => {
      session.close();
      ws.close(goingAway, 'signer stops');
      return new Promise((resolve) => ws.once('close', resolve));
    });
    const timer = setTimeout(() => {
      for (const ws of this.#open.keys()) ws.terminate();
    }, goodbyeMs);
    await Promise.all(closed);
    clearTimeout(timer);
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Until the WebSocket takes over, a socket that fails must not end the process.
    socket.on('error', () => socket.destroy());
    const address = addressOf(request);
    if ('error' in address) refuseUpgrade(socket, address);
    else if (this.#closed) refuseUpgrade(socket, stopping);
    else if (this.#open.size >= (this.#options.streamsMax ?? streamsMax))
      refuseUpgrade(socket, overloaded('too many streams are open at this signer', 5000));
    else this.#upgrader.handleUpgrade(request, socket, head, (ws) => this.#start(ws, address.after));
  }

  #start(ws: WebSocket, after: Height): void {
    const socket = {
      get bufferedAmount() {
        return ws.bufferedAmount;
      },
      send: (bytes: Uint8Array, sent: () => void) =>
        ws.send(bytes, { binary: true }, () => {
          open.alive = true;
          sent();
        }),
      failed: (error: unknown) => {
        this.#options.onError(error);
        ws.close(internalError, 'internal error');
      },
    };
    const session = new StreamSession(socket, this.#options, after);
    const open: Open = { session, alive: true };
    this.#open.set(ws, open);
    ws.on('message', (data, isBinary) => {
      open.alive = true;
      this.#message(ws, session, data, isBinary);
    });
    ws.on('pong', () => {
      open.alive = true;
    });
    // A frame that breaks the rules: the library closes the socket, and `close` follows.
    ws.on('error', () => ws.terminate());
    ws.once('close', () => {
      session.close();
      this.#open.delete(ws);
    });
  }

  #message(ws: WebSocket, session: StreamSession, data: RawData, isBinary: boolean): void {
    const credit = isBinary ? decodeCredit(new Uint8Array(data as Buffer)) : undefined;
    if (credit?.ok) session.credit(credit.value.events);
    else ws.close(policyViolation, credit ? reasonOf(credit.error.message).slice(0, 100) : 'expected binary');
  }

  #ping(): void {
    for (const [ws, open] of this.#open) {
      if (!open.alive) ws.terminate();
      open.alive = false;
      ws.ping();
    }
  }
}
