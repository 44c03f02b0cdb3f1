/** `/v1/stream` of real signers: what comes satisfies a learner that verifies everything. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { utf8 } from '../../src/base/bytes.ts';
import { must } from '../../src/base/result.ts';
import { nodeSignatures } from '../../src/crypto/ed25519-node.ts';
import { decodeStreamEvent, encodeCredit, type StreamEvent } from '../../src/messages/stream.ts';
import { VerifiedOrder } from '../../src/peer/follow/verified-order.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { Verifier } from '../../src/verify/verifier.ts';
import { ask, pause, post, TestNet, until } from './harness.ts';

let net: TestNet;
let verifier: Verifier;
beforeAll(async () => {
  net = await TestNet.of({ limits: { checkpointAfterMs: 200 } });
  verifier = new Verifier(net.federation, net.home(0).scheme, nodeSignatures);
  await net.startAll();
});
afterAll(() => net.dispose());

/** A stream that writes down its events. */
class Follower {
  readonly events: StreamEvent[] = [];
  readonly socket: WebSocket;
  closed: { code: number; reason: string } | undefined;

  constructor(index: number, after = 0) {
    this.socket = new WebSocket(net.url(index, `/v1/stream?after=${after}`).replace('http', 'ws'));
    this.socket.on('message', (data) =>
      this.events.push(must(decodeStreamEvent(new Uint8Array(data as Buffer), 4))),
    );
    this.socket.on('error', () => undefined);
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
  }

  async open(credit = 0): Promise<this> {
    await until('open', () => this.socket.readyState === WebSocket.OPEN);
    if (credit > 0) this.credit(credit);
    return this;
  }

  credit(events: number): void {
    this.socket.send(encodeCredit(events));
  }

  bodies(): string[] {
    return this.events.flatMap((event) =>
      event.type === 'batch'
        ? [event.batch.id]
        : event.type === 'block'
          ? event.batches.map(({ id }) => id)
          : [],
    );
  }

  get height(): number {
    return Math.max(0, ...this.events.map((event) => (event.type === 'block' ? event.block.height : 0)));
  }
}

const learner = () => new VerifiedOrder({ verifier, ledger: new MemoryStore(), finality: 'score' });

describe('a stream', () => {
  it('satisfies a learner, brings every body once, and goes on after a height', async () => {
    for (let nonce = 0; nonce < 6; nonce++)
      await post(net.url(nonce % 4, '/v1/transactions?wait=score'), net.json(nonce).json);
    await post(net.url(0, '/v1/transactions?wait=order'), net.json(6).json);
    const early = await new Follower(1).open(100_000);
    const dependencies = [utf8('one'), utf8('two')];
    const contested = [];
    for (let nonce = 10; nonce < 30; nonce++)
      contested.push(
        post(net.url(nonce % 4, '/v1/transactions?wait=score'), net.json(nonce, { dependencies }).json),
      );
    await Promise.all(contested);
    const last = await post(net.url(2, '/v1/transactions?wait=order'), net.json(40).json);
    const { height } = (last.body.receipt as { place: { height: number } }).place;
    const late = await new Follower(3, 1).open(100_000);
    await until('all blocks', () => early.height >= height && late.height >= height);

    const order = learner();
    const delivered = early.events
      .flatMap((event) => order.take(event))
      .flatMap(({ batch }) => batch.transactionIds);
    for (const nonce of [0, 5, 6, 40]) expect(delivered).toContain(net.json(nonce).id);
    expect(delivered).toHaveLength(28);
    expect(order.height).toBe(early.height);
    for (const follower of [early, late]) {
      expect(new Set(follower.bodies()).size).toBe(follower.bodies().length);
      expect(follower.events[0]).toMatchObject({ type: 'hello', epoch: verifier.epoch });
    }
    const heights = late.events.flatMap((event) => (event.type === 'block' ? [event.block.height] : []));
    expect(heights).toEqual(heights.map((_, i) => i + 2));
    early.socket.close();
    late.socket.close();
  });

  it('sends nothing without credit, and costs the signer nothing while it waits', async () => {
    const follower = await new Follower(0).open();
    await post(net.url(0, '/v1/transactions?wait=order'), net.json(50).json);
    await pause(50);
    expect(follower.events).toEqual([]);
    follower.credit(2);
    await until('two events', () => follower.events.length === 2);
    await pause(50);
    expect(follower.events.map(({ type }) => type)).toEqual(['hello', 'block']);
    expect((await ask(net.url(0, '/v1/status'))).body.streams).toBe(1);
    follower.socket.close();
    await until('closed', async () => (await ask(net.url(0, '/v1/status'))).body.streams === 0);
  });

  it('ends for whoever sends something else than credit', async () => {
    const text = await new Follower(0).open();
    text.socket.send('hello');
    await until('closed', () => text.closed !== undefined);
    expect(text.closed).toMatchObject({ code: 1008 });
    const wrong = await new Follower(0).open();
    wrong.socket.send(Uint8Array.of(9, 9, 9));
    await until('closed', () => wrong.closed !== undefined);
    expect(wrong.closed).toMatchObject({ code: 1008 });
    const long = await new Follower(0).open();
    long.socket.send(new Uint8Array(1000));
    await until('closed', () => long.closed !== undefined);
    expect(long.closed).toMatchObject({ code: 1009 });
  });
});
