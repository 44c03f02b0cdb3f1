/**
 * The checkers of learners, of their databases, and of complete blame object when their property is broken
 * on purpose, and only then.
 */

import { describe, expect, it } from 'vitest';
import type { History } from '../../../sim/checkers/history.ts';
import { documentSubmissions, type Followed, followed } from '../learners/support.ts';
import { named } from '../support.ts';
import { finding, swapped, withEvents } from './doctor.ts';

const base = { transactions: 50, durationMs: 1500, faults: 'none' as const };
const truth = followed(named('doctored', [4, 1, 1], { ...base, adversaries: 'none' }));
const documented = followed(
  named('documents', [4, 1, 1], { ...base, adversaries: 'none', submissions: documentSubmissions(60) }),
);
/** Lies that every engine notices, whatever else it leaves unchecked. */
const caught = followed(named('doctored', [4, 1, 1], { ...base, adversaries: ['equivocating-votes'] }));

type Learner = Followed['learners'][number];

/** A history with one learner changed: the first that waits for blocks, or that does not. */
const withLearner = (
  history: Followed,
  finality: Learner['finality'],
  change: (learner: Learner) => Partial<Learner>,
): Followed => {
  const at = history.learners.findIndex((one) => one.finality === finality);
  const one = history.learners[at]!;
  return { ...history, learners: history.learners.with(at, { ...one, ...change(one) }) };
};

describe('the true histories', () => {
  it.each(['blame complete', 'learners', 'database'])('%s is ok', (name) => {
    for (const history of [truth, documented, caught])
      expect(finding(name, history)).toEqual({ name, verdict: 'ok', details: [] });
  });

  it('hold what the doctors need', () => {
    expect(documented.learners[0]!.documents.size).toBeGreaterThan(3);
    const outcomes = documented.learners[0]!.applied.flatMap((one) => one.outcomes);
    for (const outcome of ['applied', 'refused']) expect(outcomes).toContain(outcome);
    expect(caught.held.length).toBeGreaterThan(0);
  });
});

/** Name of the checker, what is done to the history, and the doctored history. */
const doctored: readonly (readonly [string, string, () => History])[] = [
  [
    'blame complete',
    'nobody has evidence of what everybody held',
    () => withEvents(caught, 'evidence', () => undefined),
  ],
  [
    'blame complete',
    'evidence of another kind',
    () =>
      withEvents(caught, 'evidence', (event) => ({
        ...event,
        evidence: { ...event.evidence, kind: 'timeouts' } as never,
      })),
  ],
  [
    'learners',
    'a learner refuses an honest signer',
    () => withLearner(truth, 'score', () => ({ refused: [{ from: 's1', code: 'GAP', message: 'no' }] })),
  ],
  ['learners', 'a learner stops', () => withLearner(truth, 'score', () => ({ halted: 'no' }))],
  [
    'learners',
    'a learner does not catch up',
    () => withLearner(truth, 'order', ({ height }) => ({ reachable: (height + 1) as typeof height })),
  ],
  [
    'learners',
    'a learner skips a batch',
    () => withLearner(truth, 'order', ({ applied }) => ({ applied: applied.slice(1) })),
  ],
  [
    'learners',
    'a learner by score never applies a batch',
    () => withLearner(truth, 'score', ({ applied }) => ({ applied: applied.slice(0, -1) })),
  ],
  [
    'learners',
    'a learner applies a batch twice',
    () => withLearner(truth, 'score', ({ applied }) => ({ applied: [...applied, applied[0]!] })),
  ],
  [
    'learners',
    'a learner by order is not at the beginning of the order',
    () => withLearner(truth, 'order', ({ applied }) => ({ applied: swapped(applied, 0, 1) })),
  ],
  [
    'learners',
    'a learner by score has a conflicting pair the other way round',
    () => withLearner(truth, 'score', ({ applied }) => ({ applied: [...applied].reverse() })),
  ],
  [
    'learners',
    'a learner has another verdict',
    () =>
      withLearner(truth, 'score', ({ applied }) => ({
        applied: applied.map((one, i) => (i === 2 ? { ...one, verdicts: ['duplicate', 'rejected'] } : one)),
      })),
  ],
  [
    'learners',
    'two learners have what no block holds in two orders',
    () => {
      const finals = truth.finals.map((final) => ({ ...final, places: [] }));
      return {
        ...withLearner(truth, 'score', ({ applied }) => ({ applied: [...applied].reverse() })),
        finals,
      };
    },
  ],
  [
    'database',
    'a document has another value',
    () =>
      withLearner(documented, 'score', ({ documents }) => ({
        documents: new Map([...documents].map(([id, text], i) => [id, i === 0 ? '"other"' : text])),
      })),
  ],
  [
    'database',
    'a document is missing',
    () =>
      withLearner(documented, 'order', ({ documents }) => ({ documents: new Map([...documents].slice(1)) })),
  ],
  [
    'database',
    'a document that nobody made',
    () =>
      withLearner(documented, 'order', ({ documents }) => ({
        documents: new Map(documents).set('ghost', '1'),
      })),
  ],
  [
    'database',
    'another outcome',
    () =>
      withLearner(documented, 'score', ({ applied }) => ({
        applied: applied.map((one) => ({ ...one, outcomes: one.outcomes.map(() => 'refused' as const) })),
      })),
  ],
];

describe('a doctored history', () => {
  it.each(doctored)('%s: %s', (name, _, doctor) => {
    expect(finding(name, doctor()).verdict).toBe('violated');
  });
});
