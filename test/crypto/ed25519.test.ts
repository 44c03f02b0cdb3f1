import { createPublicKey, verify as opensslVerify } from 'node:crypto';
import { createRequire } from 'node:module';
import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import { admissibleKey, baseOrder, littleEndian } from '../../src/crypto/ed25519.ts';
import { nobleSignatures, nobleSignerFromSeed, validSigningKey } from '../../src/crypto/ed25519-noble.ts';
import { nodeSignatures, nodeSignerFromSeed } from '../../src/crypto/ed25519-node.ts';
import {
  fieldPrime,
  Point,
  responseTo,
  scalarBytes,
  signWithNonce,
  smallOrder,
  torsion,
} from './ed25519-forge.ts';

const message = utf8('message');
const seed = new Uint8Array(32).fill(5);

/** libsodium, whose rules differ by themselves: a third opinion on what ours admit. */
const sodium = createRequire(import.meta.url)('sodium-universal') as {
  crypto_sign_verify_detached(signature: Buffer, message: Buffer, publicKey: Buffer): boolean;
};

/** Both answers, which must be one. */
function verdict(publicKey: Uint8Array, text: Uint8Array, signature: Uint8Array): boolean {
  const answers = [nodeSignatures, nobleSignatures].map((s) => s.verify(publicKey, text, signature));
  if (publicKey.length === 32 && signature.length === 64)
    answers.push(
      sodium.crypto_sign_verify_detached(Buffer.from(signature), Buffer.from(text), Buffer.from(publicKey)),
    );
  expect(new Set(answers).size).toBe(1);
  return answers[0]!;
}

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
        const signature = concat(r, scalarBytes(responseTo(r, key, message, secret, nonce)));
        const k = littleEndian(sha512(concat(r, key, message))) % baseOrder;
        // Holds under the cofactored equation always, under the plain one only when U = -k*T.
        const plain = u.add(t.multiplyUnsafe(k % 8n)).is0();
        expect(verdict(key, message, signature)).toBe(plain);
        expect(ed25519.verify(signature, message, key, { zip215: false })).toBe(true);
        if (plain) accepted += 1;
      }
    }
    expect(accepted).toBeGreaterThan(0);
  });

  it('refuses every commitment of small order, and those that are not canonical', () => {
    const secret = 42n;
    const key = Point.BASE.multiply(secret).toBytes();
    const signed = (r: Uint8Array) => concat(r, scalarBytes(responseTo(r, key, message, secret, 0n)));
    for (const point of smallOrder)
      for (const signBit of [0, 0x80]) {
        const r = point.toBytes();
        r[31]! ^= signBit;
        expect(verdict(key, message, signed(r))).toBe(false);
      }
    for (let y = fieldPrime; y < 2n ** 255n; y++)
      expect(verdict(key, message, signed(scalarBytes(y)))).toBe(false);
    // OpenSSL alone accepts the identity: the shared check is what refuses it.
    const spki = concat(fromHex('302a300506032b6570032100'), key);
    const bare = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' });
    expect(opensslVerify(null, message, bare, signed(Point.ZERO.toBytes()))).toBe(true);
  });

  it('accepts any nonce, so a signer that lies has many signatures on one message', () => {
    const { publicKey, sign } = nodeSignerFromSeed(seed);
    const others = [1n, 2n, baseOrder - 1n].map((nonce) => signWithNonce(seed, message, nonce));
    expect(new Set([sign(message), ...others].map(toHex)).size).toBe(4);
    for (const other of others) expect(verdict(publicKey, message, other)).toBe(true);
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
