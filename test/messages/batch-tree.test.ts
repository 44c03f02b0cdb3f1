import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../src/base/bytes.ts';
import { hashBytes } from '../../src/base/hash.ts';
import type { TransactionId } from '../../src/base/ids.ts';
import { BatchTree, batchRoot, putLeaf, verifyBatchPath } from '../../src/messages/batch-tree.ts';
import * as plain from './plain-encoder.ts';
import { digestOf, filler } from './samples.ts';

const ids = Array.from({ length: 300 }, (_, i) => digestOf<TransactionId>(`transaction ${i}`));
/** Every third transaction is signed. */
const signatures = ids.map((_, i) => (i % 3 === 0 ? filler(`signature ${i}`, 64) : undefined));
const leafOf = (i: number): Uint8Array => {
  const leaf = new Uint8Array(32);
  putLeaf(ids[i]!, signatures[i], leaf, 0);
  return leaf;
};
const leaves = ids.map((_, i) => leafOf(i));
const treeOf = (count: number) => new BatchTree(concat(...leaves.slice(0, count)));
const rootOf = (count: number) => batchRoot(concat(...leaves.slice(0, count)));

describe('batch tree', () => {
  it('has the root that its definition gives, at every size', () => {
    for (let count = 1; count <= ids.length; count++)
      expect(toHex(rootOf(count))).toBe(plain.hex(plain.treeRoot(leaves.slice(0, count))));
  });

  it('proves every transaction at every place', () => {
    for (let count = 1; count <= 90; count++) {
      const tree = treeOf(count);
      const root = rootOf(count);
      for (let i = 0; i < count; i++) {
        const path = tree.path(i);
        expect(path.length).toBeLessThanOrEqual(12);
        expect(verifyBatchPath(ids[i]!, signatures[i], i, count, path, root)).toBe(true);
      }
    }
  });

  it('proves nothing else', () => {
    const place = fc
      .integer({ min: 1, max: 200 })
      .chain((count) => fc.record({ count: fc.constant(count), index: fc.nat({ max: count - 1 }) }));
    fc.assert(
      fc.property(place, fc.nat(), fc.nat({ max: 199 }), ({ count, index }, at, other) => {
        const path = treeOf(count).path(index);
        const root = rootOf(count);
        const holds = (...[id, signature, i, size, way]: Proof) =>
          verifyBatchPath(id, signature, i, size, way, root);
        const id = ids[index]!;
        const signature = signatures[index];
        if (other !== index) {
          expect(holds(ids[other]!, signatures[other], index, count, path)).toBe(false);
          expect(holds(id, signature, other, count, path)).toBe(false);
        }
        expect(holds(id, signature ? undefined : new Uint8Array(64), index, count, path)).toBe(false);
        expect(holds(id, signature, index, count, [...path, leaves[0]!])).toBe(false);
        if (path.length === 0) return;
        const lost = path.filter((_, i) => i !== at % path.length);
        expect(holds(id, signature, index, count, lost)).toBe(false);
        const changed = path.map((one, i) => (i === at % path.length ? hashBytes('tie', one) : one));
        expect(holds(id, signature, index, count, changed)).toBe(false);
        // Digests cut elsewhere: the bytes under each hash may be the same.
        if (path.length < 2) return;
        const [first, second, ...rest] = path as [Uint8Array, Uint8Array, ...Uint8Array[]];
        const both = concat(first, second);
        expect(holds(id, signature, index, count, [both, ...rest])).toBe(false);
        const moved = [both.subarray(0, 31), both.subarray(31), ...rest];
        expect(holds(id, signature, index, count, moved)).toBe(false);
      }),
    );
  });

  it('a node is no leaf: the number of transactions fixes the depth', () => {
    const root = rootOf(16);
    const nodes = [0, 4, 8, 12].map((from) => hashBytes('batch-node', ...leaves.slice(from, from + 4)));
    expect(hashBytes('batch-node', ...nodes)).toEqual(root);
    const asLeaf = toHex(nodes[0]!) as TransactionId;
    expect(verifyBatchPath(asLeaf, undefined, 0, 4, nodes.slice(1), root)).toBe(true);
    expect(verifyBatchPath(asLeaf, undefined, 0, 16, nodes.slice(1), root)).toBe(false);
  });

  it('a number that is none is refused', () => {
    const root = rootOf(5);
    const path = treeOf(5).path(4);
    expect(verifyBatchPath(ids[4]!, signatures[4], 4, 5, path, root)).toBe(true);
    for (const [index, count] of [
      [-1, 5],
      [5, 5],
      [4.5, 5],
      [Number.NaN, 5],
      [4, Number.POSITIVE_INFINITY],
    ] as const)
      expect(verifyBatchPath(ids[4]!, signatures[4], index, count, path, root)).toBe(false);
  });

  it('the leaf of an unsigned transaction is its id', () => {
    expect(leafOf(1)).toEqual(fromHex(ids[1]!));
    expect(leafOf(3)).toEqual(hashBytes('transaction-signed', fromHex(ids[3]!), signatures[3]!));
  });
});

type Proof = [TransactionId, Uint8Array | undefined, number, number, readonly Uint8Array[]];
