import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type LogOptions, WriteAheadLog } from '../../src/store/log.ts';
import { createFirstSegment, readLog } from '../../src/store/log-files.ts';

const root = mkdtempSync(join(tmpdir(), 'musig-paxos-wal-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let count = 0;

const salt = new Uint8Array(8).fill(3);
const segmentBytes = 300;

async function openLog(hooks: Partial<LogOptions> = {}) {
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
  const log = await WriteAheadLog.open(options, { ordinal: 1, at: 0, sequence: 0, full: [] }, 1);
  const add = (i: number): void => log.add(1, Uint8Array.of(i), new Uint8Array(60).fill(i));
  const read = (covered = 0, oldest = 1): number[] => {
    const found: number[] = [];
    readLog(path, { covered, oldest, salt }, (_, key) => found.push(key[0]!));
    return found;
  };
  return { path, log, add, read };
}

describe('the write-ahead log', () => {
  it('puts what comes during a write into one record', async () => {
    const sealed: number[] = [];
    const { log, add, read } = await openLog({ sealed: (sequence) => sealed.push(sequence) });
    const flushes: Promise<void>[] = [];
    for (let i = 0; i < 6; i++) {
      add(i);
      flushes.push(log.flush());
    }
    expect(new Set(flushes).size).toBe(2);
    await Promise.all(flushes);
    expect(sealed).toEqual([1, 2]);
    expect(read()).toEqual([0, 1, 2, 3, 4, 5]);
    await log.close();
  });

  it('waits for the brake, and then takes all that came meanwhile', async () => {
    let release = (): void => {};
    let brakes = 0;
    const { log, add, read } = await openLog({
      brake: () => {
        brakes += 1;
        return brakes === 1
          ? new Promise<void>((resolve) => {
              release = resolve;
            })
          : undefined;
      },
    });
    add(1);
    let isDone = false;
    const flushed = log.flush().then(() => {
      isDone = true;
    });
    add(2);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(isDone).toBe(false);
    expect(read()).toEqual([]);
    release();
    await flushed;
    expect(read()).toEqual([1, 2]);
    expect(brakes).toBe(1);
    await log.close();
  });

  it('gives up the files before the one that is asked for, and uses them again', async () => {
    const { path, log, add, read } = await openLog();
    const write = async (from: number, to: number): Promise<void> => {
      for (let i = from; i < to; i++) {
        add(i);
        await log.flush();
      }
    };
    await write(0, 8);
    const before = readdirSync(path).length;
    expect(before).toBeGreaterThanOrEqual(3);
    const oldest = log.oldestAfter(5);
    expect(oldest).toBeGreaterThan(1);
    await log.release(oldest);
    expect(read(5, oldest)).toEqual([5, 6, 7]);
    await write(8, 12);
    expect(read(5, oldest)).toEqual([5, 6, 7, 8, 9, 10, 11]);
    expect(readdirSync(path).length).toBeLessThanOrEqual(before + 1);
    expect(readdirSync(path)).not.toContain('wal-0000000001'); // it has another name now
    await log.close();
  });

  it('writes no record that ends a file before the next file is there', async () => {
    const { path, log, add, read } = await openLog();
    mkdirSync(join(path, 'wal-0000000002')); // so that the file cannot be made
    let written = 0;
    for (let failed = false; !failed; ) {
      add(written);
      await log.flush().then(
        () => {
          written += 1;
        },
        () => {
          failed = true;
        },
      );
    }
    rmSync(join(path, 'wal-0000000002'), { recursive: true });
    expect(written).toBeGreaterThan(0);
    expect(read()).toEqual(Array.from({ length: written }, (_, i) => i));
    await log.close();
  });

  it('never writes again after a failure', async () => {
    const { path, log, add, read } = await openLog({ failed: () => new Error('told so') });
    add(1);
    await log.flush();
    rmSync(path, { recursive: true }); // the next file cannot be made
    add(2);
    await log.flush().catch(() => {});
    for (let i = 3; i < 6; i++) {
      add(i);
      await log.flush().catch(() => {});
    }
    await expect(log.flush()).rejects.toThrow('told so');
    expect(read).toThrow();
    await log.close();
  });
});
