/** Sets of signers as bits in 32-bit words, for counting statements pair by pair. */

import type { SignerSet } from '../base/bitmap.ts';

export type SignerMask = Uint32Array;

export const emptyMask = (n: number): SignerMask => new Uint32Array((n + 31) >>> 5);

export function addSigners(mask: SignerMask, signers: SignerSet): void {
  for (const signer of signers) mask[signer >>> 5]! |= 1 << (signer & 31);
}

/** Number of bits set in a 32-bit word. */
export function bitCount(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return (((bits + (bits >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}
