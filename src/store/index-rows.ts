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

/** Most are too short for `set` to pay. */
function putBytes(from: Uint8Array, to: Uint8Array, at: number): void {
  if (from.length > 64) to.set(from, at);
  else for (let i = 0; i < from.length; i++) to[at + i] = from[i]!;
}

const wordsMin = 1 << 12;

/**
 * Rows in memory: one array of rows, and a hash table of where each key's newest one is. No object for each row,
 * which matters to the garbage collector when there are hundreds of thousands.
 */
export class RowTable {
  #rows = wordsOf(wordsMin);
  #used = 0;
  /** Power of two; index of a row plus 1, or 0. Linear probing from the low half of the hash. */
  #slots = new Uint32Array(wordsMin >> 2);
  #count = 0;
  /** Rows that newer ones of the same key have replaced. */
  readonly #outdated = new Set<number>();

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
    const at = this.#append(key, hash, value);
    this.#slots[slot] = at + 1;
    if (before !== 0) {
      this.#outdated.add(before - 1);
      return;
    }
    this.#count += 1;
    if (this.#count * 2 > this.#slots.length) this.#growSlots();
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
    this.#outdated.clear();
    this.#slots.fill(0);
  }

  /** Where the newest row of each key is, in the order in which they came. */
  *places(): Generator<number> {
    const { words } = this.#rows;
    for (let at = 0; at < this.#used; at += rowLength(words, at)) if (!this.#outdated.has(at)) yield at;
  }

  get memory(): Words {
    return this.#rows;
  }

  /** Where the newest rows are, in order, a few hundred of many at a time; the work is spread over the iteration. */
  *sorted(): Generator<Uint32Array> {
    const { words } = this.#rows;
    const starts = new Uint32Array(257);
    for (const at of this.places()) starts[(words[at]! >>> 24) + 1]! += 1;
    for (let i = 1; i <= 256; i++) starts[i]! += starts[i - 1]!;
    const grouped = new Uint32Array(this.#count);
    const next = starts.slice();
    for (const at of this.places()) grouped[next[words[at]! >>> 24]!++] = at;
    for (let group = 0; group < 256; group++)
      yield this.#sort(grouped.subarray(starts[group], starts[group + 1]));
  }

  /** Rows whose hashes share the first byte: sorted by the next three as numbers, and then where these are equal. */
  #sort(group: Uint32Array): Uint32Array {
    const { words } = this.#rows;
    const scale = 2 ** 28; // more rows than memory can hold
    const keys = new Float64Array(group.length);
    for (let i = 0; i < group.length; i++) keys[i] = (words[group[i]!]! & 0xff_ffff) * scale + i;
    keys.sort();
    const sorted = new Uint32Array(group.length);
    for (let i = 0; i < keys.length; i++) {
      const at = group[keys[i]! % scale]!;
      let place = i;
      for (; place > 0 && compareRows(this.#rows, at, this.#rows, sorted[place - 1]!) < 0; place--)
        sorted[place] = sorted[place - 1]!;
      sorted[place] = at;
    }
    return sorted;
  }

  /** Slot of the key, or the free one where it belongs. */
  #slotOf(key: Uint8Array, { high, low }: KeyHash): number {
    const mask = this.#slots.length - 1;
    const { words } = this.#rows;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const at = this.#slots[slot]!;
      if (at === 0) return slot;
      if (words[at - 1] === high && words[at] === low && hasKey(this.#rows, at - 1, key)) return slot;
    }
  }

  #growRows(length: number): void {
    const rows = wordsOf(Math.max(length, this.#rows.words.length * 2));
    rows.words.set(this.#rows.words.subarray(0, this.#used));
    this.#rows = rows;
  }

  #growSlots(): void {
    const before = this.#slots;
    const { words } = this.#rows;
    this.#slots = new Uint32Array(before.length * 2);
    const mask = this.#slots.length - 1;
    for (const at of before) {
      if (at === 0) continue;
      let slot = words[at]! & mask; // word 1 of the row at - 1
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = at;
    }
  }
}
