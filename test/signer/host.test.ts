/**
 * The host's contract (docs/engine.md), with an engine that does what the test says and a store whose
 * disk answers when the test says.
 */

import { describe, expect, it } from 'vitest';
import { signerId } from '../../src/base/ids.ts';
import type { Write } from '../../src/base/ledger.ts';
import { accept } from '../../src/base/result.ts';
import type { Input } from '../../src/engine/contract.ts';
import { encodeFrame, encodePeerMessage } from '../../src/messages/peer.ts';
import { Host } from '../../src/signer/host.ts';
import type { VerifyRequest } from '../../src/verify/verifier.ts';

import { Disk, event, message, n, numberOf, send, stage, turns, write } from './stage.ts';

const received = (input: Input): number => (input.type === 'message' ? numberOf(input.message) : -1);

describe('durable before', () => {
  it('lets the rest leave at once, and what is durable only after a flush that began after its step', async () => {
    const { host, disk, frames, events, deliver } = stage((input) =>
      received(input) === 1
        ? { writes: [write], sends: [send(2, 10, true), send(2, 11, false)], events: [event] }
        : undefined,
    );
    host.start();
    deliver(1, 1);
    await turns();
    expect(frames).toEqual([{ to: 2, numbers: [11] }]);
    expect(events).toEqual([]);
    expect(disk.flushes.map((flush) => flush.applied)).toEqual([1]);
    disk.flushes[0]!.resolve();
    await turns();
    expect(frames).toEqual([
      { to: 2, numbers: [11] },
      { to: 2, numbers: [10] },
    ]);
    expect(events).toEqual([[event]]);
  });

  it('keeps one flush in flight and shares the next one; durable messages are not reordered', async () => {
    const { host, disk, frames, deliver } = stage((input) => {
      const value = received(input);
      return value > 0 ? { writes: [write], sends: [send(2, value, true)] } : undefined;
    });
    host.start();
    deliver(1, 1);
    await turns();
    deliver(1, 2);
    await turns();
    deliver(3, 3, 4);
    await turns();
    expect(disk.flushes).toHaveLength(1);
    disk.flushes[0]!.resolve();
    await turns();
    // What came during the flush did not leave with it.
    expect(frames).toEqual([{ to: 2, numbers: [1] }]);
    expect(disk.flushes.map((flush) => flush.applied)).toEqual([1, 4]);
    disk.flushes[1]!.resolve();
    await turns();
    expect(frames).toEqual([
      { to: 2, numbers: [1] },
      { to: 2, numbers: [2, 3, 4] },
    ]);
    expect(disk.flushes).toHaveLength(2);
  });

  it('waits for earlier writes of other steps too, and not for the disk when nothing is unsynced', async () => {
    const { host, disk, frames, events, deliver } = stage((input) => {
      const value = received(input);
      if (value === 1) return { writes: [write] };
      return value > 1 ? { sends: [send(2, value, true)], events: [event] } : undefined;
    });
    host.start();
    deliver(1, 9);
    await turns();
    expect(frames).toEqual([{ to: 2, numbers: [9] }]);
    expect(events).toHaveLength(1);
    expect(disk.flushes).toHaveLength(0);
    deliver(1, 1);
    await turns();
    // Nobody depends on the write yet.
    expect(disk.flushes).toHaveLength(0);
    deliver(1, 2);
    await turns();
    expect(frames).toHaveLength(1);
    disk.flushes[0]!.resolve();
    await turns();
    expect(frames[1]).toEqual({ to: 2, numbers: [2] });
  });

  it('lets nothing leave after the disk refused', async () => {
    const { host, disk, frames, events, failures, deliver, inputs } = stage((input) => {
      const value = received(input);
      return value > 0
        ? { writes: [write], sends: [send(2, value, true), send(2, 100 + value, false)], events: [event] }
        : undefined;
    });
    host.start();
    deliver(1, 1);
    await turns();
    deliver(1, 2);
    await turns();
    const before = frames.length;
    disk.flushes[0]!.reject(new Error('no space left on device'));
    deliver(1, 3);
    await turns();
    expect(failures).toMatchObject([{ kind: 'disk', message: 'no space left on device' }]);
    expect(frames).toHaveLength(before);
    expect(frames.flatMap((frame) => frame.numbers).filter((value) => value < 100)).toEqual([]);
    expect(events).toEqual([]);
    host.link(signerId(1), true);
    await turns();
    expect(inputs.filter((input) => input.type === 'link')).toEqual([]);
    await host.close();
    expect(frames).toHaveLength(before);
  });

  it('sends nothing of a step that threw', async () => {
    const { host, frames, failures, deliver } = stage((input) => {
      if (received(input) === 2) throw new Error('an invariant');
      return { sends: [send(2, 5, false)] };
    });
    host.start();
    await turns();
    expect(frames).toHaveLength(1);
    deliver(1, 1, 2, 3);
    await turns();
    expect(failures).toMatchObject([{ kind: 'invariant', message: 'an invariant' }]);
    // Not even what came before it in the same turn, since nothing can be trusted now.
    expect(frames).toHaveLength(1);
  });

  it('closes after what was decided is durable and sent', async () => {
    const { host, disk, frames, events, deliver } = stage((input) =>
      received(input) > 0 ? { writes: [write], sends: [send(2, 1, true)], events: [event] } : undefined,
    );
    host.start();
    deliver(1, 1);
    await turns();
    const closed = host.close();
    deliver(1, 2);
    await turns();
    expect(frames).toEqual([]);
    disk.flushes[0]!.resolve();
    await closed;
    expect(frames).toEqual([{ to: 2, numbers: [1] }]);
    expect(events).toHaveLength(1);
    expect(disk.applied).toHaveLength(1);
  });
});

describe('a host whose disk is quick', () => {
  const script = (input: Input) => {
    const value = received(input);
    return value > 0
      ? { writes: [write], sends: [send(2, value, true), send(2, 100 + value, false)], events: [event] }
      : undefined;
  };

  it('sends all of a turn in one frame, in the turn', async () => {
    const { host, disk, frames, events, deliver } = stage(script);
    disk.now.push(true);
    host.start();
    deliver(1, 1, 2);
    await turns();
    expect(frames).toEqual([{ to: 2, numbers: [101, 102, 1, 2] }]);
    expect(events).toHaveLength(2);
    expect([disk.synced, disk.flushes]).toEqual([[2], []]);
    await host.close();
  });

  it('lets nothing leave when the disk refuses', async () => {
    const { host, disk, frames, events, failures, deliver } = stage(script);
    disk.now.push(new Error('no space left on device'));
    host.start();
    deliver(1, 1);
    await turns();
    deliver(1, 2);
    await turns();
    await host.close();
    expect(failures).toMatchObject([{ kind: 'disk', message: 'no space left on device' }]);
    expect([frames, events, disk.flushes]).toEqual([[], [], []]);
  });
});

describe('turns', () => {
  it('applies writes before the next step, and answers checks right after the step that asked', async () => {
    const order: string[] = [];
    const request = { kind: 'qc' } as VerifyRequest;
    const { host, disk, deliver } = stage(
      (input) => {
        order.push(`${input.type}${received(input) > 0 ? received(input) : ''} ${disk.applied.length}`);
        return received(input) === 1 ? { writes: [write], verify: [{ id: 7, request }] } : undefined;
      },
      () => {
        order.push('check');
        return accept(undefined);
      },
    );
    host.start();
    deliver(1, 1, 2);
    await turns();
    expect(order).toEqual(['start 0', 'message1 0', 'check', 'verified 1', 'message2 1']);
  });

  it('puts all messages of a turn to one peer in one frame, and encodes a shared message once', async () => {
    const shared = message(5);
    let encodings = 0;
    const counted = new Proxy(shared, {
      get: (target, key) => {
        if (key === 'from') encodings += 1;
        return Reflect.get(target, key);
      },
    });
    const { host, frames } = stage((input) =>
      input.type === 'start'
        ? {
            sends: [1, 2, 3].map((to) => ({ to: signerId(to), message: counted, durable: false })),
          }
        : { sends: [send(1, 6, false)] },
    );
    host.start();
    host.link(signerId(3), true);
    await turns();
    expect(frames).toEqual([
      { to: 1, numbers: [5, 6] },
      { to: 2, numbers: [5] },
      { to: 3, numbers: [5] },
    ]);
    expect(encodings).toBe(1);
  });

  it('gives the transactions of one turn to the engine together', async () => {
    const { host, inputs } = stage(() => undefined);
    host.start();
    const one = { id: 'a', transaction: {}, size: 1 } as never;
    host.submit([one]);
    host.submit([one, one]);
    await turns();
    expect(inputs.map((input) => (input.type === 'submit' ? input.transactions.length : input.type))).toEqual(
      ['start', 3],
    );
  });

  it('serves peers in turn, so that one with many messages does not keep the others waiting', async () => {
    const { host, inputs, deliver } = stage(() => undefined);
    host.start();
    deliver(1, 1, 2, 3, 4);
    deliver(2, 11, 12);
    await turns();
    expect(inputs.map(received).filter((value) => value > 0)).toEqual([1, 11, 2, 12, 3, 4]);
  });

  it('stops after about 10 ms of work to let sockets and timers in', async () => {
    const { host, inputs, deliver } = stage((input) => {
      const end = performance.now() + (received(input) > 0 ? 4 : 0);
      while (performance.now() < end);
      return undefined;
    });
    host.start();
    deliver(1, ...Array.from({ length: 12 }, (_, i) => i + 1));
    let between = 0;
    while (inputs.length < 13) {
      await turns(1);
      between += 1;
    }
    expect(between).toBeGreaterThanOrEqual(4);
    expect(inputs.map(received).slice(1)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  });

  it('refuses and counts what cannot be decoded, and reads on', async () => {
    const { host, inputs, refused, failures } = stage(() => undefined);
    host.start();
    host.frame(signerId(1), Uint8Array.of(0xc1, 0xff, 1, 2));
    host.frame(signerId(1), encodeFrame([]));
    const good = encodePeerMessage(message(3), n);
    host.frame(signerId(1), encodeFrame([Uint8Array.of(99), good.subarray(0, 4), good]));
    await turns();
    expect(refused).toEqual(['1 FRAME_MALFORMED', '1 MESSAGE_TYPE', '1 MALFORMED']);
    expect(inputs.map(received).filter((value) => value > 0)).toEqual([3]);
    expect(failures).toEqual([]);
  });
});

describe('time', () => {
  it('ticks when the engine asked to be woken, once, and later when it asked for later', async () => {
    const started = performance.now();
    const ticks: number[] = [];
    const { host } = stage((input, now) => {
      if (input.type === 'start') return { wake: now + 20 };
      if (input.type === 'tick') ticks.push(now - started);
      return { wake: ticks.length === 1 ? now + 15 : undefined };
    });
    host.start();
    await new Promise((resolve) => setTimeout(resolve, 90));
    expect(ticks).toHaveLength(2);
    expect(ticks[0]).toBeGreaterThanOrEqual(19);
    expect(ticks[1]! - ticks[0]!).toBeGreaterThanOrEqual(14);
    await host.close();
  });

  it('never goes back', async () => {
    const times: number[] = [];
    let clock = 100;
    const host = new Host({
      n,
      engine: {
        step(_input, now) {
          times.push(now);
          clock -= 30;
          return { writes: [], lazyWrites: [], sends: [], verify: [], events: [], wake: undefined };
        },
      },
      store: new Disk(),
      verify: () => accept(undefined),
      send: () => undefined,
      events: () => undefined,
      failed: () => undefined,
      clock: () => clock,
    });
    host.start();
    host.link(signerId(1), true);
    host.link(signerId(1), false);
    await turns();
    expect(times).toEqual([100, 100, 100]);
    await host.close();
  });
});

describe('lazy writes', () => {
  it('are applied after the others, and nothing waits for them', async () => {
    const lazy: Write = { table: 'certificate', key: Uint8Array.of(9), value: Uint8Array.of(9) };
    const { host, disk, frames } = stage((input) =>
      input.type === 'link' ? { lazyWrites: [lazy], sends: [send(1, 7, true)], events: [event] } : undefined,
    );
    host.start();
    host.link(signerId(1), true);
    await turns();
    expect(frames).toEqual([{ to: 1, numbers: [7] }]);
    expect(disk.applied).toEqual([[lazy]]);
    expect(disk.flushes).toEqual([]);
  });

  it('do not let what depends on a write of the same step go first', async () => {
    const lazy: Write = { table: 'certificate', key: Uint8Array.of(9), value: Uint8Array.of(9) };
    const { host, disk, frames } = stage((input) =>
      input.type === 'link' ? { writes: [write], lazyWrites: [lazy], sends: [send(1, 7, true)] } : undefined,
    );
    host.start();
    host.link(signerId(1), true);
    await turns();
    expect(frames).toEqual([]);
    expect(disk.applied).toEqual([[write], [lazy]]);
    disk.flushes[0]!.resolve();
    await turns();
    expect(frames).toEqual([{ to: 1, numbers: [7] }]);
  });
});
