/**
 * What every document store must do, as a list of named tests for any runner:
 *
 *   for (const test of storeConformance(factory)) it(test.name, test.run);
 *
 * Positions: groups, repetitions, gaps, forks, restarts. Interruption: the store is stopped at each of
 * its awaits (it calls `onStep` there), opened again, and must stand at one end of the group and take
 * it again with the same result. Snapshots, where the store has them: round trip and every kind of
 * damage. The model is `singleThreadedReplay`. A test that fails rejects with an `AssertionError`.
 */

import assert from 'node:assert/strict';
import { toHex } from '../../base/bytes.ts';
import { ForkDetected, type Outcome, PositionMismatch } from '../api.ts';
import { documentMachine } from '../machine/documents.ts';
import { orderedGroup } from '../position.ts';
import { conformanceHistory, type History, sketchBatch } from './conformance-history.ts';
import { interruptionTests } from './conformance-interruption.ts';
import { snapshotTests } from './conformance-snapshot.ts';
import {
  applyRange,
  assertStage,
  type ConformanceTest,
  calm,
  type StoreFactory,
  type StorePlace,
  withPlace,
  withStore,
} from './conformance-support.ts';

export type { ConformanceTest, StoreFactory, StorePlace } from './conformance-support.ts';

/** A group with the sequence of `groups[i]` and other content. */
const fork = (history: History, i: number) =>
  orderedGroup(history.groups[i]!.previous, [sketchBatch(900 + i, [{ ops: [{ op: 'delete', id: 'a' }] }])]);

type Body = (place: StorePlace, history: History) => Promise<void>;

async function groupsInOrder(place: StorePlace, history: History): Promise<void> {
  await withStore(place, history, async (store) => {
    await assertStage(store, history, history.stages[0]!);
    for (let i = 0; i < history.groups.length; i++) {
      await applyRange(store, history, i, i + 1);
      await assertStage(store, history, history.stages[i + 1]!);
    }
  });
}

async function repetitions(place: StorePlace, history: History): Promise<void> {
  const last = history.groups.length;
  await withStore(place, history, (store) => applyRange(store, history, 0, last));
  await withStore(place, history, async (store) => {
    const silent = { apply: (): Outcome => assert.fail('the machine ran again') };
    for (const [i, group] of history.groups.entries())
      assert.deepEqual(await store.apply(group, silent, calm()), history.outcomes[i]);
    await assertStage(store, history, history.stages[last]!);
  });
}

async function gaps(place: StorePlace, history: History): Promise<void> {
  await withStore(place, history, async (store) => {
    await assert.rejects(store.apply(history.groups[1]!, documentMachine, calm()), PositionMismatch);
    await applyRange(store, history, 0, 1);
    await assert.rejects(store.apply(history.groups[2]!, documentMachine, calm()), PositionMismatch);
    await assertStage(store, history, history.stages[1]!);
    await applyRange(store, history, 1, 2);
  });
}

async function forks(place: StorePlace, history: History): Promise<void> {
  await withStore(place, history, async (store) => {
    await applyRange(store, history, 0, 3);
    for (const i of [0, 1, 2])
      await assert.rejects(
        store.apply(fork(history, i), documentMachine, calm()),
        ForkDetected,
        `group ${i}`,
      );
    const onTop = orderedGroup(fork(history, 2).position, history.groups[3]!.batches);
    await assert.rejects(store.apply(onTop, documentMachine, calm()), ForkDetected);
    await assertStage(store, history, history.stages[3]!);
    await applyRange(store, history, 3, 4);
  });
}

async function anotherGenesis(place: StorePlace, history: History): Promise<void> {
  await withStore(place, history, (store) => applyRange(store, history, 0, 1));
  const store = place.store({});
  try {
    await assert.rejects(store.open({ sequence: 0, hash: '00'.repeat(32) }), ForkDetected);
  } finally {
    await store[Symbol.asyncDispose]();
  }
  await withStore(place, history, (again) => assertStage(again, history, history.stages[1]!));
}

async function restarts(place: StorePlace, history: History): Promise<void> {
  for (let i = 0; i < history.groups.length; i++)
    await withStore(place, history, async (store) => {
      await assertStage(store, history, history.stages[i]!);
      await applyRange(store, history, i, i + 1);
    });
  await withStore(place, history, (store) => assertStage(store, history, history.stages.at(-1)!));
}

async function withoutAwaiting(place: StorePlace, history: History): Promise<void> {
  await withStore(place, history, async (store) => {
    const all = history.groups.map((group) => store.apply(group, documentMachine, calm()));
    assert.deepEqual(await Promise.all(all), history.outcomes);
    await assertStage(store, history, history.stages.at(-1)!);
  });
}

/** Readers run all the while; each sees a state between two groups. */
async function readers(place: StorePlace, history: History): Promise<void> {
  await withStore(place, history, async (store) => {
    const valid = new Map(history.stages.map((stage, i) => [stage.stateRoot, i]));
    let done = false;
    let seen = 0;
    const reading = (async () => {
      while (!done) {
        const at = valid.get(toHex(await store.stateRoot()));
        assert.ok(at !== undefined, 'a reader saw the middle of a group');
        assert.ok(at >= seen, 'a reader saw the state go back');
        seen = at;
        await new Promise((resolve) => setImmediate(resolve));
      }
    })();
    try {
      await applyRange(store, history, 0, history.groups.length);
    } finally {
      done = true;
      await reading;
    }
  });
}

const bodies: readonly (readonly [string, Body])[] = [
  ['applies groups in order, with the outcomes and state roots of the model', groupsInOrder],
  ['answers a repeated group with the stored outcomes, also after a restart', repetitions],
  ['refuses a gap and stays where it is', gaps],
  ['detects a fork at, below and on top of its position', forks],
  ['refuses another genesis', anotherGenesis],
  ['keeps documents, outcomes and position over restarts', restarts],
  ['applies groups in order when the caller does not await', withoutAwaiting],
  ['shows readers only states between groups', readers],
];

/**
 * The tests for one kind of store.
 * @param factory makes an empty place for a store; called many times, also within one test.
 */
export function storeConformance(factory: StoreFactory): readonly ConformanceTest[] {
  const history = conformanceHistory();
  return [
    ...bodies.map(([name, body]) => ({
      name,
      run: () => withPlace(factory, (place) => body(place, history)),
    })),
    ...interruptionTests(factory, history),
    ...snapshotTests(factory, history),
  ];
}
