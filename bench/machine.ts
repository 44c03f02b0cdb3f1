/** What the figures were measured on. */

import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { isInMemory } from './directory.ts';
import { type Spread, spreadOf } from './statistics.ts';

export interface Machine {
  readonly processor: string;
  /** Threads that the system schedules on. */
  readonly threads: number;
  readonly memoryBytes: number;
  readonly system: string;
  readonly node: string;
  readonly etcd: string | undefined;
  /** One append of 512 bytes and its sync, in ms. */
  readonly syncMs: Spread;
  readonly dataInMemory: boolean;
}

const syncs = 200;
const appendBytes = 512;

/** Times appends that are synced one by one, as a log has them. */
function timeSyncs(directory: string): Spread {
  const path = join(directory, `musig-paxos-bench-sync-${process.pid}`);
  const file = openSync(path, 'w');
  try {
    const bytes = new Uint8Array(appendBytes);
    const times = Array.from({ length: syncs }, () => {
      const startMs = performance.now();
      writeSync(file, bytes);
      fdatasyncSync(file);
      return performance.now() - startMs;
    });
    return spreadOf(times);
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
}

/** @param directory where the data will be. */
export const describeMachine = (directory: string, etcd: string | undefined): Machine => ({
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  threads: cpus().length,
  memoryBytes: totalmem(),
  system: `${type()} ${release()}`,
  node: process.version,
  etcd,
  syncMs: timeSyncs(directory),
  dataInMemory: isInMemory(directory),
});
