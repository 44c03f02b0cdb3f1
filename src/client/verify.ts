/** Receipts checked offline, for whoever holds one and the federation file. */

import type { Result } from '../base/result.ts';
import { nobleSignatures } from '../crypto/ed25519-noble.ts';
import type { SchemeProvider } from '../crypto/scheme.ts';
import { nobleSchemes } from '../crypto/schemes-noble.ts';
import type { SingleSignatures } from '../crypto/signing.ts';
import { decodeReceiptJson, type Receipt } from '../messages/receipt.ts';
import { openFederation } from '../verify/federation.ts';
import { type VerifiedReceipt, verifyReceipt as verifyDecoded } from '../verify/receipt.ts';
import { Verifier } from '../verify/verifier.ts';

/** Native cryptography where there is some; pure JavaScript when absent. */
export interface Libraries {
  readonly schemes?: readonly SchemeProvider[];
  readonly singles?: SingleSignatures;
}

/**
 * Verifies a receipt. Pure, offline; a refusal names what is wrong, in the receipt or in the file.
 * @param receipt as a client got it, or its JSON form (parsed).
 * @param federation text of the file; checking it costs more than the receipt, so for many receipts pass
 *   what `openFederation` made of it.
 */
export function verifyReceipt(
  receipt: Receipt | { readonly kind: 'receipt' },
  federation: string | Verifier,
  { schemes, singles }: Libraries = {},
): Result<VerifiedReceipt> {
  let verifier: Verifier;
  if (federation instanceof Verifier) verifier = federation;
  else {
    const opened = openFederation(federation, schemes ?? nobleSchemes, singles ?? nobleSignatures);
    if (!opened.ok) return opened;
    verifier = opened.value;
  }
  if (!('kind' in receipt)) return verifyDecoded(receipt, verifier);
  const decoded = decodeReceiptJson(receipt, verifier.n);
  return decoded.ok ? verifyDecoded(decoded.value, verifier) : decoded;
}
