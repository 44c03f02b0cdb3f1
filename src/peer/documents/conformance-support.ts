/** What the parts of `storeConformance` share: places for stores, and checks against the model. */

import assert from 'node:assert/strict';
import { toHex } from '../../base/bytes.ts';
import type { DocumentStore } from '../api.ts';
import { documentMachine } from '../machine/documents.ts';
import type { History, Stage } from './conformance-history.ts';
import type { StepOptions } from './turns.ts';

/** A place for one store: empty when made, keeping what a store made durable. */
export interface StorePlace extends AsyncDisposable {
  /**
   * A store in this place, not yet opened. Called again once the store before is disposed.
   * @param options `onStep` must be called after every await of `open`, `apply` and `restore`, and
   *   what it throws must come out of the call, as a crash would end it there.
   */
  store(options: StepOptions): DocumentStore;
}

export type StoreFactory = () => Promise<StorePlace>;

export interface ConformanceTest {
  readonly name: string;
  readonly run: () => Promise<void>;
}

/** A signal that never fires. */
export const calm = (): AbortSignal => new AbortController().signal;

/** Runs `test` with an empty place and removes the place. */
export async function withPlace(
  factory: StoreFactory,
  test: (place: StorePlace) => Promise<void>,
): Promise<void> {
  const place = await factory();
  try {
    await test(place);
  } finally {
    await place[Symbol.asyncDispose]();
  }
}

/** Runs `test` with an opened store and disposes the store. */
export async function withStore<T>(
  place: StorePlace,
  history: History,
  test: (store: DocumentStore) => Promise<T>,
  options: StepOptions = {},
): Promise<T> {
  const store = place.store(options);
  try {
    await store.open(history.genesis);
    return await test(store);
  } finally {
    await store[Symbol.asyncDispose]();
  }
}

/** Applies the groups `from` to `to - 1` and checks outcomes. */
export async function applyRange(
  store: DocumentStore,
  history: History,
  from: number,
  to: number,
): Promise<void> {
  for (let i = from; i < to; i++) {
    const outcomes = await store.apply(history.groups[i]!, documentMachine, calm());
    assert.deepEqual(outcomes, history.outcomes[i], `outcomes of group ${i + 1}`);
  }
}

/** Checks that the store stands at a stage of the history. */
export async function assertStage(store: DocumentStore, history: History, stage: Stage): Promise<void> {
  assert.deepEqual(await store.open(history.genesis), stage.position);
  assert.equal(toHex(await store.stateRoot()), stage.stateRoot, 'state root');
}
