/**
 * Brings a layer into the database, in transactions small enough that neither this thread nor a reader waits for
 * long. What the log still holds makes that safe: a crash between two of them leaves newer rows in the database,
 * and reading the log again brings the same rows, until the last transaction says that the log is not
 * needed for them. So a layer may be written only when its records are durable, and that last transaction
 * comes after all the others.
 */

import type { Layer } from './layer.ts';
import type { Database } from './lmdb-directory.ts';
import { diskKey } from './tables.ts';

/** Rows and bytes of one transaction, a millisecond or so of this thread. */
const rowsMax = 256;
const bytesMax = 1 << 18;

interface Row {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
}

function* rowsOf(layer: Layer): Generator<Row> {
  for (const [table, entries] of layer.rows.tables())
    for (const [text, value] of entries.entries()) yield { key: diskKey(table, text), value };
}

/**
 * Writes all rows of a layer that does not change any more.
 * @param last called within the last transaction, which is on disk when this resolves
 * @throws (rejects) what the library rejects with
 */
export async function writeLayer(database: Database, layer: Layer, last: () => void): Promise<void> {
  const rows = rowsOf(layer);
  for (let isDone = false; !isDone; ) {
    await database.batch(() => {
      let bytes = 0;
      for (let count = 0; count < rowsMax && bytes < bytesMax; count++) {
        const { value: row } = rows.next();
        if (!row) {
          last();
          isDone = true;
          return;
        }
        if (row.value) database.put(row.key, row.value);
        else database.remove(row.key);
        bytes += row.value?.length ?? 0;
      }
    });
  }
}
