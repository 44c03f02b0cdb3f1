/**
 * A simulated host for one engine: it keeps the host's contract (docs/engine.md) on virtual time, with
 * a disk whose syncs take time and a power switch.
 */

import type { Height, SignerId } from '../src/base/ids.ts';
import type { EngineEvent, Input, Output, Send } from '../src/engine/contract.ts';
import { Engine } from '../src/engine/engine.ts';
import type { PeerMessage } from '../src/messages/peer.ts';
import { MemoryStore } from '../src/store/memory.ts';
import type { Verifier } from '../src/verify/verifier.ts';
import type { SimSigner } from './federation.ts';
import type { Schedule } from './schedule.ts';

export interface NodeHooks {
  send(from: SignerId, to: SignerId, message: PeerMessage): void;
  event(node: SignerId, event: EngineEvent): void;
  /** A life begins, with what the disk kept: the committed height that it starts from. */
  started(node: SignerId, height: Height): void;
  /** The engine threw: a broken invariant. */
  failed(node: SignerId, error: unknown): void;
}

export interface NodeOptions {
  readonly check: (body: Uint8Array) => string | undefined;
}

/** What a Byzantine signer makes of what its engine says and hears. */
export interface Tamper {
  /** What leaves instead of what the engine asked for. */
  outgoing(sends: readonly Send[]): readonly Send[];
  /** Whether the engine hears of a message. */
  incoming(from: SignerId, message: PeerMessage): boolean;
}

export class SimNode {
  readonly signer: SimSigner;
  readonly #schedule: Schedule;
  readonly #verifier: Verifier;
  readonly #hooks: NodeHooks;
  readonly #options: NodeOptions;
  /** Time in ms that a sync of the disk takes. */
  syncMs: number;
  /** Set for a Byzantine signer. */
  tamper: Tamper | undefined;
  store = new MemoryStore();
  #engine: Engine | undefined;
  /** Raised at each crash, so that what was under way for an earlier life is dropped. */
  #life = 0;
  #syncing = false;
  /** Groups of writes made durable in this life, and how many must be before anything leaves. */
  #durable = 0;
  #needed = 0;
  #afterSync: (() => void)[] = [];
  #wakeAt = Number.POSITIVE_INFINITY;
  readonly #inbox: Input[] = [];
  #stepping = false;

  constructor(
    signer: SimSigner,
    schedule: Schedule,
    verifier: Verifier,
    hooks: NodeHooks,
    options: NodeOptions & { readonly syncMs: number },
  ) {
    this.signer = signer;
    this.#schedule = schedule;
    this.#verifier = verifier;
    this.#hooks = hooks;
    this.#options = options;
    this.syncMs = options.syncMs;
  }

  get up(): boolean {
    return this.#engine !== undefined;
  }

  /** The running engine. */
  get engine(): Engine | undefined {
    return this.#engine;
  }

  start(): void {
    const { id, votingKey, signingKey } = this.signer;
    const { federation, epoch, scheme } = this.#verifier;
    this.#life += 1;
    this.#syncing = false;
    this.#durable = 0;
    this.#needed = 0;
    this.#afterSync = [];
    this.#wakeAt = Number.POSITIVE_INFINITY;
    this.#inbox.length = 0;
    this.#engine = new Engine({
      self: id,
      federation,
      epoch,
      scheme,
      votingKey,
      signingKey,
      ledger: this.store,
      check: this.#options.check,
    });
    this.#hooks.started(id, this.#engine.order.committed.height);
    this.input({ type: 'start' });
  }

  /** Power off: unsynced groups beyond the first `keep` are lost. */
  crash(keep: number | 'all' | 'none'): void {
    if (!this.#engine) return;
    this.store = this.store.crash(keep);
    this.#engine = undefined;
    this.#life += 1;
  }

  input(input: Input): void {
    if (!this.#engine) return;
    if (input.type === 'message' && this.tamper?.incoming(input.from, input.message) === false) return;
    this.#inbox.push(input);
    if (this.#stepping) return;
    this.#stepping = true;
    try {
      for (let next = this.#inbox.shift(); next && this.#engine; next = this.#inbox.shift())
        this.#handle(this.#engine.step(next, this.#schedule.now));
    } catch (error) {
      this.#engine = undefined;
      this.#hooks.failed(this.signer.id, error);
    } finally {
      this.#stepping = false;
    }
  }

  #handle(output: Output): void {
    if (output.writes.length > 0) {
      this.store.apply(output.writes);
      this.#needed = this.#durable + this.store.unsyncedGroups;
    }
    if (output.lazyWrites.length > 0) this.store.apply(output.lazyWrites);
    for (const job of output.verify)
      this.#inbox.push({ type: 'verified', id: job.id, result: this.#verifier.check(job.request) });
    const sends = this.tamper?.outgoing(output.sends) ?? output.sends;
    for (const send of sends) if (!send.durable) this.#send(send);
    const durable = sends.filter((send) => send.durable);
    if (durable.length > 0 || output.events.length > 0)
      this.#whenDurable(() => {
        for (const send of durable) this.#send(send);
        for (const event of output.events) this.#hooks.event(this.signer.id, event);
      });
    if (output.wake !== undefined && output.wake < this.#wakeAt) this.#wake(output.wake);
  }

  #send({ to, message }: Send): void {
    this.#hooks.send(this.signer.id, to, message);
  }

  #wake(at: number): void {
    this.#wakeAt = at;
    const life = this.#life;
    this.#schedule.after(at - this.#schedule.now, () => {
      if (life !== this.#life || at !== this.#wakeAt) return;
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.input({ type: 'tick' });
    });
  }

  /** Group commit: one sync at a time; what comes meanwhile waits for the next. */
  #whenDurable(then: () => void): void {
    if (!this.#syncing && this.#durable >= this.#needed) {
      then();
      return;
    }
    this.#afterSync.push(then);
    if (!this.#syncing) this.#sync();
  }

  #sync(): void {
    const life = this.#life;
    const groups = this.store.unsyncedGroups;
    const waiting = this.#afterSync;
    this.#afterSync = [];
    this.#syncing = true;
    this.#schedule.after(this.syncMs, () => {
      if (life !== this.#life) return;
      this.store.makeDurable(groups);
      this.#durable += groups;
      for (const then of waiting) then();
      this.#syncing = false;
      if (this.#afterSync.length > 0) this.#sync();
    });
  }
}
