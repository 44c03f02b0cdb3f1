/** Learners in the world: they follow signers through crashes and broken connections, and end up with the order. */

import { describe, expect, it } from 'vitest';
import { allCheckers } from '../../../sim/checkers/all.ts';
import { runCheckers } from '../../../sim/checkers/checker.ts';
import { Following } from '../../../sim/learners/following.ts';
import { SimLearner } from '../../../sim/learners/learner.ts';
import { Learners } from '../../../sim/learners/learners.ts';
import { type StreamSource, Streams } from '../../../sim/learners/streams.ts';
import type { SimulationOptions } from '../../../sim/options.ts';
import { simulate } from '../../../sim/run.ts';
import { World } from '../../../sim/world.ts';
import { height, signerId } from '../../../src/base/ids.ts';
import { documentMachine } from '../../../src/peer/machine/documents.ts';
import { replayRoot, singleThreadedReplay } from '../../../src/peer/replay.ts';
import { committedTransactions } from '../../peer/follow/support.ts';
import { named, upTo } from '../support.ts';
import { documentSubmissions, followed } from './support.ts';

const checkers = allCheckers.filter(({ name }) => ['learners', 'database'].includes(name));
const submissions = documentSubmissions(60);

describe('every learner of every honest signer', () => {
  it.each([
    ['calm', { faults: 'none', adversaries: 'none' }],
    ['faults', { adversaries: 'none' }],
    ['a liar', {}],
    ['double votes', { adversaries: ['equivocating-votes', 'two-certificates'] }],
  ] satisfies [string, Partial<SimulationOptions>][])(
    '%s: has the order and the documents',
    (_, rest) => {
      for (const i of upTo(3)) {
        const history = followed(named(`learners-${i}`, [4, 1, 1], { submissions, ...rest }));
        expect(history.learners).toHaveLength(2 * history.honest.size);
        for (const { applied, documents } of history.learners) {
          expect(applied.length).toBeGreaterThan(10);
          expect(documents.size).toBeGreaterThan(0);
        }
        for (const finding of runCheckers(checkers, history)) expect(finding.details).toEqual([]);
      }
    },
    30_000,
  );

  it('takes batches by their score before any block has them, unless it waits for blocks', () => {
    const { learners } = followed(
      named('early', [4, 1, 1], { submissions, faults: 'none', adversaries: 'none' }),
    );
    const early = (finality: string): number =>
      learners
        .filter((one) => one.finality === finality)
        .flatMap((one) => one.applied)
        .filter((one) => one.finality === 'score').length;
    expect(early('score')).toBeGreaterThan(20);
    expect(early('order')).toBe(0);
  });

  it('does not change the run that it watches', () => {
    const options = named('watched', [4, 1, 1], { submissions });
    const watched = simulate({ ...options, watch: (world) => void new Learners(world, 'all') });
    expect(watched.traceHash).toBe(simulate(options).traceHash);
  });

  it('agrees with the replay that learners themselves are tested by', () => {
    let world: World | undefined;
    let learners: Learners | undefined;
    simulate({
      ...named('oracle', [4, 1, 1], { submissions, faults: 'none', adversaries: 'none' }),
      watch: (one) => {
        world = one;
        learners = new Learners(one, 'some');
      },
    });
    const expected = singleThreadedReplay(committedTransactions(world!), documentMachine);
    const records = learners!.records();
    expect(records.map(({ finality }) => finality).sort()).toEqual([
      'order',
      'score',
      'score',
      'score',
      'score',
    ]);
    for (const { documents } of records) {
      const read = new Map([...documents].map(([id, text]) => [id, JSON.parse(text)]));
      expect(replayRoot(read)).toBe(replayRoot(expected.documents));
    }
  });
});

describe('whom a learner follows', () => {
  const timing = { stallMs: 50, failedMs: 5, forgedMs: 1000, breaksEveryMs: undefined };
  const loaded = (): World => {
    const limits = { checkpointAfterMs: 100 };
    const world = new World({ seed: 'following', signers: 4, byzantine: 1, faulty: 1, limits });
    for (const i of upTo(20))
      world.schedule.after(i * 20, () =>
        world.submit(signerId(1 + (i % 3)), world.transaction([`k${i % 3}`])),
      );
    return world;
  };
  const opened: string[] = [];
  const noting = (source: StreamSource): StreamSource => ({
    ...source,
    open: (after, sink) => {
      opened.push(`${source.name} after ${after}`);
      return source.open(after, sink);
    },
  });

  it('is the next one when the first is down, and the first again', () => {
    const world = loaded();
    const streams = new Streams(world);
    opened.length = 0;
    const learner = new SimLearner(world.federation.verifier, 'score');
    const sources = [signerId(0), signerId(1)].map((id) => noting(streams.source(id)));
    const following = new Following(world, 'learner', learner, sources, timing);
    world.start();
    world.run(100);
    world.crash(signerId(0), 'all');
    world.run(300);
    expect(opened.map((one) => one.slice(0, 2))).toEqual(['s0', 's1']);
    world.restart(signerId(0));
    world.crash(signerId(1), 'all');
    world.run(2000);
    expect(opened.at(-1)!.slice(0, 2)).toBe('s0');
    expect(following.record()).toMatchObject({ refused: [], halted: undefined });
    expect(learner.height).toBe(streams.source(signerId(0)).height());
    expect(learner.applied.length).toBeGreaterThan(10);
  });

  it('is somebody else when one is silent and another claims to be further, or when one lies', () => {
    const silent: StreamSource = { name: 'silent', height: () => height(0), open: () => () => undefined };
    const liar: StreamSource = {
      name: 'liar',
      height: () => height(99),
      open: (_, sink) => {
        sink.event({ type: 'hello', epoch: 'f'.repeat(64) as never, height: height(1) });
        return () => undefined;
      },
    };
    const garbled: StreamSource = {
      ...liar,
      name: 'garbled',
      open: (_, sink) => {
        sink.event(Uint8Array.of(9, 9, 9));
        return () => undefined;
      },
    };
    const world = loaded();
    const streams = new Streams(world);
    const learner = new SimLearner(world.federation.verifier, 'order');
    const sources = [liar, garbled, silent, streams.source(signerId(2))];
    const following = new Following(world, 'learner', learner, sources, timing);
    world.start();
    world.run(900);
    expect(following.record().refused.map(({ from, code }) => `${from} ${code}`)).toEqual([
      'liar EPOCH',
      'garbled EVENT_TYPE',
    ]);
    expect(learner.height).toBe(streams.source(signerId(2)).height());
    expect(learner.height).toBeGreaterThan(0);
  });
});
