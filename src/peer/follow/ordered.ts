/** From what the order delivers to what a document store applies: verdicts attached, conflicts grouped. */

import { independentGroups } from '../../dependency/groups.ts';
import { keysOf } from '../../dependency/keys.ts';
import type { Batch } from '../../messages/batch.ts';
import type { Delivery } from '../../ordering/delivery.ts';
import type { OrderedBatch, OrderedGroup, Position, Verdict } from '../api.ts';
import { orderedGroup } from '../position.ts';
import type { Finality } from './counts.ts';

/** What the log remembers of a delivered batch, with its body. */
export interface DeliveredBatch {
  readonly batch: Batch;
  readonly finality: Finality;
  readonly void: boolean;
  /** One for each transaction; empty when void. */
  readonly verdicts: readonly Verdict[];
}

/** A group with what stores do not care about: how each batch became final. */
export interface DeliveredGroup {
  readonly group: OrderedGroup;
  /** Of each batch of the group. */
  readonly finalities: readonly Finality[];
}

export const deliveredBatch = (delivery: Delivery): DeliveredBatch => ({
  batch: delivery.batch,
  finality: delivery.finality,
  void: delivery.void,
  verdicts: delivery.verdicts,
});

/** A void batch has no verdicts; its transactions count as rejected where somebody looks at them. */
export function orderedBatch({ batch, void: isVoid, verdicts }: DeliveredBatch): OrderedBatch {
  const transactions = batch.transactions.map((transaction, index) => ({
    id: batch.transactionIds[index]!,
    client: transaction.client,
    nonce: transaction.nonce,
    body: transaction.body,
    dependencies: transaction.dependencies,
    signed: transaction.signature !== undefined,
    batch: batch.id,
    index,
    verdict: isVoid ? 'rejected' : verdicts[index]!,
  }));
  return { batch: batch.id, transactions, void: isVoid };
}

/** Indices of batches that no conflict connects, for stores that apply concurrently (section 7). */
function partitionsOf(batches: readonly Batch[]): number[][] {
  const indices = new Map(batches.map((batch, i) => [batch.id, i]));
  const groups = independentGroups(batches.map((batch) => ({ id: batch.id, keys: keysOf(batch) })));
  return groups.map((ids) => ids.map((id) => indices.get(id)!));
}

/** The group that applies these batches after a position. */
export const deliveredGroup = (previous: Position, batches: readonly DeliveredBatch[]): DeliveredGroup => ({
  group: orderedGroup(previous, batches.map(orderedBatch), partitionsOf(batches.map((one) => one.batch))),
  finalities: batches.map((one) => one.finality),
});
