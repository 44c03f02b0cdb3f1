/** What a liar can do with an ed25519 key of its own: signatures with any nonce, and points of small order. */

import { ed25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concat, fromHex } from '../../src/base/bytes.ts';
import { baseOrder, littleEndian } from '../../src/crypto/ed25519.ts';

export const { Point } = ed25519;

export const fieldPrime = 2n ** 255n - 19n;

/** 32 bytes, little-endian. */
export const scalarBytes = (value: bigint): Uint8Array =>
  fromHex(value.toString(16).padStart(64, '0')).reverse();

/** A point of order 8, from its y. */
export const torsion = Point.fromBytes(
  scalarBytes(2707385501144840649318225287225658788936804267575313519463743609750303402022n),
);
/** All eight points of small order. */
export const smallOrder = Array.from({ length: 8 }, (_, i) => torsion.multiplyUnsafe(BigInt(i)));

/** `S` for the commitment `nonce * B + anything`, under a key `secret * B + anything`. */
export function responseTo(
  r: Uint8Array,
  key: Uint8Array,
  message: Uint8Array,
  secret: bigint,
  nonce: bigint,
): bigint {
  const k = littleEndian(sha512(concat(r, key, message))) % baseOrder;
  return (nonce + k * secret) % baseOrder;
}

/** A valid signature, another one for each nonce. */
export function signWithNonce(seed: Uint8Array, message: Uint8Array, nonce: bigint): Uint8Array {
  const { scalar, pointBytes } = ed25519.utils.getExtendedPublicKey(seed);
  const r = Point.BASE.multiply(nonce).toBytes();
  return concat(r, scalarBytes(responseTo(r, pointBytes, message, scalar, nonce)));
}
