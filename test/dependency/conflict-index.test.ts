import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BatchId } from '../../src/base/ids.ts';
import { ConflictIndex } from '../../src/dependency/conflict-index.ts';
import { anyBatch, batchesConflict, batchId, keys, type PlainBatch } from './support.ts';

const anyHistory = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ add: anyBatch, id: fc.nat(8) }) },
    { weight: 1, arbitrary: fc.record({ remove: fc.nat(8) }) },
  ),
  { maxLength: 25 },
);

describe('ConflictIndex', () => {
  it('answers as a list that is searched from end to end', () => {
    fc.assert(
      fc.property(anyHistory, anyBatch, (history, probe) => {
        const index = new ConflictIndex();
        let list: { id: BatchId; plain: PlainBatch }[] = [];
        for (const action of history) {
          if ('add' in action) {
            const id = batchId(action.id);
            index.add(id, keys(action.add));
            if (!list.some((one) => one.id === id)) list.push({ id, plain: action.add });
          } else {
            const id = batchId(action.remove);
            expect(index.remove(id)).toBe(list.some((one) => one.id === id));
            list = list.filter((one) => one.id !== id);
          }
          expect(index.size).toBe(list.length);
          for (const one of list) {
            const expected = list.filter((other) => other !== one && batchesConflict(one.plain, other.plain));
            expect(index.conflictsOf(one.id)).toEqual(expected.map((other) => other.id));
          }
          expect(index.conflictsOf(keys(probe))).toEqual(
            list.filter((other) => batchesConflict(probe, other.plain)).map((other) => other.id),
          );
          for (const dependency of ['a', 'b', 'unknown']) {
            const depends = ({ plain }: { plain: PlainBatch }): boolean =>
              plain.transactions.some(({ list: own }) => own === undefined || own.includes(dependency));
            expect(index.countOn(`d${dependency}`)).toBe(list.filter(depends).length);
          }
        }
      }),
    );
  });

  it('refuses to answer for a batch it does not hold', () => {
    expect(() => new ConflictIndex().conflictsOf(batchId(1))).toThrow('not in the index');
  });

  it('does not look at unrelated batches', () => {
    const index = new ConflictIndex();
    const plain = (n: number): PlainBatch => ({
      ingress: 0,
      number: n,
      transactions: [{ id: `${n}`, list: [`document ${n >> 1}`] }],
    });
    for (let n = 0; n < 20_000; n++) index.add(batchId(n), keys(plain(n)));
    for (let n = 0; n < 20_000; n++) expect(index.conflictsOf(batchId(n)).length).toBe(1);
    for (let n = 0; n < 20_000; n++) index.remove(batchId(n));
    expect(index.size).toBe(0);
    expect(index.conflictsOf(keys(plain(3)))).toEqual([]);
  });
});
