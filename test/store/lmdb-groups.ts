/** Numbered groups of records, for the tests that kill a writing process. */

import { createHash } from 'node:crypto';
import type { Write } from '../../src/base/ledger.ts';

const number = (i: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, i);
  return bytes;
};

const digest = (i: number): Uint8Array => createHash('sha256').update(number(i)).digest();

export const valueFor = (i: number): Uint8Array => new Uint8Array((i * 37) % 3000).fill(i);

/**
 * Group `i`: one new record, one that is overwritten by every group, and the deletion of an older one. The same in
 * the tables that are kept as runs.
 */
export const groupWrites = (i: number): Write[] => [
  { table: 'order', key: number(i), value: valueFor(i) },
  { table: 'meta', key: number(0), value: number(i) },
  { table: 'arrival', key: number(i), value: number(i) },
  { table: 'transaction', key: digest(i), value: number(i) },
  { table: 'dependency', key: number(i % 7), value: number(i) },
  ...(i < 5
    ? []
    : [{ table: 'transaction', key: digest(i - 5), value: i % 2 ? undefined : number(i) } as const]),
  ...(i === 0 ? [] : [{ table: 'arrival', key: number(i - 1), value: undefined } as const]),
];
