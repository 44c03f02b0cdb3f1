/**
 * The engine's rule on an arrival file, at one node that starts from nothing: it delivers what is final
 * by score, the smallest name first while several are, then one block of everything that closure allows
 * (protocol sections 5 to 7). The block holds what was delivered by score too: its order is derived from
 * the certificates alone, and the node skips what it delivered already.
 */

import { compareText } from '../../base/bytes.ts';
import type { BatchId } from '../../base/ids.ts';
import { largestClosed } from '../../ordering/closure.ts';
import { type Facts, listed, listedCounts, voteTotal } from '../../ordering/facts.ts';
import { linearize } from '../../ordering/linearize.ts';
import type { Quorum } from '../../ordering/quorum.ts';
import { isFinal, scoreOf } from '../../ordering/score.ts';
import type { Arrivals } from './arrivals.ts';
import type { BatchResult, Finality, OrderResult } from './result.ts';
import { conflictsIn, votesIn } from './votes.ts';

/** What a node delivers by score alone: batch to its score at its turn, in delivery order. */
function deliverByScore(certified: readonly Facts[], quorum: Quorum): Map<BatchId, number> {
  const delivered = new Map<BatchId, number>();
  const context = { height: 0, settled: (id: BatchId): boolean => delivered.has(id) };
  const listers = new Map<BatchId, Facts[]>();
  for (const facts of certified)
    for (const id of listed(facts)) listers.set(id, [...(listers.get(id) ?? []), facts]);
  // A batch that is final stays so while O grows: a delivery only removes rivals.
  const ready = new Map<BatchId, Facts>();
  const consider = (facts: Facts): void => {
    if (!delivered.has(facts.id) && isFinal(facts, context, quorum)) ready.set(facts.id, facts);
  };
  certified.forEach(consider);
  while (ready.size > 0) {
    const [first] = [...ready.values()].sort((a, b) => compareText(a.id, b.id));
    const facts = first!;
    ready.delete(facts.id);
    delivered.set(facts.id, scoreOf(facts, context).score);
    (listers.get(facts.id) ?? []).forEach(consider);
  }
  return delivered;
}

/** Applies the engine's rule to an arrival file. */
export function runEngineRule(arrivals: Arrivals): OrderResult {
  const { quorum } = arrivals;
  const conflicts = conflictsIn(arrivals);
  const all = votesIn(arrivals, conflicts);
  const certified = all.filter((facts) => voteTotal(facts) >= quorum.q);
  const byScore = deliverByScore(certified, quorum);
  const entries = largestClosed(certified, () => false);
  // The parent has no digest here: names stand for the hashes that break ties.
  const block = linearize(entries, conflicts, (id) => id, quorum);
  const order = [...byScore.keys(), ...block.order.filter((id) => !byScore.has(id))];
  const ranks = new Map(order.map((id, i) => [id, i + 1]));

  const resultOf = (facts: Facts): BatchResult => {
    const context = { height: 0, settled: (id: BatchId): boolean => byScore.has(id) };
    const rank = ranks.get(facts.id) ?? null;
    const final: Finality = byScore.has(facts.id) ? 'score' : rank === null ? 'open' : 'order';
    const rivals = [...listedCounts(facts)].sort(([a], [b]) => compareText(a, b));
    return {
      votes: voteTotal(facts),
      rivals: Object.fromEntries(rivals),
      score: byScore.get(facts.id) ?? scoreOf(facts, context).score,
      final,
      rank,
    };
  };
  return {
    rule: 'engine',
    quorum: quorum.q,
    slack: quorum.slack,
    threshold: quorum.threshold,
    batches: Object.fromEntries(all.map((facts) => [facts.id, resultOf(facts)])),
    pairs: block.pairs.map((pair) => ({
      first: pair.winner,
      second: pair.loser,
      for: pair.for,
      against: pair.against,
    })),
    cycles: block.cycles,
    order,
    open: all.map((facts) => facts.id).filter((id) => !ranks.has(id)),
  };
}
