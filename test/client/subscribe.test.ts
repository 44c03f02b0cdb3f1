import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Height } from '../../src/base/ids.ts';
import { type Client, connect } from '../../src/client/client.ts';
import { connectNode } from '../../src/client/node.ts';
import type { Block } from '../../src/messages/block.ts';
import { decodeCredit, encodeStreamEvent, type StreamEvent } from '../../src/messages/stream.ts';
import { TestChain, World } from '../verify/support.ts';
import { later } from './fake-signer.ts';

const world = new World(4, 1, 1);
const chain = new TestChain(world);
const blocks: Block[] = Array.from({ length: 3 }, (_, i) => {
  const batch = world.batch(0, i + 1, [`t${i}`]);
  return chain.commit([{ batch, certificate: world.unanimous(batch) }]);
});
const batch = world.batch(1, 1, ['x']);
const hello: StreamEvent = { type: 'hello', epoch: world.epoch, height: 3 as Height };
const batchEvent: StreamEvent = { type: 'batch', batch, certificate: world.unanimous(batch) };
const blockEvent = (height: number): StreamEvent => ({
  type: 'block',
  block: blocks[height - 1]!,
  certificates: [],
  batches: [],
  ...chain.proofFor(height as Height)!,
});

interface Peer {
  readonly after: number;
  readonly socket: WebSocket;
  /** Credit given so far. */
  credit: number;
  send(event: StreamEvent | Uint8Array): void;
}

class StreamServer {
  readonly peers: Peer[] = [];
  greet: (peer: Peer) => void = () => {};
  readonly #http: Server = createServer();
  readonly #sockets = new WebSocketServer({ server: this.#http });

  async start(): Promise<this> {
    this.#sockets.on('connection', (socket, request) => {
      const url = new URL(request.url!, 'http://x');
      expect(url.pathname).toBe('/v1/stream');
      const peer: Peer = {
        after: Number(url.searchParams.get('after')),
        socket,
        credit: 0,
        send: (event) => socket.send(event instanceof Uint8Array ? event : encodeStreamEvent(event, 4)),
      };
      socket.on('message', (data: Buffer) => {
        const credit = decodeCredit(new Uint8Array(data));
        if (credit.ok) peer.credit += credit.value.events;
      });
      this.peers.push(peer);
      this.greet(peer);
    });
    await new Promise<void>((resolve) => this.#http.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    await new Promise((resolve) => this.#http.close(resolve));
  }
}

const servers: StreamServer[] = [];
const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) await server.stop();
});

async function server(greet: (peer: Peer) => void): Promise<StreamServer> {
  const one = await new StreamServer().start();
  one.greet = greet;
  servers.push(one);
  return one;
}
function open(...list: StreamServer[]): Client {
  const client = connectNode({ federation: world.verifier, signers: list.map((one) => one.url) });
  clients.push(client);
  return client;
}

describe('a subscription', () => {
  it('brings the events of a stream, decoded', async () => {
    const one = await server((peer) => {
      for (const event of [hello, blockEvent(3), batchEvent]) peer.send(event);
    });
    const events: StreamEvent[] = [];
    for await (const event of open(one).subscribe({ after: 2 })) {
      events.push(event);
      if (events.length === 3) break;
    }
    expect(events).toEqual([hello, blockEvent(3), batchEvent]);
    expect(one.peers.map((peer) => peer.after)).toEqual([2]);
    await expect.poll(() => one.peers[0]!.socket.readyState).toBe(one.peers[0]!.socket.CLOSED);
  });

  it('gives credit as events are consumed, and no sooner', async () => {
    const one = await server((peer) => {
      for (let i = 0; i < 64; i++) peer.send(batchEvent);
    });
    const stream = open(one).subscribe();
    await stream.next();
    await later(30);
    expect(one.peers[0]!.credit).toBe(64);
    for (let i = 0; i < 30; i++) await stream.next();
    await later(20);
    expect(one.peers[0]!.credit).toBe(64);
    await stream.next();
    await later(20);
    expect(one.peers[0]!.credit).toBe(96);
    await stream.return();
  });

  it('goes on at the next signer from the last block, when one fails or breaks the rules', async () => {
    const faults: ((peer: Peer) => void)[] = [
      (peer) => peer.socket.terminate(),
      (peer) => peer.send(Uint8Array.of(9, 9)),
      (peer) => peer.send({ ...hello, epoch: '00'.repeat(32) as typeof world.epoch }),
      (peer) => {
        for (let i = 0; i < 200; i++) peer.send(batchEvent);
      },
      (peer) => peer.socket.send('text'),
    ];
    for (const fault of faults) {
      const bad = await server((peer) => {
        peer.send(blockEvent(1));
        fault(peer);
      });
      const good = await server((peer) => peer.send(blockEvent(peer.after + 1)));
      const heights: number[] = [];
      for await (const event of open(bad, good).subscribe()) {
        if (event.type === 'block') heights.push(event.block.height);
        await later(10);
        if (good.peers.length > 0 && heights.length === 2) break;
      }
      expect(heights).toEqual([1, 2]);
      expect(good.peers[0]!.after).toBe(1);
    }
  });

  it('keeps trying while nobody is there, and ends when told to', async () => {
    const gone = await server(() => {});
    const { url } = gone;
    await gone.stop();
    servers.length = 0;
    const client = connectNode({ federation: world.verifier, signers: [url] });
    clients.push(client);
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    const events: StreamEvent[] = [];
    for await (const event of client.subscribe({ signal: abort.signal })) events.push(event);
    expect(events).toEqual([]);
  });

  it('ends when the client is closed', async () => {
    const one = await server((peer) => peer.send(hello));
    const client = open(one);
    setTimeout(() => client.close(), 50);
    const events: StreamEvent[] = [];
    for await (const event of client.subscribe()) events.push(event);
    expect(events).toEqual([hello]);
  });

  it('needs a WebSocket', async () => {
    const saved = (globalThis as { WebSocket?: unknown }).WebSocket;
    (globalThis as { WebSocket?: unknown }).WebSocket = undefined;
    const client = connect({ federation: world.verifier, signers: ['http://127.0.0.1:1'] });
    clients.push(client);
    await expect(client.subscribe().next()).rejects.toThrow(/pass options.webSocket/);
    (globalThis as { WebSocket?: unknown }).WebSocket = saved;
  });
});
