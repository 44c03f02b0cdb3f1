/**
 * The batches that conflict with a given one, found without looking at the others (protocol section 2).
 * Batches that share a key stand in one bucket; wildcards stand in a set of their own, and so does
 * every batch that conflicts with wildcards. An answer reads only buckets whose members all belong to
 * it, so its cost is proportional to the answer, times the keys that two batches share.
 */

import { invariant } from '../base/assert.ts';
import type { BatchId } from '../base/ids.ts';
import { allKeys, type BatchKeys, type Key } from './keys.ts';

interface Member {
  readonly keys: BatchKeys;
  /** Place in insertion order. */
  readonly place: number;
}

/** The batches on a key: most keys are those of one batch alone. */
type Bucket = BatchId | Set<BatchId>;

const sizeOf = (bucket: Bucket): number => (typeof bucket === 'string' ? 1 : bucket.size);
const membersOf = (bucket: Bucket): Iterable<BatchId> => (typeof bucket === 'string' ? [bucket] : bucket);

export class ConflictIndex {
  readonly #members = new Map<BatchId, Member>();
  readonly #buckets = new Map<Key, Bucket>();
  readonly #wildcards = new Set<BatchId>();
  readonly #explicit = new Set<BatchId>();
  #places = 0;

  get size(): number {
    return this.#members.size;
  }

  /** Batches with a transaction that depends on everything. */
  get wildcards(): number {
    return this.#wildcards.size;
  }

  has(id: BatchId): boolean {
    return this.#members.has(id);
  }

  /** The keys a batch was added with. */
  keysOf(id: BatchId): BatchKeys | undefined {
    return this.#members.get(id)?.keys;
  }

  /** The batches, in insertion order. */
  ids(): IterableIterator<BatchId> {
    return this.#members.keys();
  }

  /** Adds a batch; one that is here already keeps its place. */
  add(id: BatchId, keys: BatchKeys): void {
    if (this.#members.has(id)) return;
    this.#members.set(id, { keys, place: this.#places++ });
    for (const key of allKeys(keys)) {
      const bucket = this.#buckets.get(key);
      if (bucket === undefined) this.#buckets.set(key, id);
      else if (typeof bucket !== 'string') bucket.add(id);
      else if (bucket !== id) this.#buckets.set(key, new Set([bucket, id]));
    }
    if (keys.wildcard) this.#wildcards.add(id);
    if (keys.explicit) this.#explicit.add(id);
  }

  /** @returns false when the batch is not here. */
  remove(id: BatchId): boolean {
    const member = this.#members.get(id);
    if (!member) return false;
    this.#members.delete(id);
    for (const key of allKeys(member.keys)) {
      const bucket = this.#buckets.get(key);
      if (bucket === undefined) continue;
      if (typeof bucket === 'string') {
        if (bucket === id) this.#buckets.delete(key);
      } else if (bucket.delete(id) && bucket.size === 0) this.#buckets.delete(key);
    }
    this.#wildcards.delete(id);
    this.#explicit.delete(id);
    return true;
  }

  /**
   * The batches here that conflict with a batch, in insertion order, without itself.
   * @param batch the id of a batch that is here, or the keys of one that is not.
   */
  conflictsOf(batch: BatchId | BatchKeys): BatchId[] {
    const id = typeof batch === 'string' ? batch : undefined;
    const keys = typeof batch === 'string' ? this.#members.get(batch)?.keys : batch;
    invariant(keys, 'conflictsOf: the batch is not in the index');
    const buckets: Bucket[] = [];
    for (const key of allKeys(keys)) {
      const bucket = this.#buckets.get(key);
      if (bucket && !(id !== undefined && sizeOf(bucket) === 1)) buckets.push(bucket);
    }
    if (keys.wildcard) buckets.push(this.#explicit);
    else if (keys.explicit && this.#wildcards.size > 0) buckets.push(this.#wildcards);
    return this.#union(buckets, id);
  }

  /**
   * How many batches here are on a key. Wildcards are on every dependency: ask with the key of a
   * dependency to decide whether a checkpoint is due (section 6).
   */
  countOn(key: Key): number {
    const bucket = this.#buckets.get(key);
    if (!bucket) return this.#wildcards.size;
    if (typeof bucket === 'string') return this.#wildcards.size + (this.#wildcards.has(bucket) ? 0 : 1);
    let count = bucket.size + this.#wildcards.size;
    const [few, many] =
      bucket.size < this.#wildcards.size ? [bucket, this.#wildcards] : [this.#wildcards, bucket];
    for (const id of few) if (many.has(id)) count -= 1;
    return count;
  }

  #union(buckets: readonly Bucket[], without: BatchId | undefined): BatchId[] {
    if (buckets.length === 0) return [];
    // A bucket is in insertion order already; several have to be merged.
    if (buckets.length === 1) return [...membersOf(buckets[0]!)].filter((id) => id !== without);
    const found = new Set<BatchId>();
    for (const bucket of buckets) for (const id of membersOf(bucket)) if (id !== without) found.add(id);
    const place = (id: BatchId): number => this.#members.get(id)!.place;
    return [...found].sort((a, b) => place(a) - place(b));
  }
}
