/** The sample workload, in file order, through every store: nothing is refused, all state roots agree. */
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import { must } from '../../src/base/result.ts';
import type { DocumentStore, OrderedTransaction } from '../../src/peer/api.ts';
import { conformanceGenesis, sketchBatch } from '../../src/peer/documents/conformance-history.ts';
import { LmdbDocumentStore } from '../../src/peer/documents/lmdb.ts';
import { MemoryDocumentStore } from '../../src/peer/documents/memory.ts';
import { documentDependencies, documentMachine, parseOperations } from '../../src/peer/machine/documents.ts';
import { orderedGroup } from '../../src/peer/position.ts';
import { replayRoot, singleThreadedReplay } from '../../src/peer/replay.ts';
import { temporaryDirectory } from './documents/places.ts';

const file = new URL('../../data/compat-history.jsonl.gz', import.meta.url);
const lines = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n');
const signal = new AbortController().signal;
const expectedRoot = '696e1c4a554ae4bc5c2aef15f8d967b01c3e78faac0a227c385b780a2730bdd8';

const batches = lines.map((line, i) => {
  const body = utf8(line);
  return sketchBatch(i + 1, [{ body, dependencies: documentDependencies(must(parseOperations(body))) }]);
});

/** Applies the workload in groups of `size` one-transaction batches; returns the state root. */
async function applyAll(store: DocumentStore, size: number): Promise<string> {
  let position = await store.open(conformanceGenesis);
  for (let at = 0; at < batches.length; at += size) {
    const group = orderedGroup(position, batches.slice(at, at + size));
    for (const outcome of await store.apply(group, documentMachine, signal))
      expect(outcome).toEqual({ status: 'applied' });
    position = group.position;
  }
  return toHex(await store.stateRoot());
}

describe('the sample workload', () => {
  it('has 3153 transactions that a plain replay applies, to the frozen state root', () => {
    const transactions: OrderedTransaction[] = batches.flatMap((batch) => batch.transactions);
    const { documents, outcomes } = singleThreadedReplay(transactions, documentMachine);
    expect(outcomes).toEqual(Array(3153).fill({ status: 'applied' }));
    expect([documents.size, replayRoot(documents)]).toEqual([1168, expectedRoot]);
  }, 30_000);

  it('leads to the same state root in memory', async () => {
    expect(await applyAll(new MemoryDocumentStore(), 32)).toBe(expectedRoot);
  }, 30_000);

  it('leads to the same state root in lmdb, in every grouping', async () => {
    for (const size of [32, 256]) {
      const path = await temporaryDirectory();
      const store = new LmdbDocumentStore({ path });
      try {
        expect(await applyAll(store, size)).toBe(expectedRoot);
      } finally {
        await store[Symbol.asyncDispose]();
        await rm(path, { recursive: true, force: true });
      }
    }
  }, 30_000);
});
