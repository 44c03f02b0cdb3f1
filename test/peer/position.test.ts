import { describe, expect, it } from 'vitest';
import { InvariantViolation } from '../../src/base/assert.ts';
import type { OrderedGroup } from '../../src/peer/api.ts';
import { conformanceGenesis, sketchBatch } from '../../src/peer/documents/conformance-history.ts';
import { checkGroup, nextPosition, orderedGroup } from '../../src/peer/position.ts';

const batch = (number: number, isVoid = false) =>
  sketchBatch(number, [{ ops: [{ op: 'delete', id: 'a' }] }], isVoid);
const group = orderedGroup(conformanceGenesis, [batch(1), batch(2)], [[0], [1]]);

describe('the learner\u2019s log', () => {
  it('gives the frozen hash', () => {
    expect(group.position).toEqual({
      sequence: 1,
      hash: '176d10a26cef744add77a71d18af88bb211a31fc35b098da1e73b8cc591046bb',
    });
  });

  it('covers the hash before, the batches, their order, void, verdicts and signed flags', () => {
    const [transaction] = batch(1).transactions;
    const changed = (change: object) => [
      { ...batch(1), transactions: [{ ...transaction!, ...change }] },
      batch(2),
    ];
    const positions = [
      group.position,
      nextPosition({ sequence: 0, hash: '11'.repeat(32) }, group.batches),
      nextPosition(conformanceGenesis, [batch(1)]),
      nextPosition(conformanceGenesis, [batch(2), batch(1)]),
      nextPosition(conformanceGenesis, [batch(1, true), batch(2)]),
      nextPosition(conformanceGenesis, changed({ verdict: 'rejected' })),
      nextPosition(conformanceGenesis, changed({ verdict: 'duplicate' })),
      nextPosition(conformanceGenesis, changed({ signed: true })),
      nextPosition(conformanceGenesis, changed({ id: '22'.repeat(32) })),
      nextPosition({ ...conformanceGenesis, sequence: 1 }, group.batches),
    ];
    expect(new Set(positions.map((one) => one.hash)).size).toBe(positions.length);
  });

  it('objects to a group that its learner built wrongly', () => {
    const wrong: readonly Partial<OrderedGroup>[] = [
      { position: { ...group.position, sequence: 2 } },
      { position: { ...group.position, hash: '11'.repeat(32) } },
      { batches: [batch(1)], partitions: [[0]] },
      { partitions: [[0]] },
      { partitions: [[0], [1], [1]] },
      { partitions: [[1, 0]] },
      { partitions: [[0, 1, 2]] },
      { partitions: [] },
    ];
    checkGroup(group);
    for (const change of wrong) expect(() => checkGroup({ ...group, ...change })).toThrow(InvariantViolation);
  });
});
