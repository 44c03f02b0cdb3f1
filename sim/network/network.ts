/**
 * The virtual network: every pair of signers has a link with the latency of the network's model, and
 * jitter, loss, duplication and reordering as the weather is. It can be cut in either direction. With
 * a bandwidth a message first waits for its sender's uplink, then for its link. Small ones do not wait for large ones. On the wire messages are
 * encoded and decoded as on a real connection; without it they pass as they are, which is faster.
 */

import type { SignerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { decodePeerMessage, encodePeerMessage, type PeerMessage } from '../../src/messages/peer.ts';
import type { Random } from '../random.ts';
import type { Schedule } from '../schedule.ts';
import { MessageSizes } from './message-sizes.ts';
import type { NetworkModel } from './models.ts';
import { fairWeather, type LinkQuality } from './quality.ts';

export interface NetworkOptions {
  readonly signers: number;
  readonly model: NetworkModel;
  /** Of each link in Mbit/s; undefined for no limit. */
  readonly bandwidthMbps: number | undefined;
  /** Of everything that a signer sends, in Mbit/s; undefined for no limit. */
  readonly uplinkMbps: number | undefined;
  /** Encode and decode every message. */
  readonly wire: boolean;
  /** Whether the bytes of messages are counted; always with a bandwidth or on the wire. */
  readonly countBytes: boolean;
  /** Bytes by which an aggregate is shorter than a real one. */
  readonly aggregateBytesMissing?: number;
}

/** A message that arrives; `id` is what `send` returned for it. */
export type Deliver = (to: SignerId, from: SignerId, message: PeerMessage, id: number) => void;

export class Network {
  readonly #schedule: Schedule;
  readonly #random: Random;
  readonly #options: NetworkOptions;
  readonly #deliver: Deliver;
  readonly #n: number;
  /** One cell a direction of a link, at `from * n + to`. */
  readonly #cut: Uint8Array;
  readonly #lastArrival: Float64Array;
  readonly #linkFreeAt: Float64Array | undefined;
  readonly #uplinkFreeAt: Float64Array;
  readonly #smallSentAt: Float64Array;
  /** Extra latency of a signer's messages, both ways, in ms. */
  readonly #delay: Float64Array;
  readonly #latencyOf = new Map<number, number>();
  readonly #encoded = new WeakMap<PeerMessage, Uint8Array>();
  readonly #sizes: MessageSizes;
  weather: LinkQuality = fairWeather;
  sent = 0;
  /** By sender. */
  readonly messagesOf: Float64Array;
  readonly bytesOf: Float64Array;

  constructor(schedule: Schedule, random: Random, options: NetworkOptions, deliver: Deliver) {
    const n = options.signers;
    this.#schedule = schedule;
    this.#random = random;
    this.#options = options;
    this.#deliver = deliver;
    this.#n = n;
    this.#cut = new Uint8Array(n * n);
    this.#lastArrival = new Float64Array(n * n);
    this.#linkFreeAt = options.bandwidthMbps === undefined ? undefined : new Float64Array(n * n);
    this.#uplinkFreeAt = new Float64Array(n);
    this.#smallSentAt = new Float64Array(n);
    this.#delay = new Float64Array(n);
    this.#sizes = new MessageSizes(n, options.aggregateBytesMissing ?? 0);
    this.messagesOf = new Float64Array(n);
    this.bytesOf = new Float64Array(n);
  }

  /** Cuts or mends one direction. */
  setCut(from: SignerId, to: SignerId, cut: boolean): void {
    this.#cut[from * this.#n + to] = cut ? 1 : 0;
  }

  heal(): void {
    this.#cut.fill(0);
  }

  isCut(from: SignerId, to: SignerId): boolean {
    return this.#cut[from * this.#n + to] === 1;
  }

  /** Gives one direction of a link a latency of its own, in ms; undefined for the model's. */
  setLatency(from: SignerId, to: SignerId, latencyMs: number | undefined): void {
    const cell = from * this.#n + to;
    if (latencyMs === undefined) this.#latencyOf.delete(cell);
    else this.#latencyOf.set(cell, latencyMs);
  }

  /** Delays all messages from and to a signer, in ms. */
  setDelay(signer: SignerId, delayMs: number): void {
    this.#delay[signer] = delayMs;
  }

  clearDelays(): void {
    this.#delay.fill(0);
  }

  /** One-way latency now, without jitter and queues, in ms. */
  latencyMs(from: SignerId, to: SignerId): number {
    const base = this.#latencyOf.get(from * this.#n + to) ?? this.#options.model.latencyMs(from, to);
    return base + this.weather.latencyMs + this.#delay[from]! + this.#delay[to]!;
  }

  /** @returns the message's id; it may never arrive, or twice. */
  send(from: SignerId, to: SignerId, message: PeerMessage): number {
    const { wire, countBytes, bandwidthMbps, uplinkMbps } = this.#options;
    const sized = wire || countBytes || bandwidthMbps !== undefined || uplinkMbps !== undefined;
    const id = ++this.sent;
    this.messagesOf[from]! += 1;
    const bytes = sized ? this.size(message) : 0;
    this.bytesOf[from]! += bytes;
    const { loss, duplication } = this.weather;
    if (this.isCut(from, to) || (loss > 0 && this.#random.chance(loss))) return id;
    this.#carry(from, to, message, bytes, id);
    if (duplication > 0 && this.#random.chance(duplication)) this.#carry(from, to, message, bytes, id);
    return id;
  }

  /** Size on the wire. */
  size(message: PeerMessage): number {
    return this.#sizes.of(message, this.#options.wire ? this.#bytesOfMessage(message) : undefined);
  }

  #bytesOfMessage(message: PeerMessage): Uint8Array {
    let bytes = this.#encoded.get(message);
    if (!bytes) {
      bytes = encodePeerMessage(message, this.#n);
      this.#encoded.set(message, bytes);
    }
    return bytes;
  }

  #carry(from: SignerId, to: SignerId, message: PeerMessage, bytes: number, id: number): void {
    const cell = from * this.#n + to;
    const jitterMs = this.#options.model.jitterMs(from, to) + this.weather.jitterMs;
    const leaves = bytes > 0 ? this.#leavesAt(from, cell, bytes) : this.#schedule.now;
    let at = leaves + this.latencyMs(from, to) + this.#random.exponential(jitterMs);
    if (!this.weather.reorder) at = Math.max(at, this.#lastArrival[cell]!);
    this.#lastArrival[cell] = at;
    const { wire } = this.#options;
    const decoded = (): PeerMessage => must(decodePeerMessage(this.#bytesOfMessage(message), this.#n));
    this.#schedule.after(at - this.#schedule.now, () => {
      if (this.#cut[cell] === 0) this.#deliver(to, from, wire ? decoded() : message, id);
    });
  }

  /** When the last bit has left, after what waits for the uplink and for the link. */
  #leavesAt(from: SignerId, cell: number, bytes: number): number {
    const { bandwidthMbps, uplinkMbps } = this.#options;
    const { now } = this.#schedule;
    let at = now;
    if (uplinkMbps !== undefined) {
      const takesMs = transferMs(bytes, uplinkMbps);
      this.#uplinkFreeAt[from] = Math.max(now, this.#uplinkFreeAt[from]!) + takesMs;
      at = this.#uplinkFreeAt[from]!;
      if (bytes <= smallBytes) {
        this.#smallSentAt[from] = Math.max(now, this.#smallSentAt[from]!) + takesMs;
        at = this.#smallSentAt[from]!;
      }
    }
    if (bandwidthMbps !== undefined && this.#linkFreeAt) {
      at = Math.max(at, this.#linkFreeAt[cell]!) + transferMs(bytes, bandwidthMbps);
      this.#linkFreeAt[cell] = at;
    }
    return at;
  }
}

/**
 * An uplink serves its links in turn, packet by packet, as fair queueing does. So a message of a few packets waits
 * for other small ones only, not for bodies on their way to other signers, and these wait the time that it takes.
 * On its own link it arrives after what was sent before, as on every connection.
 */
const smallBytes = 4500;

/** Mbit/s are bits in a microsecond: a thousand times as many in a ms. */
const transferMs = (bytes: number, mbps: number): number => (bytes * 8) / (mbps * 1000);
