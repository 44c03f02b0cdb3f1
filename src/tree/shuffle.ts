/**
 * The shuffle behind every tree, and the draw of a leader. All signers must get the same list from the
 * same seed, in any language and for ever, so it is integers and SHA-256 only.
 *
 * Bytes, exactly:
 * 1. Block `k` (k = 0, 1, 2 ...) is SHA-256(seed || k as 4 bytes, big-endian). The stream is the
 *    blocks one after the other, read as 4-byte big-endian words, 8 words a block.
 * 2. `below(bound)` takes the next word `w` until `w < 2^32 - (2^32 mod bound)`, and is `w mod bound`.
 *    So every value below `bound` is equally likely; refused words are used up.
 * 3. `shuffle(seed, n)` starts with 0, 1 ... n-1 and, for i = n-1 down to 1, swaps places `i` and
 *    `below(i + 1)` (Fisher-Yates). All draws read on in one stream.
 * 4. Seeds, with H the domain-separated hash of `base/hash.ts` and integers in 8 bytes, big-endian:
 *    batch tree H("batch-tree", batch id, attempt); tree of a view H("view-tree", epoch, view); leader
 *    of a term: `below(n)`, the first draw of the stream of H("leader", epoch, term).
 *
 * Frozen vectors stand in `test/tree/shuffle.test.ts`. Protocol sections 3 and 6.
 */

import { invariant } from '../base/assert.ts';
import { fromHex } from '../base/bytes.ts';
import { digest, u32, u53 } from '../base/codec.ts';
import { hashBytes } from '../base/hash.ts';
import { type Attempt, allSigners, type BatchId, type Epoch, type SignerId, type View } from '../base/ids.ts';
import { sha256 } from '../base/sha256.ts';

const wordCount = 2 ** 32;
const blockBytes = 32;

/** Gives the next 32-bit word, an integer from 0 to 2^32-1. */
export type WordSource = () => number;

/** The words of the counter stream of a seed (rule 1). The seed may have any length. */
export function wordStream(seed: Uint8Array): WordSource {
  const counter = u32();
  let blocks = 0;
  let offset = blockBytes;
  let block = new DataView<ArrayBufferLike>(new ArrayBuffer(0));
  return () => {
    if (offset === blockBytes) {
      const bytes = sha256(seed, counter.encode(blocks));
      block = new DataView(bytes.buffer, bytes.byteOffset, blockBytes);
      blocks += 1;
      offset = 0;
    }
    const word = block.getUint32(offset);
    offset += 4;
    return word;
  };
}

/**
 * An unbiased integer from 0 to `bound - 1` (rule 2).
 * @param bound from 1 to 2^32.
 */
export function below(bound: number, words: WordSource): number {
  invariant(Number.isSafeInteger(bound) && bound >= 1 && bound <= wordCount, `no draw below ${bound}`);
  const limit = wordCount - (wordCount % bound);
  for (;;) {
    const word = words();
    if (word < limit) return word % bound;
  }
}

/**
 * All signers 0 to n-1 in the order that the seed gives (rule 3).
 * @param n number of signers, at least 1.
 */
export function shuffle(seed: Uint8Array, n: number): SignerId[] {
  invariant(Number.isSafeInteger(n) && n >= 1 && n < wordCount, `no shuffle of ${n} signers`);
  const order = allSigners(n);
  const words = wordStream(seed);
  for (let i = n - 1; i >= 1; i--) {
    const j = below(i + 1, words);
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  return order;
}

/** Seed of the tree of a batch on one attempt (rule 4). */
export const batchSeed = (batch: BatchId, attempt: Attempt): Uint8Array =>
  batchSeedFromBytes(fromHex(batch), attempt);

/** The same from the bytes of the id, which tools may choose freely, of any length. */
export const batchSeedFromBytes = (id: Uint8Array, attempt: Attempt): Uint8Array =>
  hashBytes('batch-tree', id, u53().encode(attempt));

/** Seed of the tree of a view (rule 4). */
export const viewSeed = (epoch: Epoch, view: View): Uint8Array =>
  hashBytes('view-tree', digest().encode(epoch), u53().encode(view));

/**
 * The leader of a term of views (rule 4).
 * @param n number of signers, at least 1.
 */
export const leaderOf = (epoch: Epoch, term: number, n: number): SignerId =>
  below(n, wordStream(hashBytes('leader', digest().encode(epoch), u53().encode(term)))) as SignerId;
