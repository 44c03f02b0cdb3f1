/**
 * Randomness of a simulation: one named substream for each component, all from one seed, so that a
 * change in one component does not shift what the others draw.
 */

import seedrandom from 'seedrandom';
import { naturalLogarithm } from './logarithm.ts';

export class Random {
  readonly #next: () => number;
  readonly #seed: string;

  /** @param seed any text; the same text gives the same stream on every machine. */
  constructor(seed: string) {
    this.#seed = seed;
    this.#next = seedrandom(seed);
  }

  /** An independent stream. */
  stream(name: string): Random {
    return new Random(`${this.#seed}/${name}`);
  }

  /** A number from 0 up to, but not including, 1. */
  unit(): number {
    return this.#next();
  }

  /** An integer from `low` up to, but not including, `high`. */
  integer(low: number, high: number): number {
    return low + Math.floor(this.#next() * (high - low));
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.integer(0, items.length)]!;
  }

  /** Exponentially distributed with the given mean. */
  exponential(mean: number): number {
    return -mean * naturalLogarithm(1 - this.#next());
  }

  shuffled<T>(items: readonly T[]): T[] {
    const list = [...items];
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.integer(0, i + 1);
      [list[i], list[j]] = [list[j]!, list[i]!];
    }
    return list;
  }
}
