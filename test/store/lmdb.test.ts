import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open as openRaw } from 'lmdb';
import { afterAll, describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { openLmdbStore } from '../../src/store/lmdb.ts';
import type { Store } from '../../src/store/port.ts';
import { tableByte } from '../../src/store/tables.ts';
import { groupWrites } from './lmdb-groups.ts';
import { limitedChild, startChild, until } from './lmdb-process.ts';
import { storeSuite, textRange } from './suite.ts';

const root = mkdtempSync(join(tmpdir(), 'musig-paxos-store-'));
let directories = 0;
const newPath = (): string => join(root, `${directories++}`);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const paths = new Map<Store, string>();
/** Every flush is followed by a checkpoint, and the log changes files every few records. */
const busy = { layerBytes: 1, segmentBytes: 2000 };
async function openAt(path: string, sizes = {}): Promise<Store> {
  const store = await openLmdbStore({ path, ...sizes });
  paths.set(store, path);
  return store;
}

storeSuite('lmdb', {
  open: () => openAt(newPath()),
  reopen: (closed) => openAt(paths.get(closed)!),
  runs: 15,
});

storeSuite('lmdb that writes its database all the time', {
  open: () => openAt(newPath(), busy),
  reopen: (closed) => openAt(paths.get(closed)!, busy),
  runs: 15,
});

describe('the LMDB store on disk', () => {
  it('has a stable first byte for every table', () => {
    const bytes = Object.values(tableByte);
    expect(new Set(bytes).size).toBe(bytes.length);
    expect(bytes.every((byte) => byte > 0 && byte < 255)).toBe(true);
    expect(tableByte).toMatchInlineSnapshot(`
      {
        "arrival": 4,
        "batch": 2,
        "block": 8,
        "blockDigest": 9,
        "certificate": 6,
        "certified": 7,
        "dead": 16,
        "dependency": 13,
        "evidence": 15,
        "log": 17,
        "meta": 1,
        "node": 14,
        "order": 10,
        "place": 11,
        "transaction": 12,
        "vote": 3,
      }
    `);
  });

  it('serves reads of what is being written while it is being written', async () => {
    const store = await openAt(newPath());
    for (let round = 0; round < 20; round++) {
      store.apply(groupWrites(round));
      const flushed = store.flush();
      for (let i = 0; i < 5; i++) {
        expect(textRange(store, 'order')).toHaveLength(round + 1);
        await new Promise((resolve) => setImmediate(resolve));
      }
      await flushed;
      expect(textRange(store, 'arrival')).toHaveLength(1);
    }
    await store.close();
  });

  it('is on disk when a flush resolves: another process reads it', { timeout: 30_000 }, async () => {
    const path = newPath();
    const store = await openAt(path);
    const readElsewhere = async (): Promise<string[]> => {
      const { lines, ended } = startChild('read', path);
      await ended;
      return lines;
    };
    store.apply([{ table: 'meta', key: utf8('a'), value: utf8('1') }]);
    expect(await readElsewhere()).toEqual(['nothing']);
    await store.flush();
    expect(await readElsewhere()).toEqual(['1']);
    await store.close();
  });

  it('commits synced transactions only, not ones that are synced later', async () => {
    const path = newPath();
    const store = await openAt(path);
    for (let i = 0; i < 2; i++) {
      store.apply(groupWrites(i));
      await store.flush();
    }
    const file = readFileSync(join(path, 'data.mdb'));
    // The flags of the first database record in each meta page; the library marks a commit whose sync is
    // still to come with 0x1000 (MDB_OVERLAPPINGSYNC).
    for (const page of [0, 4096]) expect(file.readUInt16LE(page + 52)).toBe(0x0008);
    await store.close();
  });

  it('can be opened to read only', async () => {
    const path = newPath();
    const store = await openAt(path);
    store.apply(groupWrites(0));
    await store.close();
    const reader = await openLmdbStore({ path, readOnly: true });
    expect(textRange(reader, 'order')).toHaveLength(1);
    expect(() => reader.apply([])).toThrow(/read only/);
    await expect(openLmdbStore({ path })).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await reader.close();
    await (await openAt(path)).close();
  });

  it('grows far beyond its first size', async () => {
    const path = newPath();
    let store = await openAt(path);
    const value = new Uint8Array(1 << 20).fill(7);
    for (let i = 0; i < 40; i++) {
      store.apply([{ table: 'batch', key: utf8(`${i}`), value }]);
      if (i % 10 === 9) await store.flush();
    }
    await store.close();
    store = await openAt(path);
    for (let i = 0; i < 40; i++) expect(Buffer.compare(store.get('batch', utf8(`${i}`))!, value)).toBe(0);
    await store.close();
  });
});

describe('opening a store', () => {
  const refused = async (path: string, code: string, text: string, readOnly = false): Promise<void> => {
    const error = await openLmdbStore({ path, readOnly }).then(
      () => 'opened',
      (reason: unknown) => reason as { code: string; message: string },
    );
    expect(error).toMatchObject({ name: 'StoreError', code });
    const { message } = error as { message: string };
    expect(message).toContain(text);
    expect(message).toContain(path);
    expect(message).not.toContain('\n');
  };

  it('refuses a file, and a path below a file', async () => {
    const file = newPath();
    writeFileSync(file, 'x');
    await refused(file, 'STORE_OPEN', 'cannot open store');
    await refused(join(file, 'store'), 'STORE_OPEN', 'ENOTDIR');
  });

  it('refuses a directory of something else, and leaves it alone', async () => {
    const path = newPath();
    mkdirSync(path);
    writeFileSync(join(path, 'thesis.txt'), 'x');
    await refused(path, 'STORE_FOREIGN', 'holds "thesis.txt"');
    expect(readdirSync(path)).toEqual(['thesis.txt']);
  });

  it.each([100, 8191, 20_000])('refuses a file of %i bytes that is no database', async (bytes) => {
    const path = newPath();
    mkdirSync(path);
    writeFileSync(join(path, 'data.mdb'), new Uint8Array(bytes).fill(1));
    await refused(path, 'STORE_FOREIGN', 'data.mdb is no LMDB database');
    await refused(path, 'STORE_FOREIGN', 'data.mdb is no LMDB database', true);
    expect(readdirSync(path)).toEqual(['data.mdb']);
  });

  it('refuses a database of which only the first page is left', async () => {
    const path = newPath();
    await (await openAt(path)).close();
    truncateSync(join(path, 'data.mdb'), 4096);
    await refused(path, 'STORE_FOREIGN', 'data.mdb is no LMDB database');
  });

  it('makes a new one where a crash left an empty file', async () => {
    const path = newPath();
    mkdirSync(path);
    writeFileSync(join(path, 'data.mdb'), '');
    await refused(path, 'STORE_OPEN', 'there is none', true);
    await (await openAt(path)).close();
  });

  it('refuses a database of something else, and one of another version', async () => {
    for (const [key, value, code, text] of [
      [utf8('hello'), 'world', 'STORE_FOREIGN', 'a database of something else'],
      [Uint8Array.of(0, ...utf8('format')), 'another program 7', 'STORE_FOREIGN', '"another program 7"'],
      [
        Uint8Array.of(0, ...utf8('format')),
        'musig-paxos store 1',
        'STORE_FORMAT',
        'format 1, this program reads 3',
      ],
    ] as const) {
      const path = newPath();
      const raw = openRaw<Uint8Array, Uint8Array>({
        path,
        noSubdir: false,
        encoding: 'binary',
        keyEncoding: 'binary',
        overlappingSync: false,
      });
      await raw.put(key, utf8(value));
      await raw.close();
      await refused(path, code, text);
      await refused(path, code, text, true);
    }
  });

  it.runIf(process.platform !== 'win32')('refuses a disk without space', { timeout: 30_000 }, () => {
    const path = newPath();
    const { stdout } = limitedChild(8, 'hold', path);
    expect(stdout).toMatch(
      /^error STORE_OPEN cannot open store .*: (EFBIG: file too large, write|no space left)\n$/,
    );
    expect(readdirSync(path)).toEqual([]);
  });

  it('refuses to read what is not there, and makes nothing', async () => {
    const path = newPath();
    await refused(path, 'STORE_OPEN', 'cannot open store', true);
    expect(existsSync(path)).toBe(false);
  });

  it('goes on with a database that a crash left empty', async () => {
    const path = newPath();
    const raw = openRaw({ path, noSubdir: false, keyEncoding: 'binary', overlappingSync: false });
    await raw.close();
    const store = await openAt(path);
    await store.close();
    await (await openAt(path)).close();
  });
});

describe('the lock of a store', () => {
  it('keeps out a second opening, in this process and in another', { timeout: 30_000 }, async () => {
    const path = newPath();
    const store = await openAt(path);
    await expect(openLmdbStore({ path })).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    const { lines, ended } = startChild('hold', path);
    await ended;
    expect(lines).toEqual([`error STORE_LOCKED store ${path} is in use by process ${process.pid}`]);
    await store.close();
    expect(readdirSync(path).filter((name) => name.startsWith('lock-'))).toEqual([]);
    await (await openAt(path)).close();
  });

  it('survives kill -9, and names who held it', { timeout: 30_000 }, async () => {
    const path = newPath();
    const { child, lines, ended } = startChild('hold', path);
    await until(() => lines.includes('open'));
    await expect(openLmdbStore({ path })).rejects.toThrow(`in use by process ${child.pid}`);
    child.kill('SIGKILL');
    await ended;
    const log: string[] = [];
    const store = await openLmdbStore({ path, log: (line) => log.push(line) });
    expect(log).toEqual([`store ${path}: removed the lock of process ${child.pid}, which is gone`]);
    await store.close();
  });

  it.runIf(existsSync('/proc/self/stat'))('does not take a reused pid for the holder', async () => {
    const path = newPath();
    mkdirSync(path);
    // This process is alive, and so is the first process; neither began then.
    for (const pid of [process.pid, 1]) writeFileSync(join(path, `lock-${pid}-0123abcd1`), '');
    if (process.getuid?.() === 0) await (await openAt(path)).close();
    else rmSync(join(path, 'lock-1-0123abcd1'));
    await (await openAt(path)).close();
    expect(readdirSync(path).sort()).toEqual(['data.mdb', 'lock.mdb', 'wal-0000000001']);
  });

  it('takes a process of unknown start for alive', async () => {
    const path = newPath();
    mkdirSync(path);
    writeFileSync(join(path, 'lock-1-0'), '');
    await expect(openLmdbStore({ path })).rejects.toThrow('in use by process 1');
    expect(readdirSync(path)).toEqual(['lock-1-0']);
  });
});
