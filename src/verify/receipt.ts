/**
 * Verifies a receipt offline, against the federation alone (protocol sections 5, 6 and 11).
 *
 * By score. The ancestors are walked with O' growing: one by order joins O' when its place is proven, one
 * by score when it is final with `settled` = "in O'" and height = infinity. Then the batch itself must be
 * final in the same way. The statement proven: *the transaction comes before everything that is neither
 * in O' nor in the committed prefix up to `base`, the highest base of a vote by an honest signer.*
 *
 * Height = infinity is sound. A node counts votes with a base above its height as missing only because it
 * does not hold the prefix that they leave out. An honest signer's base names a committed prefix, which
 * exists and which the statement excepts; at a node that holds it these votes count, and its O contains
 * all of O'. A liar may name any base; liars are within the slack whatever their votes say. Hence the
 * argument of section 5 holds with O = that prefix and O'. No batch in the walk may use the number of an
 * earlier one: that one would be void, however its votes count.
 *
 * What a score cannot prove: that the same transaction id does not stand in that prefix, or in an ancestor.
 * `executed` by score therefore means: it takes effect here, unless it did already. Only an order receipt
 * tells the two apart (`duplicate`).
 *
 * By order. The leaf is under the `orderRoot` of a block that has the batch and that certificate among its
 * entries, the block is an ancestor of one that has a QC and a direct child in the next view with a QC.
 * The leaf names its position, since a root does not say how many leaves it has.
 */

import { fromHex } from '../base/bytes.ts';
import type { BatchId, Height, SignerId, TransactionId, View } from '../base/ids.ts';
import { verifyMerklePath } from '../base/merkle.ts';
import { accept, must, type Result, refuse } from '../base/result.ts';
import { type BatchHeader, batchIdOf } from '../messages/batch.ts';
import { verifyBatchPath } from '../messages/batch-tree.ts';
import { blockDigest, type QuorumCertificate } from '../messages/block.ts';
import {
  type BatchProof,
  type CommitProof,
  type PlaceProof,
  placeOfReceipt,
  type Receipt,
  type ReceiptPlace,
  type ReceiptVerdict,
} from '../messages/receipt.ts';
import { ancestorsMax } from '../messages/receipt-json.ts';
import { type Certificate, certificateDigest, signersOf } from '../messages/vote.ts';
import type { Facts } from '../ordering/facts.ts';
import { orderLeaf } from '../ordering/order.ts';
import { type Quorum, quorumOf } from '../ordering/quorum.ts';
import { isFinal, type ScoreContext } from '../ordering/score.ts';
import { verdictsOf } from '../ordering/verdict.ts';
import type { Verifier } from './verifier.ts';

/** What a receipt proves. */
export interface VerifiedReceipt {
  readonly transaction: TransactionId;
  readonly batch: BatchId;
  readonly verdict: ReceiptVerdict;
  readonly finality: 'score' | 'order';
  readonly place: ReceiptPlace;
  /** Signers whose votes are in the certificate, ascending. */
  readonly signers: readonly SignerId[];
  /** By score: it comes after the committed prefix up to here, as far as honest signers said so. */
  readonly base: Height;
}

/**
 * Parts that were verified before, by identity; give the same set for many receipts that share parts
 * (`decodeReceiptJson` with a memo). One set belongs to one federation.
 */
export type SeenParts = WeakSet<object>;

const good: Result<undefined> = accept(undefined);
/** Ids of immutable headers; a receipt may hold many, and many receipts the same ones. */
const headerIds = new WeakMap<BatchHeader, BatchId>();

function idOf(header: BatchHeader): BatchId {
  const known = headerIds.get(header) ?? batchIdOf(header);
  headerIds.set(header, known);
  return known;
}

const numberOf = (header: BatchHeader): string => `${header.ingress}/${header.number}`;

const factsOf = (header: BatchHeader, certificate: Certificate): Facts => ({
  id: idOf(header),
  after: header.after.map((entry) => entry.id),
  count: header.count,
  classes: certificate.classes,
});

class ReceiptCheck {
  readonly #verifier: Verifier;
  readonly #quorum: Quorum;
  readonly #seen: SeenParts;

  constructor(verifier: Verifier, seen: SeenParts) {
    this.#verifier = verifier;
    const { signers, byzantine, faulty } = verifier.federation;
    this.#quorum = must(quorumOf(signers.length, byzantine, faulty));
    this.#seen = seen;
  }

  run(receipt: Receipt): Result<VerifiedReceipt> {
    const { batch, certificate, index } = receipt;
    const claim = this.#claim(receipt);
    if (!claim.ok) return claim;
    const proven = this.#proof(receipt);
    if (!proven.ok) return proven;
    const verdict = proven.value[index];
    if (verdict !== receipt.verdict)
      return refuse('RECEIPT_VERDICT', `the proof says ${verdict}, the receipt says ${receipt.verdict}`);
    return accept({
      transaction: receipt.transaction,
      batch: idOf(batch.header),
      verdict: receipt.verdict,
      finality: receipt.finality,
      place: placeOfReceipt(receipt),
      signers: signersOf(certificate.classes).sort((a, b) => a - b),
      base: Math.max(...certificate.classes.map((one) => one.base)) as Height,
    });
  }

  /** Checks once what may come again in another receipt. */
  #once(part: object, check: () => Result<undefined>): Result<undefined> {
    if (this.#seen.has(part)) return good;
    const checked = check();
    if (checked.ok) this.#seen.add(part);
    return checked;
  }

  /** All that the receipts of one batch share; the verdicts on its transactions. */
  batch(proof: BatchProof): Result<readonly ReceiptVerdict[]> {
    const header = this.#header(proof);
    return header.ok ? this.#proof(proof) : header;
  }

  #proof(proof: BatchProof): Result<readonly ReceiptVerdict[]> {
    return proof.finality === 'score' ? this.#score(proof) : this.#order(proof);
  }

  /** The batch is its ingress's. */
  #header({ batch }: BatchProof): Result<undefined> {
    return this.#once(batch, () => this.#verifier.header(batch.header, batch.signature));
  }

  /** The transaction is in the batch, and the batch is its ingress's. */
  #claim(receipt: Receipt): Result<undefined> {
    const { batch, index } = receipt;
    if (receipt.epoch !== this.#verifier.epoch)
      return refuse('EPOCH', 'the receipt is of another federation');
    const header = this.#header(receipt);
    if (!header.ok) return header;
    const { root, count } = batch.header;
    const { transaction, clientSignature, path } = receipt;
    return verifyBatchPath(transaction, clientSignature, index, count, path, fromHex(root))
      ? good
      : refuse('RECEIPT_TRANSACTION', `the transaction is not number ${index} of the batch`);
  }

  #score(receipt: Extract<BatchProof, { finality: 'score' }>): Result<readonly ReceiptVerdict[]> {
    if (receipt.ancestors.length > ancestorsMax)
      return refuse('RECEIPT_ANCESTORS', `more than ${ancestorsMax} ancestors`);
    const settled = new Set<BatchId>();
    const numbers = new Set<string>();
    const context: ScoreContext = {
      height: Number.POSITIVE_INFINITY,
      settled: (id) => settled.has(id),
    };
    for (const [i, ancestor] of receipt.ancestors.entries()) {
      const one =
        ancestor.kind === 'order'
          ? this.#settledPlace(ancestor.header, ancestor.proof)
          : this.#final(ancestor.header, ancestor.certificate, context, numbers);
      if (!one.ok) return refuse(one.error.code, `ancestor ${i}: ${one.error.message}`);
      settled.add(idOf(ancestor.header));
      numbers.add(numberOf(ancestor.header));
    }
    const { header } = receipt.batch;
    const final = this.#final(header, receipt.certificate, context, numbers);
    return final.ok ? accept(verdictsOf(factsOf(header, receipt.certificate))) : final;
  }

  /** Final by its score, given what is settled. */
  #final(
    header: BatchHeader,
    certificate: Certificate,
    context: ScoreContext,
    numbers: ReadonlySet<string>,
  ): Result<undefined> {
    if (header.epoch !== this.#verifier.epoch) return refuse('EPOCH', 'a batch is of another federation');
    if (certificate.batch !== idOf(header))
      return refuse('RECEIPT_CERTIFICATE', 'the certificate is for another batch');
    if (numbers.has(numberOf(header)))
      return refuse('RECEIPT_NUMBER', `batch ${certificate.batch} has the number of an earlier ancestor`);
    if (!isFinal(factsOf(header, certificate), context, this.#quorum))
      return refuse(
        'RECEIPT_SCORE',
        `batch ${certificate.batch} is not final: a score of ${this.#quorum.threshold} of ${this.#quorum.n} is needed`,
      );
    return this.#once(certificate, () => this.#verifier.certificate(certificate));
  }

  #order(receipt: Extract<BatchProof, { finality: 'order' }>): Result<readonly ReceiptVerdict[]> {
    const { proof, batch } = receipt;
    const { leaf } = proof;
    if (leaf.batch !== idOf(batch.header)) return refuse('RECEIPT_PLACE', 'the place is of another batch');
    if (leaf.certificate !== certificateDigest(receipt.certificate, this.#verifier.n))
      return refuse('RECEIPT_CERTIFICATE', 'the batch was ordered by another certificate');
    if (leaf.void) return refuse('RECEIPT_VOID', 'the batch is void: its number was used before');
    if (leaf.verdicts.length !== batch.header.count)
      return refuse('RECEIPT_VERDICT', `the order has ${leaf.verdicts.length} verdicts on the batch`);
    const place = this.#place(proof);
    if (!place.ok) return place;
    const listed = proof.chain.blocks[0]!.entries.some(
      (entry) => entry.batch === leaf.batch && entry.certificate === leaf.certificate,
    );
    return listed ? accept(leaf.verdicts) : refuse('RECEIPT_PLACE', 'the batch is not an entry of the block');
  }

  #settledPlace(header: BatchHeader, proof: PlaceProof): Result<undefined> {
    return proof.leaf.batch === idOf(header)
      ? this.#place(proof)
      : refuse('RECEIPT_PLACE', 'the place is of another batch');
  }

  /** A leaf is in the order up to the first block of its chain, and that block is committed. */
  #place({ leaf, position, size, path, chain }: PlaceProof): Result<undefined> {
    const committed = this.#once(chain, () => this.chain(chain));
    if (!committed.ok) return committed;
    const root = fromHex(chain.blocks[0]!.orderRoot);
    return verifyMerklePath(orderLeaf(position, leaf), position, size, path, root)
      ? good
      : refuse('PLACE_PATH', `batch ${leaf.batch} is not at position ${position} of ${size}`);
  }

  /** The last two blocks are in adjacent views and certified, and the others are their ancestors. */
  chain({ blocks, qc }: CommitProof): Result<undefined> {
    const digests = blocks.map((block) => blockDigest(block, this.#verifier.n));
    for (const [i, block] of blocks.entries()) {
      if (block.epoch !== this.#verifier.epoch) return refuse('EPOCH', 'a block is of another federation');
      const before = blocks[i - 1];
      if (before && (block.parent !== digests[i - 1] || block.height !== before.height + 1))
        return refuse('CHAIN_PARENT', `block ${i} of the chain does not follow the one before it`);
    }
    const last = blocks[blocks.length - 1];
    const committed = blocks[blocks.length - 2];
    if (!last || !committed) return refuse('CHAIN_LENGTH', 'a chain needs a block and its child');
    if (last.view !== committed.view + 1)
      return refuse('CHAIN_VIEWS', 'the last two blocks are not in adjacent views');
    const parent = this.#certified(last.justify, digests[blocks.length - 2]!, committed.view);
    return parent.ok ? this.#certified(qc, digests[blocks.length - 1]!, last.view) : parent;
  }

  #certified(qc: QuorumCertificate, block: string, view: View): Result<undefined> {
    return qc.block === block && qc.view === view
      ? this.#verifier.qc(qc)
      : refuse('CHAIN_QC', `the order certificate is for another block than ${block}`);
  }
}

/** Checks that the first block of a chain is committed. */
export const verifyCommitProof = (chain: CommitProof, verifier: Verifier): Result<undefined> =>
  new ReceiptCheck(verifier, new WeakSet()).chain(chain);

/**
 * Checks all that a receipt claims. Pure; a refusal names what is wrong.
 * @param seen parts verified before against the same federation, so that they are not verified again.
 */
export const verifyReceipt = (
  receipt: Receipt,
  verifier: Verifier,
  seen: SeenParts = new WeakSet(),
): Result<VerifiedReceipt> => new ReceiptCheck(verifier, seen).run(receipt);

/**
 * Checks what the receipts of one batch share, once for all of them: the batch is final, and these are the
 * verdicts on its transactions. Which they are is not checked (`batch-members.ts`).
 */
export const verifyBatchProof = (
  proof: BatchProof,
  verifier: Verifier,
  seen: SeenParts,
): Result<readonly ReceiptVerdict[]> => new ReceiptCheck(verifier, seen).batch(proof);
