/**
 * The durable store of signers and learners. Writes go to a write-ahead log (`log.ts`), which makes them durable, and
 * to a layer in memory, which serves reads. When the layer has grown it is frozen, a new one collects, and
 * the frozen one is written into an LMDB database in the background; then files of the log that hold
 * nothing newer are given up. Most rows of the engine are deleted within a second and never reach LMDB.
 *
 * Invariants:
 * 1. A read sees the layer, else the frozen layer, else the database. So every write is seen at once, and no read
 *    waits for a write to the disk.
 * 2. The database holds only what the log has made durable, and the log holds all that the database does not
 *    cover (`checkpoint.ts`). What a crash leaves is therefore a prefix of what was applied, with all that was
 *    acknowledged, and never part of one `apply`.
 * 3. The frozen layer holds whole records of the log, and so does what lies below it.
 * 4. A flush waits for the database only when the layer has grown to twice its bound while the frozen one is
 *    being written: memory stays bounded.
 *
 * The first error of the disk is final: every flush from then on rejects with it, because what depends on a lost
 * write must never leave.
 *
 * Values are shared with the caller and with LMDB's write thread: do not change them after `apply`, nor
 * what `get` returns. Protocol sections 4, 6 and 9 ("durable before"), docs/engine.md.
 */

import { invariant } from '../base/assert.ts';
import type { Table, Write } from '../base/ledger.ts';
import { writeLayer } from './checkpoint.ts';
import { Disk } from './disk.ts';
import { reasonOf, StoreError } from './error.ts';
import type { IndexTable } from './index-table.ts';
import { Indexes } from './indexes.ts';
import { Layer } from './layer.ts';
import { type OpenDirectory, openDirectory, putLogState, readLogState } from './lmdb-directory.ts';
import { openSnapshot } from './lmdb-snapshot.ts';
import { handled, WriteAheadLog } from './log.ts';
import { type Entry, mergeEntries, readInPages } from './ordered-map.ts';
import type { Store } from './port.ts';
import { replay } from './replay.ts';
import { checkKey, keyText, tableByte } from './tables.ts';

export interface LmdbStoreOptions {
  /** Directory; made when it is not there. */
  readonly path: string;
  /** Gets a line when something needs a person's attention. */
  readonly log?: (line: string) => void;
  /** Opens an existing store to look at: no lock, no writes, all that was durable at some moment of the opening. */
  readonly readOnly?: boolean;
  /** Memory of a layer, beyond which it is written into the database. */
  readonly layerBytes?: number;
  /** Size of a file of the log. */
  readonly segmentBytes?: number;
}

const layerBytesDefault = 20 << 20;
const segmentBytesDefault = 4 << 20;

/** @throws StoreError (rejects): one line, with a code. */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  const { path, segmentBytes = segmentBytesDefault } = options;
  const log = options.log ?? (() => {});
  const directory = await openDirectory(path, options.readOnly ?? false, segmentBytes, log);
  let indexes: Indexes | undefined;
  try {
    if (options.readOnly) return openSnapshot(path, directory);
    const state = readLogState(path, directory.database);
    indexes = new Indexes({
      path,
      database: directory.database,
      salt: state.salt,
      failed: (error) => store.fail(error),
    });
    const { layer, tail } = replay(path, state, indexes);
    const wal = await WriteAheadLog.open(
      {
        path,
        segmentBytes,
        salt: state.salt,
        sealed: (sequence) => store.sealed(sequence),
        durable: (sequence) => store.durable(sequence),
        brake: () => store.brake(),
        failed: (error) => store.fail(error),
        log,
      },
      tail,
      state.oldest,
    );
    const layerBytes = options.layerBytes ?? layerBytesDefault;
    const store = new LmdbStore({
      path,
      directory,
      wal,
      salt: state.salt,
      indexes,
      layer,
      sequence: tail.sequence,
      layerBytes,
    });
    return store;
  } catch (error) {
    await indexes?.close();
    await directory.database.close();
    directory.lock.release();
    if (error instanceof StoreError) throw error;
    throw new StoreError('STORE_OPEN', `cannot open store ${path}: ${reasonOf(error)}`);
  }
}

interface Parts {
  readonly path: string;
  readonly directory: OpenDirectory;
  readonly wal: WriteAheadLog;
  readonly salt: Uint8Array;
  readonly indexes: Indexes;
  /** What the log holds above the database. */
  readonly layer: Layer;
  /** Last sequence of the log. */
  readonly sequence: number;
  readonly layerBytes: number;
}

class LmdbStore implements Store {
  readonly #parts: Parts;
  readonly #disk: Disk;
  #layer: Layer;
  /** Last sequences that are sealed, and on disk. */
  #sequence: number;
  #durable: number;
  #frozen: { readonly layer: Layer; readonly sequence: number } | undefined;
  /** Of the frozen layer, once it is being written. */
  #checkpoint: Promise<void> | undefined;
  #failure: StoreError | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#disk = new Disk(parts.directory.database);
    this.#layer = parts.layer;
    this.#sequence = parts.sequence;
    this.#durable = parts.sequence;
    parts.indexes.startMerges();
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    this.#checkOpen();
    const index = this.#parts.indexes.get(table);
    if (index) return index.get(key);
    const text = keyText(key);
    let value = this.#layer.get(table, text);
    if (value === undefined) value = this.#frozen?.layer.get(table, text);
    return value === undefined ? this.#disk.get(table, text) : (value ?? undefined);
  }

  range(table: Table, from: Uint8Array, limit: number): Iterable<readonly [Uint8Array, Uint8Array]> {
    this.#checkOpen();
    return readInPages((key) => this.#entriesFrom(table, key), from, limit);
  }

  apply(writes: readonly Write[]): void {
    this.#checkOpen();
    // All keys before any write: a bad key must not leave half a group.
    for (const { key } of writes) checkKey(key);
    const { wal, indexes } = this.#parts;
    // Writes to a table come in rows: what belongs to it is looked up once for each.
    let last: Table | undefined;
    let byte = 0;
    let index: IndexTable | undefined;
    for (const { table, key, value } of writes) {
      if (table !== last) {
        last = table;
        byte = tableByte[table];
        index = indexes.get(table);
      }
      wal.add(byte, key, value);
      if (index) index.set(key, value);
      else this.#layer.set(table, keyText(key), value);
    }
  }

  flush(): Promise<void> {
    this.#checkOpen();
    return this.#flush();
  }

  flushNow(): boolean {
    this.#checkOpen();
    return this.#failure === undefined && this.#parts.wal.flushNow();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** For the log: everything applied is in record `sequence` or before. */
  sealed(sequence: number): void {
    this.#sequence = sequence;
    if (!this.#frozen && this.#bytes >= this.#parts.layerBytes) this.#freeze();
  }

  /** For the log: record `sequence` is on disk. */
  durable(sequence: number): void {
    this.#durable = sequence;
    this.#startCheckpoint();
  }

  /** For the log: what the next record waits for. */
  brake(): Promise<void> | undefined {
    return this.#bytes >= 2 * this.#parts.layerBytes ? this.#checkpoint : undefined;
  }

  /** The first failure, in one line. */
  fail(error: unknown): StoreError {
    this.#failure ??= new StoreError(
      'STORE_DISK',
      `cannot write to store ${this.#parts.path}: ${diskReason(error)}`,
    );
    return this.#failure;
  }

  #flush(): Promise<void> {
    return this.#failure ? handled(Promise.reject(this.#failure)) : this.#parts.wal.flush();
  }

  /** Memory of what is not frozen. */
  get #bytes(): number {
    return this.#layer.bytes + this.#parts.indexes.bytes;
  }

  #freeze(): void {
    this.#parts.indexes.freeze();
    this.#frozen = { layer: this.#layer, sequence: this.#sequence };
    this.#layer = new Layer();
  }

  /** Begins to write the frozen layer, if it may be written. */
  #startCheckpoint(): void {
    if (this.#frozen && !this.#checkpoint && this.#frozen.sequence <= this.#durable)
      this.#checkpoint = handled(this.#writeFrozen(this.#frozen));
  }

  async #writeFrozen({ layer, sequence }: { layer: Layer; sequence: number }): Promise<void> {
    const { directory, wal, salt, indexes } = this.#parts;
    try {
      const oldest = wal.oldestAfter(sequence);
      const runs = await indexes.writeFrozen();
      await writeLayer(directory.database, layer, () => {
        indexes.install(runs);
        putLogState(directory.database, { covered: sequence, oldest, salt });
      });
      // Reads must find on disk what the layer held, so the snapshot goes before the layer does. (The library
      // drops it too, at the end of a commit; that is not promised anywhere.)
      directory.database.resetReadTxn();
      this.#frozen = undefined;
      await wal.release(oldest);
      if (!this.#closing) indexes.startMerges();
      this.#checkpoint = undefined;
      this.#startCheckpoint();
    } catch (error) {
      throw this.fail(await commitReason(error));
    }
  }

  async #close(): Promise<void> {
    const { wal, indexes, directory } = this.#parts;
    try {
      // A failed store has told so in `flush`; closing it only lets go.
      if (this.#failure) return;
      await this.#flush();
      while (this.#checkpoint) await this.#checkpoint;
      if (this.#bytes === 0) return;
      // All of it, so that nothing rests on the end of the log, where damage can look like a crash.
      this.#freeze();
      this.#startCheckpoint();
      await this.#checkpoint;
    } finally {
      await this.#checkpoint?.catch(() => {}); // its failure is the store's, and known
      await indexes.close();
      await wal.close();
      await directory.database.close();
      directory.lock.release();
    }
  }

  *#entriesFrom(table: Table, key: string): Generator<Entry<Uint8Array>> {
    const index = this.#parts.indexes.get(table);
    if (index) return yield* index.from(key);
    const layers = [this.#layer, this.#frozen?.layer].filter((layer) => layer !== undefined);
    yield* mergeEntries([...layers.map((layer) => layer.from(table, key)), this.#disk.from(table, key)]);
  }

  #checkOpen(): void {
    invariant(!this.#closing, 'the store is closed');
  }
}

/** The library rejects with a general error, and gives the reason in a promise of its own. */
async function commitReason(error: unknown): Promise<unknown> {
  const { commitError } = error as { commitError?: Promise<never> };
  return Promise.resolve(commitError).then(
    () => error,
    (cause: unknown) => cause,
  );
}

/** LMDB calls a write that the disk took in part an input/output error. */
function diskReason(error: unknown): string {
  const reason = reasonOf(error);
  return reason === 'Input/output error' ? `${reason}, or the disk is full` : reason;
}
