import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/base/bytes.ts';
import { type Batch, batchLeaves } from '../../src/messages/batch.ts';
import { putLeaf, verifyBatchPath } from '../../src/messages/batch-tree.ts';
import { BatchMembers, hashesFor } from '../../src/verify/batch-members.ts';
import { World } from './support.ts';

const world = new World(4, 1, 1);
const sizes = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 21, 64, 65, 100];
const batches = sizes.map((size, i) =>
  world.batch(
    0,
    i + 1,
    Array.from({ length: size }, (_, at) => `${size}/${at}`),
  ),
);

/** A batch and some of its places, ascending, at least one. */
const some = fc.nat(batches.length - 1).chain((i) =>
  fc.tuple(
    fc.constant(batches[i]!),
    fc.subarray(
      Array.from({ length: sizes[i]! }, (_, at) => at),
      { minLength: 1 },
    ),
  ),
);
function leavesOf(batch: Batch, indices: readonly number[]): Uint8Array {
  const all = batchLeaves(batch);
  const leaves = new Uint8Array(32 * indices.length);
  for (const [i, index] of indices.entries()) leaves.set(all.subarray(32 * index, 32 * index + 32), 32 * i);
  return leaves;
}

describe('members of a batch', () => {
  it('are proven together, and each by the path of its receipt', () => {
    fc.assert(
      fc.property(some, ([batch, indices]) => {
        const hashes = hashesFor(batch, indices);
        const members = BatchMembers.of(batch.header, indices, leavesOf(batch, indices), hashes)!;
        expect(members).toBeDefined();
        const { count, root } = batch.header;
        for (const [i, index] of indices.entries())
          expect(
            verifyBatchPath(
              batch.transactionIds[index]!,
              undefined,
              index,
              count,
              members.path(i),
              fromHex(root),
            ),
          ).toBe(true);
        // Never more than the other leaves, and nothing for whoever has them all.
        expect(hashes.length).toBeLessThanOrEqual(count - indices.length);
      }),
      { numRuns: 300 },
    );
  });

  it('are not proven by anything else', () => {
    fc.assert(
      fc.property(some, fc.nat(), fc.nat(255), ([batch, indices], at, bit) => {
        const hashes = hashesFor(batch, indices);
        const leaves = leavesOf(batch, indices);
        const of = (changes: { indices?: number[]; leaves?: Uint8Array; hashes?: Uint8Array[] }) =>
          BatchMembers.of(
            batch.header,
            changes.indices ?? indices,
            changes.leaves ?? leaves,
            changes.hashes ?? hashes,
          );
        const flipped = (bytes: Uint8Array): Uint8Array => {
          const copy = bytes.slice();
          copy[at % copy.length]! ^= 1 << (bit % 8);
          return copy;
        };
        expect(of({ leaves: flipped(leaves) })).toBeUndefined();
        expect(of({ hashes: [...hashes, new Uint8Array(32)] })).toBeUndefined();
        if (hashes.length > 0) {
          expect(of({ hashes: hashes.slice(1) })).toBeUndefined();
          const changed = hashes.map((one, i) => (i === at % hashes.length ? flipped(one) : one));
          expect(of({ hashes: changed })).toBeUndefined();
        }
        const { count } = batch.header;
        const shifted = indices.map((index) => index + 1);
        expect(of({ indices: shifted })).toBeUndefined();
        expect(of({ indices: indices.map(() => indices[0]!), leaves }) === undefined).toBe(
          indices.length > 1,
        );
        expect(of({ indices: [...indices.slice(0, -1), count] })).toBeUndefined();
      }),
    );
  });

  it('count with their signatures', () => {
    const signed = {
      ...world.transaction('s'),
      client: new Uint8Array(32).fill(1),
      signature: new Uint8Array(64),
    };
    const batch = world.batch(0, 99, [signed, 'b']);
    const leaf = new Uint8Array(32);
    putLeaf(batch.transactionIds[0]!, signed.signature, leaf, 0);
    const hashes = hashesFor(batch, [0]);
    expect(BatchMembers.of(batch.header, [0], leaf, hashes)).toBeDefined();
    putLeaf(batch.transactionIds[0]!, undefined, leaf, 0);
    expect(BatchMembers.of(batch.header, [0], leaf, hashes)).toBeUndefined();
  });
});
