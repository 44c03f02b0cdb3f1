/** Rows of the database, read from what is on disk now, or always from one moment. */

import type { Transaction } from 'lmdb';
import type { Table } from '../base/ledger.ts';
import type { Database } from './lmdb-directory.ts';
import type { Entry } from './ordered-map.ts';
import { diskKey, keyText, tableByte } from './tables.ts';

export class Disk {
  readonly #database: Database;
  readonly #options: { readonly transaction: Transaction } | undefined;

  /** @param transaction pins the moment; without it each read sees the last commit */
  constructor(database: Database, transaction?: Transaction) {
    this.#database = database;
    this.#options = transaction && { transaction };
  }

  get(table: Table, key: string): Uint8Array | undefined {
    return plain(this.#database.get(diskKey(table, key), this.#options));
  }

  /** Ascending. */
  *from(table: Table, key: string): Generator<Entry<Uint8Array>> {
    const start = diskKey(table, key);
    const end = Uint8Array.of(tableByte[table] + 1);
    for (const { key: found, value } of this.#database.getRange({ start, end, ...this.#options }))
      yield [keyText(found.subarray(1)), plain(value)];
  }
}

/** The library returns Buffers, whose `slice` shares memory where that of a Uint8Array copies. */
function plain<T extends Uint8Array | undefined>(value: T): T {
  return (value && new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) as T;
}
