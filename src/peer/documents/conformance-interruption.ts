/**
 * Interruption: a store is stopped at each of its awaits in turn. A first run counts the awaits; then,
 * for each of them, a fresh place is brought to the stage before, and the call dies there.
 *
 * Afterwards the store must stand exactly before or exactly after the group, and take the group again
 * with the outcomes of the model. "Before" is a must when nothing was committed, "after" when the call
 * returned; which of the two an await in between gives is the store's business.
 */

import assert from 'node:assert/strict';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { toHex } from '../../base/bytes.ts';
import type { DocumentStore, StateMachine } from '../api.ts';
import { documentMachine } from '../machine/documents.ts';
import type { History } from './conformance-history.ts';
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

/** Stands for the death of the process at a step. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** Counts a store's steps while armed, and acts at one of them. */
export class StepTrap {
  armed = false;
  steps = 0;
  /** The step at which to act, from 1; never by default. */
  at = Number.POSITIVE_INFINITY;
  readonly act: (point: string) => void;

  constructor(act: (point: string) => void) {
    this.act = act;
  }

  readonly onStep = (point: string): void => {
    if (!this.armed) return;
    this.steps += 1;
    if (this.steps === this.at) this.act(point);
  };
}

const killing = (): StepTrap =>
  new StepTrap((point) => {
    throw new Killed(point);
  });

/** The store stands at stage `before` or `before + 1`, takes the next group again, and the rest. */
async function assertWhole(store: DocumentStore, history: History, before: number): Promise<void> {
  const { sequence } = await store.open(history.genesis);
  assert.ok(sequence === before || sequence === before + 1, `the store stands at ${sequence}`);
  await assertStage(store, history, history.stages[sequence]!);
  await applyRange(store, history, before, history.groups.length);
  await assertStage(store, history, history.stages.at(-1)!);
}

/** One application of group `index`, interrupted at step `at`; returns the steps it took. */
type Interrupted = (place: StorePlace, history: History, index: number, at: number) => Promise<number>;

/** Dies in `apply`, then another process opens the store. */
const killThenRestart: Interrupted = async (place, history, index, at) => {
  const trap = killing();
  trap.at = at;
  await withStore(
    place,
    history,
    async (store) => {
      await applyRange(store, history, 0, index);
      trap.armed = true;
      const call = store.apply(history.groups[index]!, documentMachine, calm());
      if (at === Number.POSITIVE_INFINITY) await call;
      else await assert.rejects(call, Killed);
      trap.armed = false;
    },
    { onStep: trap.onStep },
  );
  await withStore(place, history, (store) => assertWhole(store, history, index));
  return trap.steps;
};

/** Fails in `apply`, as a full disk would make it, and the same store is asked again. */
const failThenRetry: Interrupted = async (place, history, index, at) => {
  const trap = killing();
  trap.at = at;
  await withStore(
    place,
    history,
    async (store) => {
      await applyRange(store, history, 0, index);
      trap.armed = true;
      const call = store.apply(history.groups[index]!, documentMachine, calm());
      if (at === Number.POSITIVE_INFINITY) await call;
      else await assert.rejects(call, Killed);
      trap.armed = false;
      await assertWhole(store, history, index);
    },
    { onStep: trap.onStep },
  );
  return trap.steps;
};

/** The caller's signal fires during `apply`: it rejects with the reason, or has finished. */
const abort: Interrupted = async (place, history, index, at) => {
  const controller = new AbortController();
  const trap = new StepTrap(() => controller.abort(new Killed('aborted')));
  trap.at = at;
  await withStore(
    place,
    history,
    async (store) => {
      await applyRange(store, history, 0, index);
      trap.armed = true;
      const [result] = await Promise.allSettled([
        store.apply(history.groups[index]!, documentMachine, controller.signal),
      ]);
      trap.armed = false;
      const { sequence } = await store.open(history.genesis);
      if (result.status === 'rejected') {
        assert.ok(result.reason instanceof Killed, 'rejects with the reason of the signal');
        assert.equal(sequence, index, 'an aborted group leaves no trace');
      } else {
        assert.deepEqual(result.value, history.outcomes[index]);
        assert.equal(sequence, index + 1);
      }
      await assertWhole(store, history, index);
    },
    { onStep: trap.onStep },
  );
  return trap.steps;
};

/** Runs every interruption of every group. */
async function everywhere(factory: StoreFactory, history: History, run: Interrupted): Promise<void> {
  for (const index of history.groups.keys()) {
    let steps = 0;
    await withPlace(factory, async (place) => {
      steps = await run(place, history, index, Number.POSITIVE_INFINITY);
    });
    assert.ok(steps >= 2, 'a store calls onStep at least before and after its commit');
    for (let at = 1; at <= steps; at++)
      await withPlace(factory, async (place) => {
        await run(place, history, index, at);
      });
  }
}

/** Opening dies at each of its awaits, on a new place and on a used one. */
async function killedOpens(factory: StoreFactory, history: History): Promise<void> {
  for (const used of [0, 2])
    for (let at = 1, last = false; !last; at++)
      await withPlace(factory, async (place) => {
        if (used > 0) await withStore(place, history, (store) => applyRange(store, history, 0, used));
        const trap = killing();
        trap.armed = true;
        trap.at = at;
        const store = place.store({ onStep: trap.onStep });
        const opened = await store.open(history.genesis).then(
          () => true,
          (error: unknown) => {
            assert.ok(error instanceof Killed, String(error));
            return false;
          },
        );
        await store[Symbol.asyncDispose]();
        last = opened;
        await withStore(place, history, (again) => assertStage(again, history, history.stages[used]!));
      });
}

/** A machine that throws on one transaction stops the group without a trace. */
async function failingMachine(factory: StoreFactory, history: History): Promise<void> {
  const sizes = history.groups.map((group) => group.batches.flatMap((batch) => batch.transactions).length);
  const index = sizes.indexOf(Math.max(...sizes));
  for (let at = 1; at <= sizes[index]!; at++)
    await withPlace(factory, (place) =>
      withStore(place, history, async (store) => {
        await applyRange(store, history, 0, index);
        let calls = 0;
        const machine: StateMachine = {
          apply(transaction, documents) {
            calls += 1;
            if (calls === at) throw new Killed('the machine');
            return documentMachine.apply(transaction, documents);
          },
        };
        const call = store.apply(history.groups[index]!, machine, calm());
        const outcome = await call.then(
          () => 'applied',
          (error: unknown) => error,
        );
        if (calls >= at) assert.ok(outcome instanceof Killed, 'what a machine throws propagates');
        if (calls >= at) await assertStage(store, history, history.stages[index]!);
        await assertWhole(store, history, index);
      }),
    );
}

/** A signal that fired before the call, and one that fires right after it. */
async function earlyAborts(factory: StoreFactory, history: History): Promise<void> {
  await withPlace(factory, (place) =>
    withStore(place, history, async (store) => {
      const fired = AbortSignal.abort(new Killed('before'));
      await assert.rejects(store.apply(history.groups[0]!, documentMachine, fired), Killed);
      await assertStage(store, history, history.stages[0]!);
      const controller = new AbortController();
      const call = store.apply(history.groups[0]!, documentMachine, controller.signal);
      controller.abort(new Killed('at once'));
      await assert.rejects(call, Killed);
      await nextTurn();
      assert.equal(toHex(await store.stateRoot()), history.stages[0]!.stateRoot);
      await assertWhole(store, history, 0);
    }),
  );
}

/** @see storeConformance */
export function interruptionTests(factory: StoreFactory, history: History): ConformanceTest[] {
  const short: History = shortened(history);
  return [
    {
      name: 'stands before or after a group when killed at any await of apply, and restarted',
      run: () => everywhere(factory, short, killThenRestart),
    },
    {
      name: 'stands before or after a group when failing at any await of apply, and asked again',
      run: () => everywhere(factory, short, failThenRetry),
    },
    {
      name: 'leaves no trace of a group that is aborted at any await, or finishes it',
      run: () => everywhere(factory, short, abort),
    },
    { name: 'opens again when killed at any await of open', run: () => killedOpens(factory, short) },
    { name: 'propagates what a machine throws, without a trace', run: () => failingMachine(factory, short) },
    { name: 'obeys a signal that fired before the call', run: () => earlyAborts(factory, short) },
  ];
}

/** The history without its big documents, which only snapshots need. */
function shortened(history: History): History {
  const length = 4;
  return {
    genesis: history.genesis,
    groups: history.groups.slice(0, length),
    outcomes: history.outcomes.slice(0, length),
    stages: history.stages.slice(0, length + 1),
  };
}
