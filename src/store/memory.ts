/**
 * A store in memory, for tests and for the simulator, that can lose its memory like a machine can. What
 * was applied and not yet flushed is a tail of groups, one for each `apply`; a crash keeps a prefix of it,
 * because a disk may have more than it acknowledged, but never a later group without the earlier ones.
 *
 * There is one image, with everything applied, and for each group of the tail what it overwrote. So
 * making groups durable only forgets how to undo them, and a crash undoes the rest in a copy.
 *
 * Values are shared with the caller, as in every store: neither side may change them.
 */

import { invariant } from '../base/assert.ts';
import type { Table, Write } from '../base/ledger.ts';
import { reasonOf, StoreError } from './error.ts';
import { readInPages, TableMap } from './ordered-map.ts';
import type { Store } from './port.ts';
import { keyText } from './tables.ts';

/** One `apply` that is not durable: what was asked for, and what undoes it. */
interface Group {
  readonly writes: readonly Write[];
  /** The keys of the writes, and what each held before. */
  readonly keys: readonly string[];
  readonly before: readonly (Uint8Array | undefined)[];
}

export interface MemoryStoreOptions {
  /** Called at every flush; what it returns makes this and every later flush fail. */
  readonly failFlush?: () => Error | undefined;
}

export class MemoryStore implements Store {
  #image: TableMap<Uint8Array>;
  /** Oldest first. */
  #tail: Group[] = [];
  #failure: StoreError | undefined;
  #closed = false;
  readonly #options: MemoryStoreOptions;

  constructor(options: MemoryStoreOptions = {}) {
    this.#options = options;
    this.#image = new TableMap();
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    this.#checkOpen();
    return this.#image.get(table)?.get(keyText(key));
  }

  range(table: Table, from: Uint8Array, limit: number): Iterable<readonly [Uint8Array, Uint8Array]> {
    this.#checkOpen();
    return readInPages((key) => this.#image.open(table).from(key), from, limit);
  }

  apply(writes: readonly Write[]): void {
    this.#checkOpen();
    // All keys before any write: a bad key must not leave half a group.
    const keys = writes.map(({ key }) => keyText(key));
    const before = writes.map(({ table, value }, i) => put(this.#image, table, keys[i]!, value));
    this.#tail.push({ writes, keys, before });
  }

  async flush(): Promise<void> {
    this.#checkOpen();
    if (!this.#failure) {
      const error = this.#options.failFlush?.();
      if (error)
        this.#failure = new StoreError('STORE_DISK', `cannot write to the store: ${reasonOf(error)}`);
    }
    if (this.#failure) throw this.#failure;
    this.#tail = [];
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const flushed = this.#failure ? undefined : this.flush();
    this.#closed = true;
    await flushed;
  }

  /** Groups applied and not durable. */
  get unsyncedGroups(): number {
    return this.#tail.length;
  }

  /** The writes of one group of the tail, 0 the oldest; undefined beyond the tail. */
  unsyncedWrites(group: number): readonly Write[] | undefined {
    return this.#tail[group]?.writes;
  }

  /** Makes the oldest groups of the tail durable, as a simulated disk does when a sync completes. */
  makeDurable(groups: number): void {
    this.#tail.splice(0, groups);
  }

  /**
   * The store as it is found after a crash now: all that is durable, and the first groups of the tail.
   * This store is left as it is; whoever crashed must not use it any more.
   */
  crash(keepUnsynced: number | 'all' | 'none', options: MemoryStoreOptions = this.#options): MemoryStore {
    const keep = keepUnsynced === 'all' ? this.#tail.length : keepUnsynced === 'none' ? 0 : keepUnsynced;
    invariant(Number.isInteger(keep) && keep >= 0, `cannot keep ${keepUnsynced} groups`);
    const survivor = new MemoryStore(options);
    survivor.#image = this.#image.copy();
    for (const { writes, keys, before } of this.#tail.slice(keep).reverse())
      for (let i = writes.length - 1; i >= 0; i--)
        put(survivor.#image, writes[i]!.table, keys[i]!, before[i]);
    return survivor;
  }

  #checkOpen(): void {
    invariant(!this.#closed, 'the store is closed');
  }
}

/** Writes or deletes, and returns what was there. */
function put(
  image: TableMap<Uint8Array>,
  table: Table,
  key: string,
  value: Uint8Array | undefined,
): Uint8Array | undefined {
  const entries = image.open(table);
  const before = entries.get(key);
  if (value === undefined) entries.delete(key);
  else entries.set(key, value);
  return before;
}
