/**
 * What the engine keeps outside its memory: ordered tables of bytes. Reads are synchronous and see
 * every write that the engine asked for before, durable or not, so that reading is a pure function of
 * what was written. Writes are outputs of the engine; the host makes them durable (docs/engine.md).
 */

export type Table =
  | 'meta' // singletons: format, safety record of phase 3, committed state
  | 'batch' // batch id -> canonical bytes, accepted or ordered
  | 'dead' // batch id -> slot, of batches whose number another batch used
  | 'vote' // not used any more
  | 'arrival' // arrival sequence -> batch id and own vote on it, uncommitted only
  | 'certificate' // certificate digest -> canonical bytes
  | 'certified' // batch id + certificate digest -> empty, uncommitted only
  | 'block' // height -> committed block
  | 'blockDigest' // block digest -> encoded block, uncommitted ones too
  | 'order' // position in the order -> batch id, certificate digest, verdicts
  | 'place' // batch id -> position in the order
  | 'transaction' // transaction id -> position and index of its first place
  | 'dependency' // dependency key -> height of the last committed block that holds it
  | 'node' // level and index -> node of the order's Merkle tree
  | 'evidence' // digest -> evidence object
  | 'log'; // sequence -> group that a learner applies

/** One write. `value` undefined deletes. Keys sort as bytes. */
export interface Write {
  readonly table: Table;
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

export interface Ledger {
  /** Keeps no reference to the key: the caller may write over it afterwards. */
  get(table: Table, key: Uint8Array): Uint8Array | undefined;
  /** Entries with `from <= key` in ascending order; do not write while iterating. */
  range(table: Table, from: Uint8Array, limit: number): Iterable<readonly [Uint8Array, Uint8Array]>;
}
