/**
 * Writes a run (`index-run.ts`). Rows are appended in order, and collect in memory until `drain` writes them, so that
 * whoever appends decides how long the thread is busy. The file means nothing until the database names it, which may
 * happen only after `finish`.
 */

import type { FileHandle } from 'node:fs/promises';
import { open, rm } from 'node:fs/promises';
import { addToFilter, blockWords, filterBlocks } from './index-filter.ts';
import type { Words } from './index-rows.ts';
import { rowLength } from './index-rows.ts';
import {
  pageBytes,
  pageHeadWords,
  pageRowWords,
  pageSum,
  pageWords,
  Run,
  runFile,
  sumOf,
} from './index-run.ts';

/** Pages that collect before they should be written. */
const pagesMax = 32;
/** Pages written before they are synced: one large sync at the end would hold up the syncs of the log. */
const pagesUnsynced = 1024;

export class RunWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #id: number;
  readonly #level: number;
  readonly #filter: Uint32Array;
  #fences = new Uint32Array(256);
  #buffer = new Uint32Array((pagesMax + 1) * pageWords);
  /** Pages written, full ones in the buffer, rows and words of the one after them. */
  #written = 0;
  #full = 0;
  #pageRows = 0;
  #used = pageHeadWords;
  #rows = 0;
  #unsynced = 0;

  private constructor(path: string, file: FileHandle, id: number, level: number, rowsMax: number) {
    this.#path = path;
    this.#file = file;
    this.#id = id;
    this.#level = level;
    this.#filter = new Uint32Array(filterBlocks(rowsMax) * blockWords);
  }

  /** @param rowsMax bound of the rows to come, for the size of the filter */
  static async open(path: string, id: number, level: number, rowsMax: number): Promise<RunWriter> {
    return new RunWriter(path, await open(runFile(path, id), 'w', 0o600), id, level, rowsMax);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Whether it is time to `drain`. */
  get isFull(): boolean {
    return this.#full >= pagesMax;
  }

  /** Appends the row at `at`, which comes after all before. */
  append({ words }: Words, at: number): void {
    const length = rowLength(words, at);
    const high = words[at]!;
    if (this.#used + length > pageWords && this.#pageRows > 0) this.#endPage();
    if (this.#pageRows === 0) this.#fence(high);
    addToFilter(this.#filter, high, words[at + 1]!);
    this.#rows += 1;
    this.#pageRows += 1;
    if (length > pageRowWords) {
      this.#appendLong(words.subarray(at, at + length), high);
      return;
    }
    const to = this.#full * pageWords + this.#used;
    const buffer = this.#buffer;
    for (let i = 0; i < length; i++) buffer[to + i] = words[at + i]!;
    this.#used += length;
  }

  /** Writes the full pages. */
  async drain(): Promise<void> {
    const words = this.#full * pageWords;
    await this.#write(this.#buffer.subarray(0, words), this.#written * pageBytes);
    this.#buffer.copyWithin(0, words, words + this.#used);
    this.#written += this.#full;
    this.#unsynced += this.#full;
    this.#full = 0;
    if (this.#unsynced < pagesUnsynced) return;
    await this.#file.datasync();
    this.#unsynced = 0;
  }

  /** Writes the rest; the content is on disk when it resolves, its name not yet. */
  async finish(): Promise<Run> {
    if (this.#pageRows > 0) this.#endPage();
    await this.drain();
    const pages = this.#written;
    const fences = this.#fences.slice(0, pages);
    await this.#write(this.#filter, pages * pageBytes);
    await this.#write(fences, pages * pageBytes + this.#filter.byteLength);
    await this.#file.datasync();
    await this.#file.close();
    const [filter, sum] = [this.#filter.length, sumOf(this.#filter, fences)];
    const info = { id: this.#id, level: this.#level, rows: this.#rows, pages, filter, sum };
    return new Run(this.#path, info, { filter: this.#filter, fences });
  }

  /** Leaves no file. */
  async abandon(): Promise<void> {
    await this.#file.close();
    await rm(runFile(this.#path, this.#id));
  }

  #fence(high: number): void {
    const page = this.#written + this.#full;
    if (page >= this.#fences.length) {
      const fences = new Uint32Array(this.#fences.length * 2);
      fences.set(this.#fences);
      this.#fences = fences;
    }
    this.#fences[page] = high;
  }

  #appendLong(row: Uint32Array, high: number): void {
    for (let at = 0; at < row.length; at += pageRowWords) {
      if (at > 0) this.#fence(high);
      const part = row.subarray(at, at + pageRowWords);
      this.#buffer.set(part, this.#full * pageWords + this.#used);
      this.#used += part.length;
      this.#endPage();
    }
  }

  /** Closes the page that is being filled and begins another. */
  #endPage(): void {
    const start = this.#full * pageWords;
    this.#buffer.fill(0, start + this.#used, start + pageWords);
    this.#buffer[start] = this.#pageRows;
    this.#buffer[start + 1] = pageSum(this.#buffer, this.#full);
    this.#full += 1;
    this.#pageRows = 0;
    this.#used = pageHeadWords;
    if ((this.#full + 1) * pageWords <= this.#buffer.length) return;
    const buffer = new Uint32Array(this.#buffer.length * 2);
    buffer.set(this.#buffer);
    this.#buffer = buffer;
  }

  async #write(words: Uint32Array, at: number): Promise<void> {
    const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
    for (let done = 0; done < bytes.length; )
      done += (await this.#file.write(bytes, done, bytes.length - done, at + done)).bytesWritten;
  }
}
