/** Brings what the log holds above the database into memory. */

import { invariant } from '../base/assert.ts';
import type { Indexes } from './indexes.ts';
import { Layer } from './layer.ts';
import { type LogState, type LogTail, readLog } from './log-files.ts';
import { keyText, tableOf } from './tables.ts';

export interface Replayed {
  readonly layer: Layer;
  readonly tail: LogTail;
}

/**
 * @param indexes get the rows of their tables
 * @throws StoreError when acknowledged writes are missing.
 */
export function replay(path: string, state: LogState, indexes: Indexes): Replayed {
  const layer = new Layer();
  const tail = readLog(path, state, (byte, key, value) => {
    const table = tableOf(byte);
    invariant(table, `the log of ${path} has a write of table ${byte}`);
    const index = indexes.get(table);
    if (index) return index.set(key, value);
    // Copied: a small value must not keep a whole file of the log in memory.
    layer.set(table, keyText(key), value && Uint8Array.from(value));
  });
  return { layer, tail };
}
