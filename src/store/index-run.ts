/**
 * A run: rows of an index table (`index-rows.ts`) in order, in a file that never changes. The file is pages of
 * rows, then the filter, then the fences: the high half of the hash of the first row of each page. Filter and
 * fences are in memory, 1.3 bytes a row; a look-up reads one page, and that only when the filter says so.
 *
 * A page begins with the number of rows that begin in it and the checksum of the rest. Rows do not cross pages, but for
 * one that is longer than a page: it begins one, and goes on in pages with no rows of their own, which have
 * its fence.
 *
 * Checksums are compared when a run is opened (filter and fences) and when it is merged (pages), not at look-ups.
 */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { StoreError } from './error.ts';
import { mayHold } from './index-filter.ts';
import type { KeyHash } from './index-hash.ts';
import { hasKey, rowLength, rowValue, type Words, wordsOf } from './index-rows.ts';

export const pageBytes = 4096;
export const pageWords = pageBytes / 4;
export const pageHeadWords = 2;
/** Words of a page that are rows. */
export const pageRowWords = pageWords - pageHeadWords;

const runName = /^run-(\d{10})$/;
export const isRunName = (name: string): boolean => runName.test(name);
export const runId = (name: string): number => Number(runName.exec(name)?.[1]);
export const runFile = (path: string, id: number): string =>
  join(path, `run-${String(id).padStart(10, '0')}`);

/** What the database keeps of a run. */
export interface RunInfo {
  /** Name of the file. */
  readonly id: number;
  /** How many times its rows were merged. */
  readonly level: number;
  readonly rows: number;
  readonly pages: number;
  /** Words of the filter. */
  readonly filter: number;
  /** Checksum of filter and fences. */
  readonly sum: number;
}

/** A page for look-ups, which are never interrupted. */
const lookup = wordsOf(pageWords);

export class Run {
  readonly info: RunInfo;
  readonly #path: string;
  readonly #descriptor: number;
  readonly #filter: Uint32Array;
  readonly #fences: Uint32Array;

  /**
   * @param known filter and fences, of a run that was just written
   * @throws StoreError when the file is not what the database says.
   */
  constructor(
    path: string,
    info: RunInfo,
    known?: { readonly filter: Uint32Array; readonly fences: Uint32Array },
  ) {
    this.info = info;
    this.#path = path;
    this.#filter = known?.filter ?? new Uint32Array(info.filter);
    this.#fences = known?.fences ?? new Uint32Array(info.pages);
    try {
      this.#descriptor = openSync(runFile(path, info.id), 'r');
    } catch (error) {
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? this.#damaged('is missing') : error;
    }
    try {
      if (!known) this.#load();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #load(): void {
    const { pages, filter, sum } = this.info;
    const filterAt = pages * pageBytes;
    const fencesAt = filterAt + filter * 4;
    if (fstatSync(this.#descriptor).size !== fencesAt + pages * 4) throw this.#damaged('has another size');
    this.#read(this.#filter, filterAt);
    this.#read(this.#fences, fencesAt);
    if (sumOf(this.#filter, this.#fences) !== sum) throw this.#damaged('has a wrong filter');
  }

  /** Value of the key whose hash was taken, `null` when this run deletes it. */
  get(key: Uint8Array, { high, low }: KeyHash): Uint8Array | null | undefined {
    if (!mayHold(this.#filter, high, low)) return undefined;
    const first = Math.max(0, firstNotBelow(this.#fences, high) - 1);
    for (let page = first; page < this.info.pages; page++) {
      if (page > first && this.#fences[page]! > high) return undefined;
      this.#read(lookup.words, page * pageBytes);
      const { words } = lookup;
      for (let at = pageHeadWords, left = words[0]!; left > 0; left--) {
        if (words[at]! > high) return undefined;
        const isSame = words[at] === high && words[at + 1] === low;
        const length = rowLength(words, at);
        if (length > pageRowWords) {
          const row = isSame ? this.longRow(page) : undefined;
          if (row && hasKey(row, 0, key)) return rowValue(row, 0);
          break; // it is alone in its page
        }
        if (isSame && hasKey(lookup, at, key)) return rowValue(lookup, at);
        at += length;
      }
    }
    return undefined;
  }

  damagedPage(page: number): StoreError {
    return this.#damaged(`has a wrong page ${page}`);
  }

  /** Reads pages, from `page` on, as many as `into` has room for. */
  readPages(page: number, into: Uint32Array): void {
    this.#read(into, page * pageBytes);
  }

  /** The row that begins page `page` and is longer than one. */
  longRow(page: number): Words {
    const part = new Uint32Array(pageWords);
    this.#read(part, page * pageBytes);
    const length = rowLength(part, pageHeadWords);
    const row = wordsOf(length);
    for (let at = 0, next = page; at < length; at += pageRowWords, next++) {
      this.#read(part, next * pageBytes);
      row.words.set(part.subarray(pageHeadWords, pageHeadWords + Math.min(pageRowWords, length - at)), at);
    }
    return row;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #read(into: Uint32Array, at: number): void {
    const bytes = new Uint8Array(into.buffer, into.byteOffset, into.byteLength);
    for (let done = 0; done < bytes.length; ) {
      const read = readSync(this.#descriptor, bytes, done, bytes.length - done, at + done);
      if (read === 0) throw this.#damaged('is too short');
      done += read;
    }
  }

  #damaged(what: string): StoreError {
    return new StoreError('STORE_DAMAGED', `${runFile(this.#path, this.info.id)} ${what}`);
  }
}

const asBytes = (words: Uint32Array): Uint8Array =>
  new Uint8Array(words.buffer, words.byteOffset, words.byteLength);

/** Checksum of filter and fences. */
export const sumOf = (filter: Uint32Array, fences: Uint32Array): number =>
  crc32(asBytes(fences), crc32(asBytes(filter)));

/** Checksum of a page, without the words before it. */
export const pageSum = (words: Uint32Array, page: number): number =>
  crc32(asBytes(words.subarray(page * pageWords + pageHeadWords, (page + 1) * pageWords)));

/** Index of the first number that is not below `high`. */
function firstNotBelow(fences: Uint32Array, high: number): number {
  let low = 0;
  let end = fences.length;
  while (low < end) {
    const middle = (low + end) >>> 1;
    if (fences[middle]! < high) low = middle + 1;
    else end = middle;
  }
  return low;
}

/** Pages read at once by a cursor. */
const cursorPages = 16;

/** The rows of a run in order. The current row is at `at` in `row`, until `next`. */
export class RunCursor {
  row: Words;
  at = 0;
  readonly #run: Run;
  readonly #buffer: Words;
  /** Next page to be read, first page in the buffer, pages in it, current page. */
  #page = -1;
  #first = 0;
  #loaded = 0;
  /** Rows of the current page after the current one. */
  #left = 0;

  constructor(run: Run) {
    this.#run = run;
    this.#buffer = wordsOf(Math.min(cursorPages, run.info.pages) * pageWords);
    this.row = this.#buffer;
  }

  /** Goes to the next row, at first to the first. False when there is none. */
  next(): boolean {
    if (this.#left > 0) {
      this.at += rowLength(this.row.words, this.at);
      this.#left -= 1;
      return true;
    }
    const { words } = this.#buffer;
    for (;;) {
      this.#page += 1;
      if (this.#page >= this.#run.info.pages) return false;
      if (this.#page >= this.#first + this.#loaded) this.#load();
      const start = (this.#page - this.#first) * pageWords;
      const rows = words[start]!;
      if (rows === 0) continue; // a long row goes on
      this.#left = rows - 1;
      this.row = this.#buffer;
      this.at = start + pageHeadWords;
      if (rowLength(words, this.at) > pageRowWords) {
        this.row = this.#run.longRow(this.#page);
        this.at = 0;
      }
      return true;
    }
  }

  #load(): void {
    this.#first = this.#page;
    this.#loaded = Math.min(cursorPages, this.#run.info.pages - this.#page);
    const words = this.#buffer.words.subarray(0, this.#loaded * pageWords);
    this.#run.readPages(this.#page, words);
    for (let page = 0; page < this.#loaded; page++)
      if (words[page * pageWords + 1] !== pageSum(words, page))
        throw this.#run.damagedPage(this.#first + page);
  }
}
