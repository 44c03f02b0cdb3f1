/**
 * Votes or signatures on their way up one tree, at one signer. A node waits for its children, then sends its
 * parent everything at once; when its levels' time is up it sends what it has, and what comes later follows
 * by itself. The root is done once everybody has answered, or with a quorum once its time is up.
 */

import type { SignerId } from '../../../src/base/ids.ts';
import type { Tree } from '../../../src/tree/tree.ts';

export interface GatheringHooks<T> {
  after(delayMs: number, run: () => void): void;
  /** To the parent. */
  up(to: SignerId, items: readonly T[]): void;
  /** At the root, once: everything that came, by signer. */
  top(items: readonly T[]): void;
}

export class Gathering<T> {
  readonly #items = new Map<SignerId, T>();
  readonly #waiting: Set<SignerId>;
  readonly #parent: SignerId | undefined;
  readonly #n: number;
  readonly #quorum: number;
  readonly #hooks: GatheringHooks<T>;
  #unsent: T[] = [];
  #expired = false;
  #done = false;

  /** @param levelMs time that one level of the tree may take. */
  constructor(tree: Tree, self: SignerId, quorum: number, levelMs: number, hooks: GatheringHooks<T>) {
    this.#n = tree.size;
    this.#quorum = quorum;
    this.#hooks = hooks;
    this.#parent = tree.parent(self);
    this.#waiting = new Set(tree.children(self));
    if (this.#waiting.size === 0) return;
    hooks.after(levelMs * (tree.levelsBelow(self) + 1), () => {
      this.#expired = true;
      this.#progress();
    });
  }

  /** What this signer adds, or what a child reports; a child that reports is waited for no longer. */
  add(from: SignerId, items: readonly (readonly [SignerId, T])[]): void {
    this.#waiting.delete(from);
    for (const [signer, item] of items) {
      if (this.#items.has(signer)) continue;
      this.#items.set(signer, item);
      this.#unsent.push(item);
    }
    this.#progress();
  }

  #progress(): void {
    const complete = this.#expired || this.#waiting.size === 0;
    if (this.#parent === undefined) {
      const enough = this.#items.size === this.#n || (complete && this.#items.size >= this.#quorum);
      if (this.#done || !enough) return;
      this.#done = true;
      const sorted = [...this.#items].sort(([a], [b]) => a - b);
      this.#hooks.top(sorted.map(([, item]) => item));
      return;
    }
    if (!complete || this.#unsent.length === 0) return;
    const items = this.#unsent;
    this.#unsent = [];
    this.#hooks.up(this.#parent, items);
  }
}
