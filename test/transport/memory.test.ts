import { expect, test } from 'vitest';
import { signerId } from '../../src/base/ids.ts';
import { MemoryHub } from '../../src/transport/memory.ts';
import { numbered, Recorder, until } from './harness.ts';
import { transportSuite } from './suite.ts';

const [zero, one] = [signerId(0), signerId(1)];

for (const [name, options] of [
  ['memory', {}],
  ['memory, with delays', { delayMs: (_f: unknown, _t: unknown, frame: Uint8Array) => frame.length % 7 }],
] as const)
  transportSuite(name, async () => {
    const limits = { queueBytesMax: 8 << 20, frameBytesMax: 32 << 20 };
    const hub = new MemoryHub({ ...limits, ...options });
    const made: { close(): Promise<void> }[] = [];
    return {
      ...limits,
      make: (id) => {
        const endpoint = hub.endpoint(id);
        made.push(endpoint);
        return endpoint;
      },
      dispose: async () => {
        await Promise.all(made.map((endpoint) => endpoint.close()));
      },
    };
  });

test('hooks drop and delay single frames without changing the order', async () => {
  const hub = new MemoryHub({
    drop: (_from, _to, frame) => frame[3] === 2,
    delayMs: (_from, _to, frame) => (frame[3] === 1 ? 60 : 0),
  });
  const [a, b] = [hub.endpoint(zero), hub.endpoint(one)];
  const heard = new Recorder();
  await Promise.all([a.start(new Recorder()), b.start(heard)]);
  await until('up', () => a.connected(one));
  const start = performance.now();
  for (let i = 0; i < 5; i++) a.send(one, numbered(i));
  await until('the frames', () => heard.frames.length === 4);
  expect(heard.numbers).toEqual([0, 1, 3, 4]);
  // All five are under way at once: the delay counts once.
  expect(performance.now() - start).toBeGreaterThan(50);
  expect(performance.now() - start).toBeLessThan(1000);
  await Promise.all([a.close(), b.close()]);
});

test('a frame is a copy', async () => {
  const hub = new MemoryHub();
  const [a, b] = [hub.endpoint(zero), hub.endpoint(one)];
  const heard = new Recorder();
  await Promise.all([a.start(new Recorder()), b.start(heard)]);
  const frame = numbered(5);
  a.send(one, frame);
  frame.fill(0);
  await until('the frame', () => heard.frames.length === 1);
  expect(heard.numbers).toEqual([5]);
  await Promise.all([a.close(), b.close()]);
});
