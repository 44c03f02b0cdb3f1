/**
 * Timeouts received, by the term they give up (protocol section 6). `t + 1` of them make a signer
 * join, `q` of them are a timeout certificate. Only the newest few terms are kept: a timeout for a
 * later term supersedes its sender's earlier ones.
 */

import type { SignerId, View } from '../base/ids.ts';
import type { QuorumCertificate } from '../messages/block.ts';
import type { SignedTimeout, TimeoutCertificate } from '../messages/timeout.ts';

interface Received {
  readonly timeout: SignedTimeout;
  readonly high: QuorumCertificate;
}

export class TimeoutCollector {
  readonly #quorum: { readonly q: number; readonly t: number };
  /** The latest timeout of each signer. */
  readonly #latest = new Map<SignerId, Received>();

  constructor(quorum: { readonly q: number; readonly t: number }) {
    this.#quorum = quorum;
  }

  /** The timeout last received from a signer. */
  latest(signer: SignerId): SignedTimeout | undefined {
    return this.#latest.get(signer)?.timeout;
  }

  /** Takes a verified timeout with the verified QC it names. False when it is not newer. */
  add(timeout: SignedTimeout, high: QuorumCertificate): boolean {
    const before = this.#latest.get(timeout.signer);
    if (before && before.timeout.end >= timeout.end) return false;
    this.#latest.set(timeout.signer, { timeout, high });
    return true;
  }

  /** The highest term end that at least `t + 1` signers give up, at that term or a later one. */
  joinable(): View | undefined {
    const ends = [...this.#latest.values()].map((one) => one.timeout.end).sort((a, b) => b - a);
    return ends[this.#quorum.t];
  }

  /** The certificate for `end` once a quorum of timeouts is for exactly that term. */
  certificate(end: View): TimeoutCertificate | undefined {
    const received = [...this.#latest.values()].filter((one) => one.timeout.end === end);
    if (received.length < this.#quorum.q) return undefined;
    const votes = received.map((one) => one.timeout).sort((a, b) => a.signer - b.signer);
    const high = received.reduce((best, one) => (one.high.view > best.high.view ? one : best)).high;
    return { end, votes, high };
  }
}
