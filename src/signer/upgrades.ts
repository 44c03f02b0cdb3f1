/**
 * WebSockets on the client-facing server. Whoever connects is a stranger, so what may be sent is bounded, the
 * number of connections too, and one that does not answer a ping is dropped. What is said over them is the
 * business of each route (`stream-server.ts`, `submit-server.ts`).
 */

import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type HttpError, invalid, overloaded, stopping } from './errors.ts';

/** A connection as its route sees it. */
export interface RouteSession {
  /** @param bytes undefined for a message of text. */
  message(bytes: Uint8Array | undefined): void;
  /** The connection is gone, or is about to be closed. */
  close(): void;
}

/** Sends bytes; `sent` is called when they have left, or never will. */
export type SendBytes = (bytes: Uint8Array, sent: () => void) => void;

export type StartSession = (ws: WebSocket, send: SendBytes) => RouteSession;

/** One address for WebSockets. */
export interface UpgradeRoute {
  readonly path: string;
  readonly messageBytesMax: number;
  readonly connectionsMax: number;
  /** Reads the address; a refusal, or what to do with the connection. */
  open(query: URLSearchParams): HttpError | StartSession;
}

export interface UpgradeOptions {
  readonly routes: readonly UpgradeRoute[];
  readonly pingMs?: number;
}

/** Whoever neither answered, nor sent, nor took anything between two pings is gone. */
const pingMs = 30_000;
/** For the other side to answer a close, when the signer stops. */
const goodbyeMs = 250;
const goingAway = 1001;

interface Open {
  readonly session: RouteSession;
  readonly path: string;
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

/** The bytes of a message, without a copy. */
const bytesOf = (data: unknown): Uint8Array => {
  const { buffer, byteOffset, length } = data as Buffer;
  return new Uint8Array(buffer, byteOffset, length);
};

export class Upgrades {
  readonly #routes: ReadonlyMap<string, { readonly route: UpgradeRoute; readonly server: WebSocketServer }>;
  readonly #open = new Map<WebSocket, Open>();
  readonly #pinging: NodeJS.Timeout;
  #closed = false;

  constructor(server: Server, options: UpgradeOptions) {
    this.#routes = new Map(
      options.routes.map((route) => [
        route.path,
        {
          route,
          server: new WebSocketServer({
            noServer: true,
            clientTracking: false,
            perMessageDeflate: false,
            maxPayload: route.messageBytesMax,
          }),
        },
      ]),
    );
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#pinging = setInterval(() => this.#ping(), options.pingMs ?? pingMs);
    this.#pinging.unref();
  }

  /** Open connections of a route. */
  count(path: string): number {
    let count = 0;
    for (const open of this.#open.values()) if (open.path === path) count += 1;
    return count;
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
    const base = 'http://signer.invalid';
    const url = URL.canParse(request.url ?? '', base) ? new URL(request.url ?? '', base) : undefined;
    const found = url && this.#routes.get(url.pathname);
    if (!found) {
      refuseUpgrade(socket, invalid({ code: 'NOT_FOUND', message: 'there is no such resource' }, 404));
      return;
    }
    const { route, server } = found;
    const start = route.open(url.searchParams);
    if (typeof start !== 'function') refuseUpgrade(socket, start);
    else if (this.#closed) refuseUpgrade(socket, stopping);
    else if (this.count(route.path) >= route.connectionsMax)
      refuseUpgrade(socket, overloaded('too many streams are open at this signer', 5000));
    else server.handleUpgrade(request, socket, head, (ws) => this.#start(ws, route.path, start));
  }

  #start(ws: WebSocket, path: string, start: StartSession): void {
    const send: SendBytes = (bytes, sent) =>
      ws.send(bytes, { binary: true }, () => {
        open.alive = true;
        sent();
      });
    const session = start(ws, send);
    const open: Open = { session, path, alive: true };
    this.#open.set(ws, open);
    ws.on('message', (data, isBinary) => {
      open.alive = true;
      session.message(isBinary ? bytesOf(data) : undefined);
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

  #ping(): void {
    for (const [ws, open] of this.#open) {
      if (!open.alive) ws.terminate();
      open.alive = false;
      ws.ping();
    }
  }
}
