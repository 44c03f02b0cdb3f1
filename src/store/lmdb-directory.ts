/**
 * The directory of a store on disk: made, locked, opened and recognized. It holds LMDB's two files, those of
 * the log, and the lock; a directory with anything else, a database that is not ours, or one of an unknown format version is
 * refused and left untouched. A new directory is synced into its parent, otherwise a power failure could
 * take the whole store although every write in it was acknowledged.
 */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { open, type RootDatabase, type Transaction } from 'lmdb';
import { textOf, utf8 } from '../base/bytes.ts';
import { reasonOf, StoreError } from './error.ts';
import { isRunName } from './index-run.ts';
import { type DirectoryLock, isLockName, lockDirectory } from './lock.ts';
import { createFirstSegment, isSegmentName, type LogState } from './log-files.ts';
import { saltBytes } from './log-record.ts';

export type Database = RootDatabase<Uint8Array, Uint8Array>;

/** Key in the store's own table, byte 0 (`tables.ts`). */
const formatKey = Uint8Array.of(0, ...utf8('format'));
const formatName = 'musig-paxos store ';
const formatVersion = '3';

/** Key of the state of the log: covered sequence (8), ordinal of the oldest file (4), little-endian, salt. */
const logKey = Uint8Array.of(0, ...utf8('log'));
const logStateBytes = 12 + saltBytes;

function encodeLogState({ covered, oldest, salt }: LogState): Uint8Array {
  const bytes = new Uint8Array(logStateBytes);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(covered), true);
  view.setUint32(8, oldest, true);
  bytes.set(salt, 12);
  return bytes;
}

/** To be called within a transaction that holds what the state says. */
export function putLogState(database: Database, state: LogState): void {
  database.put(logKey, encodeLogState(state));
}

/** @throws StoreError when there is none. */
export function readLogState(path: string, database: Database, transaction?: Transaction): LogState {
  const bytes = database.get(logKey, transaction && { transaction });
  if (bytes?.length !== logStateBytes)
    throw new StoreError('STORE_DAMAGED', `store ${path} does not say where its log begins`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    covered: Number(view.getBigUint64(0, true)),
    oldest: view.getUint32(8, true),
    salt: Uint8Array.from(bytes.subarray(12)),
  };
}

const dataName = 'data.mdb';
const probeName = 'probe';

export interface OpenDirectory {
  readonly database: Database;
  readonly lock: DirectoryLock;
}

/** @throws StoreError, with everything released. */
export async function openDirectory(
  path: string,
  readOnly: boolean,
  segmentBytes: number,
  log: (line: string) => void,
): Promise<OpenDirectory> {
  const isNew = prepare(path, readOnly);
  let lock: DirectoryLock | undefined;
  let database: Database | undefined;
  try {
    lock = lockDirectory(path, readOnly ? 'this process' : 'all processes', log);
    if (isNew) probeSpace(path);
    else checkHeader(path);
    database = openDatabase(path, readOnly);
    checkFormat(path, database, readOnly, segmentBytes);
    return { database, lock };
  } catch (error) {
    await database?.close();
    lock?.release();
    if (error instanceof StoreError) throw error;
    throw new StoreError('STORE_OPEN', `cannot open store ${path}: ${reasonOf(error)}`);
  }
}

/** Makes the directory, or checks that it is ours. True when it holds no database yet. */
function prepare(path: string, readOnly: boolean): boolean {
  let names: string[];
  let isNew: boolean;
  try {
    if (!readOnly) mkdirSync(path, { recursive: true, mode: 0o700 });
    if (!statSync(path).isDirectory()) throw new Error('not a directory');
    names = readdirSync(path);
    isNew = !names.includes(dataName) || statSync(join(path, dataName)).size === 0;
  } catch (error) {
    throw new StoreError('STORE_OPEN', `cannot open store ${path}: ${reasonOf(error)}`);
  }
  if (isNew && readOnly) throw new StoreError('STORE_OPEN', `cannot open store ${path}: there is none`);
  const own = (name: string): boolean =>
    [dataName, 'lock.mdb', probeName, 'lost+found'].includes(name) ||
    [isLockName, isSegmentName, isRunName].some((is) => is(name));
  const foreign = names.find((name) => !own(name));
  if (foreign !== undefined)
    throw new StoreError('STORE_FOREIGN', `${path} is not a store: it holds "${foreign}"`);
  return isNew;
}

/**
 * Address space for the map, reserved once: when it has to grow, the library keeps the old map beside the new
 * one, and pages of the file count twice as resident. It grows beyond this if it must.
 */
const mapBytes = 64 * 2 ** 30;

/**
 * `overlappingSync: false` is what makes a commit mean "on disk". With it (the library's default on Unix) a
 * commit resolves when it is visible, and the sync comes later. Without it the write thread runs LMDB's
 * own commit (`WriteWorker::Write` in src/writer.cpp calls `mdb_txn_begin` without MDB_NOSYNC, and
 * `mdb_txn_commit` in mdb.c): write the pages, fdatasync, then write the meta page through a descriptor
 * opened with O_DSYNC, and only then resolve the promise. Two meta pages alternate, so whatever moment a
 * crash picks, the database is the last commit or the one before. Traced with strace: the promise of a
 * flush resolves after both.
 */
const openDatabase = (path: string, readOnly: boolean): Database =>
  open<Uint8Array, Uint8Array>({
    path,
    readOnly,
    noSubdir: false,
    overlappingSync: false,
    // All writes are in explicit batches; those of the library have promises of their own, which reject unhandled.
    eventTurnBatching: false,
    mapSize: mapBytes,
    encoding: 'binary',
    keyEncoding: 'binary',
    cache: false,
    compression: false,
  });

/** What LMDB needs for a new database, with a margin. */
const newDatabaseBytes = 1 << 16;

/**
 * The native library ends the process (a double free, as of 3.5.6) when it cannot make a new database or
 * does not like an old one's header. So both are tried here first, and refused like any other error.
 */
function probeSpace(path: string): void {
  const probe = join(path, probeName);
  try {
    const descriptor = openSync(probe, 'w', 0o600);
    try {
      if (writeSync(descriptor, new Uint8Array(newDatabaseBytes)) < newDatabaseBytes)
        throw new Error('no space left');
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } finally {
    rmSync(probe, { force: true });
  }
}

/** Two meta pages with LMDB's mark and version (mdb.c: `mdb_env_read_header`). */
function checkHeader(path: string): void {
  const descriptor = openSync(join(path, dataName), 'r');
  try {
    let offset = 0;
    for (let page = 0; page < 2; page++) {
      const header = new DataView(new ArrayBuffer(64));
      const length = readSync(descriptor, header, 0, 64, offset);
      const flags = header.getUint16(18, true);
      const [mark, version] = [header.getUint32(24, true), header.getUint32(28, true)];
      if (length < 64 || (flags & 8) === 0 || mark !== 0xbeefc0de || version !== 2)
        throw new StoreError('STORE_FOREIGN', `${path} is not a store: ${dataName} is no LMDB database`);
      offset = header.getUint32(48, true); // the page size
    }
  } finally {
    closeSync(descriptor);
  }
}

function checkFormat(path: string, database: Database, readOnly: boolean, segmentBytes: number): void {
  const stored = database.get(formatKey);
  if (stored !== undefined) {
    const text = printable(stored);
    if (text === formatName + formatVersion) return;
    if (!text.startsWith(formatName))
      throw new StoreError('STORE_FOREIGN', `${path} is not a store: its format is "${text}"`);
    const version = text.slice(formatName.length);
    throw new StoreError(
      'STORE_FORMAT',
      `store ${path} has format ${version}, this program reads ${formatVersion}`,
    );
  }
  // A crash between making the database and this first write leaves an empty one: it is as good as new.
  for (const _ of database.getKeys({ limit: 1 }))
    throw new StoreError('STORE_FOREIGN', `${path} is not a store: it is a database of something else`);
  if (readOnly) throw new StoreError('STORE_OPEN', `cannot open store ${path}: there is none`);
  createFirstSegment(path, segmentBytes);
  syncDirectories(path); // the file of the log is there before the database counts on it
  database.transactionSync(() => {
    database.put(formatKey, utf8(formatName + formatVersion));
    putLogState(database, { covered: 0, oldest: 1, salt: randomBytes(saltBytes) });
  }); // on disk when it returns
}

function printable(bytes: Uint8Array): string {
  try {
    return textOf(bytes.subarray(0, 64));
  } catch {
    return 'not text';
  }
}

function syncDirectories(path: string): void {
  if (process.platform === 'win32') return; // directories cannot be opened there
  for (const directory of [resolve(path), dirname(resolve(path))]) {
    const descriptor = openSync(directory, 'r');
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}
