/**
 * The virtual network: every pair of signers has a link with latency, jitter, loss, duplication and
 * reordering, and can be cut in either direction. Messages are encoded and decoded like on the wire.
 */

import type { SignerId } from '../src/base/ids.ts';
import { must } from '../src/base/result.ts';
import { decodePeerMessage, encodePeerMessage, type PeerMessage } from '../src/messages/peer.ts';
import type { Random } from './random.ts';
import type { Schedule } from './schedule.ts';

export interface LinkQuality {
  /** One-way latency in ms, plus an exponential jitter with the given mean. */
  readonly latencyMs: number;
  readonly jitterMs: number;
  readonly loss: number;
  readonly duplication: number;
  /** Without it messages of one link arrive in order, like on a connection. */
  readonly reorder: boolean;
}

export const lan: LinkQuality = { latencyMs: 0.2, jitterMs: 0.1, loss: 0, duplication: 0, reorder: false };

export class Network {
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #n: number;
  readonly #deliver: (to: SignerId, from: SignerId, message: PeerMessage) => void;
  readonly #cut = new Set<string>();
  readonly #lastArrival = new Map<string, number>();
  quality: (from: SignerId, to: SignerId) => LinkQuality;
  sent = 0;
  bytes = 0;

  constructor(
    schedule: Schedule,
    random: Random,
    n: number,
    quality: (from: SignerId, to: SignerId) => LinkQuality,
    deliver: (to: SignerId, from: SignerId, message: PeerMessage) => void,
  ) {
    this.#schedule = schedule;
    this.#random = random;
    this.#n = n;
    this.quality = quality;
    this.#deliver = deliver;
  }

  /** Cuts or mends one direction. */
  setCut(from: SignerId, to: SignerId, cut: boolean): void {
    if (cut) this.#cut.add(`${from}>${to}`);
    else this.#cut.delete(`${from}>${to}`);
  }

  heal(): void {
    this.#cut.clear();
  }

  isCut(from: SignerId, to: SignerId): boolean {
    return this.#cut.has(`${from}>${to}`);
  }

  send(from: SignerId, to: SignerId, message: PeerMessage): void {
    const bytes = encodePeerMessage(message, this.#n);
    this.sent += 1;
    this.bytes += bytes.length;
    const { loss, duplication } = this.quality(from, to);
    if (this.#cut.has(`${from}>${to}`) || this.#random.chance(loss)) return;
    this.#carry(from, to, bytes);
    if (this.#random.chance(duplication)) this.#carry(from, to, bytes);
  }

  #carry(from: SignerId, to: SignerId, bytes: Uint8Array): void {
    const { latencyMs, jitterMs, reorder } = this.quality(from, to);
    const key = `${from}>${to}`;
    let at = this.#schedule.now + latencyMs + this.#random.exponential(jitterMs);
    if (!reorder) at = Math.max(at, this.#lastArrival.get(key) ?? 0);
    this.#lastArrival.set(key, at);
    this.#schedule.after(at - this.#schedule.now, () => {
      if (!this.isCut(from, to)) this.#deliver(to, from, must(decodePeerMessage(bytes, this.#n)));
    });
  }
}
