/**
 * Makes receipts from what a signer holds (protocol sections 5, 6 and 11). The counterpart is
 * `verify/receipt.ts`: what it checks decides what must go in here. Place proofs: `verify/place-make.ts`.
 *
 * A score receipt needs, for the batch and then for each ancestor by score, exactly the listed batches
 * without which the score would not reach the threshold. At the node that delivered them they came
 * earlier, so following them depth first ends, and gives an order in which each is final in turn.
 *
 * The receipts of one batch differ in a transaction and its path in the batch's tree only; the rest is made once.
 */

import { invariant } from '../base/assert.ts';
import type { BatchId } from '../base/ids.ts';
import { type Batch, batchLeaves } from '../messages/batch.ts';
import { BatchTree } from '../messages/batch-tree.ts';
import {
  type Ancestor,
  type BatchProof,
  type PlaceProof,
  type Receipt,
  type ReceiptVerdict,
  receiptOf,
} from '../messages/receipt.ts';
import { ancestorsMax } from '../messages/receipt-json.ts';
import { type Certificate, certificateDigest } from '../messages/vote.ts';
import { factsOf } from '../ordering/derive.ts';
import { type Facts, listedCounts, voteTotal } from '../ordering/facts.ts';
import type { Verdict } from '../ordering/order.ts';
import type { Quorum } from '../ordering/quorum.ts';
import { isFinal } from '../ordering/score.ts';
import { verdictsOf } from '../ordering/verdict.ts';
import type { SettledProof } from './place-make.ts';

/** A batch with the certificate that made it final. */
export interface CertifiedBatch {
  readonly batch: Batch;
  readonly certificate: Certificate;
}

/** A final batch with what its receipts share. */
export interface ProvenBatch {
  readonly batch: Batch;
  readonly proof: BatchProof;
  /** On each transaction; undefined where this proof proves none. */
  readonly verdicts: readonly (ReceiptVerdict | undefined)[];
}

/** What the node knows of other batches. */
export interface ReceiptSources {
  /** Batches delivered by score and in no committed block; a `ReadonlyMap` will do. */
  readonly ahead: {
    get(id: BatchId): { readonly batch: Batch; readonly certificate: Certificate } | undefined;
  };
  /** Proof that a batch is in the committed order (`PlaceProofs.settled`), undefined when it is not. */
  readonly placeProof: (id: BatchId) => SettledProof | undefined;
}

/** Trees over the transactions of batches, each made on first use. */
const batchTrees = new WeakMap<Batch, BatchTree>();

function treeOf(batch: Batch): BatchTree {
  let tree = batchTrees.get(batch);
  if (!tree) {
    tree = new BatchTree(batchLeaves(batch));
    batchTrees.set(batch, tree);
  }
  return tree;
}

/** The receipt of one transaction of a proven batch; undefined when it has no place there. */
export function receiptAt({ batch, proof, verdicts }: ProvenBatch, index: number): Receipt | undefined {
  const verdict = verdicts[index];
  const transaction = batch.transactions[index];
  if (verdict === undefined || !transaction) return undefined;
  return receiptOf(proof, {
    transaction: batch.transactionIds[index]!,
    clientSignature: transaction.signature,
    index,
    path: treeOf(batch).path(index),
    verdict,
  });
}

/** Batches that must be settled before this one can be final by its score. */
function neededBy(facts: Facts, quorum: Quorum): BatchId[] {
  const votes = voteTotal(facts);
  return [...listedCounts(facts)].filter(([, listed]) => votes - listed < quorum.threshold).map(([id]) => id);
}

/** Ancestors of certified batches in an order in which each is final, or undefined. Sound for ever. */
const knownAncestors = new WeakMap<Certificate, readonly Ancestor[]>();

function ancestorsOf(
  target: CertifiedBatch,
  sources: ReceiptSources,
  quorum: Quorum,
): readonly Ancestor[] | undefined {
  const known = knownAncestors.get(target.certificate);
  if (known) return known;
  const ancestors: Ancestor[] = [];
  const visited = new Set<BatchId>([target.batch.id]);
  /** False when something is missing, or there are too many. Depth is bounded by the number visited. */
  const visit = (id: BatchId): boolean => {
    if (visited.has(id)) return true;
    visited.add(id);
    if (visited.size > ancestorsMax + 1) return false;
    const ahead = sources.ahead.get(id);
    const settled = ahead ? undefined : sources.placeProof(id);
    if (settled) ancestors.push({ kind: 'order', header: settled.header, proof: settled.proof });
    if (!ahead) return settled !== undefined;
    const facts = factsOf(ahead.batch, ahead.certificate);
    if (!neededBy(facts, quorum).every(visit)) return false;
    ancestors.push({ kind: 'score', header: ahead.batch.header, certificate: ahead.certificate });
    return true;
  };
  if (!neededBy(factsOf(target.batch, target.certificate), quorum).every(visit)) return undefined;
  knownAncestors.set(target.certificate, ancestors);
  return ancestors;
}

/**
 * What proves a batch that is final by its score.
 * @param delivered with what the node found when it delivered the batch: `Delivery.certificate` and `verdicts`.
 * @returns undefined when only the order can prove it: the certificate is not final by score, more than 64
 *   ancestors would be needed, or one is settled only because another batch used its number. Nor does it
 *   prove a transaction whose verdict is `duplicate`. Clients then get the order receipt.
 */
export function proveByScore(
  delivered: CertifiedBatch & { readonly verdicts: readonly Verdict[] },
  sources: ReceiptSources,
  quorum: Quorum,
): ProvenBatch | undefined {
  const { batch, certificate } = delivered;
  const facts = factsOf(batch, certificate);
  // Cheap, and keeps batches that came by order away: with everything settled it must be final.
  if (!isFinal(facts, { height: Number.POSITIVE_INFINITY, settled: () => true }, quorum)) return undefined;
  const ancestors = ancestorsOf(delivered, sources, quorum);
  if (!ancestors) return undefined;
  const verdicts = verdictsOf(facts).map((verdict, i) =>
    verdict === delivered.verdicts[i] ? verdict : undefined,
  );
  const { header, signature } = batch;
  const proof: BatchProof = { finality: 'score', batch: { header, signature }, certificate, ancestors };
  return { batch, proof, verdicts };
}

/**
 * What proves a batch in the committed order.
 * @param place of the batch under its own block: `PlaceProofs.of`.
 * @param n signers.
 * @returns without a verdict on anything when the batch is void: its transactions have no place there.
 * @throws InvariantViolation when the place is of another batch or certificate.
 */
export function proveByOrder(
  { batch, certificate }: CertifiedBatch,
  place: PlaceProof,
  n: number,
): ProvenBatch {
  invariant(place.leaf.batch === batch.id, `the place proof is for batch ${place.leaf.batch}`);
  invariant(
    place.leaf.certificate === certificateDigest(certificate, n),
    `batch ${batch.id} was ordered by certificate ${place.leaf.certificate}`,
  );
  const { header, signature } = batch;
  const proof: BatchProof = { finality: 'order', batch: { header, signature }, certificate, proof: place };
  return { batch, proof, verdicts: place.leaf.verdicts };
}
