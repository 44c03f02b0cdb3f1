/**
 * Which signer a transaction goes to. With `dependency` the smallest dependency picks it, so that all
 * transactions on one document go through one ingress, whose batches carry `after` and are never contested
 * among honest signers (protocol section 2). A signer that failed or is overloaded is passed over for a
 * while, by the same ring for everybody, so that one document's transactions move together.
 */

import type { Transaction } from '../messages/transaction.ts';

/** `dependency` (default), `random`, or the URL of a signer to prefer. */
export type Route = 'dependency' | 'random' | (string & {});

const penaltyMsMin = 250;
const penaltyMsMax = 10_000;

/** 1 to 1.5 times. Clients that failed together must not come back together. */
export const jittered = (ms: number): number => ms * (1 + Math.random() / 2);

export class Router {
  readonly urls: readonly string[];
  readonly #route: Route;
  readonly #preferred: number;
  readonly #blockedUntil: number[];
  readonly #failures: number[];
  /** Some signer was passed over since all last answered. */
  #passesOver = false;

  constructor(urls: readonly string[], route: Route) {
    this.#route = route;
    const fixed = route === 'dependency' || route === 'random' ? undefined : trimmed(route);
    this.urls = [...new Set([...(fixed === undefined ? [] : [fixed]), ...urls.map(trimmed)])];
    this.#preferred = fixed === undefined ? -1 : 0;
    this.#blockedUntil = this.urls.map(() => 0);
    this.#failures = this.urls.map(() => 0);
  }

  /** Index of the signer a transaction belongs to. */
  home(transaction: Pick<Transaction, 'dependencies' | 'client'>): number {
    if (this.#preferred >= 0) return this.#preferred;
    if (this.#route === 'random') return Math.floor(Math.random() * this.urls.length);
    const smallest = transaction.dependencies?.[0];
    return (smallest ? spread(smallest, 1) : spread(transaction.client, 0)) % this.urls.length;
  }

  /** The first available signer from `home` on, or -1. */
  free(home: number): number {
    if (!this.#passesOver) return home;
    const { signer, inMs } = this.pick(home, Date.now());
    return inMs > 0 ? -1 : signer;
  }

  /** The first available signer from `home` on, or the one that is available soonest, and when. */
  pick(home: number, now: number): { readonly signer: number; readonly inMs: number } {
    let soonest = home;
    for (let i = 0; i < this.urls.length; i++) {
      const signer = (home + i) % this.urls.length;
      if (this.#blockedUntil[signer]! <= now) return { signer, inMs: 0 };
      if (this.#blockedUntil[signer]! < this.#blockedUntil[soonest]!) soonest = signer;
    }
    return { signer: soonest, inMs: this.#blockedUntil[soonest]! - now };
  }

  /** It answered. */
  succeeded(signer: number): void {
    this.#failures[signer] = 0;
    this.#blockedUntil[signer] = 0;
    this.#passesOver &&= this.#blockedUntil.some((until) => until > 0);
  }

  /** It answered what was asked earlier: if it asked to be left alone meanwhile, it is. */
  answered(signer: number): void {
    this.#failures[signer] = 0;
  }

  /** It did not answer, or not sensibly: each time in a row it is left alone for twice as long. */
  failed(signer: number, now: number): void {
    const failures = this.#failures[signer]!;
    this.#failures[signer] = failures + 1;
    this.#passesOver = true;
    const penalty = Math.min(penaltyMsMin * 2 ** Math.min(failures, 10), penaltyMsMax);
    this.#blockedUntil[signer] = now + jittered(penalty);
  }

  /** It asked to be left alone. @param retryAfterMs as it said. */
  overloaded(signer: number, now: number, retryAfterMs: number): void {
    this.#passesOver = true;
    this.#blockedUntil[signer] = now + jittered(Math.min(retryAfterMs, penaltyMsMax));
  }
}

/** 32 bits that spread evenly whatever the bytes (FNV-1a, then the last step of MurmurHash3). */
function spread(bytes: Uint8Array, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const trimmed = (url: string): string => url.replace(/\/+$/, '');
