/**
 * Checks receipts as they come in, and proofs of many at once. The receipts of one batch share its
 * certificate, and those of one block its chain, so decoded parts are remembered by their text and verified
 * parts by their identity: a pairing is paid once a certificate, not once a transaction. Both memories are
 * bounded. Nothing is skipped: of each transaction it is checked that it is in the batch, and its verdict.
 */

import { accept, type Result, refuse } from '../base/result.ts';
import { type Answers, decodeAnswers, type ProofAnswer } from '../messages/answers.ts';
import { putLeaf } from '../messages/batch-tree.ts';
import { decodeReceiptJson, type PartMemo, type Receipt, receiptOf } from '../messages/receipt.ts';
import { BatchMembers } from '../verify/batch-members.ts';
import { type SeenParts, verifyBatchProof, verifyReceipt } from '../verify/receipt.ts';
import type { Verifier } from '../verify/verifier.ts';
import type { Job } from './job.ts';

/** Characters of text whose parts are remembered; one that is a quarter of it is not. */
const textMax = 16 << 20;

/** Forgets the oldest part when there is more text than that. */
class BoundedParts implements PartMemo {
  readonly #parts = new Map<string, object>();
  #length = 0;

  get(text: string): object | undefined {
    return this.#parts.get(text);
  }

  set(text: string, part: object): void {
    if (text.length > textMax / 4 || this.#parts.has(text)) return;
    this.#parts.set(text, part);
    this.#length += text.length;
    for (const oldest of this.#parts.keys()) {
      if (this.#length <= textMax) return;
      this.#parts.delete(oldest);
      this.#length -= oldest.length;
    }
  }
}

export class ReceiptChecker {
  readonly #verifier: Verifier;
  readonly #parts = new BoundedParts();
  /** Holds no part alive that `#parts` has forgotten. */
  readonly #seen: SeenParts = new WeakSet();

  constructor(verifier: Verifier) {
    this.#verifier = verifier;
  }

  /** The receipt, when it verifies and is for this very transaction. */
  check(value: unknown, job: Pick<Job, 'id' | 'transaction'>): Result<Receipt> {
    const receipt = decodeReceiptJson(value, this.#verifier.n, this.#parts);
    if (!receipt.ok) return receipt;
    if (receipt.value.transaction !== job.id)
      return refuse('RECEIPT_OTHER', `the receipt is for transaction ${receipt.value.transaction}`);
    const verified = verifyReceipt(receipt.value, this.#verifier, this.#seen);
    return verified.ok ? accept(receipt.value) : verified;
  }

  /** Decodes an `answers` message of a submission stream; its proofs are checked one by one. */
  answers(message: Uint8Array): Result<Answers> {
    return decodeAnswers(message, this.#verifier.n, this.#parts);
  }

  /** The receipts of a proof, when it verifies and is for these very transactions. */
  proven({ proof, indices, hashes }: ProofAnswer, jobs: readonly Job[]): Result<Receipt[]> {
    const { header } = proof.batch;
    const leaves = new Uint8Array(32 * jobs.length);
    for (const [i, { id, transaction }] of jobs.entries()) putLeaf(id, transaction.signature, leaves, 32 * i);
    const members = BatchMembers.of(header, indices, leaves, hashes);
    if (!members) return refuse('RECEIPT_TRANSACTION', 'the transactions are not those of the batch');
    const verdicts = verifyBatchProof(proof, this.#verifier, this.#seen);
    if (!verdicts.ok) return verdicts;
    const receipts: Receipt[] = [];
    for (const [i, { id, transaction }] of jobs.entries()) {
      const index = indices[i]!;
      const receipt = receiptOf(proof, {
        transaction: id,
        clientSignature: transaction.signature,
        index,
        path: members.path(i),
        verdict: verdicts.value[index]!,
      });
      if (!receipt) return refuse('RECEIPT_VERDICT', 'the proof does not tell what became of a transaction');
      receipts.push(receipt);
    }
    return accept(receipts);
  }
}
