/**
 * Checks receipts as they come in. The receipts of one batch share its certificate, and those of one
 * block its chain, so decoded parts are remembered by their text and verified parts by their identity:
 * a pairing is paid once a certificate, not once a transaction. Both memories are bounded.
 */

import { accept, type Result, refuse } from '../base/result.ts';
import { decodeReceiptJson, type PartMemo, type Receipt } from '../messages/receipt.ts';
import { type SeenParts, verifyReceipt } from '../verify/receipt.ts';
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
}
