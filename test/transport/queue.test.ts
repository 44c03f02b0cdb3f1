import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameQueue, frameOverheadBytes } from '../../src/transport/queue.ts';

/** The same queue, written without a thought for speed. */
class NaiveQueue {
  frames: Uint8Array[] = [];
  dropped = 0;
  bytesMax: number;
  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }
  get bytes() {
    return this.frames.reduce((sum, frame) => sum + frame.length + frameOverheadBytes, 0);
  }
  bound(bytesMax: number) {
    this.bytesMax = bytesMax;
    while (this.bytes > bytesMax) {
      this.frames.shift();
      this.dropped++;
    }
  }
  push(frame: Uint8Array) {
    if (frame.length + frameOverheadBytes > this.bytesMax) {
      this.dropped++;
      return false;
    }
    this.frames.push(frame);
    this.bound(this.bytesMax);
    return true;
  }
}

test('behaves as the naive queue does', () => {
  const operation = fc.oneof(
    { weight: 5, arbitrary: fc.nat(300).map((length) => ({ push: length })) },
    { weight: 3, arbitrary: fc.constant({ push: undefined }) },
    { weight: 1, arbitrary: fc.nat(1000).map((bound) => ({ push: undefined, bound })) },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 80 }), (operations) => {
      const queue = new FrameQueue(1000);
      const naive = new NaiveQueue(1000);
      for (const { push, ...rest } of operations) {
        if (push !== undefined) {
          const frame = new Uint8Array(push);
          expect(queue.push(frame)).toBe(naive.push(frame));
        } else if ('bound' in rest) {
          queue.bound(rest.bound as number);
          naive.bound(rest.bound as number);
        } else {
          expect(queue.peek()).toBe(naive.frames[0]);
          expect(queue.shift()).toBe(naive.frames.shift());
        }
        expect([queue.length, queue.bytes, queue.dropped]).toEqual([
          naive.frames.length,
          naive.bytes,
          naive.dropped,
        ]);
      }
    }),
  );
});

test('long queues keep their order and give their memory back', () => {
  const queue = new FrameQueue(1 << 30);
  const frames = Array.from({ length: 10_000 }, () => new Uint8Array(1));
  for (const frame of frames) queue.push(frame);
  for (const frame of frames) if (queue.shift() !== frame) throw new Error('out of order');
  expect([queue.length, queue.bytes, queue.shift()]).toEqual([0, 0, undefined]);
});
