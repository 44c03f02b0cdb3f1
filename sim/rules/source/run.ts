/** Runs of the source's rule: networks by name, honest runs of given transactions, and what signers disagree on. */

import type { BatchId, SignerId } from '../../../src/base/ids.ts';
import { networkModel } from '../../network/models.ts';
import type { NetworkName } from '../../network/names.ts';
import type { Submission } from '../../options.ts';
import { Random } from '../../random.ts';
import type { Trace } from '../../trace/trace.ts';
import type { BookDelivery } from './book.ts';
import { inConflict } from './messages.ts';
import { type Comparison, votesNeeded } from './order.ts';
import { type SourceNetwork, SourceWorld } from './world.ts';

export interface SourceFederation {
  readonly seed: string;
  readonly title: string;
  readonly signers: number;
  readonly byzantine: number;
  readonly faulty: number;
  readonly network: NetworkName;
  /** Share of n that a score must reach. */
  readonly threshold: number;
  readonly comparison: Comparison;
  readonly liars: readonly SignerId[];
  readonly traced: boolean;
}

/** One level of a tree takes this long at most, so that silence alone leaves votes out. */
const levelMs = 1000;
const fanout = 2;
/** Nothing of one transaction takes longer. */
const settleMs = 60_000;

/** A network of the simulator as the source's world uses it: nothing is lost. */
function sourceNetwork(name: NetworkName, signers: number, random: Random): SourceNetwork {
  const model = networkModel(name, signers, random);
  return {
    latencyMs: (from, to, jitter) => model.latencyMs(from, to) + jitter.exponential(model.jitterMs(from, to)),
    regions: model.regions,
  };
}

/** A federation under the source's rule, ready to start. */
export function sourceWorld(options: SourceFederation): SourceWorld {
  const places = new Random(options.seed).stream('places');
  return new SourceWorld({
    ...options,
    quorum: options.signers - options.faulty,
    needed: votesNeeded(options.threshold, options.signers),
    network: sourceNetwork(options.network, options.signers, places),
    levelMs,
    fanout,
  });
}

/** Two honest signers that delivered two conflicting transactions in different orders. */
export interface Disagreement {
  readonly first: BatchId;
  readonly second: BatchId;
  readonly firstAt: SignerId;
  readonly secondAt: SignerId;
}

/** The first disagreement there is; a signer that has only one of two has it before the other. */
export function disagreementIn(world: SourceWorld): Disagreement | undefined {
  const seen = new Map<string, SignerId>();
  const all = [...world.transactions.values()];
  for (const [signer, deliveries] of world.deliveries) {
    const places = new Map(deliveries.map((delivery, i) => [delivery.id, i]));
    for (const a of all)
      for (const b of all) {
        const first = places.get(a.id);
        if (first === undefined || first >= (places.get(b.id) ?? Number.POSITIVE_INFINITY)) continue;
        if (a === b || !inConflict(a, b)) continue;
        const other = seen.get(`${b.id} ${a.id}`);
        if (other !== undefined) return { first: a.id, second: b.id, firstAt: signer, secondAt: other };
        seen.set(`${a.id} ${b.id}`, signer);
      }
  }
  return undefined;
}

/** What clients send. The source has one root for each transaction: of several signers the first counts. */
export type SourceSubmission = Pick<Submission, 'at' | 'to' | 'dependencies' | 'client'>;

export interface SourceRun {
  readonly deliveries: ReadonlyMap<SignerId, readonly (BookDelivery & { readonly at: number })[]>;
  readonly disagreement: Disagreement | undefined;
  readonly traceHash: string;
  readonly trace: Trace;
}

/** A run in which nobody lies. */
export function runSource(
  options: Omit<SourceFederation, 'liars'>,
  submissions: readonly SourceSubmission[],
): SourceRun {
  const world = sourceWorld({ ...options, liars: [] });
  for (const { at, to, client = 'client', dependencies } of submissions) {
    const root = typeof to === 'number' ? to : to[0]!;
    world.schedule.after(at, () => world.submit(world.transaction(root, client, dependencies)));
  }
  world.run(Math.max(0, ...submissions.map((one) => one.at)) + settleMs);
  return {
    deliveries: world.deliveries,
    disagreement: disagreementIn(world),
    traceHash: world.traceHash(),
    trace: world.trace(),
  };
}
