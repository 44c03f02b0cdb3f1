/** Evidence must convict offline, by itself: it is judged from the bytes that would travel. */

import { accept, type Result } from '../src/base/result.ts';
import { decodeEvidence, type Evidence, encodeEvidence } from '../src/messages/evidence.ts';
import { verifyEvidence } from '../src/verify/evidence.ts';
import type { Verifier } from '../src/verify/verifier.ts';

export function convicts(evidence: Evidence, verifier: Verifier): Result<undefined> {
  const decoded = decodeEvidence(encodeEvidence(evidence, verifier.n), verifier.n);
  if (!decoded.ok) return decoded;
  const verified = verifyEvidence(decoded.value, verifier);
  return verified.ok ? accept(undefined) : verified;
}
