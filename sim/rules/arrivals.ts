/**
 * Reported arrivals: for each signer, what it says it accepted, in order, with virtual times. They are what
 * all rules of the laboratory can be compared on: one run of the real engine gives them, and the yardsticks
 * and the source's rule say what they would have made of them. A liar's report may be anything.
 */

import type { BatchId, SignerId } from '../../src/base/ids.ts';
import type { Trace } from '../trace/trace.ts';

export interface Arrival {
  readonly id: BatchId;
  /** Virtual time in ms, as reported. */
  readonly at: number;
}

export interface Report {
  readonly signer: SignerId;
  /** Each id once, in reported order. */
  readonly order: readonly Arrival[];
}

/** At most one report a signer. */
export type Arrivals = readonly Report[];

/** What honest signers accepted in a run. What liars claim is theirs to make up: add it to the list. */
export function arrivalsOf(trace: Pick<Trace, 'events' | 'signers'>): Arrivals {
  const orders = new Map<SignerId, Map<BatchId, number>>();
  for (const event of trace.events) {
    if (event.kind !== 'arrived') continue;
    const order = orders.get(event.node) ?? new Map<BatchId, number>();
    // A restarted signer may announce again what it had.
    if (!order.has(event.batch)) order.set(event.batch, event.at);
    orders.set(event.node, order);
  }
  return [...orders]
    .sort(([a], [b]) => a - b)
    .map(([signer, order]) => ({ signer, order: [...order].map(([id, at]) => ({ id, at })) }));
}

/** Whether two batches of a run conflict, as its `made` events say: by their dependencies. */
export function conflictIn(trace: Pick<Trace, 'events'>): (a: BatchId, b: BatchId) => boolean {
  const listed = new Map<BatchId, ReadonlySet<string> | undefined>();
  for (const event of trace.events)
    if (event.kind === 'made') listed.set(event.batch, event.dependencies && new Set(event.dependencies));
  return (a, b) => {
    const ofA = listed.get(a);
    const ofB = listed.get(b);
    // What lists nothing at all conflicts with nothing, what has no list with all that do.
    if (a === b || ofA?.size === 0 || ofB?.size === 0) return false;
    return !ofA || !ofB || [...ofA].some((key) => ofB.has(key));
  };
}
