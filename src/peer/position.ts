/**
 * The learner's own log: a hash chain with one link for each applied group. It is local (two learners
 * may group differently); what it gives is that a store can tell "this group again" from "another
 * history" without keeping the groups (protocol section 11).
 *
 * A link covers the previous hash, the sequence, and for each batch its id, whether it is void, and each
 * transaction's id, signed flag and verdict: everything that decides what a group does, as the ids are
 * digests of the rest.
 */

import { invariant } from '../base/assert.ts';
import { digest, listMax, P, u53 } from '../base/codec.ts';
import { hash } from '../base/hash.ts';
import type { Digest, Epoch } from '../base/ids.ts';
import { batchTransactionsMax } from '../messages/limits.ts';
import type { OrderedBatch, OrderedGroup, Position, Verdict } from './api.ts';

/** Batches in one group. */
const groupBatchesMax = 1 << 16;

const verdictByte: Readonly<Record<Verdict, number>> = { executed: 0, rejected: 1, duplicate: 2 };

const link = P.struct({
  previous: digest(),
  sequence: u53(),
  batches: listMax(
    P.struct({
      batch: digest(),
      void: P.bool,
      transactions: listMax(
        P.struct({ id: digest(), signed: P.bool, verdict: P.U8 }),
        batchTransactionsMax,
        'transactions',
      ),
    }),
    groupBatchesMax,
    'batches',
  ),
});

/** Where every learner of an epoch starts. */
export const genesisPosition = (epoch: Epoch): Position => ({
  sequence: 0,
  hash: hash('learner-log', digest<Epoch>().encode(epoch)),
});

/** The position after applying `batches` at `previous`. */
export function nextPosition(previous: Position, batches: readonly OrderedBatch[]): Position {
  const sequence = previous.sequence + 1;
  const bytes = link.encode({
    previous: previous.hash as Digest,
    sequence,
    batches: batches.map((one) => ({
      batch: one.batch,
      void: one.void,
      transactions: one.transactions.map((transaction) => ({
        id: transaction.id,
        signed: transaction.signed,
        verdict: verdictByte[transaction.verdict],
      })),
    })),
  });
  return { sequence, hash: hash('learner-log', bytes) };
}

/**
 * The group that applies `batches` at `previous`.
 * @param partitions see `OrderedGroup`; by default all batches may depend on each other.
 */
export const orderedGroup = (
  previous: Position,
  batches: readonly OrderedBatch[],
  partitions: readonly (readonly number[])[] = [batches.map((_, index) => index)],
): OrderedGroup => ({ position: nextPosition(previous, batches), previous, batches, partitions });

export const samePosition = (a: Position, b: Position): boolean =>
  a.sequence === b.sequence && a.hash === b.hash;

/**
 * Checks that a group is what the learner must build: its position follows from its content, and the
 * partitions hold every batch once, ascending within a part.
 * @throws InvariantViolation, as a wrong group is a bug of the learner and never its input.
 */
export function checkGroup(group: OrderedGroup): void {
  invariant(
    samePosition(group.position, nextPosition(group.previous, group.batches)),
    'the position of a group does not follow from its content',
  );
  const seen = new Set<number>();
  for (const part of group.partitions)
    for (const [i, index] of part.entries()) {
      invariant(i === 0 || part[i - 1]! < index, 'a partition is not ascending');
      invariant(group.batches[index] && !seen.has(index), `partitions name batch ${index} wrongly`);
      seen.add(index);
    }
  invariant(seen.size === group.batches.length, 'the partitions leave a batch out');
}
