/** Batches drawn as dependency lists, and the definition of conflict read word by word. */

import fc from 'fast-check';
import { utf8 } from '../../src/base/bytes.ts';
import {
  type BatchId,
  batchNumber,
  type Digest,
  digestAs,
  type Epoch,
  height,
  signerId,
  type TransactionId,
} from '../../src/base/ids.ts';
import { type BatchKeys, keysOf } from '../../src/dependency/keys.ts';
import type { Batch } from '../../src/messages/batch.ts';

/** A transaction: its id and its list; undefined = depends on everything. */
export interface PlainTransaction {
  readonly id: string;
  readonly list: readonly string[] | undefined;
}

export interface PlainBatch {
  readonly ingress: number;
  readonly number: number;
  readonly transactions: readonly PlainTransaction[];
}

export function keys(plain: PlainBatch): BatchKeys {
  const batch: Pick<Batch, 'header' | 'transactions' | 'transactionIds'> = {
    header: {
      epoch: digestAs<Epoch>('e' as Digest),
      ingress: signerId(plain.ingress),
      number: batchNumber(plain.number),
      after: [],
      root: 'r' as Digest,
      count: plain.transactions.length,
    },
    transactions: plain.transactions.map(({ list }) => ({
      epoch: digestAs<Epoch>('e' as Digest),
      client: utf8('c'),
      nonce: 0,
      expires: height(1),
      dependencies: list?.map(utf8),
      body: new Uint8Array(0),
      signature: undefined,
    })),
    transactionIds: plain.transactions.map((transaction) => transaction.id as TransactionId),
  };
  return keysOf(batch);
}

/** Protocol section 2 for two transactions. */
function transactionsConflict(a: PlainTransaction, b: PlainTransaction): boolean {
  if (a.id === b.id) return true;
  if (a.list?.length === 0 || b.list?.length === 0) return false;
  if (a.list === undefined || b.list === undefined) return true;
  return a.list.some((dependency) => b.list!.includes(dependency));
}

/** Protocol section 2 for two batches. */
export const batchesConflict = (a: PlainBatch, b: PlainBatch): boolean =>
  (a.ingress === b.ingress && a.number === b.number) ||
  a.transactions.some((x) => b.transactions.some((y) => transactionsConflict(x, y)));

export const anyBatch: fc.Arbitrary<PlainBatch> = fc.record({
  ingress: fc.nat(2),
  number: fc.integer({ min: 1, max: 12 }),
  transactions: fc.uniqueArray(
    fc.record({
      id: fc.nat(30).map((n) => `id${n}`),
      list: fc.oneof(
        { weight: 1, arbitrary: fc.constant(undefined) },
        { weight: 4, arbitrary: fc.constant([]) },
        {
          weight: 5,
          arbitrary: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'id1'), { maxLength: 2 }),
        },
      ),
    }),
    { minLength: 1, maxLength: 3, selector: (transaction) => transaction.id },
  ),
});

export const batchId = (n: number): BatchId => `batch${n}` as BatchId;
