/** Frames: of msgpack only lists of byte strings are read, within bounds of time and memory. */

import fc from 'fast-check';
import { Packr } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { frameBytesMax, frameMessagesMax } from '../../src/messages/limits.ts';
import { decodeFrame, encodeFrame } from '../../src/messages/peer.ts';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const pack = (value: unknown): Uint8Array => new Uint8Array(new Packr({ useRecords: false }).pack(value));
const code = (frame: Uint8Array): string => {
  const result = decodeFrame(frame);
  return result.ok ? 'ok' : result.error.code;
};

describe('frame', () => {
  it('brings what was put in, at every size of headers', () => {
    for (const count of [0, 1, 15, 16, 255, 256, 65535, 65536]) {
      const messages = Array.from({ length: count }, (_, i) => new Uint8Array(1 + (i % 7)).fill(i));
      expect(decodeFrame(encodeFrame(messages))).toEqual({ ok: true, value: messages });
    }
    for (const length of [1, 255, 256, 65535, 65536]) {
      const messages = [new Uint8Array(length).fill(7), bytes(1)];
      expect(decodeFrame(encodeFrame(messages))).toEqual({ ok: true, value: messages });
    }
  });

  it('reads a frame that is a part of a larger buffer, and hands out copies', () => {
    const frame = encodeFrame([bytes(1, 2, 3)]);
    const larger = new Uint8Array(frame.length + 20).fill(0xff);
    larger.set(frame, 9);
    const result = decodeFrame(larger.subarray(9, 9 + frame.length));
    larger.fill(0);
    expect(result).toEqual({ ok: true, value: [bytes(1, 2, 3)] });
    if (result.ok) expect(result.value[0]!.buffer.byteLength).toBe(3);
  });

  it.each([
    ['nothing', bytes()],
    ['a number', pack(5)],
    ['null', pack(null)],
    ['bytes alone', pack(bytes(1))],
    ['an object', pack({ a: bytes(1) })],
    ['an object that would change prototypes', pack(JSON.parse('{"__proto__":{"polluted":1}}'))],
    ['a list of numbers', pack([1, 2])],
    ['a list of text', pack(['a'])],
    ['a list in a list', pack([[bytes(1)]])],
    ['a date', pack([new Date(0)])],
    ['an error', pack([new Error('x')])],
    ['a set', pack([new Set([1])])],
    ['a record definition', bytes(0x91, 0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01)],
    ['typed arrays', bytes(0x91, 0xc7, 0x02, 0x74, 0x01, 0x00)],
    ['an extension of an unknown type', bytes(0x91, 0xd4, 0x63, 0x00)],
    ['a large list without members', bytes(0xdd, 0x00, 0x00, 0xff, 0xff)],
    ['a member longer than the frame', bytes(0x91, 0xc6, 0xff, 0xff, 0xff, 0xff, 1)],
    ['a member whose length is cut off', bytes(0x91, 0xc6, 0, 0)],
    ['an empty member', bytes(0x91, 0xc4, 0)],
    ['bytes after the list', bytes(0x91, 0xc4, 1, 1, 0)],
    ['a member too few', bytes(0x92, 0xc4, 1, 1)],
  ])('refuses %s', (_, frame) => {
    expect(code(frame)).toBe('FRAME_MALFORMED');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('refuses what is too long or has too many members, without reading it', () => {
    expect(code(new Uint8Array(frameBytesMax + 1))).toBe('FRAME_SIZE');
    expect(code(bytes(0xdd, 0xff, 0xff, 0xff, 0xff))).toBe('FRAME_MESSAGES');
    const many = new Uint8Array(5 + 3 * (frameMessagesMax + 1)).fill(1);
    many.set([0xdd, 0, 1, 0, 1]);
    for (let i = 5; i < many.length; i += 3) many[i] = 0xc4;
    expect(code(many)).toBe('FRAME_MESSAGES');
  });

  it('is quick about the worst frames', () => {
    const worst = [0x91, 0xc4, 0xdd, 0x80, 0xd4].map((byte) => new Uint8Array(frameBytesMax).fill(byte));
    const long = new Uint8Array(frameBytesMax).fill(1);
    long.set([0x91, 0xc6, 0, 0, 0, 9]);
    for (const frame of [...worst, long]) {
      const started = performance.now();
      expect(code(frame)).not.toBe('ok');
      expect(performance.now() - started).toBeLessThan(500);
    }
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (frame) => {
        decodeFrame(frame);
        const listed = decodeFrame(Uint8Array.of(0x93, ...frame));
        if (listed.ok) expect(listed.value).toHaveLength(3);
      }),
      { numRuns: 2000 },
    );
  });
});
