/**
 * The port that strangers can reach. Until a connection has authenticated it is a stranger's: it has
 * little time, little memory and no certain place. Everything that is not a WebSocket upgrade with
 * small headers gets an error and is closed.
 *
 * Rules: at most `handshakesMax` strangers at once, and the oldest makes room for a new one, so that idle
 * sockets cannot keep signers out; each has `handshakeTimeoutMs` from its first packet to its
 * admission, whatever it does meanwhile; headers have 4 KB, a message 65535 bytes.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { LogGate } from './log-gate.ts';
import { noiseMessageBytesMax } from './noise.ts';
import type { HostPort, TransportCounters, TransportLimits } from './options.ts';

const headerBytesMax = 4096;

/** Options of both ends of a WebSocket. */
export const webSocketOptions = (limits: TransportLimits) => ({
  perMessageDeflate: false,
  maxPayload: noiseMessageBytesMax,
  // A message is one fragment in not many pieces; more would be memory spent on nothing.
  maxFragments: 1,
  maxBufferedChunks: 1024,
  autoPong: false,
  skipUTF8Validation: true,
  closeTimeout: limits.closeTimeoutMs,
});

/** A connection that speaks WebSocket and has not said yet who it is. */
export interface Stranger {
  readonly ws: WebSocket;
  readonly socket: Socket;
  /** Takes it off the list of strangers, with its time limit. */
  admit(): void;
}

export interface ListenerContext {
  readonly limits: TransportLimits;
  readonly counters: TransportCounters;
  readonly gate: LogGate;
  /** Must take over all events of the WebSocket at once. */
  readonly onStranger: (stranger: Stranger) => void;
}

export class Listener {
  readonly #context: ListenerContext;
  readonly #http: Server;
  readonly #upgrader: WebSocketServer;
  /** In order of arrival. */
  readonly #strangers = new Map<Duplex, NodeJS.Timeout>();

  constructor(context: ListenerContext) {
    this.#context = context;
    this.#http = createServer({
      maxHeaderSize: headerBytesMax,
      headersTimeout: context.limits.handshakeTimeoutMs,
      requestTimeout: context.limits.handshakeTimeoutMs,
      noDelay: true,
    });
    this.#http.maxHeadersCount = 64;
    const options = { ...webSocketOptions(context.limits), noServer: true, clientTracking: false };
    this.#upgrader = new WebSocketServer(options);
    this.#http.on('connection', (socket: Socket) => this.#greet(socket));
    this.#http.on('request', (request, response) => this.#refuseRequest(request, response));
    this.#http.on('clientError', (error, socket) => {
      this.#note(error.message, 'not HTTP');
      socket.destroy();
    });
    this.#http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket as Socket, head));
  }

  /** Resolves once listening, with the port in use. Rejects when the address cannot be bound. */
  listen(address: HostPort): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#http.once('error', reject);
      this.#http.listen({ host: address.host, port: address.port, backlog: 511 }, () => {
        this.#http.off('error', reject);
        this.#http.on('error', (error) => this.#note(error.message, 'listening socket failed'));
        resolve((this.#http.address() as AddressInfo).port);
      });
    });
  }

  /** Stops listening and destroys all strangers; admitted connections are their owner's. */
  close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    for (const socket of this.#strangers.keys()) socket.destroy();
    this.#upgrader.close();
    return closed;
  }

  #greet(socket: Socket): void {
    const { limits, counters } = this.#context;
    const oldest = this.#strangers.keys().next().value;
    if (oldest && this.#strangers.size >= limits.handshakesMax) {
      this.#note('too many unauthenticated connections', 'oldest closed');
      // Taken off at once: `close` comes later, and more connections may come before it.
      this.#leave(oldest);
      oldest.destroy();
      counters.strangersClosed += 1;
    }
    const timer = setTimeout(() => {
      this.#note('no handshake in time', 'connection closed');
      socket.destroy();
    }, limits.handshakeTimeoutMs);
    this.#strangers.set(socket, timer);
    // An admitted connection reports its errors itself.
    socket.on('error', (error) => {
      if (this.#strangers.has(socket)) this.#note(error.message, 'socket failed');
    });
    socket.once('close', () => {
      if (this.#leave(socket)) counters.strangersClosed += 1;
    });
  }

  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    this.#upgrader.handleUpgrade(request, socket, head, (ws) =>
      this.#context.onStranger({ ws, socket, admit: () => this.#leave(socket) }),
    );
  }

  #refuseRequest(_request: IncomingMessage, response: ServerResponse): void {
    this.#note('plain HTTP request', 'refused');
    response.writeHead(426, { Connection: 'close', Upgrade: 'websocket', 'Content-Length': 0 });
    response.end();
  }

  #leave(socket: Duplex): boolean {
    clearTimeout(this.#strangers.get(socket));
    return this.#strangers.delete(socket);
  }

  #note(reason: string, what: string): void {
    this.#context.gate.write('debug', `stranger:${what}`, { reason }, `transport: stranger: ${what}`);
  }
}
