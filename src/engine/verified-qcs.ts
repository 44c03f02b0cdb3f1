/** Certificates of phase 3 that were verified lately, by all their bytes: the same one need not be again. */

import { equalBytes, toHex } from '../base/bytes.ts';
import type { QuorumCertificate } from '../messages/block.ts';
import { encodeTc, type TimeoutCertificate } from '../messages/timeout.ts';

const rememberedMax = 64;

const keyOf = (qc: QuorumCertificate): string =>
  `${qc.view}/${qc.block}/${qc.signers.join(',')}/${toHex(qc.signature)}`;

export class VerifiedQcs {
  readonly #keys = new Set<string>();

  has(qc: QuorumCertificate): boolean {
    return this.#keys.has(keyOf(qc));
  }

  add(qc: QuorumCertificate): void {
    this.#keys.add(keyOf(qc));
    if (this.#keys.size > rememberedMax) this.#keys.delete(this.#keys.values().next().value!);
  }
}

/** The same timeout certificate among `n` signers, byte for byte. */
export const sameTc = (a: TimeoutCertificate, b: TimeoutCertificate, n: number): boolean =>
  a.end === b.end && equalBytes(encodeTc(a, n), encodeTc(b, n));
