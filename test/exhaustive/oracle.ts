/**
 * The oracle: sections 4 to 8 of the protocol, written from the text alone, as plainly as possible.
 * It imports nothing. Slow and dumb on purpose: the search (`search.ts`) and the bridge to the engine
 * (`bridge.test.ts`) both lean on it.
 *
 * Batches are numbers 0 to k-1, sets of batches are bit masks, a certificate is an array over signers.
 * `ids` and `hashes` give the place of a batch when sorted by its id, and by H(parent digest, id).
 */

export interface Vote {
  readonly base: number;
  /** Mask of the batches that the vote lists, without `after`. */
  readonly before: number;
  /** Mask of the transactions that the vote refuses. */
  readonly rejects: number;
}

export interface Certificate {
  readonly batch: number;
  /** Mask of `after(T)`: every vote counts as listing these. */
  readonly after: number;
  /** One place for each signer; undefined when its vote is not in the certificate. */
  readonly votes: readonly (Vote | undefined)[];
}

export interface Federation {
  readonly n: number;
  readonly f: number;
  readonly t: number;
}

export const quorumSize = ({ n, t }: Federation): number => n - t;
export const slackOf = (fed: Federation): number =>
  Math.max(0, Math.floor((quorumSize(fed) - 1) / 2) - fed.f);

export const has = (set: number, member: number): boolean => ((set >>> member) & 1) === 1;
export function members(set: number): number[] {
  const out: number[] = [];
  for (let i = 0; i < 32; i++) if (has(set, i)) out.push(i);
  return out;
}

const lists = (certificate: Certificate, vote: Vote, batch: number): boolean =>
  has(vote.before, batch) || has(certificate.after, batch);

const present = (certificate: Certificate): Vote[] =>
  certificate.votes.filter((vote): vote is Vote => vote !== undefined);

export interface Score {
  readonly votes: number;
  readonly missing: number;
  readonly score: number;
  /** Rivals and how many counted votes list each. */
  readonly rivals: ReadonlyMap<number, number>;
}

/**
 * Section 5, at a node that has delivered `settled` (with the batches whose number is used) up to `height`.
 * A rival is what the certificate lists. Votes whose base is above the height count as missing; a batch
 * that only they list is still listed in the certificate, with x = 0.
 */
export function score(certificate: Certificate, height: number, settled: number): Score {
  const all = present(certificate);
  const counted = all.filter((vote) => vote.base <= height);
  const rivals = new Map<number, number>();
  let lowest = counted.length;
  for (let rival = 0; rival < 31; rival++) {
    if (has(settled, rival) || !all.some((vote) => lists(certificate, vote, rival))) continue;
    const listed = counted.filter((vote) => lists(certificate, vote, rival)).length;
    rivals.set(rival, listed);
    lowest = Math.min(lowest, counted.length - listed);
  }
  return { votes: counted.length, missing: all.length - counted.length, score: lowest, rivals };
}

/** Section 6, rule 2: what a majority of the certificate lists and `known` (P, the block, used numbers) lacks. */
export function gapOf(certificate: Certificate, known: number): number {
  const all = present(certificate);
  let gap = 0;
  for (let other = 0; other < 31; other++) {
    if (has(known, other)) continue;
    const listed = all.filter((vote) => lists(certificate, vote, other)).length;
    if (2 * listed > all.length) gap |= 1 << other;
  }
  return gap;
}

/** The largest closed set among the candidates: throw out what has a gap until nothing has. */
export function largestClosedOf(candidates: readonly Certificate[], settled: number): number {
  let kept = candidates;
  for (;;) {
    const known = kept.reduce((set, one) => set | (1 << one.batch), settled);
    const next = kept.filter((one) => gapOf(one, known) === 0);
    if (next.length === kept.length) return kept.reduce((set, one) => set | (1 << one.batch), 0);
    kept = next;
  }
}

export interface Pair {
  readonly winner: number;
  readonly loser: number;
  readonly for: number;
  readonly against: number;
}

/** Section 7: the statements of all signers on one conflicting pair. */
export function tally(t: Certificate, u: Certificate): { tFirst: number; uFirst: number } {
  let tFirst = 0;
  let uFirst = 0;
  for (let signer = 0; signer < Math.max(t.votes.length, u.votes.length); signer++) {
    const onT = t.votes[signer];
    const onU = u.votes[signer];
    const statements = new Set<'t' | 'u'>();
    if (onT) statements.add(lists(t, onT, u.batch) ? 'u' : 't');
    if (onU) statements.add(lists(u, onU, t.batch) ? 't' : 'u');
    if (statements.size !== 1) continue;
    if (statements.has('t')) tFirst++;
    else uFirst++;
  }
  return { tFirst, uFirst };
}

/** Ranks of a batch in the block, one for each vote, sorted (section 7). */
function lineOf(certificate: Certificate, block: number): number[] {
  return present(certificate)
    .map((vote) => members((vote.before | certificate.after) & block).length)
    .sort((a, b) => a - b);
}

/** d(winner, loser): the comparison of the middle of two lines. */
export function lineDifference(winner: Certificate, loser: Certificate, block: number, f: number): number {
  const middle = Math.min(present(winner).length, present(loser).length) - 2 * f;
  const cut = (line: number[]): number[] => {
    const away = line.length - middle;
    const low = Math.floor(away / 2);
    return line.slice(low, low + middle);
  };
  if (middle <= 0) return 0;
  const a = cut(lineOf(winner, block));
  const b = cut(lineOf(loser, block));
  let d = 0;
  for (let i = 0; i < middle; i++) d += Math.sign(b[i]! - a[i]!);
  return d;
}

/** reach[x] = what can be reached from x along at least one edge; `edges[x]` = direct successors. */
export function closureOf(edges: readonly number[]): number[] {
  const reach = [...edges];
  for (let middle = 0; middle < reach.length; middle++)
    for (let from = 0; from < reach.length; from++)
      if (has(reach[from]!, middle)) reach[from] = reach[from]! | reach[middle]!;
  return reach;
}

/** Components of `nodes` under mutual reachability, then repeatedly the free one with the smallest id. */
function layOut(nodes: number, edges: readonly number[], ids: readonly number[]): number[] {
  const reach = closureOf(edges.map((set, from) => (has(nodes, from) ? set & nodes : 0)));
  const componentOf = (x: number): number =>
    members(nodes).reduce(
      (set, y) => (has(reach[x]!, y) && has(reach[y]!, x) ? set | (1 << y) : set),
      1 << x,
    );
  const smallest = (component: number): number => Math.min(...members(component).map((x) => ids[x]!));
  let left = [...new Set(members(nodes).map(componentOf))];
  const out: number[] = [];
  while (left.length > 0) {
    const free = left.filter((one) =>
      left.every((other) => other === one || !members(other).some((x) => (edges[x]! & one) !== 0)),
    );
    free.sort((a, b) => smallest(a) - smallest(b));
    const next = free[0]!;
    out.push(next);
    left = left.filter((one) => one !== next);
  }
  return out;
}

export interface Derived {
  readonly order: readonly number[];
  readonly pairs: readonly Pair[];
  readonly cycles: readonly number[];
  /** Whether a tie-breaking hash was looked at. */
  readonly tied: boolean;
}

/** Section 7. `conflicts[x]` is the mask of batches that conflict with x. */
export function derive(
  entries: readonly Certificate[],
  conflicts: readonly number[],
  ids: readonly number[],
  hashes: readonly number[],
  f: number,
): Derived {
  const size = conflicts.length;
  const block = entries.reduce((set, one) => set | (1 << one.batch), 0);
  const certificates = new Map(entries.map((one) => [one.batch, one]));
  const edges = new Array<number>(size).fill(0);
  const pairs: Pair[] = [];
  let tied = false;
  for (const t of entries)
    for (const u of entries) {
      if (t.batch >= u.batch || !has(conflicts[t.batch]!, u.batch)) continue;
      const { tFirst, uFirst } = tally(t, u);
      if (tFirst === uFirst) tied = true;
      const tWins = tFirst !== uFirst ? tFirst > uFirst : hashes[t.batch]! < hashes[u.batch]!;
      const [winner, loser] = tWins ? [t.batch, u.batch] : [u.batch, t.batch];
      edges[winner]! |= 1 << loser;
      pairs.push({ winner, loser, for: Math.max(tFirst, uFirst), against: Math.min(tFirst, uFirst) });
    }
  const order: number[] = [];
  const cycles: number[] = [];
  for (const component of layOut(block, edges, ids)) {
    if (members(component).length === 1) {
      order.push(...members(component));
      continue;
    }
    cycles.push(component);
    const inside = pairs
      .filter((pair) => has(component, pair.winner) && has(component, pair.loser))
      .map((pair) => ({
        ...pair,
        margin: pair.for - pair.against,
        d: lineDifference(certificates.get(pair.winner)!, certificates.get(pair.loser)!, block, f),
      }));
    inside.sort((a, b) => {
      const byStrength = b.margin - a.margin || b.d - a.d;
      if (byStrength !== 0) return byStrength;
      tied = true;
      return hashes[a.winner]! - hashes[b.winner]! || hashes[a.loser]! - hashes[b.loser]!;
    });
    const locked = new Array<number>(size).fill(0);
    for (const pair of inside)
      if (!has(closureOf(locked)[pair.loser]!, pair.winner)) locked[pair.winner]! |= 1 << pair.loser;
    for (const single of layOut(component, locked, ids)) order.push(...members(single));
  }
  return { order, pairs, cycles, tied };
}

/** Section 8: true = executed, for each transaction of the batch. */
export function executedOf(certificate: Certificate, transactions: number): boolean[] {
  const all = present(certificate);
  return Array.from(
    { length: transactions },
    (_, index) => 2 * all.filter((vote) => !has(vote.rejects, index)).length > all.length,
  );
}

/** Section 8: at most c of n votes are absent or say otherwise than the verdict. */
export function robust(certificate: Certificate, transactions: number, federation: Federation): boolean {
  return executedOf(certificate, transactions).every((executed, index) => {
    const same = present(certificate).filter((vote) => has(vote.rejects, index) !== executed).length;
    return federation.n - same <= slackOf(federation);
  });
}
