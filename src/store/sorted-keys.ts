/**
 * A sorted set of strings that can be added to and deleted from at any time: a list of short sorted
 * lists. Finding the short list is a binary search, changing it moves at most `chunkMax` entries, so a
 * change costs O(log n + chunkMax) whatever the order of insertion, and appending in order, which is what
 * most tables do, moves nothing.
 */

import { compareText } from '../base/bytes.ts';

const chunkMax = 512;

export class SortedKeys {
  /** Not empty, each ascending, all of one below all of the next. */
  readonly #chunks: string[][] = [];

  constructor(keys: Iterable<string>) {
    const sorted = [...keys].sort(compareText);
    for (let i = 0; i < sorted.length; i += chunkMax / 2)
      this.#chunks.push(sorted.slice(i, i + chunkMax / 2));
  }

  add(key: string): void {
    const at = Math.min(this.#chunkOf(key), this.#chunks.length - 1);
    const chunk = this.#chunks[at];
    if (!chunk) {
      this.#chunks.push([key]);
      return;
    }
    const position = lowerBound(chunk, key);
    if (chunk[position] === key) return;
    chunk.splice(position, 0, key);
    if (chunk.length > chunkMax) this.#chunks.splice(at + 1, 0, chunk.splice(chunkMax / 2));
  }

  delete(key: string): void {
    const at = this.#chunkOf(key);
    const chunk = this.#chunks[at];
    if (!chunk) return;
    const position = lowerBound(chunk, key);
    if (chunk[position] !== key) return;
    chunk.splice(position, 1);
    if (chunk.length === 0) this.#chunks.splice(at, 1);
  }

  get last(): string | undefined {
    return this.#chunks.at(-1)?.at(-1);
  }

  /** Keys from `key` on, ascending. Do not change the set while iterating. */
  *from(key: string): Generator<string> {
    for (let at = this.#chunkOf(key), first = true; at < this.#chunks.length; at++, first = false) {
      const chunk = this.#chunks[at]!;
      for (let i = first ? lowerBound(chunk, key) : 0; i < chunk.length; i++) yield chunk[i]!;
    }
  }

  /** Index of the first chunk whose last key is not below `key`; the number of chunks when there is none. */
  #chunkOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#chunks[middle]!.at(-1)! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Index of the first entry that is not below `key`. */
function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
