/** Evidence as the log shows it, so that whoever reads the log can check it and pass it on. */

import { toHex } from '../base/bytes.ts';
import { type Evidence, encodeEvidence } from '../messages/evidence.ts';

/** `proof`, saved to a file, is what `musig-paxos verify` reads. @param n signers of the federation. */
export const evidenceEntry = (evidence: Evidence, n: number) => ({
  accused: evidence.signer,
  kind: evidence.kind,
  proof: { kind: 'evidence', hex: toHex(encodeEvidence(evidence, n)) },
});
