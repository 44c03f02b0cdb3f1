/**
 * The files of the write-ahead log: `wal-<ordinal>`, read in order of their ordinals. A file that is no longer
 * needed is renamed to be the next one, so most records overwrite bytes that the file already has, and a sync
 * has nothing but them to write.
 *
 * What may be found at open, and what it means:
 * - a record that is cut or changed, and no valid one anywhere after it: the end of the log. It was not acknowledged.
 * - a valid record after that, a gap in the sequences, a missing file before one that has records, or one that the
 *   last record of the file before promises: acknowledged writes are lost. The store is refused, because
 *   a signer that forgot a vote could contradict it (protocol section 9).
 *
 * That the last acknowledged record was destroyed later, and nothing else, looks like the first case: nothing on
 * the disk tells them apart.
 */

import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from './error.ts';
import { findRecord, readWrites, recordAt } from './log-record.ts';

const segmentName = /^wal-(\d{10})$/;
export const isSegmentName = (name: string): boolean => segmentName.test(name);
export const segmentFile = (path: string, ordinal: number): string =>
  join(path, `wal-${String(ordinal).padStart(10, '0')}`);

/** Ordinals of the files that are there, ascending. */
export const segmentOrdinals = (path: string): number[] =>
  readdirSync(path)
    .map((name) => segmentName.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);

/** What the database knows of the log. */
export interface LogState {
  /** Last sequence whose writes are in the database. */
  readonly covered: number;
  /** Ordinal of the first file that may hold later ones. */
  readonly oldest: number;
  readonly salt: Uint8Array;
}

/** Where the log ends. */
export interface LogTail {
  readonly ordinal: number;
  /** Offset in that file. */
  readonly at: number;
  /** Last sequence. */
  readonly sequence: number;
  /** Full files before, with their last sequences. */
  readonly full: readonly { readonly ordinal: number; readonly sequence: number }[];
}

type Visit = (table: number, key: Uint8Array, value: Uint8Array | undefined) => void;

/**
 * Calls `visit` with all writes that the database does not cover. Keys and values are views of memory that stays as it is.
 * @throws StoreError STORE_DAMAGED when acknowledged writes are missing.
 */
export function readLog(path: string, { covered, oldest, salt }: LogState, visit: Visit): LogTail {
  const damaged = (what: string): StoreError =>
    new StoreError('STORE_DAMAGED', `store ${path} has lost writes that it acknowledged: ${what}`);
  const present = new Set(segmentOrdinals(path));
  const newest = Math.max(...present);
  const full: { ordinal: number; sequence: number }[] = [];
  let sequence: number | undefined;
  for (let ordinal = oldest; ; ordinal++) {
    if (!present.has(ordinal)) throw damaged(`log file ${ordinal} is missing`);
    const bytes = readFileSync(segmentFile(path, ordinal));
    let at = 0;
    let isFull = false;
    while (!isFull) {
      const record = recordAt(bytes, at, ordinal, salt);
      if (!record) break;
      const wrong = sequence === undefined ? record.sequence > covered + 1 : record.sequence !== sequence + 1;
      if (wrong)
        throw damaged(
          `log file ${ordinal} goes on with record ${record.sequence}, not ${(sequence ?? covered) + 1}`,
        );
      sequence = record.sequence;
      if (sequence > covered && !readWrites(record.writes, visit))
        throw damaged(`log record ${sequence} makes no sense`);
      at = record.end;
      isFull = record.isLast;
    }
    if (isFull) {
      full.push({ ordinal, sequence: sequence! });
      continue;
    }
    for (let next = ordinal; next <= newest; next++) {
      if (!present.has(next)) continue;
      const rest = next === ordinal ? bytes : readFileSync(segmentFile(path, next));
      const later = findRecord(rest, next === ordinal ? at : 0, next, salt);
      if (later)
        throw damaged(`log file ${ordinal} is broken at byte ${at}, before record ${later.sequence}`);
    }
    if ((sequence ?? covered) < covered)
      throw damaged(`the log ends with record ${sequence}, the database has ${covered}`);
    return { ordinal, at, sequence: sequence ?? covered, full };
  }
}

const zeros = new Uint8Array(1 << 16);

/** Makes the first file of a new store, or finds it as a crash left it: without any record. */
export function createFirstSegment(path: string, bytes: number): void {
  for (const ordinal of segmentOrdinals(path)) {
    if (readFileSync(segmentFile(path, ordinal)).some((byte) => byte !== 0))
      throw new StoreError('STORE_DAMAGED', `store ${path} has a log, and no database that belongs to it`);
  }
  const descriptor = openSync(segmentFile(path, 1), 'w', 0o600);
  try {
    for (let at = 0; at < bytes; )
      at += writeSync(descriptor, zeros, 0, Math.min(zeros.length, bytes - at), at);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
