/**
 * Fairness (protocol section 7): every pair of conflicting batches against what the honest signers saw.
 *
 * The claim: if all but `c` honest signers accepted T before U, U is not ordered before T unless a cycle
 * holds both. With at most `f` liars it follows from the votes: in any certificate of U more than half list T,
 * so T is in the block of U or before it; and in one block at least `q - f - c` signers say "T first" and at most
 * `f + c` say "U first". A signer counts as having accepted T before U only when that is certain: it accepted
 * both in this order, or it accepted T, never crashed, and had not heard the end of U by then.
 */

import type { BatchId, SignerId } from '../../src/base/ids.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { type Checker, short } from './checker.ts';
import { inOneCycle } from './fairness-cycle.ts';
import type { FinalOrder, History } from './history.ts';
import { conflictsAmong, slackOf } from './rules.ts';

/** What one honest signer saw: places in the order of its events, one count for all of them. */
interface Sight {
  readonly accepted: ReadonlyMap<BatchId, number>;
  /** When it first heard that a batch is final, by score or in a block. */
  readonly settled: ReadonlyMap<BatchId, number>;
  readonly crashed: boolean;
}

function sightsOf(history: History): Map<SignerId, Sight> {
  const sights = new Map<SignerId, Sight>();
  for (const node of history.honest) {
    const accepted = new Map<BatchId, number>();
    const settled = new Map<BatchId, number>();
    let crashed = false;
    const first = (map: Map<BatchId, number>, id: BatchId, place: number): void => {
      if (!map.has(id)) map.set(id, place);
    };
    history.entries.forEach((entry, place) => {
      if (entry.node !== node) return;
      if (entry.kind === 'crashed') crashed = true;
      if (entry.kind !== 'event') return;
      const { event } = entry;
      if (event.type === 'arrived') first(accepted, event.batch.id, place);
      if (event.type === 'delivered') first(settled, event.delivery.batch.id, place);
      if (event.type === 'committed')
        for (const { batch } of event.committed.places) first(settled, batch, place);
    });
    sights.set(node, { accepted, settled, crashed });
  }
  return sights;
}

/** Whether the signer certainly accepted T before U. */
function sawFirst({ accepted, settled, crashed }: Sight, t: BatchId, u: BatchId): boolean {
  const placeT = accepted.get(t);
  if (placeT === undefined) return false;
  const placeU = accepted.get(u);
  if (placeU !== undefined) return placeT < placeU;
  return !crashed && placeT < (settled.get(u) ?? Number.POSITIVE_INFINITY);
}

const countFirst = (sights: Iterable<Sight>, t: BatchId, u: BatchId): number => {
  let count = 0;
  for (const sight of sights) if (sawFirst(sight, t, u)) count += 1;
  return count;
};

/** The longest committed order of any honest signer. */
const longest = (history: History): FinalOrder =>
  history.finals.reduce((a, b) => (b.places.length > a.places.length ? b : a));

const batchOf = (history: History, id: BatchId): Batch => {
  const batch = history.batches.get(id);
  if (!batch) throw new Error(`batch ${id} is in the order and was never seen`);
  return batch;
};

/** Batches that honest signers accepted, that stand in no order and whose number nobody used. */
function leftOut(history: History, { places }: FinalOrder): Batch[] {
  const numbers = new Set(places.map((place) => `${place.ingress}/${place.number}`));
  const found = new Map<BatchId, Batch>();
  for (const entry of history.entries)
    if (entry.kind === 'event' && entry.event.type === 'arrived' && history.honest.has(entry.node)) {
      const { batch } = entry.event;
      if (!numbers.has(`${batch.header.ingress}/${batch.header.number}`)) found.set(batch.id, batch);
    }
  return [...found.values()];
}

export const fairness: Checker = {
  name: 'fairness',
  check(history) {
    if (history.finals.length === 0) return [];
    const sights = [...sightsOf(history).values()];
    const order = longest(history);
    const enough = history.honest.size - slackOf(history);
    const placed = order.places
      .filter((place) => !place.void)
      .map((place) => ({ height: place.height as number, batch: batchOf(history, place.batch) }));
    const left = leftOut(history, order).map((batch) => ({ height: Number.POSITIVE_INFINITY, batch }));
    const objections: string[] = [];
    const all = [...placed, ...left];
    const places = new Map(all.map(({ batch }, i) => [batch.id, i]));
    const conflicts = conflictsAmong(all.map(({ batch }) => batch));
    placed.forEach((u, i) => {
      for (const { id } of conflicts.get(u.batch.id)!) {
        const t = all[places.get(id)!]!;
        if (places.get(id)! <= i) continue;
        const count = countFirst(sights, t.batch.id, u.batch.id);
        if (count < enough) continue;
        if (t.height === u.height && inOneCycle(history, order, t.height, t.batch.id, u.batch.id)) continue;
        objections.push(
          `${short(u.batch.id)} is ordered before ${short(t.batch.id)}, which ${count} of ${history.honest.size} honest signers accepted first`,
        );
      }
    });
    return objections;
  },
};

/** Pairs that so many honest signers saw in one order, and how many of them were ordered the other way. */
export interface PairCount {
  readonly pairs: number;
  readonly against: number;
}

export interface Fairness {
  /** Conflicting pairs in the order that some honest signer saw in one order. */
  readonly pairs: number;
  /** All honest signers saw the same. */
  readonly unanimous: PairCount;
  /** At least `n - f - c` did: what a score needs on record. */
  readonly strong: PairCount;
  /** More honest signers saw one order than the other. */
  readonly simple: PairCount;
}

/** How the longest committed order treats what honest signers saw of its conflicting pairs. */
export function fairnessOf(history: History): Fairness {
  const sights = [...sightsOf(history).values()];
  const placed = history.finals.length === 0 ? [] : longest(history).places.filter((place) => !place.void);
  const batches = placed.map((place) => batchOf(history, place.batch));
  const strongEnough = history.n - history.f - slackOf(history);
  let pairs = 0;
  const counts = { unanimous: [0, 0], strong: [0, 0], simple: [0, 0] };
  const count = (kind: keyof typeof counts, against: boolean): void => {
    counts[kind][0]! += 1;
    if (against) counts[kind][1]! += 1;
  };
  const places = new Map(batches.map(({ id }, i) => [id, i]));
  const conflicts = conflictsAmong(batches);
  batches.forEach((second, i) => {
    for (const first of conflicts.get(second.id)!) {
      if (places.get(first.id)! >= i) continue;
      const pro = countFirst(sights, first.id, second.id);
      const contra = countFirst(sights, second.id, first.id);
      if (pro + contra === 0) continue;
      pairs += 1;
      const most = Math.max(pro, contra);
      if (most === history.honest.size) count('unanimous', contra > pro);
      if (most >= strongEnough) count('strong', contra > pro);
      if (pro !== contra) count('simple', contra > pro);
    }
  });
  const of = ([all, against]: number[]): PairCount => ({ pairs: all!, against: against! });
  return {
    pairs,
    unanimous: of(counts.unanimous),
    strong: of(counts.strong),
    simple: of(counts.simple),
  };
}
