/**
 * Rows in memory above the database. `null` is a deleted key, which hides the one below. Rows that are written
 * and deleted while the layer collects never reach the disk but for the log.
 */

import type { Table } from '../base/ledger.ts';
import { type Entry, TableMap } from './ordered-map.ts';

/** What a row costs beside its bytes, roughly: objects, the hash map, the order. */
const rowBytes = 150;

export class Layer {
  readonly rows = new TableMap<Uint8Array | null>();
  #bytes = 0;

  /** Memory that it takes at most. */
  get bytes(): number {
    return this.#bytes;
  }

  get(table: Table, key: string): Uint8Array | null | undefined {
    return this.rows.get(table)?.get(key);
  }

  /** Ascending. Do not write while iterating. */
  from(table: Table, key: string): Generator<Entry<Uint8Array | null>> {
    return this.rows.open(table).from(key);
  }

  set(table: Table, key: string, value: Uint8Array | undefined): void {
    this.rows.open(table).set(key, value ?? null);
    this.#bytes += rowBytes + key.length + (value?.length ?? 0);
  }
}
