/**
 * Sets of signers. A bitmap is an immutable sorted list of signer ids in memory and, on the wire,
 * `ceil(n / 8)` bytes with the lowest signer in the lowest bit of the first byte. The wire form of a
 * set is unique: bits at or above `n` must be zero.
 */

import { type SignerId, signerId } from './ids.ts';
import { accept, type Result, refuse } from './result.ts';

/** A set of signers, sorted ascending, without repetition. */
export type SignerSet = readonly SignerId[];

export const signerSet = (members: Iterable<SignerId>): SignerSet =>
  [...new Set(members)].sort((a, b) => a - b);

export function bitmapBytes(members: SignerSet, n: number): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(n / 8));
  for (const member of members) bytes[member >> 3]! |= 1 << (member & 7);
  return bytes;
}

export function parseBitmap(bytes: Uint8Array, n: number): Result<SignerSet> {
  if (bytes.length !== Math.ceil(n / 8))
    return refuse('BITMAP_LENGTH', `bitmap has ${bytes.length} bytes, expected ${Math.ceil(n / 8)}`);
  const members: SignerId[] = [];
  for (let i = 0; i < bytes.length * 8; i++) {
    if (((bytes[i >> 3]! >> (i & 7)) & 1) === 0) continue;
    if (i >= n) return refuse('BITMAP_RANGE', `bitmap names signer ${i} of ${n}`);
    members.push(signerId(i));
  }
  return accept(members);
}

export const disjoint = (a: SignerSet, b: SignerSet): boolean => {
  const members = new Set(a);
  return !b.some((member) => members.has(member));
};
