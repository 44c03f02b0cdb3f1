/** Receipts of single transactions, as tests ask for them, made of what proves their batch. */

import type { Batch } from '../../src/messages/batch.ts';
import type { OrderReceipt, PlaceProof, ReceiptVerdict, ScoreReceipt } from '../../src/messages/receipt.ts';
import type { Certificate } from '../../src/messages/vote.ts';
import type { Quorum } from '../../src/ordering/quorum.ts';
import { proveByOrder, proveByScore, type ReceiptSources, receiptAt } from '../../src/verify/receipt-make.ts';

interface Target {
  readonly batch: Batch;
  readonly index: number;
  readonly certificate: Certificate;
}

/** @param target with the verdict that the node found; it is the same for the whole batch. */
export function makeScoreReceipt(
  target: Target & { readonly verdict: ReceiptVerdict },
  sources: ReceiptSources,
  quorum: Quorum,
): ScoreReceipt | undefined {
  const verdicts = target.batch.transactions.map(() => target.verdict);
  const proven = proveByScore({ ...target, verdicts }, sources, quorum);
  return proven && (receiptAt(proven, target.index) as ScoreReceipt | undefined);
}

export const makeOrderReceipt = (target: Target, place: PlaceProof, n: number): OrderReceipt | undefined =>
  receiptAt(proveByOrder(target, place, n), target.index) as OrderReceipt | undefined;
