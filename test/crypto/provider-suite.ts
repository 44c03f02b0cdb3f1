/**
 * The contract of a multi-signature provider, run on every implementation. Keys are few and reused:
 * pairings in JavaScript are slow.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import type { SchemeProvider } from '../../src/crypto/scheme.ts';

const seedOf = (i: number): Uint8Array => new Uint8Array(32).fill(i + 1);

export interface SuiteOptions {
  /** Runs of each randomized property. */
  readonly runs: number;
  /** The identity element's encoding. */
  readonly identity: Uint8Array;
  /** An aggregate may hold two signatures by one signer, on two messages. Lists hold one entry a signer. */
  readonly signsTwice: boolean;
}

export function providerSuite(title: string, provider: SchemeProvider, options: SuiteOptions): void {
  const n = 5;
  const pairs = Array.from({ length: n }, (_, i) => provider.keyFromSeed(seedOf(i)));
  const signers = pairs.map(({ secretKey }) => provider.signer(secretKey));
  const scheme = provider.scheme(pairs.map(({ publicKey }) => publicKey));
  const messages = ['first', 'second', 'third'].map(utf8);
  const sign = (i: number, m: number): Uint8Array => signers[i]!.sign(messages[m]!);
  const group = (m: number, ...indices: number[]) => ({ signers: indices, message: messages[m]! });
  const sum = (...parts: Uint8Array[]): Uint8Array => scheme.aggregate(parts);

  describe(`${title}: contract of a provider`, () => {
    it('describes itself', () => {
      expect(scheme.name).toBe(provider.name);
      expect(scheme.size).toBe(n);
      expect(pairs.every(({ publicKey }) => publicKey.length === scheme.publicKeyBytes)).toBe(true);
      expect(sign(0, 0)).toHaveLength(scheme.signatureBytes);
    });

    it('derives keys and signatures deterministically, different for different seeds', () => {
      expect(provider.keyFromSeed(seedOf(0))).toEqual(pairs[0]);
      expect(pairs[1]).not.toEqual(pairs[0]);
      expect(provider.signer(pairs[0]!.secretKey).sign(messages[0]!)).toEqual(sign(0, 0));
      expect(sign(0, 1)).not.toEqual(sign(0, 0));
      expect(sign(1, 0)).not.toEqual(sign(0, 0));
      expect(() => provider.keyFromSeed(new Uint8Array(31))).toThrow(/31 bytes, expected at least 32/);
    });

    it('verifies one signature, and an aggregate on one message and on several', () => {
      expect(scheme.verify([group(0, 2)], sign(2, 0))).toBe(true);
      expect(scheme.verify([group(0, 0, 1, 2)], sum(sign(0, 0), sign(1, 0), sign(2, 0)))).toBe(true);
      const mixed = sum(sign(0, 0), sign(1, 0), sign(2, 1), sign(3, 2));
      expect(scheme.verify([group(0, 0, 1), group(1, 2), group(2, 3)], mixed)).toBe(true);
      expect(scheme.verify([group(2, 3), group(0, 1, 0), group(1, 2)], mixed)).toBe(true);
    });

    it('verifies the full set again and again', () => {
      const all = [0, 1, 2, 3, 4];
      for (const m of [0, 1]) {
        const aggregate = scheme.aggregate(all.map((i) => sign(i, m)));
        expect(scheme.verify([group(m, ...all)], aggregate)).toBe(true);
        expect(scheme.verify([group(m, 0, 1, 2, 3)], aggregate)).toBe(false);
      }
    });

    it('takes groups with equal messages as one', () => {
      expect(scheme.verify([group(0, 0), group(0, 1)], sum(sign(0, 0), sign(1, 0)))).toBe(true);
    });

    it(`${options.signsTwice ? 'lets' : 'does not let'} a signer sign two messages`, () => {
      const twice = sum(sign(0, 0), sign(0, 1));
      expect(scheme.verify([group(0, 0), group(1, 0)], twice)).toBe(options.signsTwice);
      expect(scheme.verify([group(0, 0), group(1, 0, 1)], sum(twice, sign(1, 1)))).toBe(options.signsTwice);
    });

    it('refuses a wrong signer, a wrong message, one missing and one too many', () => {
      expect(scheme.verify([group(0, 1)], sign(0, 0))).toBe(false);
      expect(scheme.verify([group(1, 0)], sign(0, 0))).toBe(false);
      expect(scheme.verify([group(0, 0, 1)], sign(0, 0))).toBe(false);
      expect(scheme.verify([group(0, 0)], sum(sign(0, 0), sign(1, 0)))).toBe(false);
      expect(scheme.verify([group(0, 0), group(1, 1)], sum(sign(1, 0), sign(0, 1)))).toBe(false);
    });

    it('refuses claims that are no claims', () => {
      const one = sign(0, 0);
      expect(scheme.verify([], one)).toBe(false);
      expect(scheme.verify([group(0)], one)).toBe(false);
      expect(scheme.verify([group(0, 0), group(1)], one)).toBe(false);
      for (const index of [-1, n, 0.5, Number.NaN]) expect(scheme.verify([group(0, index)], one)).toBe(false);
    });

    it('refuses a signer that is counted twice on one message', () => {
      const twice = sum(sign(0, 0), sign(0, 0));
      expect(scheme.verify([group(0, 0, 0)], twice)).toBe(false);
      expect(scheme.verify([group(0, 0), group(0, 0)], twice)).toBe(false);
    });

    it('finds one bad part in an aggregate', () => {
      const bad = sum(sign(0, 0), sign(1, 0), sign(2, 1));
      expect(scheme.verify([group(0, 0, 1, 2)], bad)).toBe(false);
    });

    it('takes parts out again', () => {
      const three = sum(sign(0, 0), sign(1, 1), sign(2, 0));
      const two = scheme.subtract(three, sign(1, 1));
      expect(two).toEqual(sum(sign(2, 0), sign(0, 0)));
      expect(scheme.verify([group(0, 0, 2)], two)).toBe(true);
      expect(scheme.subtract(two, sign(2, 0))).toEqual(sign(0, 0));
    });

    it('subtracts what it adds, whatever the order (property)', () => {
      const part = fc.tuple(fc.integer({ min: 0, max: n - 1 }), fc.integer({ min: 0, max: 2 }));
      const someParts = options.signsTwice
        ? fc.array(part, { minLength: 2, maxLength: 6 })
        : fc.uniqueArray(part, { minLength: 2, maxLength: n, selector: ([signer]) => signer });
      fc.assert(
        fc.property(someParts, (chosen) => {
          const parts = chosen.map(([i, m]) => sign(i, m));
          const [first, ...rest] = parts;
          expect(scheme.aggregate([...parts].reverse())).toEqual(scheme.aggregate(parts));
          expect(scheme.subtract(scheme.aggregate(parts), first!)).toEqual(scheme.aggregate(rest));
          expect(scheme.aggregate([first!, scheme.aggregate(rest)])).toEqual(scheme.aggregate(parts));
        }),
        { numRuns: options.runs },
      );
    });

    it('refuses the identity as a signature, and takes it as nothing in sums', () => {
      const nothing = scheme.subtract(sign(0, 0), sign(0, 0));
      expect(nothing).toEqual(options.identity);
      expect(scheme.wellFormed(nothing)).toBe(false);
      expect(scheme.verify([group(0, 0)], nothing)).toBe(false);
      expect(sum(nothing, sign(1, 0))).toEqual(sign(1, 0));
      expect(scheme.subtract(sign(1, 0), nothing)).toEqual(sign(1, 0));
    });

    it('throws on aggregating nothing or a malformed part', () => {
      expect(() => scheme.aggregate([])).toThrow(/nothing to aggregate/);
      expect(() => scheme.aggregate([sign(0, 0), sign(1, 0).subarray(1)])).toThrow(/bytes, expected/);
      expect(() => scheme.subtract(sign(0, 0), sign(1, 0).subarray(1))).toThrow(/bytes, expected/);
    });

    it('answers false to bytes of any length, and never throws (fuzz)', () => {
      fc.assert(
        fc.property(fc.uint8Array({ minLength: 0, maxLength: scheme.signatureBytes + 8 }), (bytes) => {
          expect(scheme.verify([group(0, 0)], bytes)).toBe(false);
          expect(provider.verifyPossession(pairs[0]!.publicKey, bytes)).toBe(false);
          expect(provider.verifyPossession(bytes, provider.provePossession(pairs[0]!.secretKey))).toBe(false);
          expect(typeof scheme.wellFormed(bytes)).toBe('boolean');
        }),
        { numRuns: options.runs },
      );
    });

    it('refuses a signature with any one bit flipped', () => {
      const good = sign(0, 0);
      fc.assert(
        fc.property(fc.integer({ min: 0, max: good.length * 8 - 1 }), (bit) => {
          const flipped = good.slice();
          flipped[bit >> 3]! ^= 1 << (bit & 7);
          expect(scheme.verify([group(0, 0)], flipped)).toBe(false);
        }),
        { numRuns: options.runs },
      );
    });

    it('proves possession of a key, for that key alone, and for nothing else', () => {
      const proofs = pairs.map(({ secretKey }) => provider.provePossession(secretKey));
      expect(provider.verifyPossession(pairs[0]!.publicKey, proofs[0]!)).toBe(true);
      expect(provider.verifyPossession(pairs[0]!.publicKey, proofs[1]!)).toBe(false);
      expect(provider.verifyPossession(pairs[1]!.publicKey, proofs[0]!)).toBe(false);
      // A signature on the bare key is what an attacker could get signed if the domain were not there.
      const bare = signers[0]!.sign(pairs[0]!.publicKey);
      expect(provider.verifyPossession(pairs[0]!.publicKey, bare)).toBe(false);
      expect(scheme.verify([{ signers: [0], message: pairs[0]!.publicKey }], proofs[0]!)).toBe(false);
    });

    it('names the signer whose key is malformed', () => {
      const keys = pairs.map(({ publicKey }) => publicKey);
      expect(() => provider.scheme([keys[0]!, keys[1]!.subarray(1)])).toThrow(/signer 1/);
      expect(() => provider.scheme([new Uint8Array(scheme.publicKeyBytes)])).toThrow(/signer 0/);
    });
  });
}
