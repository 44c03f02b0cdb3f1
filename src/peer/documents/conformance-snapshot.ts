/**
 * Snapshots: what one store writes, another one restores; whatever happened to the chunks on the way is
 * noticed before anything of them is visible. Stores without `snapshot` and `restore` pass.
 */

import assert from 'node:assert/strict';
import { utf8 } from '../../base/bytes.ts';
import { must } from '../../base/result.ts';
import {
  type DocumentStore,
  ForkDetected,
  type Manifest,
  PositionMismatch,
  SnapshotRefused,
} from '../api.ts';
import { documentMachine } from '../machine/documents.ts';
import { orderedGroup } from '../position.ts';
import { type History, sketchBatch } from './conformance-history.ts';
import { Killed, StepTrap } from './conformance-interruption.ts';
import {
  applyRange,
  assertStage,
  type ConformanceTest,
  calm,
  type StoreFactory,
  withPlace,
  withStore,
} from './conformance-support.ts';
import type { DocumentEntry } from './root.ts';
import { readManifest, snapshotChunks } from './snapshot.ts';

type SnapshotStore = DocumentStore & Required<Pick<DocumentStore, 'snapshot' | 'restore'>>;

const withSnapshots = (store: DocumentStore): store is SnapshotStore =>
  store.snapshot !== undefined && store.restore !== undefined;

async function* stream<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

const manifestAt = (history: History, stage: number): Manifest => ({
  format: 1,
  genesis: history.genesis,
  position: history.stages[stage]!.position,
  stateRoot: history.stages[stage]!.stateRoot,
  count: history.stages[stage]!.count,
});

/** The chunks of a snapshot at a stage, or undefined when the store makes none. */
async function chunksAt(
  factory: StoreFactory,
  history: History,
  stage: number,
): Promise<Uint8Array[] | undefined> {
  let chunks: Uint8Array[] | undefined;
  await withPlace(factory, (place) =>
    withStore(place, history, async (store) => {
      await applyRange(store, history, 0, stage);
      if (withSnapshots(store)) chunks = await collect(store.snapshot());
    }),
  );
  return chunks;
}

/** Stage of the snapshots below: the documents fill several chunks there, and one group follows. */
const big = 5;

async function roundTrips(factory: StoreFactory, history: History): Promise<void> {
  for (const stage of [0, 3, big]) {
    const chunks = await chunksAt(factory, history, stage);
    if (!chunks) return;
    assert.deepEqual(must(readManifest(chunks[0]!)), manifestAt(history, stage));
    if (stage === big) assert.ok(chunks.length > 2, 'several chunks');
    for (const used of [0, 1])
      await withPlace(factory, async (place) => {
        await withStore(place, history, async (store) => {
          await applyRange(store, history, 0, used);
          assert.ok(withSnapshots(store));
          const position = await store.restore(stream(chunks), manifestAt(history, stage));
          assert.deepEqual(position, history.stages[stage]!.position);
        });
        await withStore(place, history, async (store) => {
          await assertStage(store, history, history.stages[stage]!);
          if (withSnapshots(store)) assert.deepEqual(await collect(store.snapshot()), chunks);
          await assertContinues(store, history, stage);
        });
      });
  }
}

/** After a restore: older groups cannot be answered, another history is a fork, the next group applies. */
async function assertContinues(store: DocumentStore, history: History, stage: number): Promise<void> {
  for (const group of history.groups.slice(0, stage))
    await assert.rejects(store.apply(group, documentMachine, calm()), PositionMismatch);
  const last = history.groups[stage - 1];
  if (last) {
    const other = orderedGroup(last.previous, [sketchBatch(800, [{ ops: [{ op: 'delete', id: 'a' }] }])]);
    await assert.rejects(store.apply(other, documentMachine, calm()), ForkDetected);
  }
  await applyRange(store, history, stage, history.groups.length);
  await assertStage(store, history, history.stages.at(-1)!);
}

/** Every way in which chunks can differ from what was written. */
function damaged(chunks: readonly Uint8Array[]): [string, Uint8Array[]][] {
  const list: [string, Uint8Array[]][] = [
    ['no chunk at all', []],
    ['an empty chunk at the end', [...chunks, new Uint8Array(0)]],
    ['a chunk twice', [...chunks, chunks.at(-1)!]],
    ['two chunks swapped', [chunks[0]!, ...chunks.slice(1).reverse()]],
  ];
  for (const [i, chunk] of chunks.entries()) {
    const replaced = (by: Uint8Array[]) => [...chunks.slice(0, i), ...by, ...chunks.slice(i + 1)];
    list.push([`chunk ${i} missing`, replaced([])]);
    list.push([`chunk ${i} cut`, replaced([chunk.slice(0, -1)])]);
    for (const place of [0, Math.floor(chunk.length / 2), chunk.length - 1]) {
      const flipped = chunk.slice();
      flipped[place]! ^= 1;
      list.push([`chunk ${i} flipped at ${place}`, replaced([flipped])]);
    }
  }
  return list;
}

/** Every way in which a whole snapshot can be another one than expected. */
const otherManifests = (manifest: Manifest): [string, Manifest][] => [
  ['another state root', { ...manifest, stateRoot: '11'.repeat(32) }],
  ['another count', { ...manifest, count: manifest.count + 1 }],
  ['another position', { ...manifest, position: { ...manifest.position, hash: '11'.repeat(32) } }],
  ['another federation', { ...manifest, genesis: { ...manifest.genesis, hash: '11'.repeat(32) } }],
];

/** Snapshots whose chunks are in order, and whose documents are not those of the manifest. */
async function forged(manifest: Manifest): Promise<[string, Uint8Array[]][]> {
  const entry = (id: string, document: string): DocumentEntry => ({ id: utf8(id), document: utf8(document) });
  const valid = Array.from({ length: manifest.count }, (_, i) =>
    entry(`id ${String(i).padStart(6, '0')}`, '1'),
  );
  const rest = valid.slice(1);
  const cases: [string, DocumentEntry[]][] = [
    ['other documents', valid],
    ['a document too many', [...valid, entry('z', '1')]],
    ['ids that descend', [...rest, valid[0]!]],
    ['an id twice', [rest[0]!, ...rest]],
    ['a document that is not canonical', [entry('a', '{ }'), ...rest]],
    ['a document that is not JSON', [entry('a', '{'), ...rest]],
    ['an empty id', [entry('', '1'), ...rest]],
    ['an id that is not UTF-8', [...rest, { id: Uint8Array.of(0xff), document: utf8('1') }]],
  ];
  const chunked: [string, Uint8Array[]][] = [];
  for (const [name, entries] of cases)
    chunked.push([name, await collect(snapshotChunks(manifest, stream(entries)))]);
  return chunked;
}

async function damage(factory: StoreFactory, history: History): Promise<void> {
  const chunks = await chunksAt(factory, history, big);
  const used = 2;
  const older = await chunksAt(factory, history, used);
  if (!chunks || !older) return;
  const expect = manifestAt(history, big);
  const attempts: [string, Uint8Array[], Manifest][] = [
    ...damaged(chunks).map(([name, bad]): [string, Uint8Array[], Manifest] => [name, bad, expect]),
    ...otherManifests(expect).map(([name, other]): [string, Uint8Array[], Manifest] => [name, chunks, other]),
    ['documents of another snapshot', [chunks[0]!, ...older.slice(1)], expect],
    ...(await forged(expect)).map(([name, bad]): [string, Uint8Array[], Manifest] => [name, bad, expect]),
  ];
  await withPlace(factory, (place) =>
    withStore(place, history, async (store) => {
      await applyRange(store, history, 0, used);
      assert.ok(withSnapshots(store));
      for (const [name, bad, manifest] of attempts) {
        await assert.rejects(store.restore(stream(bad), manifest), SnapshotRefused, name);
        await assertStage(store, history, history.stages[used]!);
      }
      await applyRange(store, history, 0, used + 1);
      // Nothing of the refused ones may be left in what is restored now: the smaller one first.
      await assert.rejects(store.restore(stream(chunks.slice(0, -1)), expect), SnapshotRefused);
      await store.restore(stream(older), manifestAt(history, used));
      await assertStage(store, history, history.stages[used]!);
      await store.restore(stream(chunks), expect);
      await assertStage(store, history, history.stages[big]!);
    }),
  );
}

/** A snapshot is of one position, also when groups are applied while it is read. */
async function whileApplying(factory: StoreFactory, history: History): Promise<void> {
  await withPlace(factory, (place) =>
    withStore(place, history, async (store) => {
      await applyRange(store, history, 0, big);
      if (!withSnapshots(store)) return;
      const chunks: Uint8Array[] = [];
      for await (const chunk of store.snapshot()) {
        if (chunks.length === 0) await applyRange(store, history, big, big + 1);
        chunks.push(chunk);
      }
      await assertStage(store, history, history.stages[big + 1]!);
      await store.restore(stream(chunks), manifestAt(history, big));
      await assertStage(store, history, history.stages[big]!);
    }),
  );
}

async function killedRestores(factory: StoreFactory, history: History): Promise<void> {
  const chunks = await chunksAt(factory, history, big);
  if (!chunks) return;
  const used = 2;
  for (let at = 1, last = false; !last; at++)
    await withPlace(factory, async (place) => {
      const trap = new StepTrap((point) => {
        throw new Killed(point);
      });
      trap.at = at;
      const run = async (store: DocumentStore): Promise<void> => {
        await applyRange(store, history, 0, used);
        assert.ok(withSnapshots(store));
        trap.armed = true;
        const [result] = await Promise.allSettled([store.restore(stream(chunks), manifestAt(history, big))]);
        trap.armed = false;
        last = result.status === 'fulfilled';
        assert.ok(last || (result.status === 'rejected' && result.reason instanceof Killed), String(result));
      };
      await withStore(place, history, run, { onStep: trap.onStep });
      await withStore(place, history, async (store) => {
        const { sequence } = await store.open(history.genesis);
        assert.ok(sequence === big || (sequence === used && !last), `the store stands at ${sequence}`);
        await assertStage(store, history, history.stages[sequence]!);
        await applyRange(store, history, sequence, history.groups.length);
        await assertStage(store, history, history.stages.at(-1)!);
      });
      if (last) assert.ok(trap.steps >= 2, 'a store calls onStep at least before and after its commit');
    });
}

/** @see storeConformance */
export const snapshotTests = (factory: StoreFactory, history: History): ConformanceTest[] => [
  { name: 'restores what it wrote, and goes on from there', run: () => roundTrips(factory, history) },
  { name: 'refuses damaged and unexpected snapshots, unchanged', run: () => damage(factory, history) },
  {
    name: 'writes a snapshot of one position while groups are applied',
    run: () => whileApplying(factory, history),
  },
  {
    name: 'holds all of a snapshot or none when killed at any await of restore',
    run: () => killedRestores(factory, history),
  },
];
