import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, toHex } from '../../src/base/bytes.ts';
import { must } from '../../src/base/result.ts';
import { ChunkReader, ChunkWriter, chunkBytesMax, recordHeaderBytes } from '../../src/transport/chunks.ts';

const source = (frames: readonly Uint8Array[]) => {
  const left = [...frames];
  return { shift: () => left.shift() };
};

function pack(frames: readonly Uint8Array[]): Uint8Array[] {
  const writer = new ChunkWriter();
  const from = source(frames);
  const chunks: Uint8Array[] = [];
  let ended = 0;
  for (let next = writer.next(from); next; next = writer.next(from)) {
    chunks.push(Uint8Array.from(next.chunk));
    ended += next.framesEnded;
  }
  expect(ended).toBe(frames.length);
  expect(writer.midFrame).toBe(false);
  return chunks;
}

const record = (end: number, bytes: Uint8Array, length = bytes.length): Uint8Array =>
  concat(Uint8Array.of(end, length >> 8, length & 0xff), bytes);
const bytes = (length: number, fill = 7): Uint8Array => new Uint8Array(length).fill(fill);
const full = chunkBytesMax - recordHeaderBytes;

/** Lengths near what matters: empty, small, and around one and two chunks. */
const lengths = fc.oneof(
  fc.integer({ min: 0, max: 40 }),
  fc.integer({ min: full - 5, max: full + 5 }),
  fc.integer({ min: 2 * full - 8, max: 2 * full + 8 }),
);

describe('frames through chunks', () => {
  test('come out as they went in, whatever their lengths', () => {
    fc.assert(
      fc.property(fc.array(lengths, { maxLength: 8 }), (sizes) => {
        const frames = sizes.map((size, i) => bytes(size, i + 1));
        const reader = new ChunkReader(3 * chunkBytesMax);
        const out = pack(frames).flatMap((chunk) => {
          expect(chunk.length).toBeLessThanOrEqual(chunkBytesMax);
          return must(reader.read(chunk));
        });
        expect(out.length).toBe(frames.length);
        out.forEach((frame, i) => {
          expect(Buffer.compare(frame, frames[i]!)).toBe(0);
        });
        expect(reader.pendingBytes).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test('small frames share one chunk', () => {
    expect(pack(Array.from({ length: 1000 }, () => bytes(60))).length).toBe(1);
  });

  test('a small frame does not keep its chunk in memory', () => {
    const [small] = must(new ChunkReader(100_000).read(pack([bytes(10), bytes(60_000)])[0]!));
    expect(small!.buffer.byteLength).toBe(10);
  });
});

describe('the reader refuses', () => {
  const refusal = (chunk: Uint8Array, max = 1000) => {
    const read = new ChunkReader(max).read(chunk);
    return read.ok ? 'accepted' : read.error.code;
  };

  test.each([
    ['a header that is cut off', Uint8Array.of(1, 0)],
    ['a record that is cut off', record(1, bytes(5), 6)],
    ['an end marker of 2', record(2, bytes(5))],
    ['an empty piece', record(0, bytes(0))],
    ['a piece that does not fill the chunk', record(0, bytes(5))],
    ['a piece that something follows', concat(record(0, bytes(5)), record(1, bytes(5)))],
  ])('%s', (_what, chunk) => {
    expect(refusal(chunk)).toBe('CHUNK_MALFORMED');
  });

  test('a frame longer than the limit, in one record', () => {
    expect(refusal(record(1, bytes(1000)))).toBe('accepted');
    expect(refusal(record(1, bytes(1001)))).toBe('FRAME_LONG');
  });

  test('a frame longer than the limit, before holding more than the limit', () => {
    const reader = new ChunkReader(3 * full);
    for (let i = 0; i < 3; i++) expect(must(reader.read(record(0, bytes(full))))).toEqual([]);
    expect(reader.pendingBytes).toBe(3 * full);
    expect(reader.read(record(0, bytes(full)))).toMatchObject({ error: { code: 'FRAME_LONG' } });
    expect(reader.pendingBytes).toBe(3 * full);
  });

  test('a chunk longer than a Noise message can hold', () => {
    expect(refusal(bytes(chunkBytesMax + 1))).toBe('CHUNK_LONG');
  });

  test('random and altered bytes without throwing, and never assembles beyond the limit', () => {
    const valid = pack([bytes(3), bytes(0), bytes(30)])[0]!;
    const altered = fc
      .tuple(fc.nat(valid.length - 1), fc.integer({ min: 0, max: 255 }))
      .map(([at, value]) => Uint8Array.from(valid, (old, i) => (i === at ? value : old)));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 64 }), altered), (chunk) => {
        const reader = new ChunkReader(16);
        const read = reader.read(chunk);
        expect(reader.pendingBytes).toBeLessThanOrEqual(16);
        if (!read.ok) return;
        // What is accepted has exactly one encoding.
        expect(read.value.every((frame) => frame.length <= 16)).toBe(true);
        expect(toHex(concat(...pack(read.value)))).toBe(toHex(chunk));
      }),
      { numRuns: 500 },
    );
  });
});
