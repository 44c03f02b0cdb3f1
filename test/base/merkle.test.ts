/** Merkle trees: the published vectors of RFC 6962, and every other way to the same root. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import {
  append,
  emptyFrontier,
  emptyRoot,
  type Frontier,
  frontierRoot,
  type MerkleStored,
  merkleLeaf,
  merkleNode,
  merklePath,
  merkleRoot,
  storedPath,
  verifyMerklePath,
} from '../../src/base/merkle.ts';

/** From the test data of certificate transparency. */
const leaves = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map(fromHex);
const roots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const some = (count: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => Uint8Array.of(i >> 8, i));

/** The frontier of all leaves and the nodes that were stored on the way. */
function grow(all: readonly Uint8Array[]): {
  frontier: Frontier;
  node: (level: number, index: number) => Uint8Array;
} {
  const stored: MerkleStored[] = [];
  let frontier = emptyFrontier;
  for (const leaf of all) frontier = append(frontier, leaf, stored);
  const nodes = new Map(stored.map((one) => [`${one.level}/${one.index}`, one.hash]));
  expect(nodes.size).toBe(stored.length);
  return {
    frontier,
    node: (level, index) => {
      const hash = nodes.get(`${level}/${index}`);
      if (!hash) throw new Error(`node ${level}/${index} is not stored`);
      return hash;
    },
  };
}

describe('merkle', () => {
  it.each(roots.map((root, size) => [size, root] as const))(
    'the root of %i published leaves',
    (size, root) => {
      expect(toHex(merkleRoot(leaves.slice(0, size)))).toBe(root);
      expect(toHex(frontierRoot(grow(leaves.slice(0, size)).frontier))).toBe(root);
    },
  );

  it('the published path of leaf 5 of 8', () => {
    expect(merklePath(leaves, 5).map(toHex)).toEqual([
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  it('every way gives the same root and the same paths, up to 70 leaves', () => {
    const all = some(70);
    const { node } = grow(all);
    for (let size = 1; size <= all.length; size++) {
      const prefix = all.slice(0, size);
      const root = merkleRoot(prefix);
      expect(frontierRoot(grow(prefix).frontier)).toEqual(root);
      for (let index = 0; index < size; index++) {
        const path = merklePath(prefix, index);
        expect(storedPath(index, size, node)).toEqual(path);
        expect(verifyMerklePath(prefix[index]!, index, size, path, root)).toBe(true);
      }
    }
  });

  it('appending keeps the frontier it started from', () => {
    const before = grow(some(7)).frontier;
    const root = frontierRoot(before);
    const extended = append(before, Uint8Array.of(1));
    append(before, Uint8Array.of(2));
    expect(frontierRoot(before)).toEqual(root);
    expect([before.size, before.peaks.length, extended.size, extended.peaks.length]).toEqual([7, 3, 8, 1]);
  });

  it('a leaf, a path, an index or a root that is another does not verify', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.nat(),
        fc.nat(),
        fc.nat(255),
        (size, at, where, bit) => {
          const all = some(size);
          const index = at % size;
          const path = merklePath(all, index);
          const root = merkleRoot(all);
          const check = (leaf: Uint8Array, i: number, p: Uint8Array[], r: Uint8Array) =>
            verifyMerklePath(leaf, i, size, p, r);
          const flip = (bytes: Uint8Array) =>
            bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
          expect(check(all[index]!, index, path, root)).toBe(true);
          expect(check(Uint8Array.of(9, 9, 9), index, path, root)).toBe(false);
          expect(check(all[index]!, index, path, flip(root))).toBe(false);
          expect(check(all[index]!, index, [...path, root], root)).toBe(false);
          if (size > 1) {
            expect(check(all[index]!, (index + 1 + (where % (size - 1))) % size, path, root)).toBe(false);
            expect(check(all[index]!, index, path.slice(1), root)).toBe(false);
            const step = where % path.length;
            expect(
              check(
                all[index]!,
                index,
                path.map((one, i) => (i === step ? flip(one) : one)),
                root,
              ),
            ).toBe(false);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('an inner node is no leaf', () => {
    const all = some(4);
    const left = merkleNode(merkleLeaf(all[0]!), merkleLeaf(all[1]!));
    const preimage = Uint8Array.of(...merkleLeaf(all[0]!), ...merkleLeaf(all[1]!));
    const right = merkleNode(merkleLeaf(all[2]!), merkleLeaf(all[3]!));
    expect(merkleNode(left, right)).toEqual(merkleRoot(all));
    expect(verifyMerklePath(preimage, 0, 2, [right], merkleRoot(all))).toBe(false);
  });

  it('refuses indices and sizes that are none, at once', () => {
    const leaf = Uint8Array.of(1);
    const root = merkleLeaf(leaf);
    expect(verifyMerklePath(leaf, 0, 1, [], root)).toBe(true);
    for (const [index, size] of [
      [0, 0],
      [1, 1],
      [-1, 1],
      [0.5, 1],
      [Number.NaN, 1],
      [0, Number.POSITIVE_INFINITY],
      [0, 2 ** 53],
    ] as const)
      expect(verifyMerklePath(leaf, index, size, [], root)).toBe(false);
    const long = Array.from({ length: 64 }, () => root);
    for (const size of [2 ** 47 + 1, 2 ** 49 - 1, 2 ** 49, 2 ** 52 + 5, 2 ** 53 - 1])
      for (const index of [0, 1, size - 1])
        expect(verifyMerklePath(leaf, index, size, long, root)).toBe(false);
    expect(
      verifyMerklePath(
        leaf,
        0,
        2,
        Array.from({ length: 65 }, () => root),
        root,
      ),
    ).toBe(false);
    expect(emptyRoot()).toEqual(fromHex(roots[0]!));
  });

  it('does not bind the size: whoever needs a place to be proven must sign the size elsewhere', () => {
    const all = some(3);
    const path = merklePath(all, 2);
    expect(verifyMerklePath(all[2]!, 2, 3, path, merkleRoot(all))).toBe(true);
    expect(verifyMerklePath(all[2]!, 1, 2, path, merkleRoot(all))).toBe(true);
  });
});
