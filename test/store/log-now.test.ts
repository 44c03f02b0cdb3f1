/** Small records that are written on the spot: durable before `flushNow` returns, or left to `flush`. */

import type * as fs from 'node:fs';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { openLmdbStore } from '../../src/store/lmdb.ts';
import { type LogOptions, WriteAheadLog } from '../../src/store/log.ts';
import { createFirstSegment, readLog } from '../../src/store/log-files.ts';

/** What synchronous writes do in place of the disk's: how much is taken, or why nothing is. */
let disk: ((bytes: number) => number | Error) | undefined;
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  const writeSync = (
    file: number,
    bytes: Uint8Array,
    from?: number,
    length?: number,
    at?: number,
  ): number => {
    const answer = disk ? disk(length ?? bytes.length) : length;
    if (answer instanceof Error) throw answer;
    return real.writeSync(file, bytes, from, answer, at);
  };
  return { ...real, writeSync };
});

const root = mkdtempSync(join(tmpdir(), 'musig-paxos-now-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
afterEach(() => {
  disk = undefined;
});
let count = 0;
const salt = new Uint8Array(8).fill(3);

/** A log whose disk is known to be quick, unless `isFresh`. Record 1 holds the key 0. */
async function openLog(hooks: Partial<LogOptions> = {}, segmentBytes = 1 << 16, isFresh = false) {
  const path = join(root, `${count++}`);
  mkdirSync(path);
  createFirstSegment(path, segmentBytes);
  const options: LogOptions = {
    path,
    salt,
    segmentBytes,
    sealed: () => {},
    durable: () => {},
    brake: () => undefined,
    failed: (error) => error as Error,
    log: () => {},
    ...hooks,
  };
  // A machine that is busy, or stopped, must not make the disk look slow.
  vi.spyOn(performance, 'now').mockReturnValue(0);
  const log = await WriteAheadLog.open(options, { ordinal: 1, at: 0, sequence: 0, full: [] }, 1);
  const add = (i: number, bytes = 60): void => log.add(1, Uint8Array.of(i), new Uint8Array(bytes).fill(i));
  const read = (): number[] => {
    const found: number[] = [];
    readLog(path, { covered: 0, oldest: 1, salt }, (_, key) => found.push(key[0]!));
    return found;
  };
  if (!isFresh) {
    add(0);
    await log.flush();
  }
  return { path, log, add, read };
}

afterEach(() => vi.restoreAllMocks());

describe('flushNow', () => {
  it('has written all that was added when it returns, once', async () => {
    const events: string[] = [];
    const { log, add, read } = await openLog({
      sealed: (sequence) => events.push(`sealed ${sequence}`),
      durable: (sequence) => events.push(`durable ${sequence}`),
    });
    add(1);
    add(2);
    expect(log.flushNow()).toBe(true);
    expect(read()).toEqual([0, 1, 2]);
    expect(log.flushNow()).toBe(false); // nothing to do
    await log.flush();
    add(3);
    expect(log.flushNow()).toBe(true);
    add(4);
    await log.flush();
    expect(read()).toEqual([0, 1, 2, 3, 4]);
    expect(events).toEqual([1, 2, 3, 4].flatMap((i) => [`sealed ${i}`, `durable ${i}`]));
    await log.close();
  });

  it('goes on when the disk takes a record in parts', async () => {
    const { log, add, read } = await openLog();
    disk = (bytes) => Math.min(bytes, 7);
    add(1);
    expect(log.flushNow()).toBe(true);
    expect(read()).toEqual([0, 1]);
    await log.close();
  });

  it('refuses while a record is in flight, or is about to be', async () => {
    const { log, add, read } = await openLog();
    add(1);
    const first = log.flush();
    expect(log.flushNow()).toBe(false);
    add(2);
    expect(log.flushNow()).toBe(false);
    const between = first.then(() => log.flushNow());
    const second = log.flush();
    expect(await between).toBe(false);
    await second;
    expect(read()).toEqual([0, 1, 2]);
    await log.close();
  });

  it('refuses a large record, and one before which the disk was never tried', async () => {
    const { log, add, read } = await openLog({}, 1 << 16, true);
    add(1);
    expect(log.flushNow()).toBe(false);
    await log.flush();
    add(2, 1 << 14);
    expect(log.flushNow()).toBe(false);
    await log.flush();
    add(3, (1 << 14) - 100);
    expect(log.flushNow()).toBe(true);
    expect(read()).toEqual([1, 2, 3]);
    await log.close();
  });

  it('refuses while the disk is slow, and tries again when it is quick', async () => {
    const { log, add } = await openLog();
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    disk = (bytes) => {
      now += 25;
      return bytes;
    };
    add(1);
    expect(log.flushNow()).toBe(true);
    disk = undefined;
    let refused = 0;
    for (let isQuick = false; !isQuick; refused++) {
      add(2);
      isQuick = log.flushNow();
      if (!isQuick) await log.flush();
    }
    expect(refused).toBeGreaterThan(1);
    expect(refused).toBeLessThan(20);
    await log.close();
  });

  it('leaves the record that ends a file to flush, and goes on in the next file', async () => {
    const { log, add, read } = await openLog({}, 500);
    const answers: boolean[] = [];
    for (let i = 1; i < 30; i++) {
      add(i);
      answers.push(log.flushNow());
      if (!answers.at(-1)) await log.flush();
    }
    expect(read()).toEqual(Array.from({ length: 30 }, (_, i) => i));
    // A record has 104 bytes: four on the spot, and the fifth ends the file.
    expect(answers.slice(0, 9)).toEqual([true, true, true, false, true, true, true, true, false]);
    await log.close();
  });

  it('refuses while the brake is on', async () => {
    let brake: Promise<void> | undefined;
    const { log, add, read } = await openLog({ brake: () => brake });
    brake = Promise.resolve();
    add(1);
    expect(log.flushNow()).toBe(false);
    expect(read()).toEqual([0]);
    brake = undefined;
    expect(log.flushNow()).toBe(true);
    await log.close();
  });

  it('throws what the disk says, and then nothing is written any more', async () => {
    const failures: unknown[] = [];
    const durable: number[] = [];
    const { log, add, read } = await openLog({
      durable: (sequence) => durable.push(sequence),
      failed: (error) => {
        failures.push(error);
        return new Error('told so');
      },
    });
    const refusal = new Error('no space left on device');
    disk = () => refusal;
    add(1);
    expect(() => log.flushNow()).toThrow('told so');
    disk = undefined;
    expect(failures).toEqual([refusal]);
    await expect(log.flush()).rejects.toThrow('told so');
    add(2);
    expect(log.flushNow()).toBe(false);
    await expect(log.flush()).rejects.toThrow('told so');
    await expect(log.flush()).rejects.toThrow('told so');
    expect(read()).toEqual([0]);
    expect(durable).toEqual([1]);
    await log.close();
  });
});

describe('two flushes, the second asked for when the first ends', () => {
  it('never have two records in flight', async () => {
    const events: string[] = [];
    const { log, add, read } = await openLog({
      sealed: (sequence) => events.push(`sealed ${sequence}`),
      durable: (sequence) => events.push(`durable ${sequence}`),
    });
    add(1);
    const first = log.flush();
    const third = first.then(() => {
      add(3);
      return log.flush();
    });
    add(2);
    await Promise.all([first, log.flush(), third]);
    expect(events).toEqual([1, 2, 3].flatMap((i) => [`sealed ${i}`, `durable ${i}`]));
    expect(read()).toEqual([0, 1, 2, 3]);
    await log.close();
  });
});

describe('a store whose disk refuses on the spot', () => {
  it('throws, and every flush from then on rejects; what was acknowledged is there again', async () => {
    const path = join(root, 'store');
    const store = await openLmdbStore({ path });
    const put = (key: string): void => store.apply([{ table: 'meta', key: utf8(key), value: utf8(key) }]);
    put('a');
    await store.flush();
    vi.spyOn(performance, 'now').mockReturnValue(0);
    put('b');
    while (!store.flushNow?.()) {
      await store.flush();
      put('b');
    }
    disk = () => new Error('no space left on device');
    put('c');
    const refusal = { code: 'STORE_DISK', message: expect.stringContaining('no space left on device') };
    expect(() => store.flushNow?.()).toThrow(expect.objectContaining(refusal));
    disk = undefined;
    put('d');
    expect(store.flushNow?.()).toBe(false);
    for (let i = 0; i < 2; i++) await expect(store.flush()).rejects.toMatchObject(refusal);
    await store.close();
    const again = await openLmdbStore({ path });
    expect(['a', 'b', 'c', 'd'].map((key) => again.get('meta', utf8(key)) !== undefined)).toEqual([
      true,
      true,
      false,
      false,
    ]);
    await again.close();
  });
});
