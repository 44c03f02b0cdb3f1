/** Runs with learners, and clients that send real operations on documents. */

import { type Contradiction, HeldStatements } from '../../../sim/checkers/blame-held.ts';
import type { History } from '../../../sim/checkers/history.ts';
import type { LearnerRecord } from '../../../sim/learners/learner.ts';
import { Learners } from '../../../sim/learners/learners.ts';
import type { SimulationOptions, Submission } from '../../../sim/options.ts';
import { Random } from '../../../sim/random.ts';
import type { SignerId } from '../../../src/base/ids.ts';
import { historyOf } from '../support.ts';

export type Followed = History & {
  readonly learners: readonly LearnerRecord[];
  readonly held: readonly Contradiction[];
};

/** The history of a run in which every honest signer has its learners. */
export function followed(options: SimulationOptions): Followed {
  let learners: Learners | undefined;
  let held: HeldStatements | undefined;
  const history = historyOf({
    ...options,
    watch: (world) => {
      learners = new Learners(world, 'all');
      held = new HeldStatements(world);
    },
  });
  return { ...history, learners: learners!.records(), held: held!.contradictions };
}

/** Creates, updates, patches and deletes on few documents, some malformed, some beyond what they declare. */
export function documentSubmissions(count: number, seed = 'documents'): Submission[] {
  const random = new Random(seed);
  return Array.from({ length: count }, (_, i): Submission => {
    const id = `doc-${random.integer(0, 6)}`;
    const ops = random.pick<readonly object[]>([
      [{ op: 'create', id, document: { i, list: [1, null, { deep: true }], text: 'ä' } }],
      [{ op: 'create', id, document: null }],
      [{ op: 'update', id, document: [i] }],
      [{ op: 'patch', id, patch: { i: null, more: { [`k${i % 3}`]: i } } }],
      [{ op: 'patch', id, patch: { text: { nested: { i } } } }],
      [{ op: 'patch', id, patch: i }],
      [{ op: 'delete', id }],
      [
        { op: 'create', id, document: 'first' },
        { op: 'update', id, document: { second: i } },
        { op: 'patch', id, patch: { second: null, third: i } },
      ],
      [
        { op: 'patch', id, patch: { kept: i } },
        { op: 'patch', id: 'not-declared', patch: {} },
      ],
      [{ op: 'rename', id }],
    ]);
    const dependencies = random.chance(0.1) ? undefined : [id];
    return {
      at: i * 20 + random.integer(0, 15),
      to: random.integer(0, 4) as SignerId,
      ...(dependencies && { dependencies }),
      body: random.chance(0.05) ? 'no operations' : JSON.stringify({ ops, author: `client ${i}` }),
    };
  });
}
