import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { putRequestBytes, putResponseRevision, writePutRequest } from '../../../bench/etcd/messages.ts';
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.ts';

function request(key: Uint8Array, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(putRequestBytes(key, value) + 2);
  expect(writePutRequest(bytes, 1, key, value)).toBe(bytes.length - 1);
  expect([bytes[0], bytes.at(-1)]).toEqual([0, 0]);
  return bytes.slice(1, -1);
}

/** Reads length-delimited fields only, one byte after the other. */
function fieldsOf(bytes: Uint8Array): [number, string][] {
  const fields: [number, string][] = [];
  let at = 0;
  const varint = (): number => {
    let value = 0;
    let shift = 0;
    for (;;) {
      const byte = bytes[at++]!;
      value += (byte & 127) * 2 ** shift;
      shift += 7;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    expect(tag & 7).toBe(2);
    const length = varint();
    fields.push([tag >> 3, toHex(bytes.slice(at, at + length))]);
    at += length;
  }
  return fields;
}

describe('PutRequest', () => {
  it('is the bytes that protoc makes', () => {
    expect(toHex(request(utf8('foo'), utf8('bar')))).toBe('0a03666f6f1203626172');
  });

  it('holds any key and value, whatever length their lengths have', () => {
    const lengths = [0, 1, 127, 128, 16_383, 16_384];
    for (const key of lengths)
      for (const value of lengths) {
        const [a, b] = [new Uint8Array(key).fill(7), new Uint8Array(value).fill(9)];
        expect(fieldsOf(request(a, b))).toEqual([
          [1, toHex(a)],
          [2, toHex(b)],
        ]);
      }
  });
});

describe('PutResponse', () => {
  // cluster_id and member_id are 64 bits wide; revision 3, raft_term 2.
  const header = '08b2f6c3a8a1d3f7e4cd0110a4b1e7d7aaffcfd61f18032002';

  it('gives its revision', () => {
    expect(
      putResponseRevision(fromHex(`0a${(header.length / 2).toString(16).padStart(2, '0')}${header}`)),
    ).toBe(3);
    expect(putResponseRevision(fromHex('0a0318ac02'))).toBe(300);
    // An unknown fixed64 field before it, and a previous value after it.
    expect(putResponseRevision(fromHex('0a0c2900000000000000001881011203616263'))).toBe(129);
  });

  it.each(['', '0a00', '0a021800', '1203616263', '0a03180', '0a0518', '0b'])(
    'without one is refused: %s',
    (hex) => {
      const bytes = fromHex(hex.length % 2 ? `${hex}0` : hex);
      expect(() => putResponseRevision(bytes)).toThrow();
    },
  );

  it('that is any bytes never hangs and never gives less than 1', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        let revision = 1;
        try {
          revision = putResponseRevision(bytes);
        } catch {
          return;
        }
        expect(revision).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
