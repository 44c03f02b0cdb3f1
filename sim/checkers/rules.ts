/**
 * The ordering rules once more, for the checkers: written from the protocol's text alone, slow and
 * plain, sharing message types with the engine and no rule. Sets are JavaScript sets, nothing is cached
 * but what a batch depends on.
 */

import { fromHex, toHex } from '../../src/base/bytes.ts';
import { digest } from '../../src/base/codec.ts';
import { hash, hashBytes } from '../../src/base/hash.ts';
import type { BatchId, BlockDigest, Epoch, SignerId } from '../../src/base/ids.ts';
import { sha256 } from '../../src/base/sha256.ts';
import type { Batch } from '../../src/messages/batch.ts';
import type { Certificate, VoteContent } from '../../src/messages/vote.ts';
import type { Place } from '../../src/ordering/order.ts';

/** Numbers of a federation (section 1). */
export interface Numbers {
  readonly n: number;
  readonly f: number;
  readonly t: number;
}

export const quorumSize = ({ n, t }: Numbers): number => n - t;
export const slackOf = (numbers: Numbers): number => Math.floor((quorumSize(numbers) - 1) / 2) - numbers.f;

interface Touches {
  readonly names: ReadonlySet<string>;
  readonly everything: boolean;
  readonly something: boolean;
}

const touched = new WeakMap<Batch, Touches>();

function touchesOf(batch: Batch): Touches {
  const known = touched.get(batch);
  if (known) return known;
  const names = new Set<string>(batch.transactionIds.map((id) => `id ${id}`));
  names.add(`number ${batch.header.ingress} ${batch.header.number}`);
  let everything = false;
  for (const { dependencies } of batch.transactions) {
    if (dependencies === undefined) everything = true;
    for (const one of dependencies ?? []) names.add(`on ${toHex(one)}`);
  }
  const something = everything || batch.transactions.some((one) => (one.dependencies?.length ?? 0) > 0);
  const touches = { names, everything, something };
  touched.set(batch, touches);
  return touches;
}

/** T # U (section 2). */
export function conflict(t: Batch, u: Batch): boolean {
  const a = touchesOf(t);
  const b = touchesOf(u);
  if ((a.everything && b.something) || (b.everything && a.something)) return true;
  for (const name of a.names) if (b.names.has(name)) return true;
  return false;
}

/** For each batch of a list all others that it conflicts with; quick where few do. */
export function conflictsAmong(batches: Iterable<Batch>): ReadonlyMap<BatchId, readonly Batch[]> {
  const all = [...new Map([...batches].map((batch) => [batch.id, batch])).values()];
  const named = new Map<string, Batch[]>();
  for (const batch of all)
    for (const name of touchesOf(batch).names) {
      const list = named.get(name);
      if (list) list.push(batch);
      else named.set(name, [batch]);
    }
  const everything = all.filter((batch) => touchesOf(batch).everything);
  return new Map(
    all.map((batch) => {
      const { names, everything: wild, something } = touchesOf(batch);
      const near = wild
        ? all
        : new Set([...names].flatMap((name) => named.get(name)!).concat(something ? everything : []));
      return [batch.id, [...near].filter((other) => other.id !== batch.id && conflict(batch, other))];
    }),
  );
}

/** A batch with a certificate of it. */
export interface Certified {
  readonly batch: Batch;
  readonly certificate: Certificate;
  /** Entries of `after` that are not met: their number is not used in the order that is built upon. */
  readonly after: readonly BatchId[];
}

/** @param used whether the order that is built upon uses a number of the batch's ingress. */
export const certified = (
  batch: Batch,
  certificate: Certificate,
  used: (number: string) => boolean,
): Certified => ({
  batch,
  certificate,
  after: batch.header.after
    .filter((entry) => !used(`${batch.header.ingress}/${entry.number}`))
    .map((entry) => entry.id),
});

/** One vote a signer, as a certificate states them. */
export function votesIn(certificate: Certificate): Map<SignerId, VoteContent> {
  const votes = new Map<SignerId, VoteContent>();
  for (const one of certificate.classes) for (const signer of one.signers) votes.set(signer, one);
  return votes;
}

const listsOf = ({ after }: Certified, vote: VoteContent): Set<BatchId> =>
  new Set([...vote.before, ...after]);

/** Section 5: whether the certificate makes its batch final, where `settled` tells who is no rival. */
export function finalByScore(
  one: Certified,
  height: number,
  settled: (id: BatchId) => boolean,
  numbers: Numbers,
): boolean {
  const { batch, certificate } = one;
  const all = [...votesIn(certificate).values()];
  const counted = all.filter((vote) => vote.base <= height);
  const rivals = new Set(all.flatMap((vote) => [...listsOf(one, vote)]).filter((id) => !settled(id)));
  let score = counted.length;
  for (const rival of rivals)
    score = Math.min(score, counted.filter((vote) => !listsOf(one, vote).has(rival)).length);
  if (score < numbers.n - slackOf(numbers)) return false;
  return batch.transactions.every((_, index) => {
    const rejecting = all.filter((vote) => vote.rejects.includes(index)).length;
    const accepting = all.length - rejecting;
    return numbers.n - Math.max(accepting, rejecting) <= slackOf(numbers);
  });
}

/** Section 6, rule 2: what a majority of the certificate's votes lists. */
export function majorityOf(one: Certified): BatchId[] {
  const all = [...votesIn(one.certificate).values()];
  const named = new Set(all.flatMap((vote) => [...listsOf(one, vote)]));
  return [...named].filter((id) => 2 * all.filter((vote) => listsOf(one, vote).has(id)).length > all.length);
}

/** Section 8: true = executed, by this certificate. */
export function executedBy({ batch, certificate }: Certified): boolean[] {
  const all = [...votesIn(certificate).values()];
  return batch.transactions.map(
    (_, index) => 2 * all.filter((vote) => !vote.rejects.includes(index)).length > all.length,
  );
}

interface Win {
  readonly winner: Certified;
  readonly loser: Certified;
  readonly margin: number;
}

/** Section 7: who wins a conflicting pair, and by how much. */
function decide(t: Certified, u: Certified, tie: (id: BatchId) => string): Win {
  const onT = votesIn(t.certificate);
  const onU = votesIn(u.certificate);
  let balance = 0;
  for (const signer of new Set([...onT.keys(), ...onU.keys()])) {
    const said = new Set<'t' | 'u'>();
    const voteT = onT.get(signer);
    const voteU = onU.get(signer);
    if (voteT) said.add(listsOf(t, voteT).has(u.batch.id) ? 'u' : 't');
    if (voteU) said.add(listsOf(u, voteU).has(t.batch.id) ? 't' : 'u');
    if (said.size === 1) balance += said.has('t') ? 1 : -1;
  }
  const first = balance !== 0 ? balance > 0 : tie(t.batch.id) < tie(u.batch.id);
  return first
    ? { winner: t, loser: u, margin: Math.abs(balance) }
    : { winner: u, loser: t, margin: Math.abs(balance) };
}

/** What each node reaches along at least one edge. */
function reachable(nodes: readonly BatchId[], edges: ReadonlyMap<BatchId, ReadonlySet<BatchId>>) {
  const reach = new Map<BatchId, Set<BatchId>>();
  for (const node of nodes) {
    const found = new Set<BatchId>(edges.get(node));
    for (const next of found) for (const further of edges.get(next) ?? []) found.add(further);
    reach.set(node, found);
  }
  return reach;
}

/** Components by mutual reachability; repeatedly the one with the smallest id that has no predecessor. */
function layOut(nodes: readonly BatchId[], edges: ReadonlyMap<BatchId, ReadonlySet<BatchId>>): BatchId[][] {
  const reach = reachable(nodes, edges);
  let left: BatchId[][] = [];
  const placed = new Set<BatchId>();
  for (const node of [...nodes].sort()) {
    if (placed.has(node)) continue;
    const component = nodes.filter(
      (other) => other === node || (reach.get(node)!.has(other) && reach.get(other)!.has(node)),
    );
    for (const one of component) placed.add(one);
    left.push(component.sort());
  }
  const out: BatchId[][] = [];
  while (left.length > 0) {
    const waiting = new Set(left.flat());
    const free = left.filter(
      (component) =>
        ![...waiting].some(
          (from) => !component.includes(from) && component.some((to) => edges.get(from)?.has(to)),
        ),
    );
    const next = free.sort((a, b) => (a[0]! < b[0]! ? -1 : 1))[0]!;
    out.push(next);
    left = left.filter((component) => component !== next);
  }
  return out;
}

/** d(winner, loser): the comparison of the middles of two lines. */
function lineDifference(
  winner: Certified,
  loser: Certified,
  inBlock: ReadonlySet<BatchId>,
  f: number,
): number {
  const lines = [winner, loser].map((one) =>
    [...votesIn(one.certificate).values()]
      .map((vote) => [...listsOf(one, vote)].filter((id) => inBlock.has(id)).length)
      .sort((a, b) => a - b),
  );
  const keep = Math.min(lines[0]!.length, lines[1]!.length) - 2 * f;
  if (keep <= 0) return 0;
  const [a, b] = lines.map((line) => {
    const low = Math.floor((line.length - keep) / 2);
    return line.slice(low, low + keep);
  });
  return a!.reduce((sum, rank, i) => sum + Math.sign(b![i]! - rank), 0);
}

const edgesOf = (wins: readonly Win[]): Map<BatchId, Set<BatchId>> => {
  const edges = new Map<BatchId, Set<BatchId>>();
  for (const { winner, loser } of wins) {
    const from = edges.get(winner.batch.id) ?? new Set();
    from.add(loser.batch.id);
    edges.set(winner.batch.id, from);
  }
  return edges;
};

/** Section 7: the order of a block's entries. */
export function derivedOrder(entries: readonly Certified[], parent: BlockDigest, f: number): BatchId[] {
  const tie = (id: BatchId): string => hash('tie', digest().encode(parent), digest().encode(id));
  const ids = entries.map((entry) => entry.batch.id);
  const wins: Win[] = [];
  entries.forEach((t, i) => {
    for (const u of entries.slice(i + 1)) if (conflict(t.batch, u.batch)) wins.push(decide(t, u, tie));
  });
  const inBlock = new Set(ids);
  return layOut(ids, edgesOf(wins)).flatMap((component) => {
    if (component.length === 1) return component;
    const inside = wins
      .filter(
        ({ winner, loser }) => component.includes(winner.batch.id) && component.includes(loser.batch.id),
      )
      .map((win) => ({ ...win, d: lineDifference(win.winner, win.loser, inBlock, f) }));
    const text = ({ winner, loser }: Win): string => `${tie(winner.batch.id)} ${tie(loser.batch.id)}`;
    inside.sort((a, b) => b.margin - a.margin || b.d - a.d || (text(a) < text(b) ? -1 : 1));
    const locked: Win[] = [];
    for (const win of inside)
      if (!reachable([win.loser.batch.id], edgesOf(locked)).get(win.loser.batch.id)!.has(win.winner.batch.id))
        locked.push(win);
    return layOut(component, edgesOf(locked)).flat();
  });
}

/** An integer in so many bytes, the highest first. */
function bytesOf(value: number, count: number): Uint8Array {
  const bytes = new Uint8Array(count);
  for (let i = count - 1, left = value; i >= 0; i--, left = Math.floor(left / 256)) bytes[i] = left % 256;
  return bytes;
}

/**
 * Section 14: what a leaf of the order's Merkle tree says: its place from 0, the batch, the certificate, whether the
 * batch is void, and how many verdicts follow, in 8, 32, 32, 1 and 4 bytes; then a byte for each verdict.
 */
export function leafOf(position: number, place: Omit<Place, 'ingress' | 'number'>): Uint8Array {
  const verdicts = place.verdicts.map((verdict) => ['executed', 'rejected', 'duplicate'].indexOf(verdict));
  return hashBytes(
    'order-leaf',
    bytesOf(position, 8),
    fromHex(place.batch),
    fromHex(place.certificate),
    Uint8Array.of(place.void ? 1 : 0, ...bytesOf(verdicts.length, 4), ...verdicts),
  );
}

/**
 * Sections 6 and 14: who leads a term. Words of 4 bytes from SHA-256(seed, block number), until one is below the
 * largest multiple of `n` that fits; its remainder is the leader.
 */
export function leaderOfTerm(epoch: Epoch, term: number, n: number): SignerId {
  const seed = hashBytes('leader', fromHex(epoch), bytesOf(term, 8));
  const fair = 2 ** 32 - (2 ** 32 % n);
  for (let block = 0; ; block++) {
    const bytes = sha256(seed, bytesOf(block, 4));
    for (let at = 0; at < bytes.length; at += 4) {
      const word = bytes.subarray(at, at + 4).reduce((sum, byte) => sum * 256 + byte, 0);
      if (word < fair) return (word % n) as SignerId;
    }
  }
}
