/** What a learner says of itself, as JSON (`GET /v1/status`). */

import { toHex } from '../base/bytes.ts';
import type { Epoch } from '../base/ids.ts';
import type { DocumentReader, DocumentStore, Outcome, PeerFinality, Position } from './api.ts';
import type { Finality } from './follow/counts.ts';
import type { Follower } from './follow/follower.ts';
import type { Pipeline } from './follow/pipeline.ts';
import type { VerifiedOrder } from './follow/verified-order.ts';
import { samePosition } from './position.ts';

export interface LearnerStatus {
  readonly role: 'learner';
  readonly federation: string;
  readonly epoch: Epoch;
  readonly finality: PeerFinality;
  readonly store: string;
  /** Signer that is followed now. */
  readonly following: string | null;
  readonly ready: boolean;
  readonly notReady?: string;
  /** Every block up to here is applied. */
  readonly height: number;
  /** Blocks that a signer claims to have and this learner has not applied. */
  readonly lag: number;
  readonly position: Position;
  readonly batches: number;
  /** Transactions applied, by how they became final. */
  readonly transactions: Readonly<Record<Finality, number>>;
  readonly outcomes: Readonly<Record<Outcome['status'], number>>;
  /** Groups before this one are in the documents and not in the counts. */
  readonly countedSince: number;
  /** Delivered by score, in no block yet. */
  readonly ahead: number;
  /** Verified, not final. */
  readonly waiting: number;
  /** Final, not applied. */
  readonly backlog: number;
  readonly documents?: number;
  /** Of the documents at `position`, hex. */
  readonly stateRoot?: string;
  readonly uptimeSeconds: number;
}

export interface StatusSources {
  readonly federation: string;
  readonly epoch: Epoch;
  readonly finality: PeerFinality;
  readonly storeName: string;
  readonly startedAt: number;
  readonly order: VerifiedOrder;
  readonly pipeline: Pipeline;
  readonly follower: Follower;
  readonly documents: DocumentStore & Partial<DocumentReader>;
}

/** Tries before a state root that keeps moving is given up. */
const rootAttemptsMax = 5;

/** Why reads here may be old, or undefined. */
export function notReady({
  pipeline,
  follower,
}: Pick<StatusSources, 'pipeline' | 'follower'>): string | undefined {
  if (pipeline.failure) return `halted: ${pipeline.failure.message}`;
  if (follower.following === undefined) return 'no signer is followed';
  return follower.lag > 0 ? `${follower.lag} blocks behind` : undefined;
}

/** @returns undefined when groups are applied faster than the root is computed. */
async function rootAt({ pipeline, documents }: StatusSources) {
  for (let attempt = 0; attempt < rootAttemptsMax; attempt++) {
    const { position, counts } = pipeline;
    const stateRoot = toHex(await documents.stateRoot());
    const count = await documents.count?.();
    const still = (await documents.position?.()) ?? pipeline.position;
    if (samePosition(position, still) && samePosition(position, pipeline.position))
      return { position, counts, stateRoot, ...(count !== undefined && { documents: count }) };
  }
  return undefined;
}

/**
 * @param withRoot compute the state root too, which reads every document.
 * @returns undefined only with a root that could not be had at one position.
 */
export async function learnerStatus(
  from: StatusSources,
  withRoot: boolean,
): Promise<LearnerStatus | undefined> {
  const { order, pipeline, follower } = from;
  const rooted = withRoot ? await rootAt(from) : undefined;
  if (withRoot && !rooted) return undefined;
  const { counts, ...root } = rooted ?? { position: pipeline.position, counts: pipeline.counts };
  const reason = notReady(from);
  return {
    role: 'learner',
    federation: from.federation,
    epoch: from.epoch,
    finality: from.finality,
    store: from.storeName,
    following: follower.following ?? null,
    ready: reason === undefined,
    ...(reason !== undefined && { notReady: reason }),
    height: pipeline.height,
    lag: follower.lag,
    batches: counts.batches,
    transactions: counts.finality,
    outcomes: counts.outcomes,
    countedSince: counts.since,
    ahead: order.ahead,
    waiting: order.waiting,
    backlog: pipeline.backlog,
    uptimeSeconds: Math.floor((Date.now() - from.startedAt) / 1000),
    ...root,
  };
}
