/**
 * The engine's contract: what goes into a step and what comes out (docs/engine.md has the host's
 * duties in full). The engine is deterministic: the same inputs at the same times give the same
 * outputs. It never waits, reads no clock, and does no I/O but synchronous reads of its own ledger.
 *
 * The host's duties in one paragraph: apply `writes` to the store before the next step; make them
 * durable, together with all earlier ones, before it sends what is marked `durable` and before it acts
 * on `events`; apply `lazyWrites` after that, waiting for them nowhere; send the rest at once; answer every
 * `verify`; step again at `wake` at the latest.
 */

import type { BatchId, Epoch, Height, SignerId, TransactionId } from '../base/ids.ts';
import type { Ledger, Write } from '../base/ledger.ts';
import type { Refusal, Result } from '../base/result.ts';
import type { MultiSignatureScheme, SchemeSigner } from '../crypto/scheme.ts';
import type { SingleSigner } from '../crypto/signing.ts';
import type { Batch } from '../messages/batch.ts';
import type { Block, QuorumCertificate } from '../messages/block.ts';
import type { Evidence } from '../messages/evidence.ts';
import type { Federation } from '../messages/federation.ts';
import type { PeerMessage } from '../messages/peer.ts';
import type { Transaction } from '../messages/transaction.ts';
import type { Certificate } from '../messages/vote.ts';
import type { Delivery } from '../ordering/delivery.ts';
import type { StoredPlace } from '../ordering/order.ts';
import type { Quorum } from '../ordering/quorum.ts';
import type { VerifyRequest } from '../verify/verifier.ts';

/** What a step reacts to. */
export type Input =
  /** Once, first: resume what the ledger holds. */
  | { readonly type: 'start' }
  /** A decoded message from an authenticated signer. */
  | { readonly type: 'message'; readonly from: SignerId; readonly message: PeerMessage }
  /** Transactions that clients sent to this signer; valid by `Verifier.transaction`. */
  | { readonly type: 'submit'; readonly transactions: readonly SubmittedTransaction[] }
  /** The answer to a `verify` output. */
  | { readonly type: 'verified'; readonly id: number; readonly result: Result<undefined> }
  /** The time of `wake` has come. */
  | { readonly type: 'tick' }
  /** A connection to a signer came up or went down. */
  | { readonly type: 'link'; readonly peer: SignerId; readonly up: boolean };

export interface SubmittedTransaction {
  readonly id: TransactionId;
  readonly transaction: Transaction;
  /** Its canonical bytes, where they are at hand: a batch is put together from them. */
  readonly raw?: Uint8Array;
  /** Bytes it will take in a batch. */
  readonly size: number;
}

export interface Send {
  readonly to: SignerId;
  readonly message: PeerMessage;
  /** Must not leave before all writes asked for so far are durable. */
  readonly durable: boolean;
}

/** A committed block as learners get it. */
export interface CommittedBlock {
  readonly height: Height;
  readonly block: Block;
  readonly places: readonly StoredPlace[];
  readonly certificates: readonly Certificate[];
}

/** What happened, in order; to be acted on once durable. */
export type EngineEvent =
  | { readonly type: 'delivered'; readonly delivery: Delivery }
  | { readonly type: 'committed'; readonly committed: CommittedBlock }
  /** Transactions of clients are durable in a batch of this signer's. */
  | { readonly type: 'accepted'; readonly batch: BatchId; readonly transactions: readonly TransactionId[] }
  /** A batch stands in this signer's arrival log, at this place from 1, and its vote on it is fixed. */
  | { readonly type: 'arrived'; readonly batch: Batch; readonly position: number }
  | { readonly type: 'evidence'; readonly evidence: Evidence }
  /** Something a peer sent was refused; for logs and counters. */
  | { readonly type: 'refused'; readonly from: SignerId; readonly refusal: Refusal };

export interface VerifyJob {
  readonly id: number;
  readonly request: VerifyRequest;
}

/** What the host does after a step; see the header. */
export interface Output {
  readonly writes: readonly Write[];
  /**
   * To be applied right after `writes`. No message and no event depends on them: they save work after a
   * restart (certificates of batches, which others hold too). They become durable with whatever comes next.
   */
  readonly lazyWrites: readonly Write[];
  readonly sends: readonly Send[];
  readonly verify: readonly VerifyJob[];
  readonly events: readonly EngineEvent[];
  /** Time of the next timer in ms on the host's clock, undefined for none. */
  readonly wake: number | undefined;
}

export interface EngineConfig {
  readonly self: SignerId;
  readonly federation: Federation;
  readonly epoch: Epoch;
  readonly scheme: MultiSignatureScheme;
  readonly votingKey: SchemeSigner;
  readonly signingKey: SingleSigner;
  readonly ledger: Ledger;
  /** Pre-consensus check of a transaction's body: a reason to reject it, or undefined. Deterministic, bounded. */
  readonly check: (body: Uint8Array) => string | undefined;
  /**
   * For experiments in the simulator only: other numbers than the federation's, to show what breaks. A
   * signer never sets it.
   */
  readonly quorum?: Quorum;
}

/** Where phase 3 stands, for status and proofs. */
export interface HeadProof {
  /** Committed block at the head and its descendants up to one that commits it; `qc` certifies the last. */
  readonly blocks: readonly Block[];
  readonly qc: QuorumCertificate;
}
