/**
 * Batches that wait for others. A signer accepts a batch once all entries of its `after` are met
 * (protocol section 2); a batch beyond the window, or one whose bytes name something not yet here,
 * waits in the same way. What a waiter waits for is a set of keys of the caller's choice.
 */

import { invariant } from '../base/assert.ts';

export class Parking<Id, Key> {
  readonly #missing = new Map<Id, Set<Key>>();
  readonly #waiters = new Map<Key, Set<Id>>();

  get size(): number {
    return this.#missing.size;
  }

  has(id: Id): boolean {
    return this.#missing.has(id);
  }

  /** What a waiter still waits for; empty when it does not wait. */
  missing(id: Id): readonly Key[] {
    return [...(this.#missing.get(id) ?? [])];
  }

  /** True when somebody waits for the key. */
  awaited(key: Key): boolean {
    return this.#waiters.has(key);
  }

  /** Who waits for the key, in parking order. */
  waiters(key: Key): readonly Id[] {
    return [...(this.#waiters.get(key) ?? [])];
  }

  /** All waiters, in parking order. */
  ids(): IterableIterator<Id> {
    return this.#missing.keys();
  }

  /**
   * Parks a waiter until all of `missing` are released. Parking again replaces what it waits for.
   * @throws InvariantViolation when `missing` is empty: such a waiter would never be released.
   */
  park(id: Id, missing: Iterable<Key>): void {
    const keys = new Set(missing);
    invariant(keys.size > 0, 'park: nothing to wait for');
    this.drop(id);
    this.#missing.set(id, keys);
    for (const key of keys) {
      const waiters = this.#waiters.get(key);
      if (waiters) waiters.add(id);
      else this.#waiters.set(key, new Set([id]));
    }
  }

  /** The key is here: the waiters whose last missing entry it was, in parking order. They leave. */
  release(key: Key): Id[] {
    const waiters = this.#waiters.get(key);
    if (!waiters) return [];
    this.#waiters.delete(key);
    const free: Id[] = [];
    for (const id of waiters) {
      const keys = this.#missing.get(id)!;
      keys.delete(key);
      if (keys.size > 0) continue;
      this.#missing.delete(id);
      free.push(id);
    }
    return free;
  }

  /** Forgets a waiter. @returns false when it did not wait. */
  drop(id: Id): boolean {
    const keys = this.#missing.get(id);
    if (!keys) return false;
    this.#missing.delete(id);
    for (const key of keys) {
      const waiters = this.#waiters.get(key)!;
      waiters.delete(id);
      if (waiters.size === 0) this.#waiters.delete(key);
    }
    return true;
  }
}
