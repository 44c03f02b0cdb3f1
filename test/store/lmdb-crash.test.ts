import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import type { Table } from '../../src/base/ledger.ts';
import { openLmdbStore } from '../../src/store/lmdb.ts';
import type { Store } from '../../src/store/port.ts';
import { groupWrites } from './lmdb-groups.ts';
import { limitedChild, startChild, until } from './lmdb-process.ts';
import { checkAgainst } from './suite.ts';

const root = mkdtempSync(join(tmpdir(), 'musig-paxos-crash-'));
let directories = 0;
const newPath = (): string => join(root, `${directories++}`);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const openAt = (path: string): Promise<Store> => openLmdbStore({ path });

describe('a store whose process is killed', () => {
  it.each([
    ['with everything in its log', 'write', 60],
    ['while it writes its database and merges its runs', 'churn', 60],
    ['with small records written on the spot', 'now', 60],
    ['on the spot, while it writes its database', 'churn-now', 60],
  ])(
    'has all that was acknowledged, and a prefix of what was applied: %s',
    { timeout: 60_000 },
    async (_, mode, step) => {
      const path = newPath();
      let before = 0;
      for (let round = 0; round < 4; round++) {
        const { child, lines, ended } = startChild(mode, path);
        const patience = 40 + round * step;
        const acknowledged = (): number => lines.filter((line) => /^\d+$/.test(line)).length;
        await until(() => acknowledged() >= patience);
        child.kill('SIGKILL');
        await ended;
        expect(lines.filter((line) => !/^(\d+$|now$|log )/.test(line))).toEqual([]);
        expect(lines.includes('now')).toBe(mode.endsWith('now'));
        const last = Math.max(...lines.filter((line) => /^\d+$/.test(line)).map(Number));
        const store = await openAt(path);
        before = checkPrefix(store, last, before);
        await store.close();
      }
      expect(before).toBeGreaterThan(100);
    },
  );

  it('shows a prefix to a reader while its owner goes on', { timeout: 60_000 }, async () => {
    const path = newPath();
    const { child, lines, ended } = startChild('churn', path);
    const last = (): number => Math.max(-1, ...lines.filter((line) => /^\d+$/.test(line)).map(Number));
    let before = 0;
    for (let round = 0; round < 8; round++) {
      const next = last() + 25;
      await until(() => last() >= next);
      const acknowledged = last();
      const reader = await openLmdbStore({ path, readOnly: true });
      before = checkPrefix(reader, acknowledged, before);
      await new Promise((resolve) => setTimeout(resolve, 30));
      expect(checkPrefix(reader, acknowledged, before)).toBe(before);
      await reader.close();
    }
    child.kill('SIGKILL');
    await ended;
  });

  /** Exactly the records of groups 0 to `count - 1`, for a count that covers what was acknowledged. */
  function checkPrefix(store: Store, acknowledged: number, before: number): number {
    const oracle = new Map<string, Uint8Array>();
    const count = [...store.range('order', new Uint8Array(0), Number.POSITIVE_INFINITY)].length;
    expect(count).toBeGreaterThan(acknowledged);
    expect(count).toBeGreaterThanOrEqual(before);
    for (let i = 0; i < count; i++) {
      for (const { table, key, value } of groupWrites(i)) {
        const name = `${table}/${Buffer.from(key).toString('hex')}`;
        if (value) oracle.set(name, value);
        else oracle.delete(name);
      }
    }
    const found = (['order', 'meta', 'arrival', 'transaction', 'dependency'] satisfies Table[]).flatMap(
      (table) =>
        [...store.range(table, new Uint8Array(0), Number.POSITIVE_INFINITY)].map(
          ([key, value]) => [`${table}/${Buffer.from(key).toString('hex')}`, Buffer.from(value)] as const,
        ),
    );
    expect(found).toHaveLength(oracle.size);
    for (const [name, value] of found) expect(value.equals(oracle.get(name)!)).toBe(true);
    checkAgainst(store, oracle);
    return count;
  }
});

describe('a disk that refuses', () => {
  // A bound on the size of files is the one disk error that a test can have without privileges. The log's files
  // stay below it in the first case, and the database grows beyond it; in the second a record is too long.
  it.runIf(process.platform !== 'win32').each([
    ['the database', 6000, 'fill'],
    ['the log', 4100, 'flood'],
  ])(
    'is %s: this and every later flush fail, and no promise is left unhandled',
    { timeout: 30_000 },
    async (_, kibibytes, mode) => {
      const path = newPath();
      const { stdout } = limitedChild(kibibytes, mode, path);
      const lines = stdout.trim().split('\n');
      const failed = lines.filter((line) => line.startsWith('failed'));
      const durable = lines.filter((line) => line.startsWith('durable')).map((line) => line.slice(8));
      expect(durable.length).toBeGreaterThan(3);
      expect(failed).toHaveLength(3);
      for (const line of failed)
        expect(line).toMatch(
          /^failed \d+ STORE_DISK cannot write to store .*: (Input\/output error, or the disk is full|(EFBIG: )?[Ff]ile too large.*)$/,
        );
      expect(lines.slice(-2)).toEqual(['reads 100000', 'closed']);
      expect(stdout).not.toMatch(/unhandled|recovered/);
      // The directory is sound: everything that was acknowledged is there, and it can be written again.
      const store = await openAt(path);
      for (const name of durable) expect(store.get('batch', utf8(name))).toHaveLength(100_000);
      store.apply([{ table: 'meta', key: utf8('a'), value: utf8('1') }]);
      await store.close();
      const again = await openAt(path);
      expect(again.get('meta', utf8('a'))).toEqual(utf8('1'));
      await again.close();
    },
  );
});
