/**
 * The source document's rule (sim/rules/source/order.ts) on an arrival file. A vote is the batch's position
 * in the signer's line, from 1; a liar's is 1 + what it claims before it. Whether a batch may be ordered
 * without one that most votes put before it the source does not say: here every batch with a quorum is.
 */

import {
  positionsBelow,
  type SourceOrder,
  sourceOrder,
  sourceThreshold,
  votesNeeded,
} from '../../../sim/rules/source/order.ts';
import { compareText } from '../../base/bytes.ts';
import type { BatchId } from '../../base/ids.ts';
import type { Arrivals } from './arrivals.ts';
import type { BatchResult, OrderResult, PairLine } from './result.ts';
import { conflictsIn } from './votes.ts';

/** Sorted positions of each batch in the signers' lines. */
function positionsIn(arrivals: Arrivals): Map<BatchId, number[]> {
  const positions = new Map<BatchId, number[]>([...arrivals.batches.keys()].map((id) => [id, []]));
  for (const [signer, line] of arrivals.lines)
    line.forEach((id, i) => {
      if (!arrivals.claims.get(id)?.has(signer)) positions.get(id)!.push(i + 1);
    });
  for (const [id, claims] of arrivals.claims)
    for (const claim of claims.values()) positions.get(id)!.push(claim.length + 1);
  for (const votes of positions.values()) votes.sort((a, b) => a - b);
  return positions;
}

/** Conflicting batches, the winner first. */
const pairsOf = (order: SourceOrder, ids: readonly BatchId[]): PairLine[] =>
  [...order.wins]
    .sort((a, b) => a.winner - b.winner || a.loser - b.loser)
    .map((win) => ({
      first: ids[win.winner]!,
      second: ids[win.loser]!,
      for: win.for,
      against: win.against,
    }));

/**
 * Applies the source's rule to an arrival file.
 * @param threshold the share of all signers that a score must reach.
 */
export function runSourceRule(arrivals: Arrivals, threshold: number = sourceThreshold): OrderResult {
  const { n, q } = arrivals.quorum;
  const needed = votesNeeded(threshold, n);
  const positions = positionsIn(arrivals);
  const conflicts = new Map([...conflictsIn(arrivals)].map(([id, others]) => [id, new Set(others)]));
  const names = [...arrivals.batches.keys()].sort(compareText);
  const ids = names.filter((id) => positions.get(id)!.length >= q);
  const below = (a: BatchId, b: BatchId): number => positionsBelow(positions.get(a)!, positions.get(b)!);
  const result = sourceOrder({
    ids,
    conflict: (a, b) => conflicts.get(a)!.has(b),
    below,
    votes: (id) => positions.get(id)!.length,
  });
  const ranks = new Map(result.places.map((place, i) => [place.id, { ...place, rank: i + 1 }]));

  const resultOf = (id: BatchId): BatchResult => {
    const votes = positions.get(id)!.length;
    const place = ranks.get(id);
    if (!place) return { votes, rivals: {}, score: votes, final: 'open', rank: null };
    const { score, next, rank } = place;
    const rivals = next === undefined ? {} : { [next]: below(next, id) };
    return { votes, rivals, score, final: score >= needed ? 'score' : 'order', rank };
  };
  return {
    rule: 'source',
    quorum: q,
    slack: n - needed,
    threshold: needed,
    batches: Object.fromEntries(names.map((id) => [id, resultOf(id)])),
    pairs: pairsOf(result, ids),
    cycles: result.cycles.map((members) => members.map((node) => ids[node]!)),
    order: result.places.map((place) => place.id),
    open: names.filter((id) => !ranks.has(id)),
  };
}
