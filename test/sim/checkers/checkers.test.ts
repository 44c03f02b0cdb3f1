/**
 * Every checker objects when its property is broken on purpose: a true history is doctored in one place,
 * and the checker that guards the place must see it. On the true history none of them objects.
 */

import { describe, expect, it } from 'vitest';
import { allCheckers } from '../../../sim/checkers/all.ts';
import { type Checker, runCheckers } from '../../../sim/checkers/checker.ts';
import type { FinalOrder, History, Statement } from '../../../sim/checkers/history.ts';
import { conflict } from '../../../sim/checkers/rules.ts';
import type { SignerId, View } from '../../../src/base/ids.ts';
import type { EngineEvent } from '../../../src/engine/contract.ts';
import type { Block } from '../../../src/messages/block.ts';
import { historyOf, named } from '../support.ts';
import { type EventEntry, finding, swapped, withEvents } from './doctor.ts';

const base = { transactions: 50, durationMs: 1500, faults: 'none' as const };
const truth = historyOf(named('doctored', [4, 1, 1], { ...base, adversaries: 'none' }));
const lied = historyOf(
  named('doctored', [4, 1, 1], { ...base, adversaries: ['equivocating-votes', 'twins'] }),
);

const withFinal = (history: History, change: (final: FinalOrder) => FinalOrder): History => ({
  ...history,
  finals: [change(history.finals[0]!), ...history.finals.slice(1)],
});

const withFinals = (history: History, change: (final: FinalOrder) => FinalOrder): History => ({
  ...history,
  finals: history.finals.map(change),
});

const withBlock = (block: Block): Block => ({ ...block, view: (block.view + 1) as View });
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

/** The others have doctors of their own, in followed.test.ts and fairness.test.ts. */
const elsewhere = ['blame complete', 'learners', 'database', 'fairness'];
const here = allCheckers.map(({ name }) => name).filter((name) => !elsewhere.includes(name));

describe('the true history', () => {
  it.each(here)('%s is ok', (name) => {
    expect(finding(name, truth)).toEqual({ name, verdict: 'ok', details: [] });
    expect(finding(name, lied)).toEqual({ name, verdict: 'ok', details: [] });
  });

  it('holds what the doctors need', () => {
    expect(truth.finals[0]!.blocks.length).toBeGreaterThan(3);
    const finalities = truth.entries.flatMap((entry) =>
      entry.kind === 'event' && entry.event.type === 'delivered' ? [entry.event.delivery.finality] : [],
    );
    expect(new Set(finalities)).toEqual(new Set(['score', 'order']));
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
    expect(new Set(doctored.map(([name]) => name))).toEqual(new Set(here));
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
