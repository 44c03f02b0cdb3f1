/**
 * What a learner has applied, in numbers: transactions by how they became final and by what became of
 * them. They are stored with the sequence they stand for, and a restart adds the groups after it, whose
 * outcomes the document store still knows; so they are exact across crashes.
 */

import { type Codec, P, u53 } from '../../base/codec.ts';
import type { Outcome } from '../api.ts';
import type { DeliveredGroup } from './ordered.ts';

/** How a batch became final: by its score, or by a committed block. */
export type Finality = 'score' | 'order';

export interface Counts {
  /** Last group that is counted. */
  readonly sequence: number;
  /** Groups up to this one are not counted, as their outcomes are not known here. */
  readonly since: number;
  readonly batches: number;
  readonly finality: Readonly<Record<Finality, number>>;
  readonly outcomes: Readonly<Record<Outcome['status'], number>>;
}

const finalities = P.struct({ score: u53(), order: u53() });
const statuses = P.struct({
  applied: u53(),
  refused: u53(),
  rejected: u53(),
  duplicate: u53(),
  void: u53(),
});

export const countsCodec = P.struct({
  sequence: u53(),
  since: u53(),
  batches: u53(),
  finality: finalities,
  outcomes: statuses,
}) as unknown as Codec<Counts>;

/** Nothing counted yet. @param since the sequence after which counting starts. */
export const noCounts = (since: number): Counts => ({
  sequence: since,
  since,
  batches: 0,
  finality: { score: 0, order: 0 },
  outcomes: { applied: 0, refused: 0, rejected: 0, duplicate: 0, void: 0 },
});

/** The counts with one more group. @param outcomes one for each transaction. */
export function countGroup(counts: Counts, delivered: DeliveredGroup, outcomes: readonly Outcome[]): Counts {
  const finality = { ...counts.finality };
  const byStatus = { ...counts.outcomes };
  delivered.group.batches.forEach((batch, i) => {
    finality[delivered.finalities[i]!] += batch.transactions.length;
  });
  for (const { status } of outcomes) byStatus[status] += 1;
  return {
    sequence: delivered.group.position.sequence,
    since: counts.since,
    batches: counts.batches + delivered.group.batches.length,
    finality,
    outcomes: byStatus,
  };
}
