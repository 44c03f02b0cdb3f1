/**
 * ed25519 in plain JavaScript, for browsers and for pure folders. It accepts exactly what
 * `ed25519-node.ts` accepts; `ed25519.ts` has the rules and why the library's own `verify` is not used.
 * Protocol sections 1 and 4.
 */

import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concat, equalBytes } from '../base/bytes.ts';
import { admissibleKey, admissibleSignature, baseOrder, checkSigningSeed, littleEndian } from './ed25519.ts';
import type { SignatureCheck, SingleSignatures, SingleSigner } from './signing.ts';

const { Point } = ed25519;
type KeyPoint = typeof Point.BASE;

function parseKey(publicKey: Uint8Array): KeyPoint | undefined {
  try {
    return Point.fromBytes(publicKey);
  } catch {
    return undefined; // Not on the curve; the port answers false to bad bytes.
  }
}

const checkWith =
  (key: KeyPoint, publicKey: Uint8Array): SignatureCheck =>
  (message, signature) => {
    if (!admissibleSignature(signature)) return false;
    const r = signature.subarray(0, 32);
    const s = littleEndian(signature.subarray(32));
    const k = littleEndian(sha512(concat(r, publicKey, message))) % baseOrder;
    // Everything here is public, so the variable-time multiplications are safe.
    const implied = Point.BASE.multiplyUnsafe(s).subtract(key.multiplyUnsafe(k));
    return equalBytes(implied.toBytes(), r);
  };

/** The check of signatures under one key. @throws when it is not on the curve. */
export const nobleCheckUnder = (publicKey: Uint8Array): SignatureCheck =>
  checkWith(Point.fromBytes(publicKey), publicKey.slice());

export const nobleSignatures: SingleSignatures = {
  verify(publicKey, message, signature) {
    const key = admissibleKey(publicKey) ? parseKey(publicKey) : undefined;
    return key !== undefined && checkWith(key, publicKey)(message, signature);
  },
};

/** @throws when the seed is not 32 bytes. */
export function nobleSignerFromSeed(seed: Uint8Array): SingleSigner {
  checkSigningSeed(seed);
  const secret = seed.slice();
  return { publicKey: ed25519.getPublicKey(secret), sign: (message) => ed25519.sign(message, secret) };
}

/** True when the bytes are a key that some signature can verify with: `admissibleKey`, and on the curve. */
export const validSigningKey = (publicKey: Uint8Array): boolean =>
  admissibleKey(publicKey) && parseKey(publicKey) !== undefined;
