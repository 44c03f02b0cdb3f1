/**
 * Rows of an index table, as they are in memory and in run files, in 32-bit words of the machine's own order:
 *
 * | word | what |
 * |---|---|
 * | 0, 1 | hash of the key, high and low half (`index-hash.ts`) |
 * | 2 | bytes of the key |
 * | 3 | bytes of the value, all ones for a deletion |
 * | 4.. | key, value, zeros up to a whole word |
 *
 * Rows are ordered by hash, and by key where hashes are equal. Word by word is how they are copied and compared.
 */

import type { KeyHash } from './index-hash.ts';
import { putBytes } from './put-bytes.ts';

/** Words, and the same memory as bytes. */
export interface Words {
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;
}

export const wordsOf = (length: number): Words => {
  const words = new Uint32Array(length);
  return { words, bytes: new Uint8Array(words.buffer) };
};

export const rowHeadWords = 4;
const deleted = 0xffff_ffff;

/** Words of the row at `at`. */
export const rowLength = (words: Uint32Array, at: number): number =>
  rowHeadWords + ((words[at + 2]! + (words[at + 3]! === deleted ? 0 : words[at + 3]!) + 3) >>> 2);

export const isDeleted = (words: Uint32Array, at: number): boolean => words[at + 3]! === deleted;

export const rowKey = ({ words, bytes }: Words, at: number): Uint8Array => {
  const from = (at + rowHeadWords) * 4;
  return bytes.subarray(from, from + words[at + 2]!);
};

/** A copy of the value; `null` when the row is a deletion. */
export function rowValue({ words, bytes }: Words, at: number): Uint8Array | null {
  const length = words[at + 3]!;
  if (length === deleted) return null;
  const from = (at + rowHeadWords) * 4 + words[at + 2]!;
  return bytes.slice(from, from + length);
}

/** Negative when row `a` comes before row `b`, 0 when they have the same key. */
export function compareRows(one: Words, a: number, two: Words, b: number): number {
  const byHigh = one.words[a]! - two.words[b]!;
  if (byHigh !== 0) return byHigh;
  const byLow = one.words[a + 1]! - two.words[b + 1]!;
  return byLow !== 0 ? byLow : Buffer.compare(rowKey(one, a), rowKey(two, b));
}

/** Whether the row at `at` has this key, the hash being equal already. */
export function hasKey({ words, bytes }: Words, at: number, key: Uint8Array): boolean {
  if (words[at + 2] !== key.length) return false;
  const from = (at + rowHeadWords) * 4;
  for (let i = 0; i < key.length; i++) if (bytes[from + i] !== key[i]) return false;
  return true;
}

const wordsMin = 1 << 12;
/** Rows that `sorted` yields at a time, or a few more. */
const groupRows = 512;

/**
 * Rows in memory: one array of rows, and a hash table of where each key's newest one is. No object for each row,
 * which matters to the garbage collector when there are hundreds of thousands.
 *
 * A key belongs into the slot that the first bits of its hash number, or the next free one. So the slots are in order of
 * the hashes but for rows side by side, and putting these right is all that sorting takes.
 */
export class RowTable {
  #rows = wordsOf(wordsMin);
  #used = 0;
  /**
   * Two words a slot: place of the row plus 1, or 0; high half of its hash, so that another key's row is not looked
   * at. The number of slots is a power of two, and at least twice that of the keys.
   */
  #slots = new Uint32Array(wordsMin >> 1);
  #count = 0;

  /** Keys, deleted ones included. */
  get count(): number {
    return this.#count;
  }

  /** Value of the key whose hash was taken; `null` when it is deleted here. */
  get(key: Uint8Array, hash: KeyHash): Uint8Array | null | undefined {
    const at = this.#slots[this.#slotOf(key, hash)]!;
    return at === 0 ? undefined : rowValue(this.#rows, at - 1);
  }

  set(key: Uint8Array, hash: KeyHash, value: Uint8Array | undefined): void {
    const slot = this.#slotOf(key, hash);
    const before = this.#slots[slot]!;
    if (before !== 0 && value && this.#rows.words[before + 2] === value.length) {
      putBytes(value, this.#rows.bytes, (before - 1 + rowHeadWords) * 4 + key.length);
      return;
    }
    this.#slots[slot] = this.#append(key, hash, value) + 1;
    this.#slots[slot + 1] = hash.high;
    if (before !== 0) return; // nothing leads to the row before any more
    this.#count += 1;
    if (this.#count * 4 > this.#slots.length) this.#growSlots();
  }

  /** Returns where the new row is. */
  #append(key: Uint8Array, hash: KeyHash, value: Uint8Array | undefined): number {
    const length = rowHeadWords + ((key.length + (value?.length ?? 0) + 3) >>> 2);
    if (this.#used + length > this.#rows.words.length) this.#growRows(this.#used + length);
    const at = this.#used;
    const { words, bytes } = this.#rows;
    words[at + length - 1] = 0; // the padding, in memory that was used before
    words[at] = hash.high;
    words[at + 1] = hash.low;
    words[at + 2] = key.length;
    words[at + 3] = value ? value.length : deleted;
    const to = (at + rowHeadWords) * 4;
    putBytes(key, bytes, to);
    if (value) putBytes(value, bytes, to + key.length);
    this.#used += length;
    return at;
  }

  /** Empties the table and keeps its memory. */
  clear(): void {
    this.#used = 0;
    this.#count = 0;
    this.#slots.fill(0);
  }

  /** Where the newest row of each key is, in no order. */
  *places(): Generator<number> {
    const slots = this.#slots;
    for (let slot = 0; slot < slots.length; slot += 2) if (slots[slot] !== 0) yield slots[slot]! - 1;
  }

  get memory(): Words {
    return this.#rows;
  }

  /**
   * Where the newest rows are, in order, a few hundred of many at a time; the work is spread over the iteration.
   * Full slots side by side hold the rows that belong there, all of them before those of the slots after the
   * next free one, so each such stretch is sorted by itself. One may go on from the last slot to the first: its rows
   * of the upper half of the hashes come last. (Others are not there: as half of the slots are free, no stretch
   * reaches from one half into the one after the next.)
   */
  *sorted(): Generator<Uint32Array> {
    const slots = this.#slots;
    const sorted = new Uint32Array(this.#count);
    let count = 0;
    let stretch = 0;
    let yielded = 0;
    let firstFree = 0;
    while (slots[firstFree] !== 0) firstFree += 2;
    for (let i = 0; i < slots.length + firstFree; i += 2) {
      const slot = i & (slots.length - 1);
      const at = slots[slot]! - 1;
      if (at < 0) {
        stretch = count;
        if (count - yielded < groupRows) continue;
        yield sorted.subarray(yielded, count);
        yielded = count;
        continue;
      }
      const isUpper = slots[slot + 1]! >= 2 ** 31;
      if (i < firstFree ? isUpper : i >= slots.length && !isUpper) continue;
      let place = count++;
      for (; place > stretch && compareRows(this.#rows, at, this.#rows, sorted[place - 1]!) < 0; place--)
        sorted[place] = sorted[place - 1]!;
      sorted[place] = at;
    }
    yield sorted.subarray(yielded, count);
  }

  /** Slot of the key, or the free one where it belongs: index of its first word. */
  #slotOf(key: Uint8Array, { high, low }: KeyHash): number {
    const slots = this.#slots;
    const { words } = this.#rows;
    for (let slot = this.#home(high); ; slot = (slot + 2) & (slots.length - 1)) {
      const at = slots[slot]!;
      if (at === 0) return slot;
      if (slots[slot + 1] === high && words[at] === low && hasKey(this.#rows, at - 1, key)) return slot;
    }
  }

  #home(high: number): number {
    return (high >>> (Math.clz32(this.#slots.length) + 2)) * 2;
  }

  #growRows(length: number): void {
    const rows = wordsOf(Math.max(length, this.#rows.words.length * 2));
    rows.words.set(this.#rows.words.subarray(0, this.#used));
    this.#rows = rows;
  }

  #growSlots(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(before.length * 2);
    const slots = this.#slots;
    for (let i = 0; i < before.length; i += 2) {
      if (before[i] === 0) continue;
      let slot = this.#home(before[i + 1]!);
      while (slots[slot] !== 0) slot = (slot + 2) & (slots.length - 1);
      slots[slot] = before[i]!;
      slots[slot + 1] = before[i + 1]!;
    }
  }
}
