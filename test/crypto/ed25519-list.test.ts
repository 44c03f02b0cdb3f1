import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, equalBytes, toHex, utf8 } from '../../src/base/bytes.ts';
import { baseOrder, littleEndian } from '../../src/crypto/ed25519.ts';
import { createListProvider, type ListLibrary, listName } from '../../src/crypto/ed25519-list.ts';
import { nobleListLibrary, nobleListProvider } from '../../src/crypto/ed25519-list-noble.ts';
import { nodeListLibrary, nodeListProvider } from '../../src/crypto/ed25519-list-node.ts';
import type { SchemeProvider, SignedGroup } from '../../src/crypto/scheme.ts';
import { Point, responseTo, scalarBytes, signWithNonce, smallOrder } from './ed25519-forge.ts';
import { providerSuite } from './provider-suite.ts';

const providers = [nodeListProvider, nobleListProvider] as const;
const nothing = new Uint8Array(0);

providerSuite('list (node)', nodeListProvider, { runs: 200, identity: nothing, signsTwice: false });
providerSuite('list (noble)', nobleListProvider, { runs: 20, identity: nothing, signsTwice: false });

const n = 5;
const entryBytes = 68;
const seeds = Array.from({ length: n }, (_, i) => new Uint8Array(32).fill(i + 1));
const keys = seeds.map((seed) => nodeListProvider.keyFromSeed(seed));
const table = keys.map(({ publicKey }) => publicKey);
const messages = ['first', 'second'].map(utf8);
const group = (m: number, ...signers: number[]): SignedGroup => ({ signers, message: messages[m]! });
const entry = (signer: number, signature: Uint8Array): Uint8Array =>
  concat(table[signer]!.subarray(0, 4), signature);
const sign = (signer: number, m = 0): Uint8Array =>
  nodeListProvider.signer(keys[signer]!.secretKey).sign(messages[m]!);
/** Another valid signature of the same signer. */
const signAgain = (signer: number, nonce: bigint, m = 0): Uint8Array =>
  entry(signer, signWithNonce(keys[signer]!.secretKey, messages[m]!, nonce));

/** Fresh providers, without a memory of what was verified. */
const fresh = (): SchemeProvider[] => [nodeListLibrary, nobleListLibrary].map(createListProvider);
const schemes = fresh().map((provider) => provider.scheme(table));

/** Both answers, which must be one. */
function verdict(groups: readonly SignedGroup[], list: Uint8Array): boolean {
  const answers = schemes.map((scheme) => scheme.verify(groups, list));
  expect(answers[1]).toBe(answers[0]);
  return answers[0]!;
}

/** A deliberately dumb oracle: the claim spelled out, and each signature by itself. */
function oracle(groups: readonly SignedGroup[], list: Uint8Array): boolean {
  const claimed = groups.flatMap(({ signers, message }) => signers.map((signer) => ({ signer, message })));
  claimed.sort((a, b) => a.signer - b.signer);
  if (claimed.length === 0 || groups.some(({ signers }) => signers.length === 0)) return false;
  if (new Set(claimed.map(({ signer }) => signer)).size !== claimed.length) return false;
  if (list.length !== claimed.length * entryBytes) return false;
  return claimed.every(({ signer, message }, i) => {
    const part = list.subarray(i * entryBytes, (i + 1) * entryBytes);
    const key = table[signer];
    if (!key || !equalBytes(part.subarray(0, 4), key.subarray(0, 4))) return false;
    return nobleListLibrary.checkUnder(key)(message, part.subarray(4));
  });
}

/** A library that counts what is computed on the curve. */
function counting(): ListLibrary & { verified: number } {
  const counter = {
    ...nodeListLibrary,
    verified: 0,
    checkUnder: (key: Uint8Array) => {
      const check = nodeListLibrary.checkUnder(key);
      return (message: Uint8Array, signature: Uint8Array): boolean => {
        counter.verified += 1;
        return check(message, signature);
      };
    },
  };
  return counter;
}

describe('lists of ed25519 signatures', () => {
  it('are the same on Node and in browsers: keys, signatures, proofs, sums (property)', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 80 }),
        fc.uint8Array({ maxLength: 200 }),
        (seed, message) => {
          const made = providers.map((provider) => {
            const { secretKey, publicKey } = provider.keyFromSeed(seed);
            const other = provider.keyFromSeed(seeds[0]!);
            const scheme = provider.scheme([publicKey, other.publicKey]);
            const parts = [other, { secretKey }].map((key) => provider.signer(key.secretKey).sign(message));
            const proof = provider.provePossession(secretKey);
            return [secretKey, publicKey, proof, ...parts, scheme.aggregate(parts)].map(toHex);
          });
          expect(made[1]).toEqual(made[0]);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('gives the same bytes in every version (frozen)', () => {
    expect(listName).toBe('ed25519-list');
    expect([keys[0]!.secretKey, keys[0]!.publicKey, sign(0)].map(toHex)).toMatchInlineSnapshot(`
      [
        "924a6168fe874e8d3d17e49807c6ba7032c40d03f472b775063852689c26e90f",
        "7fb8744a039f483bc83ef31ef038d90cbc903780590bc0de607bb6e933d4154b",
        "7fb8744a2c8e48775588e2106b17152f23b0e3b35ac0311a20d120570712ad29161939b4112884746ef51051c790c9998d1b74039b28d145fdbbd1752c31e6c1a63a8c02",
      ]
    `);
  });

  it('holds entries of 68 bytes, ascending by signer', () => {
    const scheme = schemes[0]!;
    const list = scheme.aggregate([sign(3), scheme.aggregate([sign(4), sign(0)])]);
    expect(list).toEqual(concat(sign(0), sign(3), sign(4)));
    expect(scheme.signatureBytes).toBe(entryBytes);
    expect(verdict([group(0, 4, 0, 3)], list)).toBe(true);
    expect(verdict([group(0, 3), group(1, 1)], concat(sign(1, 1), sign(3)))).toBe(true);
  });

  it('knows its own form: whatever is well-formed adds up without a throw, whoever signed it', () => {
    const wellFormed = (list: Uint8Array) => new Set(schemes.map((scheme) => scheme.wellFormed(list)));
    const junk = new Uint8Array(64).fill(0xff);
    for (const list of [sign(0), concat(sign(0), sign(4, 1)), entry(2, junk)]) {
      expect(wellFormed(list)).toEqual(new Set([true]));
      for (const scheme of schemes) expect(scheme.aggregate([list, list])).toHaveLength(2 * list.length);
    }
    const unknown = concat(Uint8Array.of(1, 2, 3, 4), junk);
    for (const list of [unknown, concat(sign(0), unknown), concat(sign(1), sign(0)), sign(0).subarray(4)])
      expect(wellFormed(list)).toEqual(new Set([false]));
    for (const scheme of schemes)
      expect(() => scheme.aggregate([sign(0), unknown])).toThrow(/not in the table/);
  });

  it('refuses every other form', () => {
    const [a, b, c] = [sign(0), sign(1), sign(2)];
    const claim = [group(0, 0, 1, 2)];
    expect(verdict(claim, concat(a, b, c))).toBe(true);
    for (const list of [
      concat(b, a, c),
      concat(a, b, b),
      concat(a, b),
      concat(a, b, c, sign(3)),
      concat(a, b, sign(3)),
      concat(a, b, c).subarray(1),
      concat(a, b, c, Uint8Array.of(0)),
      concat(a, entry(2, b.subarray(4)), entry(1, c.subarray(4))),
      concat(a, entry(1, c.subarray(4)), entry(2, b.subarray(4))),
      concat(a, b, Uint8Array.of(1, 2, 3, 4), c.subarray(4)),
      nothing,
    ])
      expect(verdict(claim, list)).toBe(false);
  });

  it('agrees with the oracle on lists that were tampered with (property)', () => {
    const part = fc.record({
      signer: fc.nat({ max: n - 1 }),
      message: fc.nat({ max: 1 }),
      again: fc.constantFrom(0n, 0n, 0n, 7n),
    });
    const flip = fc.record({ at: fc.nat({ max: 400 }), bit: fc.nat({ max: 7 }) });
    let valid = 0;
    fc.assert(
      fc.property(
        fc.uniqueArray(part, { minLength: 1, maxLength: 4, selector: ({ signer }) => signer }),
        fc.array(fc.nat({ max: n }), { maxLength: 1 }),
        fc.option(flip),
        fc.constantFrom('sorted', 'sorted', 'sorted', 'as drawn'),
        (parts, more, change, order) => {
          const claim = [0, 1].map((m) =>
            group(m, ...parts.filter(({ message }) => message === m).map(({ signer }) => signer)),
          );
          const groups = claim.filter(({ signers }) => signers.length > 0);
          const claims = more.length === 0 ? groups : [...groups, group(0, ...more)];
          const signed = parts.map(({ signer, message, again }) =>
            again === 0n ? sign(signer, message) : signAgain(signer, again, message),
          );
          const list = order === 'sorted' ? schemes[0]!.aggregate(signed) : concat(...signed);
          if (change && change.at < list.length) list[change.at]! ^= 1 << change.bit;
          const expected = oracle(claims, list);
          expect(verdict(claims, list)).toBe(expected);
          if (expected) valid += 1;
        },
      ),
      { numRuns: 150 },
    );
    expect(valid).toBeGreaterThan(10);
  });

  it('looks at the form before it computes, and never computes more than the claim asks for', () => {
    const library = counting();
    const scheme = createListProvider(library).scheme(table);
    const list = concat(sign(0), sign(1), sign(2));
    scheme.verify([group(0, 0, 1)], list);
    scheme.verify([group(0, 0, 1, 3)], list);
    scheme.verify([group(0, 0, 1, 2), group(1, 2)], concat(list, sign(2, 1)));
    scheme.verify([group(0, 0, 1, 2)], concat(sign(0), sign(2), sign(1)));
    expect(library.verified).toBe(0);
    expect(scheme.verify([group(0, 0, 1, 2)], list)).toBe(true);
    expect(library.verified).toBe(3);
  });

  it('refuses s + L, and every signature and key of small order', () => {
    const good = sign(1);
    const s = littleEndian(good.subarray(36));
    for (const shifted of [s + baseOrder, s + 2n * baseOrder])
      expect(verdict([group(0, 1)], concat(good.subarray(0, 36), scalarBytes(shifted)))).toBe(false);
    const secret = 42n;
    const weak = Point.BASE.multiply(secret).toBytes();
    const scheme = fresh().map((provider) => provider.scheme([weak]));
    for (const point of smallOrder) {
      const r = point.toBytes();
      const forged = concat(
        weak.subarray(0, 4),
        r,
        scalarBytes(responseTo(r, weak, messages[0]!, secret, 0n)),
      );
      for (const one of scheme) expect(one.verify([group(0, 0)], forged)).toBe(false);
      for (const provider of fresh()) {
        expect(() => provider.scheme([table[0]!, r])).toThrow(
          /voting key of signer 1: is not an ed25519 key/,
        );
        expect(
          provider.verifyPossession(r, concat(r.subarray(0, 4), Point.ZERO.toBytes(), new Uint8Array(32))),
        ).toBe(false);
      }
    }
  });

  it('refuses a table with two keys of one tag, naming both', () => {
    const seen = new Uint8Array(table[1]!);
    for (const provider of fresh())
      expect(() => provider.scheme([table[0]!, table[1]!, seen])).toThrow(
        'voting key of signer 2: starts with the same 4 bytes as that of signer 1',
      );
  });

  it('proves possession only with the tag of the key', () => {
    const { publicKey, secretKey } = keys[0]!;
    const proof = nodeListProvider.provePossession(secretKey);
    for (const provider of providers) {
      expect(provider.verifyPossession(publicKey, proof)).toBe(true);
      expect(provider.verifyPossession(publicKey, concat(table[1]!.subarray(0, 4), proof.subarray(4)))).toBe(
        false,
      );
    }
  });
});

describe('a liar with two valid signatures on one message', () => {
  const other = signAgain(2, 99n);

  it('has both accepted, and neither helps to be counted twice', () => {
    expect(verdict([group(0, 2)], other)).toBe(true);
    expect(verdict([group(0, 1, 2)], concat(sign(1), other))).toBe(true);
    const both = schemes[0]!.aggregate([sign(2), other]);
    expect(both).toHaveLength(2 * entryBytes);
    expect(schemes.map((scheme) => scheme.wellFormed(both))).toEqual([false, false]);
    for (const claim of [
      [group(0, 2, 2)],
      [group(0, 2), group(0, 2)],
      [group(0, 2), group(1, 2)],
      [group(0, 2, 3)],
    ])
      expect(verdict(claim, both)).toBe(false);
  });

  it('is taken out of a list by who it is', () => {
    const list = concat(sign(0), other, sign(4));
    for (const scheme of schemes) {
      const rest = scheme.subtract(list, sign(2));
      expect(rest).toEqual(concat(sign(0), sign(4)));
      expect(scheme.verify([group(0, 0, 4)], rest)).toBe(true);
      expect(scheme.subtract(list, sign(3))).toEqual(list);
    }
  });

  it('gains nothing from what is remembered: each signature stands for itself', () => {
    const library = counting();
    const scheme = createListProvider(library).scheme(table);
    const bad = entry(2, concat(other.subarray(4, 36), sign(2).subarray(36)));
    for (const [list, expected] of [
      [sign(2), true],
      [bad, false],
      [other, true],
      [bad, false],
      [sign(2), true],
    ] as const)
      expect(scheme.verify([group(0, 2)], list)).toBe(expected);
    expect(scheme.verify([group(1, 2)], sign(2))).toBe(false);
    expect(library.verified).toBe(6);
  });
});

describe('what a signer pays', () => {
  it('nothing for its own signature, and once for that of another', () => {
    const library = counting();
    const provider = createListProvider(library);
    const scheme = provider.scheme(table);
    const own = provider.signer(keys[0]!.secretKey).sign(messages[0]!);
    const partial = scheme.aggregate([own, sign(1), sign(2)]);
    expect(scheme.verify([group(0, 0, 1, 2)], partial)).toBe(true);
    expect(library.verified).toBe(2);
    const certificate = scheme.aggregate([partial, sign(3), sign(4)]);
    expect(scheme.verify([group(0, 0, 1, 2, 3, 4)], certificate)).toBe(true);
    expect(scheme.verify([group(0, 1)], sign(1))).toBe(true);
    expect(library.verified).toBe(4);
  });

  it('once more for each good part when a merge holds a bad one: never', () => {
    const library = counting();
    const scheme = createListProvider(library).scheme(table);
    const parts = [sign(0), sign(1), entry(2, sign(2, 1).subarray(4)), sign(3)];
    expect(scheme.verify([group(0, 0, 1, 2, 3)], scheme.aggregate(parts))).toBe(false);
    expect(parts.map((part, i) => scheme.verify([group(0, i)], part))).toEqual([true, true, false, true]);
    // The bad one twice, the others once.
    expect(library.verified).toBe(5);
  });
});
