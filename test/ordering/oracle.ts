/**
 * Dumb oracles: protocol section 7 read sentence by sentence, with sets of names and no cleverness. They
 * share no code with the implementation.
 */

import type { Facts } from '../../src/ordering/facts.ts';
import { type Block, plainVotes } from './support.ts';

export interface OraclePair {
  winner: string;
  loser: string;
  for: number;
  against: number;
  margin: number;
}

/** One pair: ask every signer for its statements. */
export function oraclePair(t: Facts, u: Facts, n: number, tie: (id: never) => string): OraclePair {
  let tFirst = 0;
  let uFirst = 0;
  for (let signer = 0; signer < n; signer++) {
    const onT = plainVotes(t).find((vote) => vote.signer === signer);
    const onU = plainVotes(u).find((vote) => vote.signer === signer);
    const said = new Set<string>();
    if (onT) said.add(onT.listed.has(u.id) ? 'U' : 'T');
    if (onU) said.add(onU.listed.has(t.id) ? 'T' : 'U');
    if (said.size !== 1) continue;
    if (said.has('T')) tFirst += 1;
    else uFirst += 1;
  }
  const tWins = tFirst > uFirst || (tFirst === uFirst && tie(t.id as never) < tie(u.id as never));
  return tWins
    ? { winner: t.id, loser: u.id, for: tFirst, against: uFirst, margin: tFirst - uFirst }
    : { winner: u.id, loser: t.id, for: uFirst, against: tFirst, margin: uFirst - tFirst };
}

/** d(winner, loser), by trimming one rank at a time: the high end first, then the low end, and so on. */
export function oracleD(winner: Facts, loser: Facts, held: readonly string[], f: number): number {
  const line = (one: Facts): number[] =>
    plainVotes(one)
      .map((vote) => held.filter((name) => vote.listed.has(name)).length)
      .sort((a, b) => a - b);
  const low = line(winner);
  const high = line(loser);
  const length = Math.max(0, Math.min(low.length, high.length) - 2 * f);
  for (const ranks of [low, high])
    for (let cut = 0; ranks.length > length; cut++) {
      if (cut % 2 === 0) ranks.pop();
      else ranks.shift();
    }
  const below = low.filter((rank, i) => rank < high[i]!).length;
  const above = low.filter((rank, i) => rank > high[i]!).length;
  return below - above;
}

type Edge = readonly [string, string];

export function reachable(edges: readonly Edge[], from: string): Set<string> {
  const found = new Set<string>();
  const visit = (node: string): void => {
    for (const [a, b] of edges)
      if (a === node && !found.has(b)) {
        found.add(b);
        visit(b);
      }
  };
  visit(from);
  return found;
}

/** Components in layout order, each sorted. */
export function oracleLayout(nodes: readonly string[], edges: readonly Edge[]): string[][] {
  const reach = new Map(nodes.map((node) => [node, reachable(edges, node)]));
  const left = new Set<string>();
  const components = new Map<string, string[]>();
  for (const node of [...nodes].sort()) {
    const same = nodes.filter((x) => x === node || (reach.get(node)!.has(x) && reach.get(x)!.has(node)));
    components.set(same.sort().join(), same);
    left.add(same.join());
  }
  const result: string[][] = [];
  while (left.size > 0) {
    const free = [...left].filter((key) => {
      const members = components.get(key)!;
      return !edges.some(
        ([a, b]) =>
          members.includes(b) &&
          !members.includes(a) &&
          [...left].some((k) => components.get(k)!.includes(a)),
      );
    });
    const next = free.sort((a, b) => (components.get(a)![0]! < components.get(b)![0]! ? -1 : 1))[0]!;
    left.delete(next);
    result.push(components.get(next)!);
  }
  return result;
}

/** The whole of section 7. */
export function oracleLinearize(block: Block): { order: string[]; pairs: OraclePair[]; cycles: string[][] } {
  const held = block.entries.map((entry) => entry.id as string);
  const byName = new Map(block.entries.map((entry) => [entry.id as string, entry]));
  const tie = (name: string): string => block.tie(name as never);
  const pairs: OraclePair[] = [];
  for (const t of block.entries)
    for (const u of block.entries)
      if (t.id < u.id && block.conflicts.get(t.id)!.includes(u.id))
        pairs.push(oraclePair(t, u, block.quorum.n, block.tie as never));
  const components = oracleLayout(
    held,
    pairs.map((pair) => [pair.winner, pair.loser] as const),
  );
  const order: string[] = [];
  for (const members of components) {
    const inside = pairs.filter((pair) => members.includes(pair.winner) && members.includes(pair.loser));
    const d = (pair: OraclePair): number =>
      oracleD(byName.get(pair.winner)!, byName.get(pair.loser)!, held, block.quorum.f);
    const stronger = (a: OraclePair, b: OraclePair): boolean => {
      if (a.margin !== b.margin) return a.margin > b.margin;
      if (d(a) !== d(b)) return d(a) > d(b);
      if (tie(a.winner) !== tie(b.winner)) return tie(a.winner) < tie(b.winner);
      return tie(a.loser) < tie(b.loser);
    };
    const locked: Edge[] = [];
    while (inside.length > 0) {
      const best = inside.reduce((a, b) => (stronger(b, a) ? b : a));
      inside.splice(inside.indexOf(best), 1);
      if (!reachable(locked, best.loser).has(best.winner)) locked.push([best.winner, best.loser]);
    }
    order.push(...oracleLayout(members, locked).flat());
  }
  const cycles = components.filter((members) => members.length > 1).sort((a, b) => (a[0]! < b[0]! ? -1 : 1));
  return { order, pairs, cycles };
}
