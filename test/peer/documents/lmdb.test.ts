import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import type { Manifest } from '../../../src/peer/api.ts';
import {
  conformanceGenesis,
  conformanceHistory,
  historyOf,
  sketchBatch,
} from '../../../src/peer/documents/conformance-history.ts';
import { LmdbDocumentStore } from '../../../src/peer/documents/lmdb.ts';
import { openTables } from '../../../src/peer/documents/lmdb-tables.ts';
import { documentMachine } from '../../../src/peer/machine/documents.ts';
import { replayRoot } from '../../../src/peer/replay.ts';
import { counterDocuments, counterGroup } from './counter-history.ts';
import { temporaryDirectory } from './places.ts';

const signal = new AbortController().signal;
const paths: string[] = [];

afterEach(async () => {
  for (const path of paths.splice(0)) await rm(path, { recursive: true, force: true });
});

async function directory(): Promise<string> {
  const path = await temporaryDirectory();
  paths.push(path);
  return path;
}

/** Starts a process that applies groups, and kills it once it has reported `groups` more of them. */
async function applyAndKill(path: string, groups: number): Promise<number> {
  const script = fileURLToPath(new URL('./counter-process.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let reported = 0;
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    reported = Number(line);
    seen += 1;
    if (seen === groups) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  expect(child.signalCode).toBe('SIGKILL');
  return reported;
}

describe('the lmdb document store', () => {
  it('clears what an interrupted restore left when it opens', async () => {
    const path = await directory();
    const history = conformanceHistory();
    const onStep = (point: string): void => {
      if (point === 'restore: commit') throw new Error('killed');
    };
    const source = new LmdbDocumentStore({ path: await directory() });
    await source.open(history.genesis);
    for (const group of history.groups) await source.apply(group, documentMachine, signal);
    const { position, stateRoot, count } = history.stages.at(-1)!;
    const manifest: Manifest = { format: 1, genesis: history.genesis, position, stateRoot, count };
    const killed = new LmdbDocumentStore({ path, onStep });
    await killed.open(history.genesis);
    await expect(killed.restore(source.snapshot(), manifest)).rejects.toThrow('killed');
    await killed[Symbol.asyncDispose]();
    const sizes = async (): Promise<number[]> => {
      const tables = openTables(path);
      const counts = tables.generations.map((one) => [...one.documents.getKeys()].length);
      await tables.root.close();
      return counts;
    };
    expect(await sizes()).toEqual([0, count]);
    const again = new LmdbDocumentStore({ path });
    await again.open(history.genesis);
    await again[Symbol.asyncDispose]();
    expect(await sizes()).toEqual([0, 0]);
    await source[Symbol.asyncDispose]();
  });

  it('holds every group it reported, and no part of another one, after SIGKILL', async () => {
    const path = await directory();
    let position = conformanceGenesis;
    for (const groups of [1, 7, 40]) {
      const reported = await applyAndKill(path, groups);
      const store = new LmdbDocumentStore({ path });
      const stored = await store.open(conformanceGenesis);
      expect(stored.sequence).toBeGreaterThanOrEqual(reported);
      while (position.sequence < stored.sequence) position = counterGroup(position).position;
      expect(stored).toEqual(position);
      expect(toHex(await store.stateRoot())).toBe(replayRoot(counterDocuments(stored.sequence)));
      await store[Symbol.asyncDispose]();
    }
  }, 60_000);

  it('reads documents, their number and the position', async () => {
    const history = conformanceHistory();
    const store = new LmdbDocumentStore({ path: await directory() });
    await expect(store.get('a')).rejects.toThrow('the document store is not open');
    await store.open(history.genesis);
    for (const [i, group] of history.groups.entries()) {
      await store.apply(group, documentMachine, signal);
      const stage = history.stages[i + 1]!;
      expect(await store.count()).toBe(stage.count);
      expect(await store.position()).toEqual(stage.position);
      for (const id of ['a', 'b', 'c', 'x', '\u00e9', '\u{1f600}', '', 'x'.repeat(3000), '\ud800'])
        expect(await store.get(id)).toEqual(stage.documents.get(id));
    }
    await store[Symbol.asyncDispose]();
    await expect(store.stateRoot()).rejects.toThrow('the document store is not open');
  });

  it('keeps documents in byte order of their ids, over more than one slice of a scan', async () => {
    const path = await directory();
    // Ids whose order by bytes differs from that by code units, in no order; and a slice of 512 that
    // ends between an id and the same with a zero byte.
    const prefixes = ['\u00e9', 'z', '\u{1f600}', '\uff5e'];
    const many = Array.from({ length: 800 }, (_, i) => `${prefixes[i % 4]}${(i * 7919) % 800}`);
    const first = Array.from({ length: 511 }, (_, i) => `a${i}`);
    const ids = [...many, 'b\0', 'c', ...first, 'b'];
    const sketches = ids.map((id) => ({ ops: [{ op: 'create' as const, id, document: id }] }));
    const { groups, stages, genesis } = historyOf(conformanceGenesis, [
      { batches: [sketchBatch(1, sketches)] },
    ]);
    const store = new LmdbDocumentStore({ path });
    await store.open(genesis);
    for (const group of groups) await store.apply(group, documentMachine, signal);
    expect(toHex(await store.stateRoot())).toBe(stages.at(-1)!.stateRoot);
    await store[Symbol.asyncDispose]();
  });
});
