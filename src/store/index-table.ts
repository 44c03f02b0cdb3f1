/**
 * A table that gets a row or two for every transaction, under keys in no order, and keeps them for ever. As
 * rows of a B-tree each would cost a page on disk; here new rows collect in memory, are written as a run, an immutable
 * file in order of the hashes of the keys (`index-run.ts`), and runs of about the same age are merged in the
 * background, so that there are never many (`indexes.ts`).
 *
 * A look-up goes from the newest rows to the oldest, and the first row found counts. The filters of the runs
 * answer the usual "not there" from memory.
 */

import type { KeyHash } from './index-hash.ts';
import { RowTable, rowKey, rowValue, type Words } from './index-rows.ts';
import { type Run, RunCursor } from './index-run.ts';
import type { Entry } from './ordered-map.ts';
import { SortedKeys } from './sorted-keys.ts';
import { keyText } from './tables.ts';

/** What a row takes beside its bytes, at most. */
const rowBytes = 52;

/**
 * Of a key that is a digest so many bytes are hashed: nobody finds more than a few digests that share them, and two that
 * do are only a little slower to tell apart.
 */
const digestBytes = 32;
const digestBytesHashed = 8;

export class IndexTable {
  readonly #hash: KeyHash;
  readonly #hasDigests: boolean;
  #rows = new RowTable();
  #bytes = 0;
  #frozen: RowTable | undefined;
  /** Empty, kept for its memory. */
  #spare: RowTable | undefined;
  /** Newest first. */
  #runs: readonly Run[];

  /** @param hasDigests that nobody can choose the first bytes of keys that have the length of a digest */
  constructor(hash: KeyHash, runs: readonly Run[], hasDigests: boolean) {
    this.#hash = hash;
    this.#hasDigests = hasDigests;
    this.#runs = runs;
  }

  /** Bytes that were set since the last freezing, more than the memory that the rows take. */
  get bytes(): number {
    return this.#bytes;
  }

  get runs(): readonly Run[] {
    return this.#runs;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#takeHash(key);
    let value = this.#rows.get(key, this.#hash);
    if (value === undefined && this.#frozen) value = this.#frozen.get(key, this.#hash);
    for (let i = 0; value === undefined && i < this.#runs.length; i++)
      value = this.#runs[i]!.get(key, this.#hash);
    return value ?? undefined;
  }

  set(key: Uint8Array, value: Uint8Array | undefined): void {
    this.#takeHash(key);
    this.#rows.set(key, this.#hash, value);
    this.#bytes += rowBytes + key.length + (value?.length ?? 0);
  }

  #takeHash(key: Uint8Array): void {
    const isDigest = this.#hasDigests && key.length === digestBytes;
    this.#hash.take(key, isDigest ? digestBytesHashed : key.length);
  }

  /** What is in memory becomes the frozen rows, of which there must be none. */
  freeze(): void {
    this.#frozen = this.#rows;
    this.#rows = this.#spare ?? new RowTable();
    this.#spare = undefined;
    this.#bytes = 0;
  }

  get frozen(): RowTable | undefined {
    return this.#frozen;
  }

  /** The frozen rows are in `run` now, or there were none. */
  thaw(run: Run | undefined): void {
    if (run) this.#runs = [run, ...this.#runs];
    this.#frozen?.clear();
    this.#spare = this.#frozen;
    this.#frozen = undefined;
  }

  /** Puts one run, or none, in the place of neighbours. */
  replace(runs: readonly Run[], merged: Run | undefined): void {
    const at = this.#runs.indexOf(runs[0]!);
    this.#runs = [
      ...this.#runs.slice(0, at),
      ...(merged ? [merged] : []),
      ...this.#runs.slice(at + runs.length),
    ];
  }

  /** Ascending by key, which is not how the rows are kept: reads all of them for every few. */
  *from(key: string): Generator<Entry<Uint8Array>> {
    for (let start = key; ; ) {
      const page = this.#smallest(start);
      for (const [text, value] of page) if (value) yield [text, value];
      if (page.length < selectionMax) return;
      start = `${page.at(-1)![0]}\0`; // the smallest key above the last
    }
  }

  /** The first keys from `start` on, deleted ones too, as the newest rows have them. */
  #smallest(start: string): Entry<Uint8Array | null>[] {
    const values = new Map<string, Uint8Array | null>();
    const order = new SortedKeys([]);
    let last: string | undefined;
    const consider = (rows: Words, at: number): void => {
      const key = keyText(rowKey(rows, at));
      // What was put out by smaller keys stays out: they only become smaller. So the newest row of a key counts.
      if (key < start || values.has(key) || (values.size === selectionMax && key > last!)) return;
      values.set(key, rowValue(rows, at));
      order.add(key);
      if (values.size > selectionMax) {
        values.delete(last!);
        order.delete(last!);
      }
      last = order.last;
    };
    for (const table of [this.#rows, this.#frozen])
      if (table) for (const at of table.places()) consider(table.memory, at);
    for (const run of this.#runs)
      for (const cursor = new RunCursor(run); cursor.next(); ) consider(cursor.row, cursor.at);
    return [...order.from('')].map((text) => [text, values.get(text) ?? null] as const);
  }
}

const selectionMax = 256;
