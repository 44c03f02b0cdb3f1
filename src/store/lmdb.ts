/**
 * The durable store of signers and learners: an LMDB environment below, and what is not on disk yet in
 * memory above it, so that reads see every write at once and never wait for the disk.
 *
 * There are at most two layers above the disk: `pending` collects what `apply` brings, and `inFlight` is
 * being written, as one transaction. A flush turns pending into in-flight; while that is on its way, later
 * flushes share the one transaction that follows it (group commit). Since a layer is written whole and
 * layers are written one after the other, what is on disk is always a prefix of what was applied, and
 * never part of one `apply`.
 *
 * The first error of the disk is final: the layers stay as they are, and every flush from then on rejects
 * with that error, because what depends on a lost write must never leave. `openDatabase` in
 * `lmdb-directory.ts` says what "on disk" means here.
 *
 * Values are shared with the caller and with LMDB's write thread: do not change them after `apply`, nor
 * what `get` returns. Protocol sections 4, 6 and 9 ("durable before"), docs/engine.md.
 */

import { invariant } from '../base/assert.ts';
import type { Table, Write } from '../base/ledger.ts';
import { reasonOf, StoreError } from './error.ts';
import { type Database, openDirectory } from './lmdb-directory.ts';
import type { DirectoryLock } from './lock.ts';
import { type Entry, mergeEntries, readInPages, TableMap } from './ordered-map.ts';
import type { Store } from './port.ts';
import { diskKey, keyText, tableByte } from './tables.ts';

export interface LmdbStoreOptions {
  /** Directory; made when it is not there. */
  readonly path: string;
  /** Gets a line when something needs a person's attention. */
  readonly log?: (line: string) => void;
  /** Opens an existing store to look at: no lock, no writes, what is on disk at each read. */
  readonly readOnly?: boolean;
}

/** `null` is a deleted key, which hides the one below. */
type Layer = TableMap<Uint8Array | null>;

const slowFlushMs = 10_000;

/** @throws StoreError (rejects): one line, with a code. */
export async function openLmdbStore(options: LmdbStoreOptions): Promise<Store> {
  const log = options.log ?? (() => {});
  const readOnly = options.readOnly ?? false;
  const { database, lock } = await openDirectory(options.path, readOnly, log);
  return new LmdbStore({ path: options.path, database, lock, log, readOnly });
}

class LmdbStore implements Store {
  readonly #path: string;
  readonly #database: Database;
  readonly #lock: DirectoryLock;
  readonly #log: (line: string) => void;
  readonly #readOnly: boolean;
  #pending: Layer = new TableMap();
  #pendingWrites = 0;
  #inFlight: Layer | undefined;
  /** Of the layer in flight. */
  #current: Promise<void> = Promise.resolve();
  /** Of the layer after it, when a flush has asked for it. */
  #next: Promise<void> | undefined;
  #failure: StoreError | undefined;
  #closing: Promise<void> | undefined;
  #closed = false;

  constructor(parts: {
    readonly path: string;
    readonly database: Database;
    readonly lock: DirectoryLock;
    readonly log: (line: string) => void;
    readonly readOnly: boolean;
  }) {
    this.#path = parts.path;
    this.#database = parts.database;
    this.#lock = parts.lock;
    this.#log = parts.log;
    this.#readOnly = parts.readOnly;
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    this.#checkOpen();
    const text = keyText(key);
    let value = this.#pending.get(table)?.get(text);
    if (value === undefined) value = this.#inFlight?.get(table)?.get(text);
    return value === undefined ? plain(this.#database.get(diskKey(table, text))) : (value ?? undefined);
  }

  range(table: Table, from: Uint8Array, limit: number): Iterable<readonly [Uint8Array, Uint8Array]> {
    this.#checkOpen();
    return readInPages((key) => this.#entriesFrom(table, key), from, limit);
  }

  apply(writes: readonly Write[]): void {
    this.#checkOpen();
    invariant(!this.#readOnly, 'the store was opened to read only');
    // All keys before any write: a bad key must not leave half a group.
    const keys = writes.map(({ key }) => keyText(key));
    for (const [i, { table, value }] of writes.entries())
      this.#pending.open(table).set(keys[i]!, value ?? null);
    this.#pendingWrites += writes.length;
  }

  flush(): Promise<void> {
    this.#checkOpen();
    return this.#flush();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** After a failure `#current` stays rejected, the layer in flight stays there, and so all of this rejects. */
  #flush(): Promise<void> {
    if (this.#pendingWrites === 0) return this.#current; // what is in flight may not be durable yet
    if (!this.#inFlight) return this.#start();
    // Chained on success alone: when the layer in flight fails, so does this.
    this.#next ??= handled(
      this.#current.then(() => {
        this.#next = undefined;
        return this.#start();
      }),
    );
    return this.#next;
  }

  /** Sends the pending layer on its way. */
  #start(): Promise<void> {
    this.#inFlight = this.#pending;
    this.#pending = new TableMap();
    this.#pendingWrites = 0;
    this.#current = handled(this.#write(this.#inFlight));
    return this.#current;
  }

  async #write(layer: Layer): Promise<void> {
    const slow = setTimeout(
      () => this.#log(`store ${this.#path}: a write has not finished for ${slowFlushMs / 1000} s`),
      slowFlushMs,
    );
    slow.unref();
    try {
      await this.#database.batch(() => {
        for (const [table, entries] of layer.tables()) {
          for (const [text, value] of entries.entries()) {
            const key = diskKey(table, text);
            if (value === null) this.#database.remove(key);
            else this.#database.put(key, value);
          }
        }
      });
    } catch (error) {
      this.#failure = new StoreError(
        'STORE_DISK',
        `cannot write to store ${this.#path}: ${await commitReason(error)}`,
      );
      throw this.#failure;
    } finally {
      clearTimeout(slow);
    }
    // Reads must find on disk what the layer held, so the snapshot goes before the layer does. (The library
    // drops it too, at the end of a commit; that is not promised anywhere.)
    this.#database.resetReadTxn();
    this.#inFlight = undefined;
  }

  async #close(): Promise<void> {
    this.#closed = true; // what were applied from now on would be lost
    try {
      // A failed store has told so in `flush`; closing it only lets go.
      if (!this.#failure) await this.#flush();
    } finally {
      await this.#database.close();
      this.#lock.release();
    }
  }

  *#entriesFrom(table: Table, key: string): Generator<Entry<Uint8Array>> {
    const layers = [this.#pending, this.#inFlight]
      .map((layer) => layer?.get(table)?.from(key))
      .filter((entries) => entries !== undefined);
    yield* mergeEntries([...layers, this.#diskEntriesFrom(table, key)]);
  }

  *#diskEntriesFrom(table: Table, key: string): Generator<Entry<Uint8Array>> {
    const start = diskKey(table, key);
    const end = Uint8Array.of(tableByte[table] + 1);
    for (const { key: found, value } of this.#database.getRange({ start, end }))
      yield [keyText(found.subarray(1)), plain(value)];
  }

  #checkOpen(): void {
    invariant(!this.#closed, 'the store is closed');
  }
}

/** The library returns Buffers, whose `slice` shares memory where that of a Uint8Array copies. */
function plain<T extends Uint8Array | undefined>(value: T): T {
  return (value && new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) as T;
}

/**
 * A promise that several callers may share, or nobody may look at: a rejection must not end the process as
 * unhandled. It is not lost: the store stays failed, and whoever asks for a flush is told.
 */
function handled(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}

/** The library rejects with a general error, and gives the reason in a promise of its own. */
async function commitReason(error: unknown): Promise<string> {
  const { commitError } = error as { commitError?: Promise<never> };
  const reason = await Promise.resolve(commitError).then(
    () => reasonOf(error),
    (cause: unknown) => reasonOf(cause),
  );
  // LMDB calls a write that the disk took in part an input/output error.
  return reason === 'Input/output error' ? `${reason}, or the disk is full` : reason;
}
