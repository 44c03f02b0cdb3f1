/**
 * Writes that were asked for and not handed to the host yet, on top of a ledger: reads see them at
 * once. A pure component writes here; its host drains the writes after each step and applies them to
 * the store before the next one.
 */

import { compareBytes, toHex } from './bytes.ts';
import type { Ledger, Table, Write } from './ledger.ts';

const nameOf = ({ table, key }: Pick<Write, 'table' | 'key'>): string => `${table}/${toHex(key)}`;

export class LedgerOverlay implements Ledger {
  readonly #below: Ledger;
  #writes: Write[] = [];
  readonly #latest = new Map<string, Write>();
  readonly #lazy = new Map<string, Write>();

  constructor(below: Ledger) {
    this.#below = below;
  }

  write(writes: readonly Write[]): void {
    for (const write of writes) {
      this.#writes.push(write);
      this.#latest.set(nameOf(write), write);
      // A later write of the same key wins over a lazy one.
      if (this.#lazy.size > 0) this.#lazy.delete(nameOf(write));
    }
  }

  /**
   * A write that nothing has to wait for: what it records can be had again from others. It is handed over
   * apart, after the other writes of the step.
   */
  putLazily(table: Table, key: Uint8Array, value: Uint8Array): void {
    const write: Write = { table, key, value };
    this.#lazy.set(nameOf(write), write);
    this.#latest.set(nameOf(write), write);
  }

  /** Hands over the lazy writes; call after `drain`. */
  drainLazy(): Write[] {
    if (this.#lazy.size === 0) return [];
    const writes = [...this.#lazy.values()];
    this.#lazy.clear();
    return writes;
  }

  put(table: Table, key: Uint8Array, value: Uint8Array): void {
    this.write([{ table, key, value }]);
  }

  delete(table: Table, key: Uint8Array): void {
    this.write([{ table, key, value: undefined }]);
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

  get(table: Table, key: Uint8Array): Uint8Array | undefined {
    if (this.#latest.size > 0) {
      const write = this.#latest.get(`${table}/${toHex(key)}`);
      if (write) return write.value;
    }
    return this.#below.get(table, key);
  }

  *range(table: Table, from: Uint8Array, limit: number): Iterable<readonly [Uint8Array, Uint8Array]> {
    const changed = [...this.#latest.values()]
      .filter((write) => write.table === table && compareBytes(write.key, from) >= 0)
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
