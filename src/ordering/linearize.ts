/**
 * The order derived from a block (protocol section 7). Each pair of conflicting entries is decided by
 * the signers' statements; the wins form a directed graph; its components are laid out one after the
 * other. A component of more than one batch is a Condorcet cycle: inside it pairs are locked strongest
 * margin first (ranked pairs), and the locked graph is laid out in the same way.
 *
 * Pairs inside a cycle are sorted by (margin descending, `d` descending, tie of the winner, tie of the
 * loser). The layout takes the smallest batch id itself; only pairs use `tie`.
 *
 * The result is a pure function of the set of entries: the order in which they are given has no effect.
 */

import { invariant } from '../base/assert.ts';
import { compareText } from '../base/bytes.ts';
import type { BatchId } from '../base/ids.ts';
import { layout } from './components.ts';
import type { Facts } from './facts.ts';
import { compareLines, lineOf } from './lines.ts';
import { countPair, type PairResult, statementsOf, winsPair } from './pairs.ts';
import type { Quorum } from './quorum.ts';
import { lockPairs } from './ranked-pairs.ts';

export interface Linearized {
  readonly order: BatchId[];
  /** Every pair of conflicting entries, by (winner, loser). Built when it is read. */
  readonly pairs: PairResult[];
  /** Components of more than one batch, the ids of each ascending, by their first id. */
  readonly cycles: BatchId[][];
}

type Tie = (id: BatchId) => string;

/** A decided pair; entries are numbered in ascending order of their ids. */
interface Win {
  readonly winner: number;
  readonly loser: number;
  readonly for: number;
  readonly against: number;
}

/** Decides every pair of conflicting entries, each once. `entries` are sorted by id. */
function decidePairs(
  entries: readonly Facts[],
  place: ReadonlyMap<BatchId, number>,
  conflicts: ReadonlyMap<BatchId, readonly BatchId[]>,
  tie: Tie,
  n: number,
): Win[] {
  const statements = entries.map((entry) => statementsOf(entry, n, place));
  const wins: Win[] = [];
  entries.forEach((entry, i) => {
    for (const other of conflicts.get(entry.id) ?? []) {
      const j = place.get(other);
      if (j === undefined || j <= i) continue;
      const { aFirst, bFirst } = countPair(statements[i]!, statements[j]!);
      wins.push(
        winsPair(entry.id, aFirst, other, bFirst, tie)
          ? { winner: i, loser: j, for: aFirst, against: bFirst }
          : { winner: j, loser: i, for: bFirst, against: aFirst },
      );
    }
  });
  return wins;
}

const margin = (win: Win): number => win.for - win.against;

/** Orders the members of a cycle by ranked pairs. `wins` are the pairs inside it. */
function orderCycle(
  members: readonly number[],
  wins: readonly Win[],
  entries: readonly Facts[],
  held: ReadonlyMap<BatchId, number>,
  tie: Tie,
  f: number,
): number[] {
  const local = new Map(members.map((node, i) => [node, i]));
  const lines = members.map((node) => lineOf(entries[node]!, held));
  const ties = members.map((node) => tie(entries[node]!.id));
  const ranked = wins.map((win) => {
    const winner = local.get(win.winner)!;
    const loser = local.get(win.loser)!;
    return { winner, loser, margin: margin(win), d: compareLines(lines[winner]!, lines[loser]!, f) };
  });
  ranked.sort(
    (a, b) =>
      b.margin - a.margin ||
      b.d - a.d ||
      compareText(ties[a.winner]!, ties[b.winner]!) ||
      compareText(ties[a.loser]!, ties[b.loser]!),
  );
  // Members ascend, so local numbers ascend with the batch ids too.
  return layout(lockPairs(members.length, ranked)).map(([only]) => members[only!]!);
}

/** The wins of each cycle, for the components given in layout order. */
function winsByComponent(components: readonly number[][], wins: readonly Win[], size: number): Win[][] {
  const componentOf = new Int32Array(size).fill(-1);
  components.forEach((members, i) => {
    if (members.length > 1) for (const node of members) componentOf[node] = i;
  });
  const inside: Win[][] = components.map(() => []);
  for (const win of wins) {
    const component = componentOf[win.winner]!;
    if (component >= 0 && component === componentOf[win.loser]) inside[component]!.push(win);
  }
  return inside;
}

/**
 * The order of a block's entries, from their certificates alone.
 * @param entries the block's entries, with distinct ids.
 * @param conflicts for each entry the batches that conflict with it; symmetric, others are ignored.
 * @param tie `blockTie(parent)`; must differ for different ids.
 */
export function linearize(
  entries: readonly Facts[],
  conflicts: ReadonlyMap<BatchId, readonly BatchId[]>,
  tie: Tie,
  quorum: Quorum,
): Linearized {
  const sorted = [...entries].sort((a, b) => compareText(a.id, b.id));
  const place = new Map(sorted.map((entry, i) => [entry.id, i]));
  invariant(place.size === entries.length, 'linearize: an entry is given twice');
  const wins = decidePairs(sorted, place, conflicts, tie, quorum.n);
  const graph: number[][] = sorted.map(() => []);
  for (const win of wins) graph[win.winner]!.push(win.loser);
  const components = layout(graph);
  const inside = winsByComponent(components, wins, sorted.length);
  const idOf = (node: number): BatchId => sorted[node]!.id;
  const order = components.flatMap((members, i) =>
    members.length === 1 ? members : orderCycle(members, inside[i]!, sorted, place, tie, quorum.f),
  );
  let pairs: PairResult[] | undefined;
  return {
    order: order.map(idOf),
    get pairs() {
      pairs ??= [...wins]
        .sort((a, b) => a.winner - b.winner || a.loser - b.loser)
        .map((win) => ({
          winner: idOf(win.winner),
          loser: idOf(win.loser),
          for: win.for,
          against: win.against,
          margin: margin(win),
        }));
      return pairs;
    },
    cycles: components
      .filter((members) => members.length > 1)
      .sort((a, b) => a[0]! - b[0]!)
      .map((members) => members.map(idOf)),
  };
}
