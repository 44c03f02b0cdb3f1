import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { must } from '../../src/base/result.ts';
import { type Batch, batchLeaves, decodeBatch, letGoOfTransactions } from '../../src/messages/batch.ts';
import { batchRoot } from '../../src/messages/batch-tree.ts';
import { batches } from './samples.ts';

const decoded = (name: string): Batch => must(decodeBatch(batches[name]!.bytes));

describe('letGoOfTransactions', () => {
  it.each(['first', 'later'])('leaves the batch as it was: %s', (name) => {
    for (const batch of [batches[name]!, decoded(name)]) {
      const before = batch.transactions;
      expect(batch.transactions).toBe(before);
      letGoOfTransactions(batch);
      expect(toHex(batchRoot(batchLeaves(batch)))).toBe(batch.header.root);
      expect(batch.transactions).not.toBe(before);
      expect(batch.transactions).toEqual(before);
      expect(batch.transactions).toBe(batch.transactions);
    }
  });

  it('concerns no copy of the batch', () => {
    const batch = decoded('later');
    const copy = { ...batch };
    const before = batch.transactions;
    letGoOfTransactions(batch);
    expect(copy.transactions).toBe(before);
  });

  it('does not hide what a forger put in place of the transactions', () => {
    const batch = decoded('first');
    const forged = { ...batch, transactions: batches.later!.transactions.slice(-1) };
    expect(forged.transactions[0]!.signature).toBeDefined();
    expect(toHex(batchRoot(batchLeaves(forged)))).not.toBe(batch.header.root);
  });
});
