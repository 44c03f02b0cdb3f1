/**
 * Learners (protocol section 11): what they applied, whomever they follow and whatever finality they wait
 * for, is the committed order. One that waits for blocks has exactly its beginning; one that takes batches
 * by their score has every conflicting pair in its order, and its verdicts. None believes what honest
 * signers do not stream, stops, skips or applies twice.
 */

import type { BatchId } from '../../src/base/ids.ts';
import type { StoredPlace } from '../../src/ordering/order.ts';
import type { AppliedBatch, LearnerRecord } from '../learners/learner.ts';
import { type Checker, short } from './checker.ts';
import type { History } from './history.ts';
import { conflict } from './rules.ts';

/** What a learner has against it: nothing that it refused or waited for, but what it applied, or did not. */
export function damage(record: LearnerRecord, history: History): string[] {
  const order = longestOrder(history);
  return [
    ...stopped(record),
    ...twice(record),
    ...(record.finality === 'order' ? notThePrefix(record, order) : outOfOrder(record, order)),
    ...otherVerdicts(record, order),
    ...skipped(record, order),
  ];
}

const verdictsOf = (one: Pick<AppliedBatch, 'void' | 'verdicts'>): string =>
  one.void ? 'void' : one.verdicts.join();

/** The longest committed order that any honest signer has at the end. */
export function longestOrder({ finals }: History): readonly StoredPlace[] {
  return finals.reduce<readonly StoredPlace[]>(
    (longest, { places }) => (places.length > longest.length ? places : longest),
    [],
  );
}

export const learners: Checker = {
  name: 'learners',
  check(history) {
    const records = history.learners;
    return [
      ...records.flatMap((record) => [...refusals(record), ...damage(record, history)]),
      ...disagreements(records, longestOrder(history)),
    ];
  },
};

/** Honest signers stream nothing that a learner refuses. */
const refusals = ({ name, refused }: LearnerRecord): string[] =>
  refused.map(({ from, code, message }) => `${name} refused ${from}: ${code} ${message}`);

/** A learner goes on, and catches up with those that it can reach. */
function stopped({ name, halted, height, reachable }: LearnerRecord): string[] {
  if (halted !== undefined) return [`${name} halted: ${halted}`];
  return reachable !== undefined && height < reachable
    ? [`${name} is at height ${height} of ${reachable}`]
    : [];
}

function twice({ name, applied }: LearnerRecord): string[] {
  const seen = new Set<BatchId>();
  return applied.flatMap(({ batch }) => {
    if (seen.has(batch.id)) return [`${name} applied ${short(batch.id)} twice`];
    seen.add(batch.id);
    return [];
  });
}

function notThePrefix({ name, applied }: LearnerRecord, order: readonly StoredPlace[]): string[] {
  const at = applied.findIndex(({ batch }, i) => order[i]?.batch !== batch.id);
  if (at < 0) return [];
  const other = order[at];
  return [
    `${name} has ${short(applied[at]!.batch.id)} at place ${at}, the order ${other ? short(other.batch) : 'ends'}`,
  ];
}

/** Of two conflicting batches that count, the one applied first stands first in the committed order. */
function outOfOrder({ name, applied }: LearnerRecord, order: readonly StoredPlace[]): string[] {
  const places = new Map(order.map((place, i) => [place.batch, i]));
  const objections: string[] = [];
  const counted = applied.filter((one) => !one.void);
  counted.forEach((second, i) => {
    const later = places.get(second.batch.id) ?? Number.POSITIVE_INFINITY;
    for (const first of counted.slice(0, i))
      if ((places.get(first.batch.id) ?? Number.POSITIVE_INFINITY) > later)
        if (conflict(first.batch, second.batch))
          objections.push(
            `${name} applied ${short(first.batch.id)} before ${short(second.batch.id)}, the order has it after`,
          );
  });
  return objections;
}

function otherVerdicts({ name, applied }: LearnerRecord, order: readonly StoredPlace[]): string[] {
  const places = new Map(order.map((place) => [place.batch, place]));
  return applied.flatMap((one) => {
    const place = places.get(one.batch.id);
    return place === undefined || verdictsOf(place) === verdictsOf(one)
      ? []
      : [`${name} has ${verdictsOf(one)} for ${short(one.batch.id)}, the order ${verdictsOf(place)}`];
  });
}

/** Everything up to its height was applied. */
function skipped({ name, applied, height }: LearnerRecord, order: readonly StoredPlace[]): string[] {
  const held = new Set(applied.map((one) => one.batch.id));
  return order
    .filter((place) => place.height <= height && !held.has(place.batch))
    .map((place) => `${name} is at height ${height} and never applied ${short(place.batch)}`);
}

/** What no block holds yet is in one order too, at all learners that have it. */
function disagreements(records: readonly LearnerRecord[], order: readonly StoredPlace[]): string[] {
  const placed = new Set(order.map((place) => place.batch));
  const objections: string[] = [];
  /** `first second` -> who has them so. */
  const seen = new Map<string, string>();
  for (const { name, applied } of records) {
    const open = applied.filter((one) => !one.void && !placed.has(one.batch.id)).map((one) => one.batch);
    open.forEach((second, i) => {
      for (const first of open.slice(0, i)) {
        const other = seen.get(`${second.id} ${first.id}`);
        if (other !== undefined && conflict(first, second))
          objections.push(`${name} has ${short(first.id)} before ${short(second.id)}, ${other} after`);
        const key = `${first.id} ${second.id}`;
        if (!seen.has(key)) seen.set(key, name);
      }
    });
  }
  return objections;
}
