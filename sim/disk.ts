/**
 * Torn writes. A database writes a commit as a record with its length and a checksum, so that a record of
 * which only a part reached the disk is recognised when it is opened again, and dropped whole. This does
 * just that with the first group that a crash does not keep: the record is written, cut, and read back.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equalBytes, utf8 } from '../src/base/bytes.ts';
import type { Write } from '../src/base/ledger.ts';
import type { MemoryStore } from '../src/store/memory.ts';

const headerBytes = 4;
const checksumBytes = 32;

/** A commit record: length, content, checksum of both. */
export function writeRecord(content: Uint8Array): Uint8Array {
  const length = new Uint8Array(headerBytes);
  new DataView(length.buffer).setUint32(0, content.length);
  return concat(length, content, sha256(concat(length, content)));
}

/** The content of a whole record; undefined when it is torn. */
export function readRecord(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < headerBytes) return undefined;
  const length = bytes.subarray(0, headerBytes);
  const end = headerBytes + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (bytes.length < end + checksumBytes) return undefined;
  const content = bytes.subarray(headerBytes, end);
  const sum = sha256(concat(length, content));
  return equalBytes(sum, bytes.subarray(end, end + checksumBytes)) ? content : undefined;
}

const contentOf = (writes: readonly Write[]): Uint8Array =>
  concat(...writes.flatMap(({ table, key, value }) => [utf8(table), key, value ?? new Uint8Array(0)]));

/**
 * How many unsynced groups are found after a crash that kept some whole and tore the next one.
 * @param share of the bytes of the torn record that reached the disk, from 0 up to 1.
 */
export function tear(store: MemoryStore, keep: number | 'all' | 'none', share: number): number {
  const groups = store.unsyncedGroups;
  const kept = keep === 'all' ? groups : keep === 'none' ? 0 : keep;
  const next = store.unsyncedWrites(kept);
  if (!next) return kept;
  const record = writeRecord(contentOf(next));
  const found = readRecord(record.slice(0, Math.floor(share * record.length)));
  return found === undefined ? kept : kept + 1;
}
