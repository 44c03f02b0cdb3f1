/**
 * A store opened to look at, while its owner may go on: the database as of one commit, and what the log held
 * above it. It shows a prefix of what was applied, with all that was acknowledged when the opening began. The
 * owner cannot use again what the snapshot reads, so it should not stay open for long.
 */

import { invariant } from '../base/assert.ts';
import type { Table } from '../base/ledger.ts';
import { Disk } from './disk.ts';
import { Indexes } from './indexes.ts';
import type { Layer } from './layer.ts';
import { type OpenDirectory, readLogState } from './lmdb-directory.ts';
import { type Entry, mergeEntries, readInPages } from './ordered-map.ts';
import type { Store } from './port.ts';
import { replay } from './replay.ts';
import { keyText } from './tables.ts';

/** The owner may write to the log, or give up files of it, while it is read. */
const attempts = 5;

export function openSnapshot(path: string, { database, lock }: OpenDirectory): Store {
  for (let attempt = 1; ; attempt++) {
    database.resetReadTxn();
    const transaction = database.useReadTransaction();
    let indexes: Indexes | undefined;
    try {
      const state = readLogState(path, database, transaction);
      indexes = new Indexes({ path, database, transaction, salt: state.salt, failed: () => {} });
      const { layer } = replay(path, state, indexes);
      database.resetReadTxn();
      invariant(
        readLogState(path, database).oldest === state.oldest,
        'the log was given up while it was read',
      );
      const release = async (runs: Indexes): Promise<void> => {
        await runs.close();
        transaction.done();
        await database.close();
        lock.release();
      };
      return new Snapshot(layer, indexes, new Disk(database, transaction), release);
    } catch (error) {
      void indexes?.close();
      transaction.done();
      if (attempt === attempts) throw error;
    }
  }
}

class Snapshot implements Store {
  readonly #layer: Layer;
  readonly #indexes: Indexes;
  readonly #disk: Disk;
  readonly #release: (indexes: Indexes) => Promise<void>;
  #closing: Promise<void> | undefined;

  constructor(layer: Layer, indexes: Indexes, disk: Disk, release: (indexes: Indexes) => Promise<void>) {
    this.#layer = layer;
    this.#indexes = indexes;
    this.#disk = disk;
    this.#release = release;
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    this.#checkOpen();
    const index = this.#indexes.get(table);
    if (index) return index.get(key);
    const text = keyText(key);
    const value = this.#layer.get(table, text);
    return value === undefined ? this.#disk.get(table, text) : (value ?? undefined);
  }

  range(table: Table, from: Uint8Array, limit: number): Iterable<readonly [Uint8Array, Uint8Array]> {
    this.#checkOpen();
    const index = this.#indexes.get(table);
    const entriesFrom = (key: string): Generator<Entry<Uint8Array>> =>
      index ? index.from(key) : mergeEntries([this.#layer.from(table, key), this.#disk.from(table, key)]);
    return readInPages(entriesFrom, from, limit);
  }

  apply(): never {
    this.#checkOpen();
    invariant(false, 'the store was opened to read only');
  }

  async flush(): Promise<void> {
    this.#checkOpen();
  }

  close(): Promise<void> {
    this.#closing ??= this.#release(this.#indexes);
    return this.#closing;
  }

  #checkOpen(): void {
    invariant(!this.#closing, 'the store is closed');
  }
}
