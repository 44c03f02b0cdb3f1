/**
 * The ordering score: finality without phase 3 (protocol section 5). It counts how many votes are on
 * record as having accepted T before the most dangerous rival. Those votes never change, so with
 * `n - c` of them every certificate of a rival names T, and T wins the pair in any block.
 *
 *   score(T) = min over rivals U of (v - x_U), or v when there is no rival
 *
 * Votes with `base` above the node's committed height count as missing, in `v` and in `x_U`. A rival is
 * any U listed in the certificate, not in O, whose number is not used in O.
 */

import { compareText } from '../base/bytes.ts';
import type { BatchId } from '../base/ids.ts';
import { voteCount } from '../messages/vote.ts';
import { type Facts, listedCounts, voteTotal } from './facts.ts';
import type { Quorum } from './quorum.ts';
import { verdictsRobust } from './verdict.ts';

/** What a node has delivered. */
export interface ScoreContext {
  /** `h`: committed height, all bodies up to it held and delivered. */
  readonly height: number;
  /** True when the batch is in O or its number is used in O. */
  readonly settled: (id: BatchId) => boolean;
}

export interface Rival {
  readonly id: BatchId;
  /** `x_U`: votes that list it, without the missing ones. */
  readonly listed: number;
}

export interface Score {
  /** `v`: votes whose base is not above the height. */
  readonly votes: number;
  readonly score: number;
  /** Ascending by id. One that only missing votes list is a rival with 0. */
  readonly rivals: readonly Rival[];
  /** Votes with a base above the height. */
  readonly missing: number;
}

/** The score of a certified batch at a node, out of `n`. */
export function scoreOf(facts: Facts, context: ScoreContext): Score {
  const present = facts.classes.filter((one) => one.base <= context.height);
  const absent = facts.classes.filter((one) => one.base > context.height);
  const votes = voteCount(present);
  const counts = listedCounts(facts, present);
  for (const one of absent) for (const id of one.before) if (!counts.has(id)) counts.set(id, 0);
  const rivals: Rival[] = [];
  let score = votes;
  for (const [id, listed] of counts) {
    if (context.settled(id)) continue;
    rivals.push({ id, listed });
    score = Math.min(score, votes - listed);
  }
  rivals.sort((a, b) => compareText(a.id, b.id));
  return { votes, score, rivals, missing: voteCount(absent) };
}

/**
 * True when T is final now by its score: `score(T) >= n - c`, and every verdict is robust (section 8).
 * The same answer as `scoreOf`, without building the list of rivals.
 */
export function isFinal(facts: Facts, context: ScoreContext, quorum: Quorum): boolean {
  if (voteTotal(facts) < quorum.threshold) return false;
  const present = facts.classes.filter((one) => one.base <= context.height);
  const votes = voteCount(present);
  if (votes < quorum.threshold) return false;
  // All votes list an entry of `after`: while one is not settled the score is 0.
  for (const id of facts.after) if (!context.settled(id)) return false;
  const counts = new Map<BatchId, number>();
  for (const one of present)
    for (const id of one.before) {
      const count = (counts.get(id) ?? 0) + one.signers.length;
      counts.set(id, count);
      if (votes - count < quorum.threshold && !context.settled(id)) return false;
    }
  return verdictsRobust(facts, quorum);
}
