/** Sets of signers, bytes, domains, and the bounds of the codec's building blocks. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { invariant, unreachable } from '../../src/base/assert.ts';
import { bitmapBytes, disjoint, parseBitmap, signerSet } from '../../src/base/bitmap.ts';
import {
  compareBytes,
  compareText,
  concat,
  equalBytes,
  fromHex,
  textOf,
  toHex,
  utf8,
} from '../../src/base/bytes.ts';
import {
  bytesMax,
  type Codec,
  decode,
  digest,
  fixedBytes,
  listMax,
  optional,
  sortedBytes,
  sortedDigests,
  sortedNumbers,
  u16,
  u32,
  u53,
} from '../../src/base/codec.ts';
import { type Domain, domainPrefix, hash, hashBytes } from '../../src/base/hash.ts';
import type { Digest, SignerId } from '../../src/base/ids.ts';
import { accept, must, refuse } from '../../src/base/result.ts';

const anySet = fc.integer({ min: 1, max: 70 }).chain((n) =>
  fc.tuple(
    fc.constant(n),
    fc.uniqueArray(fc.nat(n - 1)).map((ids) => signerSet(ids as SignerId[])),
  ),
);

describe('bitmap', () => {
  it('comes back as it was, in the one form', () => {
    fc.assert(
      fc.property(anySet, ([n, set]) => {
        const bytes = bitmapBytes(set, n);
        expect(bytes).toHaveLength(Math.ceil(n / 8));
        expect(parseBitmap(bytes, n)).toEqual({ ok: true, value: set });
      }),
    );
  });

  it('has one form for each set, and no others', () => {
    for (const n of [1, 5, 8]) {
      let accepted = 0;
      for (let byte = 0; byte < 256; byte++) if (parseBitmap(Uint8Array.of(byte), n).ok) accepted += 1;
      expect(accepted).toBe(2 ** n);
    }
    expect(parseBitmap(Uint8Array.of(1, 0), 8)).toMatchObject({ error: { code: 'BITMAP_LENGTH' } });
    expect(parseBitmap(new Uint8Array(0), 8)).toMatchObject({ error: { code: 'BITMAP_LENGTH' } });
    expect(parseBitmap(Uint8Array.of(0b10_0000), 5)).toMatchObject({ error: { code: 'BITMAP_RANGE' } });
    expect(bitmapBytes([0, 9] as SignerId[], 10)).toEqual(Uint8Array.of(1, 2));
  });

  it('sorts and removes repetitions; disjoint means no common member', () => {
    expect(signerSet([10, 9, 1, 10] as SignerId[])).toEqual([1, 9, 10]);
    fc.assert(
      fc.property(anySet, anySet, ([, a], [, b]) => {
        expect(disjoint(a, b)).toBe(a.every((one) => !b.includes(one)));
      }),
    );
  });
});

describe('bytes', () => {
  it('compare like their hex, and are equal only when equal', () => {
    const few = fc.uint8Array({ maxLength: 3, max: 3 });
    fc.assert(
      fc.property(few, few, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(compareText(toHex(a), toHex(b)));
        expect(equalBytes(a, b)).toBe(toHex(a) === toHex(b));
        expect(toHex(concat(a, b))).toBe(toHex(a) + toHex(b));
        expect(fromHex(toHex(a))).toEqual(a);
      }),
    );
  });

  it('text is strict UTF-8', () => {
    for (const text of ['', 'é', '\u{1f600}', '\ufeffmark']) expect(textOf(utf8(text))).toBe(text);
    for (const bad of [[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80]])
      expect(() => textOf(Uint8Array.from(bad))).toThrow();
    for (const bad of ['0', 'zz', '0g']) expect(() => fromHex(bad)).toThrow();
  });
});

const domains: Record<Domain, true> = {
  federation: true,
  transaction: true,
  'transaction-signed': true,
  batch: true,
  'batch-node': true,
  vote: true,
  certificate: true,
  block: true,
  proposal: true,
  timeout: true,
  possession: true,
  'order-leaf': true,
  tie: true,
  leader: true,
  'view-tree': true,
  'batch-tree': true,
  genesis: true,
  evidence: true,
  'learner-log': true,
  documents: true,
};

describe('hash domains', () => {
  it('no prefix starts another one, so no message of one domain is one of another', () => {
    const prefixes = (Object.keys(domains) as Domain[]).map((domain) => toHex(domainPrefix(domain)));
    for (const a of prefixes) for (const b of prefixes) expect(b.startsWith(a)).toBe(a === b);
    const digests = (Object.keys(domains) as Domain[]).map((domain) => hash(domain, utf8('x')));
    expect(new Set(digests).size).toBe(prefixes.length);
    expect(toHex(domainPrefix('tie'))).toBe(toHex(concat(Uint8Array.of(17), utf8('musig-paxos/1/tie'))));
  });

  it('parts are hashed one after the other', () => {
    expect(hashBytes('vote', utf8('ab'), utf8('c'))).toEqual(hashBytes('vote', utf8('a'), utf8('bc')));
    expect(hash('vote')).toBe(toHex(hashBytes('vote')));
  });
});

describe('codec', () => {
  const refused = <T>(codec: Codec<T>, ...bytes: number[]): boolean =>
    !decode(codec, Uint8Array.from(bytes), 'it').ok;

  it('integers are bounded in both directions', () => {
    const top = Number.MAX_SAFE_INTEGER;
    expect(must(decode(u53(), u53().encode(top), 'it'))).toBe(top);
    expect(refused(u53(), 0, 0x20, 0, 0, 0, 0, 0, 0)).toBe(true);
    expect(refused(u53(), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)).toBe(true);
    for (const bad of [-1, 0.5, Number.NaN, 2 ** 53, Number.POSITIVE_INFINITY])
      expect(() => u53().encode(bad)).toThrow();
    expect(() => u16().encode(65536)).toThrow();
    expect(() => u32().encode(-1)).toThrow();
    expect(() => u32().encode(2 ** 32)).toThrow();
  });

  it('lengths are exact and bounded, when written and when read', () => {
    const three = bytesMax(3, 'name');
    expect(decode(three, Uint8Array.of(0, 0, 0, 4, 1, 2, 3, 4), 'it')).toMatchObject({
      error: { code: 'MALFORMED', message: expect.stringMatching(/^it: .*name has 4 bytes, at most 3$/) },
    });
    expect(() => three.encode(new Uint8Array(4))).toThrow(/at most 3/);
    expect(refused(three, 0, 0, 0, 2, 1)).toBe(true);
    expect(refused(three, 0, 0, 0, 1, 1, 1)).toBe(true);
    expect(refused(fixedBytes(2), 1)).toBe(true);
    expect(refused(fixedBytes(2), 1, 2, 3)).toBe(true);
    expect(() => fixedBytes(2).encode(new Uint8Array(3))).toThrow();
    expect(() => digest().encode('00' as Digest)).toThrow();
    const list = listMax(u16(), 2, 'numbers');
    expect(refused(list, 0, 0, 0, 3, 0, 1, 0, 2, 0, 3)).toBe(true);
    expect(refused(list, 0xff, 0xff, 0xff, 0xff)).toBe(true);
    expect(() => list.encode([1, 2, 3])).toThrow();
  });

  it('sets are strictly ascending, when written and when read', () => {
    const numbers = sortedNumbers(4, 'numbers');
    for (const bad of [
      [2, 1],
      [1, 1],
    ]) {
      expect(() => numbers.encode(bad)).toThrow(/ascending/);
      expect(refused(numbers, 0, 0, 0, 2, ...bad.flatMap((one) => [0, 0, 0, one]))).toBe(true);
    }
    const texts = sortedBytes(bytesMax(2, 'part'), 3, 'parts');
    expect(() => texts.encode([utf8('b'), utf8('a')])).toThrow(/ascending/);
    expect(must(decode(texts, texts.encode([utf8(''), utf8('a'), utf8('aa')]), 'it'))).toHaveLength(3);
    const [low, high] = ['0'.repeat(64), 'f'.repeat(64)] as [Digest, Digest];
    expect(() => sortedDigests(2, 'ids').encode([high, low])).toThrow(/ascending/);
    expect(must(decode(sortedDigests(2, 'ids'), sortedDigests(2, 'ids').encode([low, high]), 'it'))).toEqual([
      low,
      high,
    ]);
  });

  it('an absent value has one form', () => {
    const maybe = optional(u16());
    expect(must(decode(maybe, Uint8Array.of(0), 'it'))).toBeUndefined();
    expect(must(decode(maybe, Uint8Array.of(1, 0, 5), 'it'))).toBe(5);
    expect(refused(maybe, 0, 0, 5)).toBe(true);
    expect(refused(maybe, 2, 0, 5)).toBe(true);
  });

  it('a refusal is one short line', () => {
    const long = decode(u16(), new Uint8Array(1 << 20), 'it');
    expect(long).toEqual({ ok: false, error: { code: 'MALFORMED', message: 'it: 1048574 bytes too many' } });
  });
});

describe('results and invariants', () => {
  it('unwrap or throw', () => {
    expect(must(accept(5))).toBe(5);
    expect(() => must(refuse('CODE', 'why'))).toThrow('CODE: why');
    expect(() => invariant(false, 'broken')).toThrow('broken');
    expect(() => unreachable('x' as never)).toThrow(/"x"/);
    invariant(1, 'holds');
  });
});
