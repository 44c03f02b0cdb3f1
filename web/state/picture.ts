/**
 * What the page shows at one moment of a run: the fold of the trace's events up to it. Plain data (Maps and
 * Sets included), so that keyframes are structured clones.
 */

import type { TraceEvent, TraceVotes } from '../../sim/trace/trace.ts';
import type { BatchId, BlockDigest, SignerId } from '../../src/base/ids.ts';

export interface BatchPicture {
  readonly id: BatchId;
  readonly name: string;
  readonly ingress: SignerId;
  readonly number: number;
  readonly transactions: number;
  /** Undefined: depends on everything. */
  readonly dependencies: readonly string[] | undefined;
  /** `parents[i]` is the parent of signer i in the tree of attempt 0, -1 for the root. */
  readonly parents: readonly number[];
  readonly madeAt: number;
  /** Signers in the order in which they accepted it. */
  readonly accepted: SignerId[];
  /** What each node has of the votes: voter to the batches that its vote lists. */
  readonly collected: Map<SignerId, Map<SignerId, readonly BatchId[]>>;
  /** Signers that hold a certificate, in that order. */
  readonly certified: SignerId[];
  /** The certificate seen with the most votes. */
  certificate: TraceVotes | undefined;
  /** Highest attempt seen; above 0 somebody took over from the root. */
  attempt: number;
}

export interface DeliveredPicture {
  readonly batch: BatchId;
  readonly at: number;
  readonly finality: 'score' | 'order';
  readonly void: boolean;
  readonly score: number | undefined;
  /** Of the committed block that holds it, at this signer. */
  height: number | undefined;
}

export interface BlockPicture {
  readonly digest: BlockDigest;
  readonly parent: BlockDigest | undefined;
  readonly height: number;
  readonly view: number;
  readonly entries: readonly BatchId[];
  readonly signatures: Set<SignerId>;
  readonly committedBy: SignerId[];
}

export interface ConvictionPicture {
  readonly convicts: SignerId;
  readonly what: string;
  readonly by: SignerId[];
  readonly at: number;
}

export interface RefusalPicture {
  readonly from: SignerId;
  readonly code: string;
  readonly message: string;
  /** Signers that refused it, and how often in all. */
  readonly by: SignerId[];
  count: number;
  readonly at: number;
}

export interface NotePicture {
  readonly at: number;
  readonly text: string;
  readonly nodes: readonly SignerId[];
}

export interface Picture {
  /** Virtual time in ms of the last event in it. */
  at: number;
  /** Events in it. */
  events: number;
  readonly up: boolean[];
  readonly batches: Map<BatchId, BatchPicture>;
  /** Arrival order of each signer. */
  readonly arrivals: BatchId[][];
  readonly delivered: DeliveredPicture[][];
  readonly blocks: Map<BlockDigest, BlockPicture>;
  readonly convictions: ConvictionPicture[];
  readonly refusals: RefusalPicture[];
  readonly notes: NotePicture[];
  /** Messages under way, by id. */
  readonly flights: Set<number>;
  /** Messages that left and never came, by id. */
  readonly lost: number[];
}

export type SentEvent = Extract<TraceEvent, { kind: 'sent' }>;

export function emptyPicture(signers: number): Picture {
  return {
    at: 0,
    events: 0,
    up: Array.from({ length: signers }, () => true),
    batches: new Map(),
    arrivals: Array.from({ length: signers }, () => []),
    delivered: Array.from({ length: signers }, () => []),
    blocks: new Map(),
    convictions: [],
    refusals: [],
    notes: [],
    flights: new Set(),
    lost: [],
  };
}
