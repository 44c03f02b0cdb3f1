import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../src/base/bytes.ts';
import { allSigners, attempt, type BatchId, type SignerId, signerId } from '../../src/base/ids.ts';
import { batchSeed, shuffle } from '../../src/tree/shuffle.ts';
import { planTree, Tree } from '../../src/tree/tree.ts';

const plans = fc
  .record({
    n: fc.integer({ min: 1, max: 60 }),
    fanout: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 80 })),
    seed: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    pick: fc.nat(),
  })
  .map(({ n, fanout, seed, pick }) => ({ n, fanout, seed, root: signerId(pick % n) }));

/** Dumb oracle: hangs each signer in turn under the first node with room, by a queue. */
function oracleParents(order: readonly SignerId[], fanout: number): Map<SignerId, SignerId | undefined> {
  const parents = new Map<SignerId, SignerId | undefined>([[order[0]!, undefined]]);
  const room = [{ id: order[0]!, left: fanout }];
  for (const id of order.slice(1)) {
    while (room[0]!.left === 0) room.shift();
    room[0]!.left -= 1;
    parents.set(id, room[0]!.id);
    room.push({ id, left: fanout });
  }
  return parents;
}

/** Oracle: from the parent up, by walking. */
function walkUp(parents: Map<SignerId, SignerId | undefined>, id: SignerId): SignerId[] {
  const parent = parents.get(id);
  return parent === undefined ? [] : [parent, ...walkUp(parents, parent)];
}

describe('planTree', () => {
  it('frozen: the tree of a batch', () => {
    const seed = batchSeed('11'.repeat(32) as BatchId, attempt(0));
    const tree = planTree({ n: 7, fanout: 2, seed, root: signerId(3) });
    expect(tree.order).toEqual([3, 6, 1, 0, 5, 2, 4]);
    expect(tree.levels()).toEqual([[3], [6, 1], [0, 5, 2, 4]]);
  });

  it('puts the root first; the others keep their shuffled order', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const tree = planTree(plan);
        expect(tree.root).toBe(plan.root);
        expect(tree.order[0]).toBe(plan.root);
        const others = shuffle(plan.seed, plan.n).filter((id) => id !== plan.root);
        expect(tree.order.slice(1)).toEqual(others);
      }),
    );
  });

  it('answers everything as the oracle does', () => {
    fc.assert(
      fc.property(plans, (plan) => {
        const tree = planTree(plan);
        const signers = allSigners(plan.n);
        const parents = oracleParents(tree.order, plan.fanout);
        const up = new Map(signers.map((id) => [id, walkUp(parents, id)]));
        for (const id of signers) {
          const under = signers.filter((other) => other === id || up.get(other)!.includes(id));
          expect(tree.parent(id)).toBe(parents.get(id));
          expect(tree.children(id)).toEqual(tree.order.filter((other) => parents.get(other) === id));
          expect(tree.ancestors(id)).toEqual(up.get(id));
          expect(tree.depth(id)).toBe(up.get(id)!.length);
          expect(tree.subtree(id)).toEqual(under);
          expect(tree.subtreeSize(id)).toBe(under.length);
          expect(tree.levelsBelow(id)).toBe(
            Math.max(...under.map((x) => up.get(x)!.length)) - up.get(id)!.length,
          );
          for (const other of signers) expect(tree.isAncestor(id, other)).toBe(up.get(other)!.includes(id));
        }
        expect(tree.height).toBe(Math.max(...signers.map((id) => up.get(id)!.length)));
        expect(tree.levels().flat()).toEqual(tree.order);
        for (const [depth, level] of tree.levels().entries())
          for (const id of level) expect(up.get(id)!.length).toBe(depth);
      }),
      { numRuns: 60 },
    );
  });

  it('is a chain with fanout 1 and a star with a huge one', () => {
    const seed = fromHex('ab');
    const chain = planTree({ n: 5, fanout: 1, seed, root: signerId(2) });
    expect(chain.height).toBe(4);
    expect(chain.children(chain.order[3]!)).toEqual([chain.order[4]]);
    const star = planTree({ n: 5, fanout: Number.MAX_SAFE_INTEGER, seed, root: signerId(2) });
    expect(star.height).toBe(1);
    expect(star.children(signerId(2))).toEqual(star.order.slice(1));
  });

  it('is cheap for a thousand signers', () => {
    const tree = planTree({ n: 1000, fanout: 2, seed: fromHex('ab'), root: signerId(999) });
    expect(tree.height).toBe(9);
    let sum = 0;
    for (let round = 0; round < 20; round++) for (const id of tree.order) sum += tree.subtreeSize(id);
    // The sum of subtree sizes is the number of pairs (node, itself or an ancestor).
    expect(sum).toBe(20 * tree.order.reduce((total, id) => total + tree.depth(id) + 1, 0));
  });
});

describe('Tree', () => {
  it('cannot be changed', () => {
    const order = [1, 0, 2].map(signerId);
    const tree = new Tree(order, 2);
    order[0] = signerId(2);
    expect(tree.root).toBe(1);
    expect(() => (tree.order as SignerId[]).push(signerId(3))).toThrow(TypeError);
    tree.children(signerId(1)).pop();
    expect(tree.children(signerId(1))).toEqual([0, 2]);
  });

  it('refuses what is not a permutation, strangers and bad plans', () => {
    expect(() => new Tree([0, 0].map(signerId), 2)).toThrow('not a permutation');
    expect(() => new Tree([0, 2].map(signerId), 2)).toThrow('not a permutation');
    expect(() => new Tree([], 2)).toThrow('a tree of 0 places');
    const tree = new Tree([0, 1].map(signerId), 2);
    for (const stranger of [2, -1, 0.5]) {
      expect(() => tree.parent(signerId(stranger))).toThrow('is not in a tree of 2');
      expect(() => tree.isAncestor(signerId(0), signerId(stranger))).toThrow('is not in a tree of 2');
    }
    const seed = fromHex('ab');
    expect(() => planTree({ n: 3, fanout: 0, seed, root: signerId(0) })).toThrow('fanout 0');
    expect(() => planTree({ n: 3, fanout: 2, seed, root: signerId(3) })).toThrow('root 3 of 3 signers');
  });
});
