/**
 * Records of the write-ahead log. A record is what one flush made durable: the writes of whole groups, in the order
 * in which they were applied. It is written by one call and acknowledged when that is on disk, so at the
 * end of the log there may be a part of one, and nowhere else.
 *
 * | bytes | what |
 * |---|---|
 * | 0..3 | CRC-32 of all that follows, without the padding |
 * | 4..7 | bytes of the writes |
 * | 8..15 | sequence, from 1, without gaps |
 * | 16..19 | ordinal of the segment: files are used again, and what they held must not count |
 * | 20..23 | 1 in the last record of a segment, else 0 |
 * | 24..31 | salt of the store, secret: bodies that clients choose must not pass for records |
 * | 32.. | writes, zeros up to a multiple of 8 |
 *
 * A write is the byte of its table, key length (2), value length (4; all ones: a deletion), key, value.
 * Numbers are little-endian. The decoder takes any bytes.
 */

import { crc32 } from 'node:zlib';
import { putBytes } from './put-bytes.ts';

export const headBytes = 32;
const align = 8;
const writeHeadBytes = 7;
const deleted = 0xffff_ffff;

/** Salts have this many bytes. */
export const saltBytes = 8;

const padded = (length: number): number => Math.ceil(length / align) * align;

const capacityMin = 1 << 16;
/** A larger buffer is given back when it was written. */
const capacityKept = 1 << 22;

/** A record in the making; its memory is used again. */
export class RecordBuffer {
  #bytes = new Uint8Array(capacityMin);
  #view = new DataView(this.#bytes.buffer);
  #length = headBytes;

  /** Bytes that the record will have on disk. */
  get length(): number {
    return padded(this.#length);
  }

  get isEmpty(): boolean {
    return this.#length === headBytes;
  }

  add(table: number, key: Uint8Array, value: Uint8Array | undefined): void {
    const at = this.#length;
    const keyAt = at + writeHeadBytes;
    const valueAt = keyAt + key.length;
    const end = valueAt + (value?.length ?? 0);
    if (end + align > this.#bytes.length) this.#grow(end + align);
    const bytes = this.#bytes;
    bytes[at] = table;
    this.#view.setUint16(at + 1, key.length, true);
    this.#view.setUint32(at + 3, value ? value.length : deleted, true);
    putBytes(key, bytes, keyAt);
    if (value) putBytes(value, bytes, valueAt);
    this.#length = end;
  }

  /** Writes the head. The result is valid until `clear`. */
  seal(head: {
    readonly sequence: number;
    readonly ordinal: number;
    readonly isLast: boolean;
    readonly salt: Uint8Array;
  }): Uint8Array {
    const end = this.length;
    this.#bytes.fill(0, this.#length, end);
    this.#view.setUint32(4, this.#length - headBytes, true);
    this.#view.setBigUint64(8, BigInt(head.sequence), true);
    this.#view.setUint32(16, head.ordinal, true);
    this.#view.setUint32(20, head.isLast ? 1 : 0, true);
    this.#bytes.set(head.salt, 24);
    this.#view.setUint32(0, crc32(this.#bytes.subarray(4, this.#length)), true);
    return this.#bytes.subarray(0, end);
  }

  clear(): void {
    this.#length = headBytes;
    if (this.#bytes.length > capacityKept) this.#allocate(capacityMin);
  }

  #grow(length: number): void {
    const before = this.#bytes;
    this.#allocate(Math.max(length, before.length * 2));
    this.#bytes.set(before.subarray(0, this.#length));
  }

  #allocate(length: number): void {
    this.#bytes = new Uint8Array(length);
    this.#view = new DataView(this.#bytes.buffer);
  }
}

export interface LogRecord {
  readonly sequence: number;
  readonly isLast: boolean;
  /** Its writes, encoded. */
  readonly writes: Uint8Array;
  /** Where the next record begins. */
  readonly end: number;
}

/** The record that begins at `at`, or undefined when none does. */
export function recordAt(
  bytes: Uint8Array,
  at: number,
  ordinal: number,
  salt: Uint8Array,
): LogRecord | undefined {
  if (bytes.length - at < headBytes) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, bytes.length - at);
  const length = view.getUint32(4, true);
  if (length > bytes.length - at - headBytes || view.getUint32(16, true) !== ordinal) return undefined;
  for (let i = 0; i < saltBytes; i++) if (bytes[at + 24 + i] !== salt[i]) return undefined;
  const end = at + headBytes + length;
  if (view.getUint32(0, true) !== crc32(bytes.subarray(at + 4, end))) return undefined;
  return {
    sequence: Number(view.getBigUint64(8, true)),
    isLast: view.getUint32(20, true) !== 0,
    writes: bytes.subarray(at + headBytes, end),
    end: at + padded(headBytes + length),
  };
}

/** The first record that begins at `from` or later, wherever that is. */
export function findRecord(
  bytes: Uint8Array,
  from: number,
  ordinal: number,
  salt: Uint8Array,
): LogRecord | undefined {
  for (let at = padded(from); at + headBytes <= bytes.length; at += align) {
    const record = bytes[at + 24] === salt[0] ? recordAt(bytes, at, ordinal, salt) : undefined;
    if (record) return record;
  }
  return undefined;
}

/**
 * Calls `visit` with each write; key and value are views.
 * @returns false when the bytes are no writes
 */
export function readWrites(
  bytes: Uint8Array,
  visit: (table: number, key: Uint8Array, value: Uint8Array | undefined) => void,
): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < writeHeadBytes) return false;
    const keyAt = at + writeHeadBytes;
    const valueAt = keyAt + view.getUint16(at + 1, true);
    const length = view.getUint32(at + 3, true);
    const end = length === deleted ? valueAt : valueAt + length;
    if (end > bytes.length) return false;
    visit(
      bytes[at]!,
      bytes.subarray(keyAt, valueAt),
      length === deleted ? undefined : bytes.subarray(valueAt, end),
    );
    at = end;
  }
  return true;
}
