/**
 * A map from keys (`tables.ts`) to values that can be read in key order. Reading and writing are those of
 * a hash map until the first ordered read; from then on the order is kept up to date with every change,
 * until there were more changes than it would cost to make it again. Tables that are not read in order do
 * not pay for it. Also here: the merge of several ordered sources, and reading in pages.
 */

import type { Table } from '../base/ledger.ts';
import { SortedKeys } from './sorted-keys.ts';
import { keyBytes, keyText } from './tables.ts';

export type Entry<V> = readonly [key: string, value: V];

const changesMin = 64;

export class OrderedMap<V> {
  readonly #values: Map<string, V>;
  #order: SortedKeys | undefined;
  /** Changes of the order since the last ordered read. */
  #changes = 0;

  constructor(entries: Iterable<Entry<V>> = []) {
    this.#values = new Map(entries);
  }

  get size(): number {
    return this.#values.size;
  }

  get(key: string): V | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: V): void {
    if (this.#ordered() && !this.#values.has(key)) this.#order!.add(key);
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (this.#values.delete(key) && this.#ordered()) this.#order!.delete(key);
  }

  /** Whether the order is to be kept up to date with one more change. */
  #ordered(): boolean {
    if (!this.#order) return false;
    this.#changes += 1;
    if (this.#changes > this.#values.size + changesMin) this.#order = undefined;
    return this.#order !== undefined;
  }

  /** All entries, in no particular order. */
  entries(): Iterable<Entry<V>> {
    return this.#values;
  }

  /** Entries from `key` on, ascending. Do not write while iterating. */
  *from(key: string): Generator<Entry<V>> {
    this.#order ??= new SortedKeys(this.#values.keys());
    this.#changes = 0;
    for (const next of this.#order.from(key)) yield [next, this.#values.get(next)!];
  }
}

/** Tables that come into being when they are written. */
export class TableMap<V> {
  readonly #tables = new Map<Table, OrderedMap<V>>();

  get(table: Table): OrderedMap<V> | undefined {
    return this.#tables.get(table);
  }

  /** The table, empty when it was not there. */
  open(table: Table): OrderedMap<V> {
    let entries = this.#tables.get(table);
    if (!entries) {
      entries = new OrderedMap();
      this.#tables.set(table, entries);
    }
    return entries;
  }

  tables(): Iterable<readonly [Table, OrderedMap<V>]> {
    return this.#tables;
  }

  /** A copy that shares the values, not the maps. */
  copy(): TableMap<V> {
    const copied = new TableMap<V>();
    for (const [table, entries] of this.#tables) copied.#tables.set(table, new OrderedMap(entries.entries()));
    return copied;
  }
}

/**
 * Ascending sources as one. Where sources have the same key the first source wins; `null` says that the
 * key is deleted and hides it in the later sources.
 */
export function* mergeEntries(
  sources: readonly Iterator<Entry<Uint8Array | null>>[],
): Generator<Entry<Uint8Array>> {
  try {
    const heads = sources.map((source) => source.next());
    for (;;) {
      let winner: Entry<Uint8Array | null> | undefined;
      for (const head of heads)
        if (!head.done && (winner === undefined || head.value[0] < winner[0])) winner = head.value;
      if (winner === undefined) return;
      const [key, value] = winner;
      for (const [i, head] of heads.entries())
        if (!head.done && head.value[0] === key) heads[i] = sources[i]!.next();
      if (value !== null) yield [key, value];
    }
  } finally {
    for (const source of sources) source.return?.();
  }
}

/**
 * Reads in pages: each page is read without a pause, from the store as it is then, so a consumer that
 * awaits between entries pins no snapshot and no cursor.
 * @param entriesFrom the entries from a key on, ascending
 */
export function* readInPages(
  entriesFrom: (key: string) => Generator<Entry<Uint8Array>>,
  from: Uint8Array,
  limit: number,
): Generator<readonly [Uint8Array, Uint8Array]> {
  let start = keyText(from);
  let left = limit;
  while (left > 0) {
    const wanted = Math.min(left, pageEntries);
    const page: Entry<Uint8Array>[] = [];
    if (wanted > 0) {
      for (const entry of entriesFrom(start)) {
        page.push(entry);
        if (page.length >= wanted) break;
      }
    }
    for (const [key, value] of page) yield [keyBytes(key), value];
    if (page.length < wanted) return;
    left -= page.length;
    start = `${page.at(-1)![0]}\0`; // the smallest key above the last
  }
}

const pageEntries = 256;
