import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findRecord, headBytes, RecordBuffer, readWrites, recordAt } from '../../src/store/log-record.ts';

const salt = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2);
type Row = readonly [table: number, key: Uint8Array, value: Uint8Array | undefined];

const rows: fc.Arbitrary<Row[]> = fc.array(
  fc.tuple(
    fc.integer({ min: 1, max: 20 }),
    fc.uint8Array({ maxLength: 40 }),
    fc.option(fc.uint8Array({ maxLength: 300 }), { nil: undefined }),
  ),
  { maxLength: 12 },
);

function encode(buffer: RecordBuffer, written: readonly Row[], sequence = 5, isLast = false): Uint8Array {
  for (const row of written) buffer.add(...row);
  const { length } = buffer;
  const bytes = Uint8Array.from(buffer.seal({ sequence, ordinal: 3, isLast, salt }));
  expect(bytes).toHaveLength(length);
  buffer.clear();
  return bytes;
}

function decode(bytes: Uint8Array): Row[] {
  const read: Row[] = [];
  expect(readWrites(bytes, (...row) => read.push(row))).toBe(true);
  return read;
}

describe('a record of the log', () => {
  it('comes back as it was written, from memory that was used before', () => {
    const buffer = new RecordBuffer();
    fc.assert(
      fc.property(rows, fc.boolean(), (written, isLast) => {
        const bytes = encode(buffer, written, 2 ** 40, isLast);
        const record = recordAt(bytes, 0, 3, salt)!;
        expect(record).toMatchObject({ sequence: 2 ** 40, isLast, end: bytes.length });
        expect(decode(record.writes)).toEqual(written);
        expect(bytes.length % 8).toBe(0);
      }),
    );
  });

  it('grows with what it holds', () => {
    const buffer = new RecordBuffer();
    const large: Row[] = [1, 2, 3].map((i) => [i, Uint8Array.of(i), new Uint8Array(3e6).fill(i)]);
    for (const written of [large, large.slice(0, 1)]) {
      const [record] = [recordAt(encode(buffer, written), 0, 3, salt)!];
      for (const [i, row] of decode(record.writes).entries())
        expect(Buffer.compare(row[2]!, written[i]![2]!)).toBe(0);
    }
  });

  it('is refused when any bit of it changed, when it is cut, and as that of another file or store', () => {
    const bytes = encode(new RecordBuffer(), [[3, Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5)]]);
    const used = headBytes + 7 + 5;
    for (let bit = 0; bit < used * 8; bit++) {
      const changed = Uint8Array.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      expect(recordAt(changed, 0, 3, salt), `bit ${bit}`).toBeUndefined();
    }
    for (let length = 0; length < used; length++)
      expect(recordAt(bytes.slice(0, length), 0, 3, salt)).toBeUndefined();
    expect(recordAt(bytes, 0, 4, salt)).toBeUndefined();
    expect(recordAt(bytes, 0, 3, new Uint8Array(8))).toBeUndefined();
    expect(recordAt(bytes, 0, 3, salt)).toBeDefined();
  });

  it('is found wherever it begins', () => {
    const buffer = new RecordBuffer();
    const noise = new Uint8Array(80).fill(salt[0]!);
    const bytes = Uint8Array.from([...noise, ...encode(buffer, [], 8), ...encode(buffer, [], 9)]);
    expect(findRecord(bytes, 0, 3, salt)?.sequence).toBe(8);
    expect(findRecord(bytes, 81, 3, salt)?.sequence).toBe(9);
    expect(findRecord(bytes, 120, 3, salt)).toBeUndefined();
    expect(findRecord(bytes, 0, 2, salt)).toBeUndefined();
  });

  it('takes any bytes (fuzz)', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 220 }), (bytes, at) => {
        expect(recordAt(bytes, at, 3, salt)).toBeUndefined();
        expect(findRecord(bytes, at, 3, salt)).toBeUndefined();
        let read = 0;
        const isWhole = readWrites(bytes, (_, key, value) => {
          read += 7 + key.length + (value?.length ?? 0);
        });
        expect(read <= bytes.length && isWhole === (read === bytes.length)).toBe(true);
      }),
    );
  });
});
