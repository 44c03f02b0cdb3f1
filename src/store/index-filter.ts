/**
 * Says for most keys that a run does not have them, without a look at the disk: a Bloom filter in blocks of
 * 512 bits, one cache line each. The high half of the hash chooses the block, the low half 7 bits in it. With 10 bits a
 * key about one foreign key in 70 passes. Rows come in order of the high half, so filling it is one pass
 * through its memory.
 */

export const blockWords = 16;
const blockBits = blockWords * 32;
const bitsPerKey = 10;
const probes = 7;

/** Blocks of a filter for so many keys. */
export const filterBlocks = (keys: number): number => Math.max(1, Math.ceil((keys * bitsPerKey) / blockBits));

const blockOf = (filter: Uint32Array, high: number): number =>
  Math.floor((high * (filter.length / blockWords)) / 2 ** 32) * blockWords;

export function addToFilter(filter: Uint32Array, high: number, low: number): void {
  const block = blockOf(filter, high);
  const step = (low >>> 9) | 1;
  for (let i = 0, bit = low; i < probes; i++, bit += step) {
    const place = bit & (blockBits - 1);
    filter[block + (place >>> 5)]! |= 1 << (place & 31);
  }
}

export function mayHold(filter: Uint32Array, high: number, low: number): boolean {
  const block = blockOf(filter, high);
  const step = (low >>> 9) | 1;
  for (let i = 0, bit = low; i < probes; i++, bit += step) {
    const place = bit & (blockBits - 1);
    if ((filter[block + (place >>> 5)]! & (1 << (place & 31))) === 0) return false;
  }
  return true;
}
