/**
 * Makes receipts from what a signer holds (protocol sections 5, 6 and 11). The counterpart is
 * `verify/receipt.ts`: what it checks decides what must go in here. Place proofs: `verify/place-make.ts`.
 *
 * A score receipt needs, for the batch and then for each ancestor by score, exactly the listed batches
 * without which the score would not reach the threshold. At the node that delivered them they came
 * earlier, so following them depth first ends, and gives an order in which each is final in turn.
 *
 * The receipts of one batch differ in a Merkle path only; the rest is made once and remembered with the
 * batch's certificate.
 */

import { invariant } from '../base/assert.ts';
import type { BatchId } from '../base/ids.ts';
import { append, emptyFrontier, type MerklePath, storedPath } from '../base/merkle.ts';
import { type Batch, transactionLeaf } from '../messages/batch.ts';
import type { Ancestor, OrderReceipt, PlaceProof, ScoreReceipt } from '../messages/receipt.ts';
import { ancestorsMax } from '../messages/receipt-json.ts';
import { type Certificate, certificateDigest } from '../messages/vote.ts';
import { factsOf } from '../ordering/derive.ts';
import { type Facts, listedCounts, voteTotal } from '../ordering/facts.ts';
import type { Verdict } from '../ordering/order.ts';
import type { Quorum } from '../ordering/quorum.ts';
import { isFinal } from '../ordering/score.ts';
import { verdictsOf } from '../ordering/verdict.ts';
import type { SettledProof } from './place-make.ts';

/** The transaction a receipt is for: a batch with the certificate that made it final, and an index in it. */
export interface ReceiptTarget {
  readonly batch: Batch;
  readonly index: number;
  readonly certificate: Certificate;
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

/** Merkle paths of a batch's transactions, computed together on first use. */
const batchPaths = new WeakMap<Batch, readonly MerklePath[]>();

function pathsOf(batch: Batch): readonly MerklePath[] {
  const known = batchPaths.get(batch);
  if (known) return known;
  const nodes = new Map<string, Uint8Array>();
  let frontier = emptyFrontier;
  batch.transactions.forEach((transaction, i) => {
    const stored: Parameters<typeof append>[2] = [];
    frontier = append(frontier, transactionLeaf(transaction, batch.transactionIds[i]!), stored);
    for (const { level, index, hash } of stored) nodes.set(`${level}/${index}`, hash);
  });
  const node = (level: number, index: number): Uint8Array => nodes.get(`${level}/${index}`)!;
  const paths = batch.transactions.map((_, i) => storedPath(i, frontier.size, node));
  batchPaths.set(batch, paths);
  return paths;
}

/** What receipts by score and by order have in common. */
function claimOf({ batch, index, certificate }: ReceiptTarget) {
  const transaction = batch.transactions[index];
  invariant(transaction, `batch ${batch.id} has no transaction ${index}`);
  return {
    epoch: batch.header.epoch,
    transaction: batch.transactionIds[index]!,
    clientSignature: transaction.signature,
    batch: { header: batch.header, signature: batch.signature },
    index,
    path: pathsOf(batch)[index]!,
    certificate,
  };
}

/** Batches that must be settled before this one can be final by its score. */
function neededBy(facts: Facts, quorum: Quorum): BatchId[] {
  const votes = voteTotal(facts);
  return [...listedCounts(facts)].filter(([, listed]) => votes - listed < quorum.threshold).map(([id]) => id);
}

/** Ancestors of certified batches in an order in which each is final, or undefined. Sound for ever. */
const knownAncestors = new WeakMap<Certificate, readonly Ancestor[]>();

function ancestorsOf(
  target: Pick<ReceiptTarget, 'batch' | 'certificate'>,
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
 * The receipt of a transaction whose batch is final by its score.
 * @param target with what the node found when it delivered the batch: `Delivery.certificate` and
 *   `Delivery.verdicts[index]`.
 * @returns undefined when only the order can prove it: the verdict is `duplicate`, the certificate is not
 *   final by score, more than 64 ancestors would be needed, or one is settled only because another batch
 *   used its number. The client then gets the order receipt.
 */
export function makeScoreReceipt(
  target: ReceiptTarget & { readonly verdict: Verdict },
  sources: ReceiptSources,
  quorum: Quorum,
): ScoreReceipt | undefined {
  const { batch, certificate, index } = target;
  const facts = factsOf(batch, certificate);
  const verdict = verdictsOf(facts)[index];
  if (target.verdict === 'duplicate' || verdict === undefined || verdict !== target.verdict) return undefined;
  // Cheap, and keeps batches that came by order away: with everything settled it must be final.
  if (!isFinal(facts, { height: Number.POSITIVE_INFINITY, settled: () => true }, quorum)) return undefined;
  const ancestors = ancestorsOf(target, sources, quorum);
  return ancestors && { ...claimOf(target), finality: 'score', verdict, ancestors };
}

/**
 * The receipt of a transaction in the committed order.
 * @param proof of the batch's place under its own block: `PlaceProofs.of`.
 * @param n signers.
 * @returns undefined when the batch is void: the transaction has no place there.
 * @throws InvariantViolation when the proof is for another batch or certificate.
 */
export function makeOrderReceipt(
  target: ReceiptTarget,
  proof: PlaceProof,
  n: number,
): OrderReceipt | undefined {
  const { batch, certificate, index } = target;
  invariant(proof.leaf.batch === batch.id, `the place proof is for batch ${proof.leaf.batch}`);
  invariant(
    proof.leaf.certificate === certificateDigest(certificate, n),
    `batch ${batch.id} was ordered by certificate ${proof.leaf.certificate}`,
  );
  const verdict = proof.leaf.verdicts[index];
  // A void place has no verdicts.
  if (verdict === undefined) return undefined;
  return { ...claimOf(target), finality: 'order', verdict, proof };
}
