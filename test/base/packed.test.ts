/** The binary form against micro-packed, the oracle: the same bytes, and the same bytes accepted. */

import fc from 'fast-check';
import * as Oracle from 'micro-packed';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import { type Codec, decode, digest, P, u53 } from '../../src/base/codec.ts';
import type { Digest } from '../../src/base/ids.ts';

const record = P.struct({
  flag: P.bool,
  small: P.U8,
  middle: P.U16BE,
  large: P.U32BE,
  huge: u53(),
  id: digest(),
  fixed: P.bytes(3),
  text: P.string(P.U16BE),
  maybe: P.optional(P.bool, P.bytes(P.U8)),
  list: P.array(P.U8, P.struct({ number: P.U16BE, names: P.array(P.U16BE, P.string(P.U8)) })),
});

const oracle = Oracle.struct({
  flag: Oracle.bool,
  small: Oracle.U8,
  middle: Oracle.U16BE,
  large: Oracle.U32BE,
  huge: Oracle.U64BE,
  id: Oracle.bytes(32),
  fixed: Oracle.bytes(3),
  text: Oracle.string(Oracle.U16BE),
  maybe: Oracle.optional(Oracle.bool, Oracle.bytes(Oracle.U8)),
  list: Oracle.array(
    Oracle.U8,
    Oracle.struct({ number: Oracle.U16BE, names: Oracle.array(Oracle.U16BE, Oracle.string(Oracle.U8)) }),
  ),
});

type Value = typeof record extends Codec<infer T> ? T : never;
const forOracle = (value: Value) => ({ ...value, huge: BigInt(value.huge), id: fromHex(value.id) });

const shortText = fc.string({ maxLength: 20, unit: 'grapheme' });
const values: fc.Arbitrary<Value> = fc.record({
  flag: fc.boolean(),
  small: fc.nat(0xff),
  middle: fc.nat(0xffff),
  large: fc.nat(0xffff_ffff),
  huge: fc.maxSafeNat(),
  id: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => toHex(bytes) as Digest),
  fixed: fc.uint8Array({ minLength: 3, maxLength: 3 }),
  text: shortText,
  maybe: fc.option(fc.uint8Array({ maxLength: 20 }), { nil: undefined }),
  list: fc.array(
    fc.record({ number: fc.nat(0xffff), names: fc.array(fc.string({ maxLength: 9 }), { maxLength: 3 }) }),
    { maxLength: 4 },
  ),
});

describe('the binary form', () => {
  it('is that of the oracle, and is read back', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = record.encode(value);
        expect(toHex(bytes)).toBe(toHex(oracle.encode(forOracle(value))));
        expect(record.decode(bytes)).toEqual(value);
      }),
    );
  });

  it('is accepted exactly when the oracle accepts it', () => {
    const change = fc.tuple(fc.nat(), fc.nat(255), fc.constantFrom('set', 'cut', 'add'));
    fc.assert(
      fc.property(values, change, (value, [place, byte, kind]) => {
        const good = record.encode(value);
        const at = place % good.length;
        const bytes =
          kind === 'cut'
            ? good.slice(0, at)
            : kind === 'add'
              ? Uint8Array.of(...good, byte)
              : good.map((one, i) => (i === at ? byte : one));
        const answer = decode(record, bytes, 'it');
        let expected: ReturnType<typeof oracle.decode> | undefined;
        try {
          expected = oracle.decode(bytes);
        } catch {
          // Refused by the oracle.
        }
        const tooLarge = expected !== undefined && expected.huge > BigInt(Number.MAX_SAFE_INTEGER);
        expect(answer.ok).toBe(expected !== undefined && !tooLarge);
        if (answer.ok && expected) expect(forOracle(answer.value)).toEqual(expected);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses values that have no form, and names the field', () => {
    const value: Value = {
      flag: true,
      small: 1,
      middle: 1,
      large: 1,
      huge: 1,
      id: 'ab'.repeat(32) as Digest,
      fixed: Uint8Array.of(1, 2, 3),
      text: '',
      maybe: undefined,
      list: [{ number: 1, names: ['a'] }],
    };
    const bad = (change: object) => () => record.encode({ ...value, ...change });
    expect(bad({ small: 256 })).toThrow(/^small: /);
    expect(bad({ middle: -1 })).toThrow(/^middle: /);
    expect(bad({ large: 0.5 })).toThrow(/^large: /);
    expect(bad({ huge: 2 ** 53 })).toThrow(/^huge: /);
    expect(bad({ id: `${'ab'.repeat(31)}xy` })).toThrow(/^id: /);
    expect(bad({ id: 'ab' })).toThrow(/^id: /);
    expect(bad({ fixed: Uint8Array.of(1) })).toThrow(/^fixed: .* expected 3$/);
    expect(bad({ maybe: [1, 2] })).toThrow(/^maybe: /);
    expect(bad({ flag: 1 })).toThrow(/^flag: /);
    expect(bad({ text: '\ud800' })).toThrow(/^text: /);
    expect(bad({ list: [{ number: 1, names: ['a', 7] }] })).toThrow(/^list\/0\/names\/1: /);
    expect(() => record.encode(value)).not.toThrow();
  });

  it('may be written while another value is being written, and is not lost when a large one follows', () => {
    const inner = P.bytes(P.U32BE);
    const nested: Codec<Uint8Array> = P.apply(P.bytes(P.U32BE), {
      encode: (bytes) => inner.decode(bytes),
      decode: (bytes: Uint8Array) => inner.encode(bytes),
    });
    const pair = P.struct({ first: nested, second: nested });
    const small = Uint8Array.of(1, 2, 3);
    const large = new Uint8Array(200_000).fill(9);
    const bytes = pair.encode({ first: small, second: large });
    const again = pair.encode({ first: large, second: small });
    expect(pair.decode(bytes)).toEqual({ first: small, second: large });
    expect(pair.decode(again)).toEqual({ first: large, second: small });
  });
});

describe('hex', () => {
  it('goes both ways, and refuses what is not hex', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
        expect(fromHex(toHex(bytes))).toEqual(bytes);
        expect(fromHex(toHex(bytes).toUpperCase())).toEqual(bytes);
      }),
    );
    for (const bad of ['a', 'abc', 'ag', 'g0', '0x', ' 1', 'Ā0', '0Ā', 'é0'])
      expect(() => fromHex(bad)).toThrow(/hex/);
  });
});
