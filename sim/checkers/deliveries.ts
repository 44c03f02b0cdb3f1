/**
 * Deliveries (protocol section 5, claim 1): every pair of conflicting batches that are not void has the
 * same relative order in every sequence that any honest node ever delivered, by score or by block, in
 * every life, and in the committed order; and verdicts given early are the verdicts for ever.
 */

import type { BatchId, SignerId } from '../../src/base/ids.ts';
import type { Batch } from '../../src/messages/batch.ts';
import type { Delivery } from '../../src/ordering/delivery.ts';
import { type Checker, short } from './checker.ts';
import type { History } from './history.ts';
import { conflictsAmong } from './rules.ts';

/** What one consumer saw, in order. */
interface Sequence {
  readonly name: string;
  readonly batches: readonly Batch[];
}

/**
 * For each node one sequence a life, and one over all its lives: what it saw first. A consumer reads what
 * the disk kept but the life before did not announce when the next life begins.
 */
function sequencesOf(history: History): Sequence[] {
  const places = new Map(history.finals.map((one) => [one.node, one.places]));
  const sequences: Sequence[] = [];
  for (const node of history.honest) {
    const whole = new Map<BatchId, Batch>();
    let life = new Map<BatchId, Batch>();
    let lives = 0;
    const close = (): void => {
      sequences.push({ name: `s${node} in life ${lives}`, batches: [...life.values()] });
      life = new Map();
      lives += 1;
    };
    for (const entry of history.entries) {
      if (entry.node !== node) continue;
      if (entry.kind === 'crashed') close();
      if (entry.kind === 'started')
        for (const place of places.get(node) ?? []) {
          const batch = history.batches.get(place.batch);
          if (place.height <= entry.height && !place.void && batch && !whole.has(place.batch))
            whole.set(place.batch, batch);
        }
      if (entry.kind !== 'event' || entry.event.type !== 'delivered') continue;
      const { batch, void: isVoid } = entry.event.delivery;
      if (isVoid) continue;
      life.set(batch.id, life.get(batch.id) ?? batch);
      whole.set(batch.id, whole.get(batch.id) ?? batch);
    }
    close();
    sequences.push({ name: `s${node}`, batches: [...whole.values()] });
  }
  for (const { node, places: order } of history.finals)
    sequences.push({
      name: `the order of s${node}`,
      batches: order.filter((place) => !place.void).map((place) => batchOf(history, place.batch)),
    });
  return sequences;
}

function batchOf(history: History, id: BatchId): Batch {
  const batch = history.batches.get(id);
  if (!batch) throw new Error(`batch ${id} is in the order and was never seen`);
  return batch;
}

export const deliveryOrder: Checker = {
  name: 'delivery order',
  check(history) {
    const objections: string[] = [];
    const sequences = sequencesOf(history);
    const conflicts = conflictsAmong(sequences.flatMap(({ batches }) => batches));
    /** `first second` -> who saw them so. */
    const seen = new Map<string, string>();
    for (const { name, batches } of sequences) {
      const places = new Map(batches.map(({ id }, i) => [id, i]));
      batches.forEach((second, i) => {
        for (const first of conflicts.get(second.id)!) {
          if ((places.get(first.id) ?? i) >= i) continue;
          const other = seen.get(`${second.id} ${first.id}`);
          if (other)
            objections.push(`${name} has ${short(first.id)} before ${short(second.id)}, ${other} after`);
          seen.set(`${first.id} ${second.id}`, name);
        }
      });
    }
    return objections;
  },
};

/** A delivery's verdicts and voidness are those of its committed place. */
export const verdicts: Checker = {
  name: 'verdicts',
  check(history) {
    const objections: string[] = [];
    const settled = new Map<BatchId, { readonly text: string; readonly by: string }>();
    const see = (batch: BatchId, verdict: string, by: string): void => {
      const before = settled.get(batch);
      if (!before) settled.set(batch, { text: verdict, by });
      else if (before.text !== verdict)
        objections.push(`batch ${short(batch)}: ${before.by} says ${before.text}, ${by} says ${verdict}`);
    };
    for (const { node, places } of history.finals)
      for (const place of places) see(place.batch, verdictText(place), `the order of s${node}`);
    for (const entry of history.entries)
      if (entry.kind === 'event' && entry.event.type === 'delivered')
        see(entry.event.delivery.batch.id, verdictText(entry.event.delivery), deliveredBy(entry));
    return objections;
  },
};

const verdictText = (one: { readonly void: boolean; readonly verdicts: readonly string[] }): string =>
  one.void ? 'void' : one.verdicts.join();

const deliveredBy = (entry: { node: SignerId; event: { type: string; delivery?: Delivery } }): string =>
  `s${entry.node} by ${entry.event.delivery?.finality ?? '?'}`;

/** Whoever was told that a batch is final finds it in the order at the end. */
export const deliveredStays: Checker = {
  name: 'delivered stays',
  check(history) {
    if (!history.progress?.reached) return [];
    const objections: string[] = [];
    const longest = history.finals.reduce((a, b) => (b.places.length > a.places.length ? b : a));
    const placed = new Set(longest.places.map((place) => place.batch));
    for (const entry of history.entries)
      if (entry.kind === 'event' && entry.event.type === 'delivered' && history.honest.has(entry.node)) {
        const { id } = entry.event.delivery.batch;
        if (!placed.has(id))
          objections.push(`s${entry.node} delivered ${short(id)}, which is not in the order at the end`);
      }
    return objections;
  },
};
