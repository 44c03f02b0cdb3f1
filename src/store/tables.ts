/**
 * Keys of the tables, as stores keep them. In memory a key is a string of one character per byte: strings
 * are map keys, and compare by code unit exactly as the bytes compare. On disk all tables share one key
 * space, and a key starts with the byte of its table.
 */

import { invariant } from '../base/assert.ts';
import type { Table } from '../base/ledger.ts';

/**
 * First byte of a table's keys on disk. These numbers are the file format: never change or reuse one.
 * 0 is the store's own table (format version); 5 was used before and stays retired; 255 must stay free,
 * ranges end at the next byte.
 */
export const tableByte: Readonly<Record<Table, number>> = {
  meta: 1,
  batch: 2,
  vote: 3,
  arrival: 4,
  certificate: 6,
  certified: 7,
  block: 8,
  blockDigest: 9,
  order: 10,
  place: 11,
  transaction: 12,
  dependency: 13,
  node: 14,
  evidence: 15,
  dead: 16,
  log: 17,
};

const tableOfByte = new Map(Object.entries(tableByte).map(([table, byte]) => [byte, table as Table]));

/** The table of a first byte. */
export const tableOf = (byte: number): Table | undefined => tableOfByte.get(byte);

/** LMDB's bound for 4 KiB pages is 1978 bytes; the longest key of the engine has about 512. */
export const keyBytesMax = 1900;

/** @throws InvariantViolation when the key is longer than a store can hold. */
export function checkKey(key: Uint8Array): void {
  invariant(key.length <= keyBytesMax, `key has ${key.length} bytes, at most ${keyBytesMax}`);
}

/** @throws InvariantViolation when the key is longer than a store can hold. */
export function keyText(key: Uint8Array): string {
  checkKey(key);
  return String.fromCharCode.apply(null, key as unknown as number[]);
}

export function keyBytes(text: string): Uint8Array {
  const key = new Uint8Array(text.length);
  for (let i = 0; i < key.length; i++) key[i] = text.charCodeAt(i);
  return key;
}

/** The key on disk. */
export function diskKey(table: Table, text: string): Uint8Array {
  const key = new Uint8Array(text.length + 1);
  key[0] = tableByte[table];
  for (let i = 0; i < text.length; i++) key[i + 1] = text.charCodeAt(i);
  return key;
}
