/** What a signer says of itself: `/v1/status`, and what its health checks rest on. */

import type { Epoch, Height, SignerId } from '../base/ids.ts';
import type { EngineStatus } from '../engine/engine.ts';
import type { Quorum } from '../ordering/quorum.ts';

export interface SignerStatus {
  readonly version: string;
  readonly federation: string;
  readonly epoch: Epoch;
  readonly self: SignerId;
  readonly name: string;
  readonly quorum: Quorum;
  /** What is durable and published to clients; `engine` may be a moment ahead. */
  readonly height: Height;
  readonly engine: EngineStatus;
  readonly connected: readonly SignerId[];
  readonly ready: boolean;
  /** Why it is not ready, or undefined. */
  readonly notReady: string | undefined;
  readonly queuedBytes: number;
  /** Transactions taken here that are not final. */
  readonly open: number;
  readonly waiting: number;
  readonly streams: number;
  readonly evidence: number;
  readonly uptimeSeconds: number;
}

/** Heights that a signer may lag without being called behind: blocks come in bursts. */
const lagMax = 4;

/**
 * Ready: connected to `q - 1` others at least once since the start, and not behind. Whether it is behind
 * cannot be taken from one signer's word; the `f + 1` highest claims hold an honest one, so the lowest of
 * them was reached by somebody honest.
 */
export class Readiness {
  readonly #quorum: Quorum;
  readonly #seen = new Set<SignerId>();
  readonly #claims = new Map<SignerId, Height>();

  constructor(quorum: Quorum) {
    this.#quorum = quorum;
  }

  connected(peer: SignerId): void {
    this.#seen.add(peer);
  }

  /** A signer says how high its committed order is. */
  claimed(peer: SignerId, height: Height): void {
    this.#claims.set(peer, height);
  }

  /** Why the signer is not ready at a committed height, or undefined. */
  why(height: Height): string | undefined {
    const needed = this.#quorum.q - 1;
    if (this.#seen.size < needed)
      return `connected to ${this.#seen.size} signers so far, ${needed} are needed`;
    const claims = [...this.#claims.values()].sort((a, b) => b - a);
    const certain = claims[this.#quorum.f] ?? 0;
    return certain > height + lagMax ? `at height ${height}, others are at ${certain}` : undefined;
  }
}
