/**
 * Makes receipts from what a signer holds (protocol sections 5, 6 and 11). The counterpart is
 * `verify/receipt.ts`, and what it checks decides what must go in here.
 *
 * A score receipt needs, for the batch and then for each ancestor by score, exactly the listed batches
 * without which the score would not reach the threshold: in the delivery order of any honest node they
 * come earlier, so following them depth first ends, and gives an order in which each is final in turn.
 *
 * The receipts of one batch differ in a Merkle path only; the rest is made once and remembered with the
 * batch's certificate.
 */

import { toHex } from '../base/bytes.ts';
import type { BatchId, Height } from '../base/ids.ts';
import { append, emptyFrontier, type MerklePath, storedPath } from '../base/merkle.ts';
import { type Batch, transactionLeaf } from '../messages/batch.ts';
import type { Block, QuorumCertificate } from '../messages/block.ts';
import type {
  Ancestor,
  CommitProof,
  OrderReceipt,
  PlaceProof,
  ReceiptVerdict,
  ScoreReceipt,
} from '../messages/receipt.ts';
import { ancestorsMax } from '../messages/receipt-json.ts';
import type { Certificate } from '../messages/vote.ts';
import { factsOf } from '../ordering/derive.ts';
import { type Facts, listedCounts, voteTotal } from '../ordering/facts.ts';
import type { StoredPlace } from '../ordering/order.ts';
import type { Quorum } from '../ordering/quorum.ts';
import { isFinal } from '../ordering/score.ts';
import { verdictsOf } from '../ordering/verdict.ts';

/** The transaction a receipt is for: a batch with the certificate that made it final, and an index in it. */
export interface ReceiptTarget {
  readonly batch: Batch;
  readonly index: number;
  readonly certificate: Certificate;
}

/** What the node knows of other batches. */
export interface ReceiptSources {
  /** Delivered by score and not in a committed block: `DeliveryOrder.ahead`. */
  readonly ahead: ReadonlyMap<BatchId, { readonly batch: Batch; readonly certificate: Certificate }>;
  /** Proof that a batch is in the committed order, `settledProofOf`; undefined when it is not. */
  readonly placeProof: (id: BatchId) => PlaceProof | undefined;
}

/** What place proofs need of `CommittedOrder`. */
export interface CommittedPlaces {
  readonly height: Height;
  readonly frontier: { readonly size: number };
  positionOf(batch: BatchId): number | undefined;
  placeAt(position: number): StoredPlace | undefined;
  path(position: number, size: number): MerklePath;
}

/** What place proofs need of the engine's `Chain`. */
export interface CommittedChain {
  at(height: Height): Block | undefined;
  proofFor(height: Height): { readonly proof: readonly Block[]; readonly qc: QuorumCertificate } | undefined;
}
