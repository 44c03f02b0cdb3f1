/**
 * The source document's rule, kept as it stands so that it can be attacked and compared with the engine's
 * (protocol section 12, left column). It is not safe against more liars than that section says.
 *
 * - A vote is the transaction's position in the signer's arrival order, counted since start, from 1.
 * - The votes of a transaction are sorted. Of two conflicting ones the one that is below the other at more
 *   positions comes first; when one has more votes, only the lowest `min(v_T, v_U)` of each count. On a
 *   tie, the smaller id.
 * - The score of a transaction is the number of positions at which it is below the next one of the resulting
 *   order that conflicts with it; its votes when there is none. From `threshold * n` on it is final.
 *
 * The source does not say what to do about cycles. Here whatever has a quorum is ordered, the smallest id
 * first where nothing decides, and cycles are broken by ranked pairs, as the engine does.
 *
 * `per-signer` is not the source's: it counts signers instead of sorted positions, the source's threshold
 * with the engine's votes, to show what the threshold alone is worth.
 */

import type { BatchId, SignerId } from '../../../src/base/ids.ts';
import { layout } from '../../../src/ordering/components.ts';
import { lockPairs } from '../../../src/ordering/ranked-pairs.ts';

/** The source's threshold at its tolerance of one half: (1 + 0.5) / 2. */
export const sourceThreshold = 0.75;

/** Votes of `n` that a share asks for. Shares are decimal: 0.55 of 20 is 11, whatever the last bit says. */
export const votesNeeded = (share: number, n: number): number => Math.ceil(Math.round(share * n * 1e6) / 1e6);

/** How the votes on two transactions are compared. */
export const comparisons = ['sorted', 'per-signer'] as const;
export type Comparison = (typeof comparisons)[number];

/** What one signer says of one transaction. */
export interface SourceVote {
  readonly signer: SignerId;
  /** Position in its arrival order, from 1. */
  readonly position: number;
  /** Conflicting transactions that it accepted earlier. */
  readonly before: readonly BatchId[];
}

/** Votes of a quorum on one transaction. */
export interface SourceCertificate {
  readonly id: BatchId;
  /** By signer, each once. */
  readonly votes: readonly SourceVote[];
}

/** Positions at which `a` is strictly below `b`; both ascending. */
export const positionsBelow = (a: readonly number[], b: readonly number[]): number =>
  a.filter((position, i) => i < b.length && position < b[i]!).length;

const sortedPositions = ({ votes }: SourceCertificate): number[] =>
  votes.map((vote) => vote.position).sort((a, b) => a - b);

/** Signers on record that `a` came first; one that contradicts itself says nothing. */
function signersBelow(a: SourceCertificate, b: SourceCertificate): number {
  const statements = new Map<SignerId, boolean>();
  for (const vote of a.votes) statements.set(vote.signer, !vote.before.includes(b.id));
  const contradicted = new Set<SignerId>();
  for (const vote of b.votes) {
    const first = vote.before.includes(a.id);
    if (statements.get(vote.signer) === !first) contradicted.add(vote.signer);
    statements.set(vote.signer, first);
  }
  return [...statements].filter(([signer, first]) => first && !contradicted.has(signer)).length;
}

/** In how many positions, or at how many signers, `a` comes before `b`. */
export const countBelow = (a: SourceCertificate, b: SourceCertificate, comparison: Comparison): number =>
  comparison === 'sorted' ? positionsBelow(sortedPositions(a), sortedPositions(b)) : signersBelow(a, b);

/** What is to be ordered. */
export interface SourceInput {
  /** Ascending. */
  readonly ids: readonly BatchId[];
  conflict(a: BatchId, b: BatchId): boolean;
  /** In how many positions `a` is below `b`. */
  below(a: BatchId, b: BatchId): number;
  /** Votes on a transaction. */
  votes(id: BatchId): number;
}

/** A pair of conflicting transactions, as places in `ids`. */
export interface SourceWin {
  readonly winner: number;
  readonly loser: number;
  readonly for: number;
  readonly against: number;
}

export interface SourcePlace {
  readonly id: BatchId;
  readonly score: number;
  /** The next one that conflicts. */
  readonly next: BatchId | undefined;
}

export interface SourceOrder {
  readonly places: readonly SourcePlace[];
  readonly wins: readonly SourceWin[];
  /** Places in `ids` of the members of each cycle, ascending. */
  readonly cycles: readonly (readonly number[])[];
}

/** The order that the wins give, and its cycles. */
function layOut(size: number, wins: readonly SourceWin[]): { order: number[]; cycles: number[][] } {
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

/** Orders what there is and scores it. */
export function sourceOrder(input: SourceInput): SourceOrder {
  const { ids } = input;
  const wins: SourceWin[] = [];
  for (const [i, id] of ids.entries())
    for (let j = i + 1; j < ids.length; j++) {
      const other = ids[j]!;
      if (!input.conflict(id, other)) continue;
      const below = input.below(id, other);
      const above = input.below(other, id);
      wins.push(
        below >= above
          ? { winner: i, loser: j, for: below, against: above }
          : { winner: j, loser: i, for: above, against: below },
      );
    }
  const { order, cycles } = layOut(ids.length, wins);
  const sorted = order.map((node) => ids[node]!);
  const places = sorted.map((id, i): SourcePlace => {
    const next = sorted.slice(i + 1).find((other) => input.conflict(id, other));
    return { id, score: next === undefined ? input.votes(id) : input.below(id, next), next };
  });
  return { places, wins, cycles };
}
