/** What a learner counts, for Prometheus: read when somebody asks. One registry a learner. */

import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import type { Follower } from './follow/follower.ts';
import type { Pipeline } from './follow/pipeline.ts';
import type { VerifiedOrder } from './follow/verified-order.ts';

export interface MetricSources {
  readonly order: VerifiedOrder;
  readonly pipeline: Pipeline;
  readonly follower: Follower;
}

const name = (suffix: string): string => `musig_paxos_learner_${suffix}`;

const gauges: readonly (readonly [string, string, (from: MetricSources) => number])[] = [
  ['height', 'Height up to which every block is applied', ({ pipeline }) => pipeline.height],
  [
    'lag_blocks',
    'Blocks that a signer claims to have and this learner has not',
    ({ follower }) => follower.lag,
  ],
  ['position', 'Groups applied', ({ pipeline }) => pipeline.position.sequence],
  ['ahead_batches', 'Batches delivered by score and in no block yet', ({ order }) => order.ahead],
  ['waiting_batches', 'Batches verified and not final', ({ order }) => order.waiting],
  ['backlog_batches', 'Batches final and not applied', ({ pipeline }) => pipeline.backlog],
  ['following', '1 while a signer is followed', ({ follower }) => Number(follower.following !== undefined)],
  ['failed', '1 when the learner halted', ({ pipeline }) => Number(pipeline.failure !== undefined)],
];

/** Totals by one label. */
const totals: readonly (readonly [
  string,
  string,
  string,
  (from: MetricSources) => Record<string, number>,
])[] = [
  ['events_total', 'Events received', 'type', ({ follower }) => follower.counts.events],
  ['streams_ended_total', 'Streams that ended', 'reason', ({ follower }) => follower.counts.endings],
  [
    'verified_total',
    'Objects whose signatures were verified',
    'kind',
    ({ order }) => ({ ...order.verified }),
  ],
  [
    'applied_transactions_total',
    'Transactions by finality',
    'finality',
    ({ pipeline }) => pipeline.counts.finality,
  ],
  [
    'outcomes_total',
    'Transactions by what became of them',
    'outcome',
    ({ pipeline }) => pipeline.counts.outcomes,
  ],
];

export function learnerMetrics(from: MetricSources): Registry {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  for (const [suffix, help, of] of gauges)
    new Gauge({
      name: name(suffix),
      help,
      registers,
      collect() {
        this.set(of(from));
      },
    });
  for (const [suffix, help, label, of] of totals)
    new Counter({
      name: name(suffix),
      help,
      labelNames: [label],
      registers,
      collect() {
        this.reset();
        for (const [value, count] of Object.entries(of(from))) this.inc({ [label]: value }, count);
      },
    });
  return registry;
}
