/**
 * Every checker objects when its property is broken on purpose: a true history is doctored in one place,
 * and the checker that guards the place must see it. On the true history none of them objects.
 */

import { describe, expect, it } from 'vitest';
import { allCheckers } from '../../../sim/checkers/all.ts';
import { type Checker, runCheckers } from '../../../sim/checkers/checker.ts';
import type { Entry, FinalOrder, History, Statement } from '../../../sim/checkers/history.ts';
import { conflict } from '../../../sim/checkers/rules.ts';
import type { SignerId, View } from '../../../src/base/ids.ts';
import type { EngineEvent } from '../../../src/engine/contract.ts';
import type { Block } from '../../../src/messages/block.ts';
import { documentSubmissions, type Followed, followed } from '../learners/support.ts';
import { named } from '../support.ts';

const base = { transactions: 50, durationMs: 1500, faults: 'none' as const };
const truth = followed(named('doctored', [4, 1, 1], { ...base, adversaries: 'none' }));
const documented = followed(
  named('documents', [4, 1, 1], { ...base, adversaries: 'none', submissions: documentSubmissions(60) }),
);
const lied = followed(
  named('doctored', [4, 1, 1], { ...base, adversaries: ['equivocating-votes', 'twins'] }),
);

/** Lies that every engine notices, whatever else it leaves unchecked. */
const caught = followed(named('doctored', [4, 1, 1], { ...base, adversaries: ['equivocating-votes'] }));

type EventEntry = Extract<Entry, { kind: 'event' }>;
type Of<T extends EngineEvent['type']> = Extract<EngineEvent, { type: T }>;

const finding = (name: string, history: History) => {
  const checker = allCheckers.find((one) => one.name === name);
  if (!checker) throw new Error(`there is no checker "${name}"`);
  return runCheckers([checker], history)[0]!;
};

/** The history with each event of one type at one node changed, dropped (undefined) or kept. */
const withEvents = <T extends EngineEvent['type']>(
  history: History,
  type: T,
  change: (event: Of<T>, index: number, node: SignerId) => Of<T> | undefined,
): History => {
  let index = 0;
  const entries = history.entries.flatMap((entry): Entry[] => {
    if (entry.kind !== 'event' || entry.event.type !== type) return [entry];
    const event = change(entry.event as Of<T>, index++, entry.node);
    return event ? [{ ...entry, event }] : [];
  });
  return { ...history, entries };
};

const withFinal = (history: History, change: (final: FinalOrder) => FinalOrder): History => ({
  ...history,
  finals: [change(history.finals[0]!), ...history.finals.slice(1)],
});

const withFinals = (history: History, change: (final: FinalOrder) => FinalOrder): History => ({
  ...history,
  finals: history.finals.map(change),
});

const withBlock = (block: Block): Block => ({ ...block, view: (block.view + 1) as View });
const swapped = <T>(list: readonly T[], i: number, j: number): T[] =>
  list.map((one, at) => (at === i ? list[j]! : at === j ? list[i]! : one));

/** Two places of one block whose batches conflict. */
function conflictingPair(history: History): readonly [number, number] {
  const { places } = history.finals[0]!;
  for (let j = 0; j < places.length; j++)
    for (let i = 0; i < j; i++) {
      const [a, b] = [places[i]!, places[j]!];
      const pair = [history.batches.get(a.batch)!, history.batches.get(b.batch)!] as const;
      if (a.height === b.height && !a.void && !b.void && conflict(...pair)) return [i, j];
    }
  throw new Error('no block holds a conflicting pair');
}

const of = <K extends Statement['kind']>(kind: K): Extract<Statement, { kind: K }> => {
  const one = truth.statements.find(
    (statement): statement is Extract<Statement, { kind: K }> => statement.kind === kind,
  );
  if (!one) throw new Error(`nobody said anything of kind ${kind}`);
  return one;
};
const saying = (...more: Statement[]): History => ({ ...truth, statements: [...truth.statements, ...more] });

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

const lastEvent = (history: History, type: EngineEvent['type']): EventEntry =>
  history.entries.findLast(
    (entry): entry is EventEntry => entry.kind === 'event' && entry.event.type === type,
  )!;

const timeoutOf = (end: number, lastSigned: number, highView: number): Statement => ({
  kind: 'timeout',
  signer: of('block').signer,
  timeout: {
    end: end as View,
    lastSigned: lastSigned as View,
    highView: highView as View,
    highBlock: of('block').block,
    signer: of('block').signer,
    signature: new Uint8Array(64),
  },
});

describe('the true history', () => {
  it.each(allCheckers.map((checker) => checker.name))('%s is ok', (name) => {
    expect(finding(name, truth)).toEqual({ name, verdict: 'ok', details: [] });
    expect(finding(name, name === 'blame complete' ? caught : lied)).toEqual({
      name,
      verdict: 'ok',
      details: [],
    });
    expect(finding(name, documented)).toEqual({ name, verdict: 'ok', details: [] });
  });

  it('holds what the doctors need', () => {
    expect(truth.finals[0]!.blocks.length).toBeGreaterThan(3);
    const finalities = truth.entries.flatMap((entry) =>
      entry.kind === 'event' && entry.event.type === 'delivered' ? [entry.event.delivery.finality] : [],
    );
    expect(new Set(finalities)).toEqual(new Set(['score', 'order']));
    expect(documented.learners[0]!.documents.size).toBeGreaterThan(3);
    const outcomes = documented.learners[0]!.applied.flatMap((one) => one.outcomes);
    for (const outcome of ['applied', 'refused']) expect(outcomes).toContain(outcome);
    expect(caught.held.length).toBeGreaterThan(0);
  });
});

/** Name of the checker, what is done to the history, and the doctored history. */
const doctored: readonly (readonly [string, string, () => History])[] = [
  [
    'agreement',
    'one node commits another block',
    () =>
      withEvents(truth, 'committed', (event, i) =>
        i === 5
          ? { ...event, committed: { ...event.committed, block: withBlock(event.committed.block) } }
          : event,
      ),
  ],
  [
    'agreement',
    'the disk of one node holds another block',
    () =>
      withFinal(truth, (final) => ({
        ...final,
        blocks: [withBlock(final.blocks[0]!), ...final.blocks.slice(1)],
      })),
  ],
  [
    'agreement',
    'one node has two places swapped',
    () => withFinal(truth, (final) => ({ ...final, places: swapped(final.places, 0, 1) })),
  ],
  [
    'prefixes',
    'a node skips a height',
    () => withEvents(truth, 'committed', (event, i) => (i === 4 ? undefined : event)),
  ],
  [
    'commit rule',
    'a block that no child in the next view certifies',
    () => {
      const blocks = new Map(truth.blocks);
      for (const [digest, block] of blocks) blocks.set(digest, { ...block, view: (block.view + 1) as View });
      return { ...truth, blocks };
    },
  ],
  [
    'commit rule',
    'a commit before its proof',
    () => ({
      ...truth,
      certifiedAt: new Map([...truth.certifiedAt].map(([digest, at]) => [digest, at + 1000])),
    }),
  ],
  [
    'statements',
    'a block signed on a QC below that of the timeout certificate',
    () => {
      const { block, view } = of('block');
      const skipping = {
        ...truth.blocks.get(block)!,
        justify: { ...truth.blocks.get(block)!.justify, view: (view - 3) as View },
      };
      const givenUp = new Map([[(view - 1) as View, new Set([(view - 2) as View])]]);
      return { ...truth, blocks: new Map(truth.blocks).set(block, skipping), givenUp };
    },
  ],
  [
    'prefixes',
    'a node restarts below what it announced',
    () => ({
      ...truth,
      entries: [...truth.entries, { kind: 'started', at: 1e6, node: 0 as SignerId, height: 1 }],
    }),
  ],
  [
    'prefixes',
    'a node ends below what it announced',
    () => withFinal(truth, (final) => ({ ...final, blocks: final.blocks.slice(0, 1) })),
  ],
  [
    'delivery order',
    'two conflicting batches swapped in one order',
    () =>
      withFinal(truth, (final) => ({ ...final, places: swapped(final.places, ...conflictingPair(truth)) })),
  ],
  [
    'delivery order',
    'one node delivers backwards',
    () => {
      const node = truth.finals[1]!.node;
      const mine = truth.entries.filter(
        (entry) => entry.node === node && entry.kind === 'event' && entry.event.type === 'delivered',
      );
      const rest = truth.entries.filter((entry) => !mine.includes(entry));
      return { ...truth, entries: [...rest, ...mine.reverse()] };
    },
  ],
  [
    'delivered stays',
    'a delivered batch is in no block',
    () => withFinals(truth, (final) => ({ ...final, places: final.places.slice(0, -1) })),
  ],
  [
    'verdicts',
    'a node delivers with another verdict',
    () =>
      withEvents(truth, 'delivered', (event, i) =>
        i === 3 ? { ...event, delivery: { ...event.delivery, verdicts: ['duplicate', 'rejected'] } } : event,
      ),
  ],
  [
    'one place',
    'a batch stands twice in the order',
    () => withFinals(truth, (final) => ({ ...final, places: [...final.places, final.places[0]!] })),
  ],
  [
    'one place',
    'a transaction that was never seen is a duplicate',
    () =>
      withFinal(truth, (final) => ({
        ...final,
        places: [
          { ...final.places[0]!, verdicts: final.places[0]!.verdicts.map(() => 'duplicate' as const) },
        ],
      })),
  ],
  [
    'nothing lost',
    'an accepted transaction has no place',
    () => withFinals(truth, (final) => ({ ...final, places: final.places.slice(1) })),
  ],
  [
    'derivation',
    'two conflicting entries the other way round',
    () =>
      withFinals(truth, (final) => ({ ...final, places: swapped(final.places, ...conflictingPair(truth)) })),
  ],
  [
    'derivation',
    'another root',
    () =>
      withFinals(truth, (final) => ({
        ...final,
        blocks: final.blocks.map((block) => ({ ...block, orderRoot: final.blocks[0]!.orderRoot })),
      })),
  ],
  [
    'derivation',
    'a certificate that does not verify',
    () => ({ ...truth, verify: () => ({ ok: false, error: { code: 'NO', message: 'no' } }) }),
  ],
  [
    'derivation',
    'an executed transaction that its votes reject',
    () =>
      withFinals(truth, (final) => ({
        ...final,
        places: final.places.map((place) => ({
          ...place,
          verdicts: place.verdicts.map(() => 'rejected' as const),
        })),
      })),
  ],
  [
    'score',
    'a delivery by score with a vote too few',
    () =>
      withEvents(truth, 'delivered', (event) => {
        const { certificate, finality } = event.delivery;
        const classes = certificate.classes.map((one) => ({ ...one, signers: one.signers.slice(1) }));
        if (finality !== 'score') return event;
        return { ...event, delivery: { ...event.delivery, certificate: { ...certificate, classes } } };
      }),
  ],
  [
    'score',
    'deliveries by order that are said to be by score',
    () =>
      withEvents(truth, 'delivered', (event) => ({
        ...event,
        delivery: { ...event.delivery, finality: 'score' },
      })),
  ],
  [
    'statements',
    'two votes on one batch',
    () => saying({ ...of('vote'), vote: { ...of('vote').vote, rejects: [0, 1, 2] } }),
  ],
  [
    'statements',
    'two blocks in one view',
    () => saying({ ...of('block'), block: 'f'.repeat(64) as Block['parent'] }),
  ],
  [
    'statements',
    'a block signed after a timeout',
    () => saying(timeoutOf(of('block').view, of('block').view - 1, 1e6)),
  ],
  [
    'statements',
    'two timeouts for one term',
    () => saying(timeoutOf(1e6, 1e6, 1e6), timeoutOf(1e6, 1e6 - 1, 1e6)),
  ],
  ['statements', 'a timeout that hides a QC', () => saying(timeoutOf(1e6, 1e6, -1))],
  [
    'votes',
    'votes that list nothing and know nothing',
    () => ({
      ...truth,
      statements: truth.statements.map((one) =>
        one.kind === 'vote' ? { ...one, vote: { base: 0 as Block['height'], before: [], rejects: [] } } : one,
      ),
    }),
  ],
  [
    'votes',
    'a vote that lists what does not conflict',
    () => {
      const all = [...truth.batches.values()];
      const pairs = all.flatMap((t) => all.filter((u) => !conflict(t, u)).map((u) => [t, u] as const));
      const [t, u] = pairs[0]!;
      return saying({
        kind: 'vote',
        signer: [...truth.honest][0]!,
        batch: t.id,
        vote: { base: 0 as Block['height'], before: [u.id], rejects: [] },
      });
    },
  ],
  [
    'blame',
    'evidence against an honest signer',
    () => ({ ...lied, honest: new Set([0, 1, 2, 3] as SignerId[]) }),
  ],
  [
    'blame',
    'evidence that does not verify',
    () => ({ ...lied, convicts: () => ({ ok: false, error: { code: 'NO', message: 'no' } }) }),
  ],
  [
    'blame complete',
    'nobody has evidence of what everybody held',
    () => withEvents(caught, 'evidence', () => undefined),
  ],
  [
    'blame complete',
    'evidence of another kind',
    () =>
      withEvents(lied, 'evidence', (event) => ({
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
  [
    'engines',
    'an engine that broke',
    () => ({ ...truth, failures: [{ node: 0 as SignerId, error: new Error('no') }] }),
  ],
  [
    'progress',
    'work left open',
    () => ({ ...truth, progress: { boundMs: 1, reached: false, open: ['something'] } }),
  ],
  [
    'progress',
    'work left open without words',
    () => ({ ...truth, progress: { boundMs: 1, reached: false, open: [] } }),
  ],
];

describe('a doctored history', () => {
  it.each(doctored)('%s: %s', (name, _, doctor) => {
    expect(finding(name, doctor()).verdict).toBe('violated');
  });

  it('is there for every checker', () => {
    // Fairness has doctors of its own, in fairness.test.ts.
    const names = allCheckers.map((one) => one.name).filter((name) => name !== 'fairness');
    expect(new Set(doctored.map(([name]) => name))).toEqual(new Set(names));
  });
});

describe('a checker that throws', () => {
  it('reports unknown, never ok', () => {
    const broken: Checker = {
      name: 'broken',
      check: () => {
        throw new Error('cannot tell');
      },
    };
    const [one] = runCheckers([broken], truth);
    expect(one).toMatchObject({ name: 'broken', verdict: 'unknown' });
    expect(one!.details[0]).toContain('cannot tell');
  });

  it('does so when the history lacks what it needs', () => {
    expect(finding('derivation', { ...truth, batches: new Map() }).verdict).toBe('unknown');
  });
});

it('the histories have evidence and restarts to look at', () => {
  expect(lastEvent(lied, 'evidence')).toBeDefined();
  expect(truth.entries.some((entry) => entry.kind === 'started')).toBe(true);
});
