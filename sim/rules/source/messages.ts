/**
 * What signers say to each other under the source's rule: announce down and positions up (1a, 1b), the
 * certificate down (2), an order down and signatures up (3a), the signed order down (3b). Nothing is
 * signed for real: whoever carries messages refuses what a signer never said (world.ts).
 */

import type { BatchId, BlockDigest, SignerId, TransactionId } from '../../../src/base/ids.ts';
import type { SourceCertificate, SourceVote } from './order.ts';

/** A client's transaction. The source has no batches: one travels alone, and `id` names it everywhere. */
export interface SourceTransaction {
  readonly id: BatchId;
  readonly transaction: TransactionId;
  readonly client: string;
  /** Absent: depends on everything. Empty: on nothing. */
  readonly dependencies?: readonly string[] | undefined;
  /** The signer that a client sent it to: the root of its tree. */
  readonly root: SignerId;
}

/** Two transactions conflict when they share a dependency; one without a list conflicts with all but empty lists. */
export function inConflict(a: SourceTransaction, b: SourceTransaction): boolean {
  if (a.dependencies?.length === 0 || b.dependencies?.length === 0) return false;
  if (!a.dependencies || !b.dependencies) return true;
  const keys = new Set(b.dependencies);
  return a.dependencies.some((key) => keys.has(key));
}

/** A transaction with its votes: certificates are useless without what they certify. */
export interface Certified {
  readonly transaction: SourceTransaction;
  readonly certificate: SourceCertificate;
}

/** 3a: an order, and the certificates that it follows from. */
export interface SourceProposal {
  readonly id: BlockDigest;
  /** Counts the proposals of a run, for pictures. */
  readonly number: number;
  readonly leader: SignerId;
  /** In the proposed order. */
  readonly entries: readonly Certified[];
}

export type SourceMessage =
  | { readonly type: 'announce'; readonly transaction: SourceTransaction }
  | { readonly type: 'votes'; readonly id: BatchId; readonly votes: readonly SourceVote[] }
  | { readonly type: 'certificate'; readonly certified: Certified }
  | { readonly type: 'proposal'; readonly proposal: SourceProposal }
  | { readonly type: 'signatures'; readonly proposal: BlockDigest; readonly signers: readonly SignerId[] }
  | { readonly type: 'ordered'; readonly proposal: SourceProposal; readonly signers: readonly SignerId[] };

/** Every vote that a message carries. */
export function votesIn(message: SourceMessage): readonly SourceVote[] {
  switch (message.type) {
    case 'votes':
      return message.votes;
    case 'certificate':
      return message.certified.certificate.votes;
    case 'proposal':
    case 'ordered':
      return message.proposal.entries.flatMap((one) => one.certificate.votes);
    default:
      return [];
  }
}
