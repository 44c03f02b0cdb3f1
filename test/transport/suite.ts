/** The contract of the port `Transport`, to be met by every implementation. */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type SignerId, signerId } from '../../src/base/ids.ts';
import type { Transport } from '../../src/transport/port.ts';
import { numbered, pause, Recorder, until } from './harness.ts';

/** A network of three identities, 0 to 2, made anew for each test. */
export interface SuiteNetwork {
  /** A new endpoint of an identity, not started. The last one of the identity must be closed. */
  make(id: SignerId): Transport;
  /** Waiting bytes for a peer that is not there; at least 6 MB. */
  readonly queueBytesMax: number;
  readonly frameBytesMax: number;
  dispose(): Promise<void>;
}

const [zero, one, two] = [signerId(0), signerId(1), signerId(2)];

export function transportSuite(name: string, makeNetwork: () => Promise<SuiteNetwork>): void {
  describe(`transport contract: ${name}`, () => {
    let network: SuiteNetwork;
    const recorders = new Map<Transport, Recorder>();

    beforeEach(async () => {
      recorders.clear();
      network = await makeNetwork();
    });
    afterEach(() => network.dispose());

    async function start(id: SignerId): Promise<Transport> {
      const transport = network.make(id);
      const recorder = new Recorder();
      recorders.set(transport, recorder);
      await transport.start(recorder);
      return transport;
    }
    const recorded = (transport: Transport): Recorder => recorders.get(transport)!;

    async function pair(): Promise<[Transport, Transport]> {
      const transports: [Transport, Transport] = [await start(zero), await start(one)];
      await until('both up', () => transports[0].connected(one) && transports[1].connected(zero));
      return transports;
    }

    test('frames arrive in order, both ways, from the right signer', async () => {
      const [a, b] = await pair();
      for (let i = 0; i < 3000; i++) {
        expect(a.send(one, numbered(i, i % 200))).toBe(true);
        expect(b.send(zero, numbered(10_000 + i))).toBe(true);
        if (i % 500 === 0) await pause(1);
      }
      await until('all frames', () => recorded(a).frames.length + recorded(b).frames.length === 6000);
      expect(recorded(b).numbers).toEqual(Array.from({ length: 3000 }, (_, i) => i));
      expect(recorded(a).numbers).toEqual(Array.from({ length: 3000 }, (_, i) => 10_000 + i));
      expect(recorded(b).frames.every(({ from }) => from === zero)).toBe(true);
      expect(recorded(b).frames[150]!.frame).toEqual(new Uint8Array(numbered(150, 150)));
    });

    test('a frame never arrives within the call that sends it', async () => {
      const [a, b] = await pair();
      a.send(one, numbered(1));
      expect(recorded(b).frames.length).toBe(0);
      await until('the frame', () => recorded(b).frames.length === 1);
    });

    test('empty and large frames, with small ones around them', async () => {
      const [a, b] = await pair();
      const large = new Uint8Array(5_000_000).map((_, i) => i * 31 + (i >> 8));
      const frames = [
        numbered(1),
        new Uint8Array(0),
        large.subarray(0, 700_000),
        numbered(2),
        new Uint8Array(0),
      ];
      for (const frame of frames) expect(a.send(one, frame)).toBe(true);
      await until('all frames', () => recorded(b).frames.length === frames.length);
      recorded(b).frames.forEach(({ frame }, i) => {
        expect(Buffer.compare(frame, frames[i]!)).toBe(0);
      });
    });

    test('a frame of 5 MB, both ways at once', async () => {
      const [a, b] = await pair();
      const large = new Uint8Array(5_000_000).map((_, i) => i * 31 + (i >> 8));
      expect(a.send(one, large)).toBe(true);
      expect(b.send(zero, large)).toBe(true);
      await until('the frames', () => recorded(a).frames.length + recorded(b).frames.length === 2);
      for (const end of [a, b]) expect(Buffer.compare(recorded(end).frames[0]!.frame, large)).toBe(0);
    });

    test('several peers: each gets its own frames', async () => {
      const transports = [await start(zero), await start(one), await start(two)];
      const [a, b, c] = transports as [Transport, Transport, Transport];
      await until(
        'all up',
        () => a.connected(one) && a.connected(two) && b.connected(two) && c.connected(one),
      );
      await until('all up', () => b.connected(zero) && c.connected(zero));
      a.send(one, numbered(1));
      a.send(two, numbered(2));
      c.send(one, numbered(3));
      await until('all frames', () => recorded(b).frames.length === 2 && recorded(c).frames.length === 1);
      expect(new Map(recorded(b).frames.map(({ from, frame }) => [from, frame[3]]))).toEqual(
        new Map([
          [zero, 1],
          [two, 3],
        ]),
      );
      expect(recorded(c).frames[0]).toMatchObject({ from: zero });
    });

    test('up and down are reported in turn, and frames only in between', async () => {
      const [a, b] = await pair();
      expect(recorded(a).events).toEqual(['up 1']);
      await b.close();
      await until('down', () => recorded(a).events.length === 2);
      expect(recorded(a).events).toEqual(['up 1', 'down 1']);
      expect(a.connected(one)).toBe(false);
    });

    test.each([
      ['the dialling side', zero],
      ['the dialled side', one],
    ])('connects again after a restart of %s', async (_what, restarted) => {
      const [a, b] = await pair();
      const [stays, goes, other] = restarted === one ? [a, b, one] : [b, a, zero];
      await goes.close();
      await until('down', () => !stays.connected(other));
      const again = await start(restarted);
      await until('up again', () => stays.connected(other) && again.connected(stays === a ? zero : one));
      expect(recorded(stays).events).toEqual([`up ${other}`, `down ${other}`, `up ${other}`]);
      stays.send(other, numbered(42));
      await until('a frame', () => recorded(again).frames.length === 1);
      expect(recorded(again).numbers).toEqual([42]);
    });

    test('sending to a peer that is not there returns at once, and what still fits arrives later', async () => {
      const a = await start(zero);
      expect(a.connected(one)).toBe(false);
      expect(a.send(one, numbered(7))).toBe(true);
      const b = await start(one);
      await until('the frame', () => recorded(b).frames.length === 1);
      expect(recorded(b).numbers).toEqual([7]);
    });

    test('waiting frames are bounded, and the oldest go first', async () => {
      const a = await start(zero);
      const length = Math.ceil(network.queueBytesMax / 10);
      for (let i = 0; i < 30; i++) expect(a.send(one, numbered(i, length))).toBe(true);
      expect(a.send(one, new Uint8Array(network.queueBytesMax + 1))).toBe(false);
      const b = await start(one);
      await until('the frames', () => recorded(b).numbers.includes(29));
      expect(recorded(b).numbers).toEqual([21, 22, 23, 24, 25, 26, 27, 28, 29]);
    });

    test('refuses frames that are too long, and unknown peers', async () => {
      const [a] = await pair();
      expect(a.send(one, new Uint8Array(network.frameBytesMax + 1))).toBe(false);
      expect(a.send(zero, numbered(1))).toBe(false);
      expect(a.connected(zero)).toBe(false);
    });

    test('after close nothing is reported, nothing is sent, and closing again is harmless', async () => {
      const [a, b] = await pair();
      for (let i = 0; i < 100; i++) b.send(zero, numbered(i));
      const closing = a.close();
      const seen = [recorded(a).frames.length, recorded(a).events.length];
      await closing;
      await a.close();
      expect(a.send(one, numbered(1))).toBe(false);
      expect(a.connected(one)).toBe(false);
      await pause(20);
      expect([recorded(a).frames.length, recorded(a).events.length]).toEqual(seen);
    });

    test('a handler may send, and may close', async () => {
      const a = network.make(zero);
      const b = network.make(one);
      const heard = new Recorder();
      recorders.set(b, heard);
      let closed: Promise<void> | undefined;
      let received = 0;
      await a.start({
        onUp: (peer) => void a.send(peer, numbered(1)),
        onDown: () => {},
        onFrame: () => {
          received += 1;
          closed = a.close();
        },
      });
      await b.start({
        onUp: (peer) => heard.onUp(peer),
        onDown: (peer) => heard.onDown(peer),
        onFrame: (from, frame) => {
          heard.onFrame(from, frame);
          for (let i = 0; i < 5; i++) b.send(from, numbered(i));
        },
      });
      await until('the end', () => heard.events.includes('down 0'));
      expect(heard.numbers).toEqual([1]);
      await closed;
      // The other four came with the first, but after the close.
      expect(received).toBe(1);
    });

    test('closing before and right after the start', async () => {
      await network.make(zero).close();
      const a = network.make(one);
      const started = a.start(new Recorder());
      await a.close();
      await started;
    });
  });
}
