/** A signer's client-facing server, as far as learners see it: `/v1/stream` with credit, and `/v1/status`. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { decodeCredit, encodeStreamEvent, type StreamEvent } from '../../../src/messages/stream.ts';

export interface FakeSignerOptions {
  readonly n: number;
  /** What it sends to a learner at a height, hello first; bytes are sent as they are. */
  readonly events: (after: number) => readonly (StreamEvent | Uint8Array | string)[];
  /** Height in its status. */
  readonly height?: () => number;
  readonly ignoresCredit?: boolean;
  /** Closes the connection after so many events. */
  readonly closesAfter?: number;
  readonly refuses?: boolean;
  /** Answers no ping. */
  readonly mute?: boolean;
}

export class FakeSigner implements AsyncDisposable {
  readonly url: string;
  /** Heights from which learners asked to follow. */
  readonly asked: number[] = [];
  sent = 0;
  credit = 0;
  readonly #server: Server;
  readonly #sockets = new Set<WebSocket>();

  private constructor(server: Server, options: FakeSignerOptions) {
    this.#server = server;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const upgrader = new WebSocketServer({ noServer: true, autoPong: !options.mute });
    server.on('request', (_, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ height: options.height?.() ?? 0 }));
    });
    server.on('upgrade', (request, socket, head) => {
      const after = Number(new URL(request.url!, this.url).searchParams.get('after'));
      this.asked.push(after);
      if (options.refuses) socket.end('HTTP/1.1 503 Refused\r\nConnection: close\r\n\r\n');
      else upgrader.handleUpgrade(request, socket, head, (ws) => this.#serve(ws, after, options));
    });
  }

  static async start(options: FakeSignerOptions): Promise<FakeSigner> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new FakeSigner(server, options);
  }

  #serve(ws: WebSocket, after: number, options: FakeSignerOptions): void {
    this.#sockets.add(ws);
    const events = options.events(after);
    let next = 0;
    let credit = options.ignoresCredit ? events.length : 0;
    const pump = (): void => {
      for (; credit > 0 && next < events.length; credit -= 1) {
        const event = events[next++]!;
        const raw = typeof event === 'string' || event instanceof Uint8Array;
        ws.send(raw ? event : encodeStreamEvent(event, options.n));
        this.sent += 1;
        if (next === options.closesAfter) ws.close();
      }
    };
    ws.on('message', (data: Buffer) => {
      const message = decodeCredit(new Uint8Array(data));
      if (!message.ok) throw new Error(message.error.message);
      credit += message.value.events;
      this.credit += message.value.events;
      pump();
    });
    pump();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const ws of this.#sockets) ws.terminate();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
