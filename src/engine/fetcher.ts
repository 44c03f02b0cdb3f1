/**
 * Things that somebody referred to and that we lack: batches, certificates, blocks. Whoever named one
 * must be able to hand it out, so it is asked first; after that everybody is, in turn (protocol
 * sections 4 and 9). Waiting work resumes when the last thing it needs is here.
 *
 * Invariants:
 * 1. A want is dropped after `roundsMax` rounds through all signers: a name that only a liar knows
 *    costs bounded work.
 * 2. At most `waitsMax` pieces of work wait, for at most `wantsMax` things, at any time; of those that one
 *    signer's messages ask for on its own account, `quotaMax`.
 */

import { compareText } from '../base/bytes.ts';
import {
  allSigners,
  type BatchId,
  type BlockDigest,
  type CertificateDigest,
  type SignerId,
} from '../base/ids.ts';
import { Parking } from '../dependency/parking.ts';
import { fetchIdsMax } from '../messages/limits.ts';
import type { Core } from './core.ts';

export type WantKind = 'batch' | 'certificate' | 'block';
export type Want = `${WantKind}:${string}`;

export const wantBatch = (id: BatchId): Want => `batch:${id}`;
export const wantCertificate = (digest: CertificateDigest): Want => `certificate:${digest}`;
export const wantBlock = (digest: BlockDigest): Want => `block:${digest}`;

interface State {
  readonly sources: SignerId[];
  tries: number;
  nextAt: number;
}

const roundsMax = 6;
const waitsMax = 20_000;
const wantsMax = 100_000;
const quotaMax = 512;

interface Work {
  readonly then: () => void;
  /** On whose account it waits. */
  readonly quota: SignerId | undefined;
}

export class Fetcher {
  readonly #core: Core;
  readonly #wants = new Map<Want, State>();
  readonly #parking = new Parking<number, Want>();
  readonly #work = new Map<number, Work>();
  readonly #quotas = new Map<SignerId, number>();
  #nextWork = 1;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Whether somebody waits for this thing. */
  wants(want: Want): boolean {
    return this.#wants.has(want);
  }

  /**
   * Runs `then` once all of the missing things are here. They are asked for, first from `from`.
   * @param onAccount what `from` says makes us ask, and it alone: counts against its quota.
   * @returns false when too much waits already; then nothing is remembered.
   */
  whenHere(
    missing: readonly Want[],
    from: SignerId | undefined,
    then: () => void,
    onAccount = false,
  ): boolean {
    const quota = onAccount ? from : undefined;
    const used = quota === undefined ? 0 : (this.#quotas.get(quota) ?? 0);
    if (this.#work.size >= waitsMax || used >= quotaMax) return false;
    if (quota !== undefined) this.#quotas.set(quota, used + 1);
    const id = this.#nextWork++;
    this.#work.set(id, { then, quota });
    this.#parking.park(id, missing);
    for (const want of missing) this.want(want, from);
    return true;
  }

  /** Asks for a thing without waiting for it. */
  want(want: Want, from: SignerId | undefined, delayMs = 0): void {
    const state = this.#wants.get(want);
    const source = from === this.#core.self ? undefined : from;
    if (state) {
      if (source !== undefined && !state.sources.includes(source)) state.sources.push(source);
      return;
    }
    if (this.#wants.size >= wantsMax) return;
    const sources = source === undefined ? [] : [source];
    this.#wants.set(want, { sources, tries: 0, nextAt: this.#core.now + delayMs });
    this.#schedule(this.#core.now + delayMs);
  }

  /** The thing is here: whoever waited for nothing else resumes. */
  arrived(want: Want): void {
    this.#wants.delete(want);
    for (const id of this.#parking.release(want)) this.#finish(id)?.();
  }

  #finish(id: number): (() => void) | undefined {
    const work = this.#work.get(id);
    this.#work.delete(id);
    if (work?.quota !== undefined) this.#quotas.set(work.quota, (this.#quotas.get(work.quota) ?? 1) - 1);
    return work?.then;
  }

  /** The thing will never be of use: whoever waited for it resumes and finds out. */
  moot(want: Want): void {
    if (this.#wants.has(want)) this.arrived(want);
  }

  #schedule(at: number): void {
    const { timers } = this.#core;
    const next = timers.has('fetch') ? Math.min(this.#nextRun, at) : at;
    this.#nextRun = next;
    timers.set('fetch', next, () => this.#run());
  }
  #nextRun = 0;

  /** Asks for everything that is due, one message for each signer asked. */
  #run(): void {
    const { now } = this.#core;
    const asks = new Map<SignerId, Want[]>();
    let next = Number.POSITIVE_INFINITY;
    for (const [want, state] of this.#wants) {
      if (state.nextAt <= now) {
        if (state.tries >= roundsMax * this.#core.n) {
          this.#giveUp(want);
          continue;
        }
        const target = this.#targetOf(state);
        const list = target === undefined ? undefined : asks.get(target);
        if (list) list.push(want);
        else if (target !== undefined) asks.set(target, [want]);
        state.tries += 1;
        state.nextAt = now + this.#core.limits.levelTimeoutMs * Math.min(16, 1 + state.tries);
      }
      next = Math.min(next, state.nextAt);
    }
    for (const [target, wants] of asks)
      for (let i = 0; i < wants.length; i += fetchIdsMax) this.#ask(target, wants.slice(i, i + fetchIdsMax));
    if (next !== Number.POSITIVE_INFINITY) this.#schedule(next);
  }

  #targetOf(state: State): SignerId | undefined {
    if (state.tries < state.sources.length) return state.sources[state.tries];
    const others = allSigners(this.#core.n).filter((signer) => signer !== this.#core.self);
    return others[(this.#core.self + state.tries) % Math.max(1, others.length)];
  }

  #giveUp(want: Want): void {
    this.#wants.delete(want);
    for (const id of this.#parking.waiters(want)) {
      this.#parking.drop(id);
      this.#finish(id);
    }
  }

  #ask(target: SignerId, wants: readonly Want[]): void {
    const ids = <T extends string>(kind: WantKind): T[] =>
      wants
        .filter((want) => want.startsWith(`${kind}:`))
        .map((want) => want.slice(kind.length + 1) as T)
        .sort(compareText);
    this.#core.send(target, {
      type: 'fetch',
      batches: ids<BatchId>('batch'),
      certificates: ids<CertificateDigest>('certificate'),
      blocks: ids<BlockDigest>('block'),
    });
  }
}
