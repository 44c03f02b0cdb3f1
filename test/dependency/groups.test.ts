import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BatchId } from '../../src/base/ids.ts';
import { independentGroups } from '../../src/dependency/groups.ts';
import { anyBatch, batchesConflict, batchId, keys, type PlainBatch } from './support.ts';

const anyDelivery = fc.array(anyBatch, { minLength: 1, maxLength: 8 });
const grouped = (delivery: readonly PlainBatch[]): BatchId[][] =>
  independentGroups(delivery.map((plain, i) => ({ id: batchId(i), keys: keys(plain) })));

/** Groups by flooding along conflicts. */
function oracle(delivery: readonly PlainBatch[]): BatchId[][] {
  const group = delivery.map((_, i) => i);
  for (const _ of delivery)
    delivery.forEach((a, i) => {
      delivery.forEach((b, j) => {
        if (batchesConflict(a, b)) group[i] = group[j] = Math.min(group[i]!, group[j]!);
      });
    });
  return [...new Set(group)]
    .sort((a, b) => a - b)
    .map((g) => delivery.flatMap((_, i) => (group[i] === g ? [batchId(i)] : [])));
}

/**
 * A toy state machine in which order shows: each transaction appends its id to what it depends on. One
 * without a list appends to every document; one with an empty list only notes that it ran. An id runs once.
 */
function apply(delivery: readonly PlainBatch[], order: readonly BatchId[]): unknown {
  const documents = new Map(['a', 'b', 'c', 'd', 'e', 'f', 'id1'].map((name) => [name, '']));
  const ran = new Map<string, string>();
  for (const id of order)
    for (const { id: transaction, list } of delivery[Number(id.slice('batch'.length))]!.transactions) {
      if (ran.has(transaction)) continue;
      ran.set(transaction, id);
      for (const name of list ?? documents.keys())
        documents.set(name, `${documents.get(name)} ${transaction}`);
    }
  return [[...documents], [...ran].sort()];
}

describe('independentGroups', () => {
  it('equal the oracle', () => {
    fc.assert(
      fc.property(anyDelivery, (delivery) => {
        expect(grouped(delivery)).toEqual(oracle(delivery));
      }),
      { numRuns: 300 },
    );
  });

  it('give the same state however they are interleaved', () => {
    fc.assert(
      fc.property(anyDelivery, fc.infiniteStream(fc.nat(99)), (delivery, draws) => {
        const queues = grouped(delivery).map((group) => [...group]);
        const interleaved: BatchId[] = [];
        for (const draw of draws) {
          const waiting = queues.filter((queue) => queue.length > 0);
          if (waiting.length === 0) break;
          interleaved.push(waiting[draw % waiting.length]!.shift()!);
        }
        const sequential = delivery.map((_, i) => batchId(i));
        expect(apply(delivery, interleaved)).toEqual(apply(delivery, sequential));
      }),
      { numRuns: 300 },
    );
  });

  it('take a hundred thousand batches on one document', () => {
    const batches = Array.from({ length: 100_000 }, (_, i) => ({
      id: batchId(i),
      keys: keys({ ingress: 0, number: i, transactions: [{ id: `${i}`, list: ['a'] }] }),
    }));
    expect(independentGroups(batches)).toHaveLength(1);
  });
});
