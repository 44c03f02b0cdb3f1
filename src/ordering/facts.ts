/**
 * What the ordering rules read of a certified batch: its id, its `after`, how many transactions it has,
 * and its classes of votes (protocol section 4). Votes omit the entries of `after` and count as
 * listing them, so "the vote lists U" always means: U is in its `before`, or in `after` of the batch.
 */

import { compareText } from '../base/bytes.ts';
import type { BatchId } from '../base/ids.ts';
import { type VoteClass, type VoteContent, voteCount } from '../messages/vote.ts';

export interface Facts {
  readonly id: BatchId;
  /** Ids in the batch header's `after`. */
  readonly after: readonly BatchId[];
  /** Transactions in the batch. */
  readonly count: number;
  /** The certificate's classes: signer sets are not empty and disjoint. */
  readonly classes: readonly VoteClass[];
}

/** True when a vote of this content on the batch lists `other`. */
export const lists = (facts: Facts, content: Pick<VoteContent, 'before'>, other: BatchId): boolean =>
  content.before.includes(other) || facts.after.includes(other);

/** `v`: the certificate's votes, whatever their base. */
export const voteTotal = (facts: Pick<Facts, 'classes'>): number => voteCount(facts.classes);

/**
 * `x_U` of every U that is listed at all, over the given classes of the batch. Entries of `after` are
 * listed by every one of these votes.
 */
export function listedCounts(
  facts: Facts,
  classes: readonly VoteClass[] = facts.classes,
): Map<BatchId, number> {
  const counts = new Map<BatchId, number>();
  for (const one of classes)
    for (const id of one.before) counts.set(id, (counts.get(id) ?? 0) + one.signers.length);
  const all = voteCount(classes);
  for (const id of facts.after) counts.set(id, all);
  return counts;
}

/** Votes that list `other`, whatever their base. */
export function listedCount(facts: Facts, other: BatchId): number {
  if (facts.after.includes(other)) return voteTotal(facts);
  return voteCount(facts.classes.filter((one) => one.before.includes(other)));
}

/** Every U that some vote lists, `after` included, ascending. */
export const listed = (facts: Facts): BatchId[] => [...listedCounts(facts).keys()].sort(compareText);
