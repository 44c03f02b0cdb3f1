import { createPublicKey, verify as opensslVerify } from 'node:crypto';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import { admissibleKey, baseOrder, littleEndian } from '../../src/crypto/ed25519.ts';
import { nobleSignatures, nobleSignerFromSeed, validSigningKey } from '../../src/crypto/ed25519-noble.ts';
import { nodeSignatures, nodeSignerFromSeed } from '../../src/crypto/ed25519-node.ts';

const { Point } = ed25519;
const message = utf8('message');
const seed = new Uint8Array(32).fill(5);

/** Both answers, which must be one. */
function verdict(publicKey: Uint8Array, text: Uint8Array, signature: Uint8Array): boolean {
  const answers = [nodeSignatures, nobleSignatures].map((s) => s.verify(publicKey, text, signature));
  expect(answers[1]).toBe(answers[0]);
  return answers[0]!;
}

const scalarBytes = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(64, '0')).reverse();

const fieldPrime = 2n ** 255n - 19n;
/** A point of order 8, from its y. */
const torsion = Point.fromBytes(
  scalarBytes(2707385501144840649318225287225658788936804267575313519463743609750303402022n),
);
const smallOrder = Array.from({ length: 8 }, (_, i) => torsion.multiplyUnsafe(BigInt(i)));

describe('ed25519', () => {
  it('gives the same keys and signatures on both sides (property)', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ maxLength: 300 }),
        (s, text) => {
          const node = nodeSignerFromSeed(s);
          const noble = nobleSignerFromSeed(s);
          expect(node.publicKey).toEqual(noble.publicKey);
          const signature = node.sign(text);
          expect(noble.sign(text)).toEqual(signature);
          expect(verdict(node.publicKey, text, signature)).toBe(true);
          expect(verdict(node.publicKey, concat(text, Uint8Array.of(0)), signature)).toBe(false);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('agrees with RFC 8032, test 2', () => {
    const secret = fromHex('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb');
    const signer = nodeSignerFromSeed(secret);
    expect(toHex(signer.publicKey)).toBe('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c');
    expect(toHex(signer.sign(Uint8Array.of(0x72)))).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    );
  });

  it('answers alike to mutated keys and signatures (fuzz)', () => {
    const { publicKey, sign } = nodeSignerFromSeed(seed);
    const signature = sign(message);
    const change = fc.tuple(fc.nat({ max: 95 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 2 }), (changes) => {
        const both = concat(publicKey, signature);
        for (const [at, value] of changes) both[at] = value;
        const same = toHex(both) === toHex(concat(publicKey, signature));
        expect(verdict(both.subarray(0, 32), message, both.subarray(32))).toBe(same);
      }),
      { numRuns: 200 },
    );
  });

  it('answers false to bytes of any length (fuzz)', () => {
    const { publicKey, sign } = nodeSignerFromSeed(seed);
    const bytes = fc.uint8Array({ maxLength: 70 });
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(verdict(a, message, b)).toBe(false);
        expect(verdict(a, message, sign(message))).toBe(false);
        expect(verdict(publicKey, message, b)).toBe(false);
      }),
      { numRuns: 100 },
    );
  });

  it('refuses S + L, the classic second signature', () => {
    const { publicKey, sign } = nodeSignerFromSeed(seed);
    const signature = sign(message);
    const s = littleEndian(signature.subarray(32));
    for (const shifted of [s + baseOrder, s + 2n * baseOrder, baseOrder])
      expect(verdict(publicKey, message, concat(signature.subarray(0, 32), scalarBytes(shifted)))).toBe(
        false,
      );
  });

  it('refuses every encoding of every key of small order, with which one signature signs anything', () => {
    const forgeries = [concat(Point.ZERO.toBytes(), new Uint8Array(32)), new Uint8Array(64)];
    expect(torsion.double().double().double().is0()).toBe(true);
    expect(new Set(smallOrder.map((point) => toHex(point.toBytes()))).size).toBe(8);
    for (const point of smallOrder) {
      for (const signBit of [0, 0x80]) {
        const key = point.toBytes();
        key[31]! ^= signBit;
        expect(admissibleKey(key)).toBe(false);
        for (const forgery of forgeries) expect(verdict(key, message, forgery)).toBe(false);
      }
    }
    // OpenSSL alone accepts one: the shared check is what refuses it.
    const spki = concat(fromHex('302a300506032b6570032100'), Point.ZERO.toBytes());
    const bare = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    expect(opensslVerify(null, message, bare, forgeries[0]!)).toBe(true);
  });

  it('refuses keys that are not canonical', () => {
    for (let y = fieldPrime; y < 2n ** 255n; y++)
      for (const signBit of [0n, 2n ** 255n]) expect(admissibleKey(scalarBytes(y + signBit))).toBe(false);
  });

  it('treats keys and commitments with a small-order part alike, without the cofactor', () => {
    // Signs for the key `secret * B + T`, with the commitment `nonce * B + U`.
    const secret = 123456789n;
    const nonce = 987654321n;
    let accepted = 0;
    for (const t of smallOrder) {
      for (const u of smallOrder) {
        const key = Point.BASE.multiply(secret).add(t).toBytes();
        const r = Point.BASE.multiply(nonce).add(u).toBytes();
        const k = littleEndian(sha512(concat(r, key, message))) % baseOrder;
        const signature = concat(r, scalarBytes((nonce + k * secret) % baseOrder));
        // Holds under the cofactored equation always, under the plain one only when U = -k*T.
        const plain = u.add(t.multiplyUnsafe(k % 8n)).is0();
        expect(verdict(key, message, signature)).toBe(plain);
        expect(ed25519.verify(signature, message, key, { zip215: false })).toBe(true);
        if (plain) accepted += 1;
      }
    }
    expect(accepted).toBeGreaterThan(0);
  });

  it('refuses a commitment that is not canonical', () => {
    // R = identity encoded as y = 1, and as y = p + 1: only the first can be right.
    const secret = 42n;
    const key = Point.BASE.multiply(secret).toBytes();
    for (const [encoded, expected] of [
      [scalarBytes(1n), true],
      [scalarBytes(fieldPrime + 1n), false],
    ] as const) {
      const k = littleEndian(sha512(concat(encoded, key, message))) % baseOrder;
      const signature = concat(encoded, scalarBytes((k * secret) % baseOrder));
      expect(verdict(key, message, signature)).toBe(expected);
    }
  });

  it('keeps working beyond the number of keys it remembers', () => {
    const { publicKey, sign } = nodeSignerFromSeed(seed);
    const signature = sign(message);
    expect(nodeSignatures.verify(publicKey, message, signature)).toBe(true);
    for (let i = 0; i < 9000; i++) {
      const other = new Uint8Array(32);
      new DataView(other.buffer).setUint32(4, i + 1);
      nodeSignatures.verify(other, message, signature);
    }
    expect(nodeSignatures.verify(publicKey, message, signature)).toBe(true);
  });

  it('tells a key that can sign from bytes that cannot', () => {
    expect(validSigningKey(nodeSignerFromSeed(seed).publicKey)).toBe(true);
    expect(validSigningKey(scalarBytes(2n))).toBe(false); // not on the curve
    expect(validSigningKey(new Uint8Array(32))).toBe(false);
    expect(validSigningKey(new Uint8Array(31))).toBe(false);
  });

  it('names a seed of the wrong length', () => {
    for (const from of [nodeSignerFromSeed, nobleSignerFromSeed])
      expect(() => from(new Uint8Array(31))).toThrow(/31 bytes, expected 32/);
  });
});
