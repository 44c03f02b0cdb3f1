/** What the next opening makes of every file that a crash, or damage, can leave behind. */

import { cpSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { openLmdbStore } from '../../src/store/lmdb.ts';
import { readLog, segmentFile } from '../../src/store/log-files.ts';
import { recordAt } from '../../src/store/log-record.ts';
import type { Store } from '../../src/store/port.ts';
import { groupWrites } from './lmdb-groups.ts';

const root = mkdtempSync(join(tmpdir(), 'musig-paxos-log-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let copies = 0;

/** A store of several log files, as it is found when its process is killed: nothing is in the database. */
const image = join(root, 'image');
const segmentBytes = 1200;
/** Where each record is; record `i` is group `i`. */
const records: { ordinal: number; at: number; end: number }[] = [];
let salt: Uint8Array;

beforeAll(async () => {
  const path = join(root, 'running');
  const store = await openLmdbStore({ path, segmentBytes });
  for (let i = 0; i < 13; i++) {
    store.apply(groupWrites(i));
    await store.flush();
  }
  cpSync(path, image, { recursive: true, filter: (name) => !name.includes('lock-') });
  await store.close();
  salt = readFileSync(segmentFile(image, 1)).subarray(24, 32);
  for (let ordinal = 1; ordinal <= lastOrdinal(); ordinal++) {
    const bytes = readFileSync(segmentFile(image, ordinal));
    for (let at = 0; ; ) {
      const record = recordAt(bytes, at, ordinal, salt);
      if (!record) break;
      records.push({ ordinal, at, end: record.end });
      at = record.end;
      if (record.isLast) break;
    }
  }
});

const lastOrdinal = (): number =>
  Math.max(...readdirSync(image).map((name) => Number(/^wal-(\d+)$/.exec(name)?.[1] ?? 0)));

/** The groups that the log still has, or the error. Files before `oldest` are taken for covered. */
function groupsIn(path: string, oldest = 1): number | string {
  const covered = records.filter(({ ordinal }) => ordinal < oldest).length;
  let found = covered;
  try {
    const { sequence } = readLog(path, { covered, oldest, salt }, (table) => {
      if (table === 10) found += 1; // `order` has one row for each group
    });
    if (found !== sequence) throw new Error(`${found} groups in ${sequence} records`);
    return sequence;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

function copy(): string {
  const path = join(root, `copy ${copies++}`);
  cpSync(image, path, { recursive: true });
  return path;
}

async function groupsOf(store: Store): Promise<number> {
  const count = [...store.range('order', new Uint8Array(0), 1e6)].length;
  for (let i = 0; i < count; i++)
    for (const { table, key, value } of groupWrites(i))
      if (table === 'order') expect(Buffer.compare(store.get(table, key)!, value!)).toBe(0);
  return count;
}

async function refused(path: string, text: string): Promise<void> {
  for (const readOnly of [false, true]) {
    const error: unknown = await openLmdbStore({ path, readOnly }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'StoreError', code: 'STORE_DAMAGED' });
    const { message } = error as Error;
    expect(message).toContain(text);
    expect(message).toContain(path);
    expect(message).not.toContain('\n');
  }
}

describe('a log whose last file', () => {
  it('is cut anywhere, has all records before the cut', () => {
    const path = copy();
    const last = records.at(-1)!;
    const name = segmentFile(path, last.ordinal);
    const bytes = readFileSync(name);
    for (let length = 0; length <= last.end + 100; length++) {
      writeFileSync(name, bytes.subarray(0, length));
      const whole = records.filter(({ ordinal, at, end }) => {
        const used = bytes.readUInt32LE(at + 4) + 32;
        return ordinal < last.ordinal || length >= Math.min(end, at + used);
      });
      expect(groupsIn(path, last.ordinal), `${length} bytes`).toBe(whole.length);
    }
  });

  it('is overwritten from anywhere with what a file held before, has all records before', () => {
    const path = copy();
    const last = records.at(-1)!;
    const name = segmentFile(path, last.ordinal);
    const bytes = readFileSync(name);
    const old = readFileSync(segmentFile(path, last.ordinal - 1));
    for (let from = last.at; from <= last.end; from++) {
      writeFileSync(name, Buffer.concat([bytes.subarray(0, from), old.subarray(from)]));
      const used = last.at + bytes.readUInt32LE(last.at + 4) + 32;
      const isSame = bytes.subarray(from, used).equals(old.subarray(from, used));
      expect(groupsIn(path, last.ordinal), `${from}`).toBe(records.length - (isSame ? 0 : 1));
    }
  });
});

describe('a byte that changed', () => {
  it('in the last record makes it the end; in any other the log is refused', () => {
    const path = copy();
    for (const { ordinal, at } of records) {
      const name = segmentFile(path, ordinal);
      const bytes = readFileSync(name);
      const used = bytes.readUInt32LE(at + 4) + 32;
      const isLast = at === records.at(-1)!.at && ordinal === records.at(-1)!.ordinal;
      for (let byte = at; byte < at + used; byte += byte < at + 40 ? 1 : 13) {
        const changed = Buffer.from(bytes);
        changed[byte]! ^= 1 << (byte & 7);
        writeFileSync(name, changed);
        expect(groupsIn(path, ordinal), `file ${ordinal} byte ${byte}`).toBe(
          isLast ? records.length - 1 : 'STORE_DAMAGED',
        );
      }
      writeFileSync(name, bytes);
    }
    expect(groupsIn(path)).toBe(records.length);
  });
});

describe('a store after a crash', () => {
  it('goes on where a cut record was', async () => {
    const path = copy();
    const last = records.at(-1)!;
    const name = segmentFile(path, last.ordinal);
    writeFileSync(name, readFileSync(name).subarray(0, last.end - 9));
    for (let round = 0; round < 3; round++) {
      const store = await openLmdbStore({ path, segmentBytes });
      const count = await groupsOf(store);
      expect(count).toBe(records.length - 1 + round * 4);
      for (let i = count; i < count + 4; i++) {
        store.apply(groupWrites(i));
        await store.flush();
      }
      if (round === 1) await store.close();
      else {
        const killed = join(root, `killed ${round}`);
        cpSync(path, killed, { recursive: true, filter: (file) => !file.includes('lock-') });
        await store.close();
        const again = await openLmdbStore({ path: killed, segmentBytes });
        expect(await groupsOf(again)).toBe(count + 4);
        await again.close();
      }
    }
  });

  it('starts with files that were given up and not removed, and with a next file that is not begun', async () => {
    const path = join(root, 'given up');
    let store = await openLmdbStore({ path, segmentBytes, layerBytes: 1 });
    for (let i = 0; i < 40; i++) {
      store.apply(groupWrites(i));
      await store.flush();
    }
    await store.close();
    const names = readdirSync(path).filter((name) => name.startsWith('wal-'));
    const first = Math.min(...names.map((name) => Number(name.slice(4))));
    expect(names.length).toBeLessThan(8); // files are used again
    expect(first).toBeGreaterThan(5);
    writeFileSync(segmentFile(path, first - 1), 'what a crash left');
    store = await openLmdbStore({ path, segmentBytes });
    expect(await groupsOf(store)).toBe(40);
    await store.close();
    await (await openLmdbStore({ path })).close();
  });

  it('is refused when a log file is missing', async () => {
    for (let ordinal = 1; ordinal <= records.at(-1)!.ordinal; ordinal++) {
      const path = copy();
      rmSync(segmentFile(path, ordinal));
      await refused(path, `log file ${ordinal} is missing`);
    }
  });

  it('is refused when its database knows less than the log begins with, or more than it ends with', () => {
    const path = copy();
    const second = records.findIndex(({ ordinal }) => ordinal === 2);
    const open = (covered: number) => () => readLog(path, { covered, oldest: 2, salt }, () => {});
    expect(open(second)).not.toThrow();
    expect(open(second - 1)).toThrow(`goes on with record ${second + 1}, not ${second}`);
    expect(open(records.length)).not.toThrow();
    expect(open(records.length + 1)).toThrow(`the log ends with record ${records.length}`);
  });

  it('is refused when files changed places, or one came twice', async () => {
    const swapped = copy();
    renameSync(segmentFile(swapped, 2), join(swapped, 'x'));
    renameSync(segmentFile(swapped, 1), segmentFile(swapped, 2));
    renameSync(join(swapped, 'x'), segmentFile(swapped, 1));
    await refused(swapped, 'broken at byte 0');
    const twice = copy();
    cpSync(segmentFile(twice, 1), segmentFile(twice, 2));
    await refused(twice, 'broken at byte 0');
  });

  it('is refused when its log has no database, and then nothing is changed', async () => {
    const path = copy();
    rmSync(join(path, 'data.mdb'));
    for (let round = 0; round < 2; round++) {
      await expect(openLmdbStore({ path })).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
      expect(groupsIn(path)).toBe(records.length);
    }
  });

  it('is refused when a file of its index is missing, cut or changed', async () => {
    const path = join(root, 'indexed');
    const store = await openLmdbStore({ path });
    store.apply([{ table: 'transaction', key: utf8('a'), value: utf8('1') }]);
    await store.close();
    const name = join(path, readdirSync(path).find((file) => file.startsWith('run-'))!);
    const bytes = readFileSync(name);
    writeFileSync(name, bytes.subarray(0, -1));
    await refused(path, 'has another size');
    const changed = Buffer.from(bytes);
    changed[changed.length - 2]! ^= 4;
    writeFileSync(name, changed);
    await refused(path, 'has a wrong filter');
    rmSync(name);
    await refused(path, 'is missing');
    writeFileSync(name, bytes);
    writeFileSync(join(path, 'run-0000000099'), 'left by a crash');
    const again = await openLmdbStore({ path });
    expect(again.get('transaction', utf8('a'))).toEqual(utf8('1'));
    expect(readdirSync(path)).not.toContain('run-0000000099');
    await again.close();
  });
});
