/**
 * The source document's rule, kept as it stands so that it can be compared with the engine's (protocol
 * section 12). It is not safe against more liars than section 12 says.
 *
 * - A vote is the batch's position in the signer's line, from 1; a liar's is 1 + what it claims before it.
 * - The votes of a batch are sorted. Of two conflicting batches the one that is below the other at more
 *   positions comes first; when one has more votes, only the lowest `min(v_T, v_U)` of each count. On a
 *   tie, the smaller name.
 * - The score of a batch is the number of positions at which it is below the next batch of the resulting
 *   order that conflicts with it; its votes when there is none. It is final by score at `threshold * n`.
 *
 * The source does not say what to do about cycles, nor whether a batch may be ordered without one that
 * most votes put before it. Here every batch with a quorum is ordered, the smallest name first where
 * nothing decides, and cycles are broken by ranked pairs, as the engine does.
 */

import { compareText } from '../../base/bytes.ts';
import type { BatchId } from '../../base/ids.ts';
import { layout } from '../../ordering/components.ts';
import { lockPairs } from '../../ordering/ranked-pairs.ts';
import type { Arrivals } from './arrivals.ts';
import type { BatchResult, OrderResult, PairLine } from './result.ts';
import { conflictsIn } from './votes.ts';

/** The source's threshold at its tolerance of one half: (1 + 0.5) / 2. */
export const sourceThreshold = 0.75;

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

/** Positions at which `a` is strictly below `b`. */
export const positionsBelow = (a: readonly number[], b: readonly number[]): number =>
  a.filter((position, i) => i < b.length && position < b[i]!).length;

interface Win {
  readonly winner: number;
  readonly loser: number;
  readonly for: number;
  readonly against: number;
}

/** The order that the wins give, and its cycles. Nodes ascend with the names. */
function layOut(size: number, wins: readonly Win[]): { order: number[]; cycles: number[][] } {
  const graph: number[][] = Array.from({ length: size }, () => []);
  for (const win of wins) graph[win.winner]!.push(win.loser);
  const components = layout(graph);
  const order = components.flatMap((members) => {
    if (members.length === 1) return members;
    const local = new Map(members.map((node, i) => [node, i]));
    const ranked = wins
      .filter((win) => local.has(win.winner) && local.has(win.loser))
      .sort((a, b) => b.for - b.against - (a.for - a.against) || a.winner - b.winner || a.loser - b.loser)
      .map((win) => ({ winner: local.get(win.winner)!, loser: local.get(win.loser)! }));
    return layout(lockPairs(members.length, ranked)).map(([only]) => members[only!]!);
  });
  const cycles = components.filter((members) => members.length > 1).sort((a, b) => a[0]! - b[0]!);
  return { order, cycles };
}

/**
 * Applies the source's rule to an arrival file.
 * @param threshold the share of all signers that a score must reach.
 */
export function runSourceRule(arrivals: Arrivals, threshold: number = sourceThreshold): OrderResult {
  const { n, q } = arrivals.quorum;
  const needed = Math.ceil(threshold * n);
  const positions = positionsIn(arrivals);
  const conflicts = conflictsIn(arrivals);
  const names = [...arrivals.batches.keys()].sort(compareText);
  const ordered = names.filter((id) => positions.get(id)!.length >= q);
  const place = new Map(ordered.map((id, i) => [id, i]));
  const wins: Win[] = [];
  ordered.forEach((id, i) => {
    for (const other of conflicts.get(id)!) {
      const j = place.get(other);
      if (j === undefined || j <= i) continue;
      const below = positionsBelow(positions.get(id)!, positions.get(other)!);
      const above = positionsBelow(positions.get(other)!, positions.get(id)!);
      wins.push(
        below >= above
          ? { winner: i, loser: j, for: below, against: above }
          : { winner: j, loser: i, for: above, against: below },
      );
    }
  });
  const { order: nodes, cycles } = layOut(ordered.length, wins);
  const order = nodes.map((node) => ordered[node]!);
  const ranks = new Map(order.map((id, i) => [id, i + 1]));

  const resultOf = (id: BatchId): BatchResult => {
    const own = positions.get(id)!;
    const rank = ranks.get(id);
    const votes = own.length;
    if (rank === undefined) return { votes, rivals: {}, score: votes, final: 'open', rank: null };
    const rivalSet = new Set(conflicts.get(id)!);
    const next = order.slice(rank).find((other) => rivalSet.has(other));
    if (next === undefined)
      return { votes, rivals: {}, score: votes, final: votes >= needed ? 'score' : 'order', rank };
    const score = positionsBelow(own, positions.get(next)!);
    const rivals = { [next]: positionsBelow(positions.get(next)!, own) };
    return { votes, rivals, score, final: score >= needed ? 'score' : 'order', rank };
  };
  const pairs: PairLine[] = wins
    .sort((a, b) => a.winner - b.winner || a.loser - b.loser)
    .map((win) => ({
      first: ordered[win.winner]!,
      second: ordered[win.loser]!,
      for: win.for,
      against: win.against,
    }));
  return {
    rule: 'source',
    quorum: q,
    slack: n - needed,
    threshold: needed,
    batches: Object.fromEntries(names.map((id) => [id, resultOf(id)])),
    pairs,
    cycles: cycles.map((members) => members.map((node) => ordered[node]!)),
    order,
    open: names.filter((id) => !ranks.has(id)),
  };
}
