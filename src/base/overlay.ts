/**
 * Writes that were asked for and not handed to the host yet, on top of a ledger: reads see them at
 * once. A pure component writes here; its host drains the writes after each step and applies them to
 * the store before the next one.
 */

import { byteText, compareBytes } from './bytes.ts';
import type { Ledger, Table, Write } from './ledger.ts';

/** The writes to one table: in the order asked for, and by key as far as somebody wanted to read. */
interface TableWrites {
  readonly asked: Write[];
  readonly latest: Map<string, Write>;
  /** How many of `asked` are in `latest`. */
  indexed: number;
}

/**
 * The latest write of each key, by table. Reads ask mostly about tables that nobody wrote to in this step,
 * and a block's many rows are not read again in its step: a key is looked at only once its table is read.
 */
class LatestWrites {
  readonly #tables = new Map<Table, TableWrites>();
  #used = false;

  get(table: Table, key: Uint8Array): Write | undefined {
    const writes = this.#tables.get(table);
    if (!writes || writes.asked.length === 0) return undefined;
    return this.#index(writes).get(byteText(key));
  }

  set(write: Write): void {
    let writes = this.#tables.get(write.table);
    if (!writes) {
      writes = { asked: [], latest: new Map(), indexed: 0 };
      this.#tables.set(write.table, writes);
    }
    writes.asked.push(write);
    this.#used = true;
  }

  of(table: Table): Iterable<Write> {
    const writes = this.#tables.get(table);
    return writes ? this.#index(writes).values() : [];
  }

  clear(): void {
    if (!this.#used) return;
    for (const writes of this.#tables.values())
      if (writes.asked.length > 0) {
        writes.asked.length = 0;
        if (writes.indexed > 0) writes.latest.clear();
        writes.indexed = 0;
      }
    this.#used = false;
  }

  #index(writes: TableWrites): Map<string, Write> {
    for (; writes.indexed < writes.asked.length; writes.indexed++) {
      const write = writes.asked[writes.indexed]!;
      writes.latest.set(byteText(write.key), write);
    }
    return writes.latest;
  }
}

export class LedgerOverlay implements Ledger {
  readonly #below: Ledger;
  #writes: Write[] = [];
  readonly #latest = new LatestWrites();
  readonly #lazy = new Set<Write>();
  /** Tables that `#lazy` holds a write to. */
  readonly #lazyTables = new Set<Table>();

  constructor(below: Ledger) {
    this.#below = below;
  }

  write(writes: readonly Write[]): void {
    for (const write of writes) this.#add(write);
  }

  put(table: Table, key: Uint8Array, value: Uint8Array): void {
    this.#add({ table, key, value });
  }

  delete(table: Table, key: Uint8Array): void {
    this.#add({ table, key, value: undefined });
  }

  #add(write: Write): void {
    this.#writes.push(write);
    this.#supersede(write);
  }

  /**
   * A write that nothing has to wait for: what it records can be had again from others. It is handed over
   * apart, after the other writes of the step.
   */
  putLazily(table: Table, key: Uint8Array, value: Uint8Array): void {
    const write: Write = { table, key, value };
    this.#supersede(write);
    this.#lazy.add(write);
    this.#lazyTables.add(table);
  }

  /** The latest write of its key now. Whatever it is, it wins over a lazy one before it. */
  #supersede(write: Write): void {
    if (this.#lazyTables.has(write.table)) {
      const before = this.#latest.get(write.table, write.key);
      if (before) this.#lazy.delete(before);
    }
    this.#latest.set(write);
  }

  get pending(): boolean {
    return this.#writes.length > 0;
  }

  /** Hands over the writes, in the order in which they were asked for; the list is the caller's. */
  drain(): Write[] {
    const writes = this.#writes;
    this.#writes = [];
    this.#latest.clear();
    return writes;
  }

  /** Hands over the lazy writes; call after `drain`. */
  drainLazy(): Write[] {
    if (this.#lazy.size === 0) return [];
    const writes = [...this.#lazy];
    this.#lazy.clear();
    this.#lazyTables.clear();
    return writes;
  }

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    const write = this.#latest.get(table, key);
    return write ? write.value : this.#below.get(table, key);
  }

  *range(table: Table, from: Uint8Array, limit: number): Iterable<readonly [Uint8Array, Uint8Array]> {
    const changed = [...this.#latest.of(table)]
      .filter((write) => compareBytes(write.key, from) >= 0)
      .sort((a, b) => compareBytes(a.key, b.key));
    let given = 0;
    let next = 0;
    for (const entry of this.#below.range(table, from, limit + changed.length)) {
      for (; next < changed.length && compareBytes(changed[next]!.key, entry[0]) < 0; next++) {
        const write = changed[next]!;
        if (write.value === undefined) continue;
        if (given++ >= limit) return;
        yield [write.key, write.value];
      }
      const write = changed[next];
      const replaced = write !== undefined && compareBytes(write.key, entry[0]) === 0;
      if (replaced) next += 1;
      const value = replaced ? write.value : entry[1];
      if (value === undefined) continue;
      if (given++ >= limit) return;
      yield [entry[0], value];
    }
    for (; next < changed.length && given < limit; next++) {
      const write = changed[next]!;
      if (write.value === undefined) continue;
      given += 1;
      yield [write.key, write.value];
    }
  }
}
