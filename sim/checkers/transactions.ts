/**
 * Transactions (protocol sections 2, 8 and 9): each has one place where it counts; nothing that an honest
 * signer announced as accepted is lost; every number of an ingress counts once.
 */

import type { TransactionId } from '../../src/base/ids.ts';
import { type Checker, short } from './checker.ts';
import type { History } from './history.ts';

/** Every place with the verdict of each transaction, in the order of one node. */
function* verdictsIn(history: History, places: History['finals'][number]['places']) {
  for (const place of places) {
    const batch = history.batches.get(place.batch);
    if (!batch) throw new Error(`batch ${place.batch} is in the order and was never seen`);
    if (place.void) continue;
    for (const [i, id] of batch.transactionIds.entries()) yield { id, verdict: place.verdicts[i]!, place };
  }
}

export const onePlace: Checker = {
  name: 'one place',
  check(history) {
    const objections: string[] = [];
    for (const { node, places } of history.finals) {
      const counted = new Set<TransactionId>();
      for (const { id, verdict, place } of verdictsIn(history, places)) {
        if (counted.has(id) !== (verdict === 'duplicate'))
          objections.push(
            `s${node}: ${short(id)} is ${verdict} in ${short(place.batch)}, seen before: ${counted.has(id)}`,
          );
        counted.add(id);
      }
      const batches = new Set<string>();
      const numbers = new Set<string>();
      for (const place of places) {
        if (batches.has(place.batch)) objections.push(`s${node}: batch ${short(place.batch)} has two places`);
        batches.add(place.batch);
        const number = `${place.ingress}/${place.number}`;
        if (numbers.has(number) !== place.void)
          objections.push(`s${node}: number ${number} of ${short(place.batch)} is void: ${place.void}`);
        numbers.add(number);
      }
    }
    return objections;
  },
};

export const nothingLost: Checker = {
  name: 'nothing lost',
  check(history) {
    const objections: string[] = [];
    const accepted = new Set<TransactionId>();
    for (const entry of history.entries)
      if (entry.kind === 'event' && entry.event.type === 'accepted')
        for (const id of entry.event.transactions) accepted.add(id);
    if (history.progress && !history.progress.reached) return [];
    for (const { node, places } of history.finals) {
      const counts = new Map<TransactionId, number>();
      for (const { id, verdict } of verdictsIn(history, places))
        if (verdict !== 'duplicate') counts.set(id, (counts.get(id) ?? 0) + 1);
      for (const id of accepted)
        if (counts.get(id) !== 1)
          objections.push(`s${node}: accepted transaction ${short(id)} has ${counts.get(id) ?? 0} places`);
    }
    return objections;
  },
};

export const progress: Checker = {
  name: 'progress',
  check({ progress: demanded }) {
    if (!demanded || demanded.reached) return [];
    return demanded.open.length > 0
      ? demanded.open.map((one) => `${one} after ${demanded.boundMs} ms without faults`)
      : [`nothing finished within ${demanded.boundMs} ms`];
  },
};

/** An honest engine never breaks one of its own invariants. */
export const engines: Checker = {
  name: 'engines',
  check: ({ failures }) =>
    failures.map(
      ({ node, error }) => `s${node} broke: ${error instanceof Error ? error.stack : String(error)}`,
    ),
};
