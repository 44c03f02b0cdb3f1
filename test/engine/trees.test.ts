import { describe, expect, it } from 'vitest';
import { simFederation } from '../../sim/federation.ts';
import { attempt, type BatchId, type SignerId, view } from '../../src/base/ids.ts';
import { Trees, treesOf } from '../../src/engine/trees.ts';
import { epochOf } from '../../src/messages/federation.ts';
import { batchSeed, leaderOf, viewSeed } from '../../src/tree/shuffle.ts';
import { planTree } from '../../src/tree/tree.ts';

const { federation } = simFederation({ seed: 'trees', signers: 7, byzantine: 2, faulty: 2, fanout: 3 });
const epoch = epochOf(federation);
const batch = (i: number): BatchId => i.toString(16).padStart(64, '0') as BatchId;

describe('trees', () => {
  it('are those of the plan, however often and in whatever order they are asked for', () => {
    const trees = new Trees(federation, epoch);
    for (let round = 0; round < 2; round++)
      for (let i = 0; i < 700; i++) {
        const root = ((i * 5) % 7) as SignerId;
        const seed = batchSeed(batch(i), attempt(i % 3));
        const planned = planTree({ n: 7, fanout: 3, seed, root });
        expect(trees.ofBatch(batch(i), attempt(i % 3), root).order).toEqual(planned.order);
        const ofView = planTree({ n: 7, fanout: 3, seed: viewSeed(epoch, view(i)), root });
        expect(trees.ofView(view(i), root).order).toEqual(ofView.order);
        expect(trees.leaderOf(i)).toBe(leaderOf(epoch, i, 7));
      }
  });

  it('differ with the attempt, the root and the view', () => {
    const trees = new Trees(federation, epoch);
    const orders = [
      trees.ofBatch(batch(1), attempt(0), 1 as SignerId),
      trees.ofBatch(batch(1), attempt(1), 1 as SignerId),
      trees.ofBatch(batch(1), attempt(0), 2 as SignerId),
      trees.ofBatch(batch(2), attempt(0), 1 as SignerId),
      trees.ofView(view(1), 1 as SignerId),
      trees.ofView(view(2), 1 as SignerId),
    ].map((tree) => tree.order.join());
    expect(new Set(orders).size).toBe(orders.length);
  });

  it('are shared by those who serve the same federation, and by nobody else', () => {
    expect(treesOf(federation, epoch)).toBe(treesOf(federation, epoch));
    expect(treesOf({ ...federation }, epoch)).not.toBe(treesOf(federation, epoch));
    const wider = { ...federation, fanout: 2 };
    const one = treesOf(wider, epochOf(wider)).ofBatch(batch(1), attempt(0), 0 as SignerId);
    expect(one.fanout).toBe(2);
  });
});
