import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allSigners, type SignerId, signerId } from '../../src/base/ids.ts';
import { effectiveParent, reachableChildren } from '../../src/tree/bypass.ts';
import { planTree, Tree } from '../../src/tree/tree.ts';

const cases = fc
  .record({
    n: fc.integer({ min: 1, max: 40 }),
    fanout: fc.integer({ min: 1, max: 4 }),
    seed: fc.uint8Array({ minLength: 4, maxLength: 4 }),
    suspects: fc.uniqueArray(fc.nat({ max: 39 })),
  })
  .map(({ n, fanout, seed, suspects }) => ({
    tree: planTree({ n, fanout, seed, root: signerId(seed[0]! % n) }),
    suspected: (id: SignerId) => suspects.includes(id),
  }));

/** Oracle: straight from the definition, by recursion. */
function oracle(tree: Tree, node: SignerId, suspected: (id: SignerId) => boolean): SignerId[] {
  return tree.children(node).flatMap((id) => (suspected(id) ? oracle(tree, id, suspected) : [id]));
}

//        0
//    1       2
//  3   4   5   6
// 7 8
const tree = new Tree(allSigners(9), 2);
const among =
  (...ids: number[]) =>
  (id: SignerId) =>
    ids.includes(id);

describe('bypass', () => {
  it('is the tree itself when nobody is suspected', () => {
    const nobody = among();
    expect(reachableChildren(tree, signerId(0), nobody)).toEqual({ relays: [1, 2], suspects: [] });
    for (const id of tree.order) expect(effectiveParent(tree, id, nobody)).toBe(tree.parent(id));
  });

  it('replaces a suspected child, in its place, and a suspected grandchild', () => {
    expect(reachableChildren(tree, signerId(0), among(1))).toEqual({ relays: [3, 4, 2], suspects: [1] });
    expect(reachableChildren(tree, signerId(0), among(1, 3))).toEqual({
      relays: [7, 8, 4, 2],
      suspects: [1, 3],
    });
    expect(effectiveParent(tree, signerId(7), among(1, 3))).toBe(0);
    expect(effectiveParent(tree, signerId(7), among(1))).toBe(3);
  });

  it('lists suspected leaves, and says nothing about suspects under a working child', () => {
    expect(reachableChildren(tree, signerId(1), among(4))).toEqual({ relays: [3], suspects: [4] });
    expect(reachableChildren(tree, signerId(0), among(4))).toEqual({ relays: [1, 2], suspects: [] });
  });

  it('falls back to the root when every ancestor is suspected; the root has no parent', () => {
    expect(effectiveParent(tree, signerId(7), among(0, 1, 3))).toBe(0);
    expect(effectiveParent(tree, signerId(1), among(0))).toBe(0);
    expect(effectiveParent(tree, signerId(0), among())).toBeUndefined();
  });

  it('both directions agree: everybody but the root has exactly one that serves it', () => {
    fc.assert(
      fc.property(cases, ({ tree, suspected }) => {
        const served = new Map<SignerId, SignerId>();
        for (const node of tree.order) {
          const { relays, suspects } = reachableChildren(tree, node, suspected);
          expect(relays).toEqual(oracle(tree, node, suspected));
          expect(relays.some(suspected)).toBe(false);
          expect(suspects.every(suspected)).toBe(true);
          if (node !== tree.root && suspected(node)) continue;
          for (const id of [...relays, ...suspects]) {
            expect(served.has(id)).toBe(false);
            served.set(id, node);
          }
        }
        expect(served.size).toBe(tree.size - 1);
        for (const [id, node] of served) expect(effectiveParent(tree, id, suspected)).toBe(node);
      }),
    );
  });
});
