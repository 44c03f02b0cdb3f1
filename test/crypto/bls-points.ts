/** Points and encodings that a BLS12-381 implementation must refuse, made from the curve's equation alone. */

import { bls12_381 } from '@noble/curves/bls12-381.js';
import { fromHex } from '../../src/base/bytes.ts';

const { Fp, Fp2, Fr } = bls12_381.fields;

const coordinate = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(96, '0'));

export const identityKey = (): Uint8Array => {
  const bytes = new Uint8Array(48);
  bytes[0] = 0xc0;
  return bytes;
};

export const identitySignature = (): Uint8Array => {
  const bytes = new Uint8Array(96);
  bytes[0] = 0xc0;
  return bytes;
};

/** Compressed points of G1's curve, y^2 = x^3 + 4, nearly all outside the subgroup. */
export function* curveKeys(): Generator<Uint8Array> {
  for (let x = 1n; ; x++) {
    try {
      Fp.sqrt(Fp.add(Fp.pow(x, 3n), 4n));
    } catch {
      continue; // no point has this x
    }
    const bytes = coordinate(x);
    bytes[0]! |= 0x80;
    yield bytes;
  }
}

/** Compressed points of G2's curve, y^2 = x^3 + 4(1 + i), nearly all outside the subgroup. */
export function* curveSignatures(): Generator<Uint8Array> {
  const b = Fp2.fromBigTuple([4n, 4n]);
  for (let x = 1n; ; x++) {
    const point = Fp2.fromBigTuple([x, 1n]);
    try {
      Fp2.sqrt(Fp2.add(Fp2.pow(point, 3n), b));
    } catch {
      continue;
    }
    const bytes = new Uint8Array(96);
    bytes.set(coordinate(1n), 0); // the imaginary part comes first
    bytes.set(coordinate(x), 48);
    bytes[0]! |= 0x80;
    yield bytes;
  }
}

/** The secret key whose public key and signatures are the negatives. */
export function oppositeSecret(secretKey: Uint8Array): Uint8Array {
  const value = BigInt(`0x${Buffer.from(secretKey).toString('hex')}`);
  return fromHex((Fr.ORDER - value).toString(16).padStart(64, '0'));
}

export function take<T>(count: number, items: Iterable<T>): T[] {
  const taken: T[] = [];
  for (const item of items) {
    taken.push(item);
    if (taken.length === count) break;
  }
  return taken;
}
