/**
 * The batches that conflict with a given one, found without looking at the others (protocol section 2).
 * Batches that share a key stand in one bucket; wildcards stand in a set of their own, and so does
 * every batch that conflicts with wildcards. An answer reads only buckets whose members all belong to
 * it, so its cost is proportional to the answer, times the keys that two batches share.
 *
 * A batch that never met another one here on a key is `alone`: nothing has to be read to know that.
 * Where somebody else knows which batches share transactions (`sharers`), their ids are no keys here.
 */

import { invariant } from '../base/assert.ts';
import type { BatchId } from '../base/ids.ts';
import { type BatchKeys, type Key, transactionKey } from './keys.ts';

interface Member {
  readonly keys: BatchKeys;
  /** Place in insertion order. */
  readonly place: number;
  /** No other member had a key of it, ever. */
  alone: boolean;
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
  readonly #sharers: ((id: BatchId) => Iterable<BatchId>) | undefined;
  #places = 0;

  /** @param sharers the batches, here or not, that share a transaction with a batch; else ids are keys. */
  constructor(sharers?: (id: BatchId) => Iterable<BatchId>) {
    this.#sharers = sharers;
  }

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

  /** No other batch here had a key of this one, ever; wildcards and shared transactions apart. */
  isAlone(id: BatchId): boolean {
    return this.#members.get(id)?.alone === true;
  }

  /** The keys a batch was added with. */
  keysOf(id: BatchId): BatchKeys | undefined {
    return this.#members.get(id)?.keys;
  }

  /** The batches, in insertion order. */
  ids(): IterableIterator<BatchId> {
    return this.#members.keys();
  }

  /**
   * Adds a batch; one that is here already keeps its place.
   * @returns the batches here that conflict with it, in no particular order; none for one that was here.
   */
  add(id: BatchId, keys: BatchKeys): BatchId[] {
    if (this.#members.has(id)) return [];
    const found = new Set<BatchId>();
    this.#join(keys.slot, id, found);
    for (const key of keys.dependencies) this.#join(key, id, found);
    if (!this.#sharers) for (const one of keys.transactions) this.#join(transactionKey(one), id, found);
    this.#members.set(id, { keys, place: this.#places++, alone: found.size === 0 });
    for (const other of this.#sharing(id)) found.add(other);
    if (keys.wildcard) for (const other of this.#explicit) found.add(other);
    else if (keys.explicit) for (const other of this.#wildcards) found.add(other);
    if (keys.wildcard) this.#wildcards.add(id);
    if (keys.explicit) this.#explicit.add(id);
    return [...found];
  }

  /** Puts a batch on a key; `found` takes the others there. */
  #join(key: Key, id: BatchId, found: Set<BatchId>): void {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) this.#buckets.set(key, id);
    else if (typeof bucket !== 'string') {
      for (const other of bucket) if (other !== id) found.add(other);
      bucket.add(id);
    } else if (bucket !== id) {
      found.add(bucket);
      this.#members.get(bucket)!.alone = false;
      this.#buckets.set(key, new Set([bucket, id]));
    }
  }

  #sharing(id: BatchId): BatchId[] {
    const here: BatchId[] = [];
    for (const other of this.#sharers?.(id) ?? []) if (this.#members.has(other)) here.push(other);
    return here;
  }

  /** @returns false when the batch is not here. */
  remove(id: BatchId): boolean {
    const member = this.#members.get(id);
    if (!member) return false;
    this.#members.delete(id);
    const { keys } = member;
    this.#leave(keys.slot, id);
    for (const key of keys.dependencies) this.#leave(key, id);
    if (!this.#sharers) for (const one of keys.transactions) this.#leave(transactionKey(one), id);
    this.#wildcards.delete(id);
    this.#explicit.delete(id);
    return true;
  }

  #leave(key: Key, id: BatchId): void {
    const bucket = this.#buckets.get(key);
    if (bucket === id) this.#buckets.delete(key);
    else if (bucket !== undefined && typeof bucket !== 'string' && bucket.delete(id) && bucket.size === 0)
      this.#buckets.delete(key);
  }

  /**
   * The batches here that conflict with a batch, in insertion order, without itself.
   * @param batch the id of a batch that is here, or the keys of one that is not.
   */
  conflictsOf(batch: BatchId | BatchKeys): BatchId[] {
    const id = typeof batch === 'string' ? batch : undefined;
    const member = id === undefined ? undefined : this.#members.get(id);
    const keys = typeof batch === 'string' ? member?.keys : batch;
    invariant(keys, 'conflictsOf: the batch is not in the index');
    const buckets: Iterable<BatchId>[] = [];
    const look = (key: Key): void => {
      const bucket = this.#buckets.get(key);
      if (bucket && !(id !== undefined && sizeOf(bucket) === 1)) buckets.push(membersOf(bucket));
    };
    if (!member?.alone) {
      look(keys.slot);
      for (const key of keys.dependencies) look(key);
      if (!this.#sharers) for (const one of keys.transactions) look(transactionKey(one));
    }
    const sharing = id === undefined ? [] : this.#sharing(id);
    if (sharing.length > 0) buckets.push(sharing);
    if (keys.wildcard) buckets.push(this.#explicit);
    else if (keys.explicit && this.#wildcards.size > 0) buckets.push(this.#wildcards);
    // A bucket is in insertion order already; several have to be merged.
    if (buckets.length === 1 && sharing.length === 0) return [...buckets[0]!].filter((one) => one !== id);
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

  #union(buckets: readonly Iterable<BatchId>[], without: BatchId | undefined): BatchId[] {
    if (buckets.length === 0) return [];
    const found = new Set<BatchId>();
    for (const bucket of buckets) for (const id of bucket) if (id !== without) found.add(id);
    const place = (id: BatchId): number => this.#members.get(id)!.place;
    return [...found].sort((a, b) => place(a) - place(b));
  }
}
