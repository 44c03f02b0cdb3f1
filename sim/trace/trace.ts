/**
 * What one run looked like, as plain data: the space-time diagram, the ShiViz log and the page all read
 * this and nothing else, so they show the same thing. A trace is the fold of its events up to a moment;
 * going back in time is folding fewer. It says what happened, in order of virtual time, and judges nothing.
 */

import type { BatchId, BlockDigest, SignerId, TransactionId } from '../../src/base/ids.ts';
import type { EvidenceKind } from '../../src/messages/evidence.ts';
import type { PeerMessage } from '../../src/messages/peer.ts';
import type { RuleName } from '../rules/rule.ts';

/** One class of votes as a message carries it. */
export interface TraceClass {
  /** Batches that these votes list as accepted earlier. */
  readonly before: readonly BatchId[];
  readonly base: number;
  readonly rejects: readonly number[];
  readonly signers: readonly SignerId[];
}

/** Votes or a certificate in a message. */
export interface TraceVotes {
  readonly batch: BatchId;
  readonly attempt: number;
  readonly classes: readonly TraceClass[];
  /** Under the source's rule: each signer's position of the batch, from 1. */
  readonly positions?: readonly (readonly [SignerId, number])[];
}

/** A block in a message. */
export interface TraceBlock {
  readonly digest: BlockDigest;
  readonly parent: BlockDigest;
  readonly height: number;
  readonly view: number;
  readonly entries: readonly BatchId[];
}

/** What a message carries, as far as a picture shows it. */
export interface TraceCargo {
  /** The batch that travels its tree with this message. */
  readonly batch?: BatchId;
  readonly votes?: TraceVotes;
  readonly block?: TraceBlock;
  /** Signatures on a block on their way up (3a), or its certificate on the way down (3b). */
  readonly blockVotes?: {
    readonly block: BlockDigest;
    readonly view: number;
    readonly signers: readonly SignerId[];
  };
  /** The last view of a term that its sender gives up. */
  readonly timeout?: number;
}

export type TraceEvent = { readonly at: number } & (
  | {
      readonly kind: 'submitted';
      readonly node: SignerId;
      readonly transaction: TransactionId;
      readonly client: string;
      /** Absent: depends on everything. */
      readonly dependencies?: readonly string[];
    }
  /** An ingress made a batch; `parents[i]` is the parent of signer i in the tree of attempt 0, -1 for the root. */
  | {
      readonly kind: 'made';
      readonly node: SignerId;
      readonly batch: BatchId;
      readonly number: number;
      readonly transactions: readonly TransactionId[];
      /** Absent: depends on everything. */
      readonly dependencies?: readonly string[];
      readonly parents: readonly number[];
    }
  /** A signer accepted a batch: it stands in the signer's arrival order now, at this position from 1. */
  | { readonly kind: 'arrived'; readonly node: SignerId; readonly batch: BatchId; readonly position: number }
  | {
      readonly kind: 'sent';
      readonly id: number;
      readonly from: SignerId;
      readonly to: SignerId;
      readonly type: PeerMessage['type'];
      readonly bytes: number;
      readonly cargo: TraceCargo;
    }
  | { readonly kind: 'received'; readonly id: number; readonly from: SignerId; readonly to: SignerId }
  | {
      readonly kind: 'delivered';
      readonly node: SignerId;
      readonly batch: BatchId;
      readonly finality: 'score' | 'order';
      readonly void: boolean;
      /** The ordering score at that moment, out of n; absent when final by order. */
      readonly score?: number;
      readonly verdicts: readonly string[];
    }
  | {
      readonly kind: 'committed';
      readonly node: SignerId;
      readonly height: number;
      readonly view: number;
      readonly block: BlockDigest;
      readonly entries: readonly BatchId[];
    }
  | {
      readonly kind: 'evidence';
      readonly node: SignerId;
      readonly convicts: SignerId;
      readonly what: EvidenceKind;
    }
  | {
      readonly kind: 'refused';
      readonly node: SignerId;
      readonly from: SignerId;
      readonly code: string;
      readonly message: string;
    }
  | { readonly kind: 'up' | 'down'; readonly node: SignerId }
  /** A fault begins or ends, or an attack makes its move: a caption. */
  | { readonly kind: 'note'; readonly text: string; readonly nodes: readonly SignerId[] }
);

export interface Trace {
  readonly title: string;
  readonly rule: RuleName;
  readonly signers: number;
  readonly byzantine: number;
  readonly faulty: number;
  /** Votes of a certificate. */
  readonly quorum: number;
  /** Score out of n from which a batch is final. */
  readonly threshold: number;
  readonly liars: readonly SignerId[];
  /** Region of each signer when the network has regions. */
  readonly regions: readonly string[];
  /** Short names for people, in order of first appearance: A, B, ... Z, A1 ... */
  readonly names: Readonly<Record<BatchId, string>>;
  /** Ascending by `at`. */
  readonly events: readonly TraceEvent[];
  readonly endMs: number;
  readonly traceHash: string;
}
