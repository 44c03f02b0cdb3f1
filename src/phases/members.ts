/**
 * A set of signers that grows: one bit each, so that joining and comparing the sets of a large tree costs a
 * few operations for thirty signers. Words of 30 bits are small integers for the machine.
 */

import type { SignerId } from '../base/ids.ts';

const wordBits = 30;

const bitCount = (word: number): number => {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count += 1;
  return count;
};

export class Members {
  readonly #words: number[] = [];
  size = 0;

  constructor(ids: Iterable<SignerId> = []) {
    for (const id of ids) this.add(id);
  }

  has(id: SignerId): boolean {
    const word = this.#words[Math.floor(id / wordBits)];
    return word !== undefined && ((word >> (id % wordBits)) & 1) === 1;
  }

  add(id: SignerId): void {
    if (this.has(id)) return;
    const at = Math.floor(id / wordBits);
    while (this.#words.length <= at) this.#words.push(0);
    this.#words[at]! |= 1 << (id % wordBits);
    this.size += 1;
  }

  addAll(others: Members): void {
    while (this.#words.length < others.#words.length) this.#words.push(0);
    others.#words.forEach((word, at) => {
      this.size += bitCount(word & ~this.#words[at]!);
      this.#words[at]! |= word;
    });
  }

  /** Every one of these is in the other set. */
  within(others: Members): boolean {
    return this.#words.every((word, at) => (word & ~(others.#words[at] ?? 0)) === 0);
  }

  /** Some of these are in the other set. */
  meets(others: Members): boolean {
    return this.#words.some((word, at) => (word & (others.#words[at] ?? 0)) !== 0);
  }

  /** A set of those that are not in the other one. */
  without(others: Members): Members {
    const rest = new Members();
    this.#words.forEach((word, at) => {
      const left = word & ~(others.#words[at] ?? 0);
      rest.#words.push(left);
      rest.size += bitCount(left);
    });
    return rest;
  }

  /** Ascending. */
  ids(): SignerId[] {
    const ids: SignerId[] = [];
    this.#words.forEach((word, at) => {
      for (let rest = word; rest !== 0; rest &= rest - 1)
        ids.push((at * wordBits + bitCount((rest & -rest) - 1)) as SignerId);
    });
    return ids;
  }
}
