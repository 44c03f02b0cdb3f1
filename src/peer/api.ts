/**
 * What an application sees of the order. A learner hands verified, ordered transactions to a state
 * machine, and a document store keeps what the machine writes together with the position in the
 * order, so that each transaction takes effect exactly once, whatever crashes (protocol section 11).
 *
 * The rule of a store, at `apply(group)` with stored position P:
 * - the group extends P: outcomes, documents and position become durable together, then it returns;
 * - the group is at or below P and its hash is the stored one: nothing happens, the stored outcomes are returned;
 * - its hash differs: `ForkDetected`, and the learner halts;
 * - it leaves a gap, or is older than the snapshot the store was restored from: `PositionMismatch`.
 * Any other throw is a failure of the infrastructure: retry the same group, never skip it.
 */

import type { BatchId, TransactionId } from '../base/ids.ts';

/** Apply what is final by its score, or only what a committed block holds. */
export type PeerFinality = 'score' | 'order';

/** A JSON value. Numbers are IEEE doubles, as `JSON.parse` reads them. */
export type Document =
  | null
  | boolean
  | number
  | string
  | readonly Document[]
  | { readonly [key: string]: Document };

/** How the order judges a transaction (protocol section 8). */
export type Verdict = 'executed' | 'rejected' | 'duplicate';

/** A transaction in its place in the order. */
export interface OrderedTransaction {
  readonly id: TransactionId;
  readonly client: Uint8Array;
  readonly nonce: number;
  readonly body: Uint8Array;
  /** Absent: may touch every document. Else exactly these ids, as UTF-8 bytes. */
  readonly dependencies: readonly Uint8Array[] | undefined;
  /** True when `client` is an ed25519 key and its signature was verified. */
  readonly signed: boolean;
  readonly batch: BatchId;
  /** Place in the batch, from 0. */
  readonly index: number;
  readonly verdict: Verdict;
}

/** What became of a transaction. Only the first two come from a state machine. */
export type Outcome =
  | { readonly status: 'applied' }
  /** The machine refused it; it wrote nothing. */
  | { readonly status: 'refused'; readonly reason: string }
  /** The signers' checks rejected it. */
  | { readonly status: 'rejected' }
  /** Its id stands earlier in the order. */
  | { readonly status: 'duplicate' }
  /** Its batch is void: the number was already used. The transaction may be ordered elsewhere. */
  | { readonly status: 'void' };

/** The documents as one transaction sees them, its own writes included. */
export interface DocumentTransaction {
  /** A fresh copy: changing it changes nothing until it is put. */
  get(id: string): Document | undefined;
  put(id: string, document: Document): void;
  delete(id: string): void;
}

/** What most users write. Deterministic, synchronous, no I/O, no clock, no randomness. */
export interface StateMachine {
  /**
   * Refusing is an outcome, not a throw; a throw halts the learner. Reading or writing a document that
   * the transaction did not declare, or putting what no store can hold, ends the call with a refusal.
   */
  apply(transaction: OrderedTransaction, documents: DocumentTransaction): Outcome;
  /** Check before the order, run at signers: a reason to reject the body, or undefined. */
  check?(body: Uint8Array): string | undefined;
}

/** A place in the learner's own log: a hash chain over the groups it applied. */
export interface Position {
  /** Number of groups applied. */
  readonly sequence: number;
  /** Hash of the chain up to here, 64 hex digits. */
  readonly hash: string;
}

export interface OrderedBatch {
  readonly batch: BatchId;
  readonly transactions: readonly OrderedTransaction[];
  /** A void batch keeps its place and executes nothing. */
  readonly void: boolean;
}

/** Batches that are applied, and become durable, together. */
export interface OrderedGroup {
  /** Where the learner is after the group; `nextPosition(previous, batches)`. */
  readonly position: Position;
  readonly previous: Position;
  readonly batches: readonly OrderedBatch[];
  /**
   * A partition of the batches' indices. Batches in different parts share no dependency, and may be
   * applied concurrently; within a part the indices ascend, and that is the order to apply.
   */
  readonly partitions: readonly (readonly number[])[];
}

/** What a database adapter implements. */
export interface DocumentStore extends AsyncDisposable {
  /** Whether position and documents are written in one transaction of the database. */
  readonly atomic: boolean;
  /** Opens or creates. @throws ForkDetected when the store began from another genesis. */
  open(genesis: Position): Promise<Position>;
  /**
   * Applies a group; durable on return. One outcome for each transaction, in order, void ones too.
   * @param signal stops the work where it can still leave no trace; rejects with the signal's reason.
   * @throws ForkDetected, PositionMismatch (above); anything else: retry.
   */
  apply(group: OrderedGroup, machine: StateMachine, signal: AbortSignal): Promise<readonly Outcome[]>;
  /** The documents of one position, in chunks; the first one holds the manifest. */
  snapshot?(): AsyncIterable<Uint8Array>;
  /**
   * Replaces everything by a snapshot. Nothing is visible before all of it is verified.
   * @param expect the manifest, from a source the learner trusts.
   * @throws SnapshotRefused naming the chunk; the store is then unchanged.
   */
  restore?(chunks: AsyncIterable<Uint8Array>, expect: Manifest): Promise<Position>;
  /** Commitment to all documents: `documentsRoot`. */
  stateRoot(): Promise<Uint8Array>;
}

/** Reading what is committed, also while a group is being applied. */
export interface DocumentReader {
  get(id: string): Promise<Document | undefined>;
  count(): Promise<number>;
  position(): Promise<Position>;
}

/** What a snapshot must turn out to be. */
export interface Manifest {
  readonly format: 1;
  /** Where the log of this federation starts; a store of another one refuses the snapshot. */
  readonly genesis: Position;
  readonly position: Position;
  /** `stateRoot()` at the position, 64 hex digits. */
  readonly stateRoot: string;
  /** Number of documents. */
  readonly count: number;
}

const describe = (position: Position): string => `${position.sequence} (${position.hash.slice(0, 16)})`;

/** Two different histories at one place: this learner's state and its source disagree. Halt. */
export class ForkDetected extends Error {
  override readonly name = 'ForkDetected';
  readonly stored: Position;
  readonly offered: Position;
  constructor(stored: Position, offered: Position) {
    super(`the stored history is at ${describe(stored)}, another one was offered: ${describe(offered)}`);
    this.stored = stored;
    this.offered = offered;
  }
}

/** The group does not follow the stored position; the learner replays from `stored`. */
export class PositionMismatch extends Error {
  override readonly name = 'PositionMismatch';
  readonly stored: Position;
  readonly offered: Position;
  constructor(stored: Position, offered: Position, why: string) {
    super(`${why}: stored position ${describe(stored)}, offered group ${describe(offered)}`);
    this.stored = stored;
    this.offered = offered;
  }
}

/** A snapshot is damaged, incomplete, or not the one expected. */
export class SnapshotRefused extends Error {
  override readonly name = 'SnapshotRefused';
}
