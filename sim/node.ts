/**
 * A simulated host for one engine: it keeps the host's contract (docs/engine.md) on virtual time, with a
 * processor that computes one thing at a time, a clock that may drift and jump, a disk whose syncs
 * take time and may fail, and a power switch.
 */

import type { Height, SignerId } from '../src/base/ids.ts';
import type { EngineEvent, Input, Output, Send } from '../src/engine/contract.ts';
import { Engine } from '../src/engine/engine.ts';
import type { PeerMessage } from '../src/messages/peer.ts';
import type { Quorum } from '../src/ordering/quorum.ts';
import { MemoryStore } from '../src/store/memory.ts';
import type { Verifier } from '../src/verify/verifier.ts';
import { Clock } from './clock.ts';
import type { Meter } from './costs/meter.ts';
import { addTime, noTime, phases, type Time, totalOf, type WorkCosts, workOf } from './costs/work.ts';
import type { SimSigner } from './federation.ts';
import { Queue } from './queue.ts';
import type { Schedule } from './schedule.ts';

export interface NodeHooks {
  send(from: SignerId, to: SignerId, message: PeerMessage): void;
  event(node: SignerId, event: EngineEvent): void;
  /** A life begins, with what the disk kept: the committed height that it starts from. */
  started(node: SignerId, height: Height): void;
  /** The engine threw: a broken invariant. */
  failed(node: SignerId, error: unknown): void;
  /** The disk refused to sync: the host stops, as the daemon does. */
  diskFailed(node: SignerId): void;
}

export interface NodeOptions {
  readonly check: (body: Uint8Array) => string | undefined;
  /** Numbers of an experiment instead of the federation's. */
  readonly quorum: Quorum | undefined;
  readonly meter: Meter;
  readonly work: WorkCosts;
  /** Real transactions that one transaction stands for. */
  readonly bundle: number;
  /** Size of a message on the wire in bytes, where computing costs time. */
  readonly sizeOf: (message: PeerMessage) => number;
  readonly syncMs: number;
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
  /** A full disk fails the next sync. */
  diskFull = false;
  /** How many times longer than measured everything takes this signer. */
  slowness = 1;
  readonly clock: Clock;
  /** Set for a Byzantine signer. */
  tamper: Tamper | undefined;
  store = new MemoryStore();
  /** Time spent computing. */
  readonly time: Time = noTime();
  /** What the store has yet to compute in the background, and when the processor was last busy, in ms. */
  #backgroundMs = 0;
  #busyUntil = 0;
  #engine: Engine | undefined;
  /** Raised at each crash, so that what was under way for an earlier life is dropped. */
  #life = 0;
  #syncing = false;
  /** Groups of writes made durable in this life, and how many must be before anything leaves. */
  #durable = 0;
  #needed = 0;
  #afterSync: (() => void)[] = [];
  #wakeAt = Number.POSITIVE_INFINITY;
  readonly #inbox = new Queue<Input>();
  #stepping = false;
  /** Computing: the outputs of the last step are not out yet. */
  #busy = false;

  constructor(
    signer: SimSigner,
    schedule: Schedule,
    verifier: Verifier,
    hooks: NodeHooks,
    options: NodeOptions,
  ) {
    this.signer = signer;
    this.#schedule = schedule;
    this.#verifier = verifier;
    this.#hooks = hooks;
    this.#options = options;
    this.syncMs = options.syncMs;
    this.clock = new Clock(schedule);
  }

  /** Time spent computing, in ms. */
  get cpuMs(): number {
    return totalOf(this.time);
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
    const { check, quorum } = this.#options;
    this.#life += 1;
    this.#syncing = false;
    this.#durable = 0;
    this.#needed = 0;
    this.#afterSync = [];
    this.#wakeAt = Number.POSITIVE_INFINITY;
    this.#backgroundMs = 0;
    this.#inbox.clear();
    this.#busy = false;
    this.#engine = new Engine({
      self: id,
      federation,
      epoch,
      scheme,
      votingKey,
      signingKey,
      ledger: this.store,
      check,
      ...(quorum && { quorum }),
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

  /** The signer's clock jumps by this much, in ms; a host's clock stands still rather than go back. */
  jumpClock(byMs: number): void {
    this.clock.jump(byMs);
    this.#clockChanged();
  }

  /** The signer's clock runs at this rate from now on. */
  setClockRate(rate: number): void {
    this.clock.rate = rate;
    this.#clockChanged();
  }

  /** The next timer is due at another moment of virtual time than it was: armed anew by the step. */
  #clockChanged(): void {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    this.input({ type: 'tick' });
  }

  input(input: Input): void {
    if (!this.#engine) return;
    if (input.type === 'message' && this.tamper?.incoming(input.from, input.message) === false) return;
    this.#inbox.push(input);
    this.#work();
  }

  /** Steps until there is nothing to do, or until a step takes time. */
  #work(): void {
    if (this.#stepping || this.#busy) return;
    this.#stepping = true;
    try {
      while (this.#engine && !this.#busy) {
        const next = this.#inbox.shift();
        if (!next) break;
        this.#step(this.#engine, next);
      }
    } catch (error) {
      this.#engine = undefined;
      this.#hooks.failed(this.signer.id, error);
    } finally {
      this.#stepping = false;
    }
  }

  #step(engine: Engine, input: Input): void {
    this.#options.meter.begin(this.signer.id);
    const output = engine.step(input, this.clock.now);
    if (output.writes.length > 0) {
      this.store.apply(output.writes);
      this.#needed = this.#durable + this.store.unsyncedGroups;
    }
    if (output.lazyWrites.length > 0) this.store.apply(output.lazyWrites);
    for (const job of output.verify)
      this.#inbox.push({ type: 'verified', id: job.id, result: this.#verifier.check(job.request) });
    const sends = this.tamper?.outgoing(output.sends) ?? output.sends;
    const needed = this.#needed;
    const forMs = this.#charge(input, output, sends);
    if (forMs === 0) {
      this.#release(output, sends, needed);
      return;
    }
    this.#busy = true;
    const life = this.#life;
    this.#schedule.after(forMs, () => {
      if (life !== this.#life) return;
      this.#busy = false;
      this.#release(output, sends, needed);
      this.#work();
    });
  }

  /** What a step took: cryptography, the codec, the step itself and the work that came of it, in ms. */
  #charge(input: Input, output: Output, sends: readonly Send[]): number {
    const { meter, sizeOf, work, bundle } = this.#options;
    const { stepMs, receiveKbMs, sendKbMs } = meter.costs;
    const time = workOf(input, output, work, bundle);
    time.crypto += meter.take();
    // What a client sends costs a signer `clientMs`, with its share of a step.
    if (input.type !== 'submit') time.engine += stepMs;
    if (receiveKbMs + sendKbMs + work.transferKbMs > 0) {
      const receivedKb = input.type === 'message' ? sizeOf(input.message) / 1000 : 0;
      const sentKb = sends.reduce((sum, send) => sum + sizeOf(send.message) / 1000, 0);
      time.codec += receivedKb * receiveKbMs + sentKb * sendKbMs;
      time.network += (receivedKb + sentKb) * work.transferKbMs;
    }
    for (const phase of phases) time[phase] *= this.slowness;
    addTime(this.time, time);
    return this.#shared(totalOf(time) - time.disk, time.disk);
  }

  /**
   * How long a step takes on a processor that it shares with the store's own threads: they compute when nothing
   * else does, and get half of it when something does.
   */
  #shared(stepMs: number, diskMs: number): number {
    const { now } = this.#schedule;
    this.#backgroundMs = Math.max(0, this.#backgroundMs - (now - this.#busyUntil));
    const together = Math.min(this.#backgroundMs, stepMs);
    this.#backgroundMs += diskMs - together;
    this.#busyUntil = now + stepMs + together;
    return stepMs + together;
  }

  /** @param needed groups of writes that must be durable before what depends on them. */
  #release(output: Output, sends: readonly Send[], needed: number): void {
    for (const send of sends) if (!send.durable) this.#send(send);
    const durable = sends.filter((send) => send.durable);
    if (durable.length > 0 || output.events.length > 0)
      this.#whenDurable(needed, () => {
        for (const send of durable) this.#send(send);
        for (const event of output.events) this.#hooks.event(this.signer.id, event);
      });
    if (output.wake !== undefined && output.wake < this.#wakeAt) this.#wake(output.wake);
  }

  #send({ to, message }: Send): void {
    this.#hooks.send(this.signer.id, to, message);
  }

  /** @param at on the signer's own clock. */
  #wake(at: number): void {
    this.#wakeAt = at;
    const life = this.#life;
    this.#schedule.after(this.clock.until(at), () => {
      if (life !== this.#life || at !== this.#wakeAt) return;
      this.#wakeAt = Number.POSITIVE_INFINITY;
      this.input({ type: 'tick' });
    });
  }

  /** Group commit: one sync at a time; what comes meanwhile waits for the next. */
  #whenDurable(needed: number, then: () => void): void {
    if (!this.#syncing && this.#durable >= needed) {
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
      if (this.diskFull) {
        this.#hooks.diskFailed(this.signer.id);
        return;
      }
      this.store.makeDurable(groups);
      this.#durable += groups;
      for (const then of waiting) then();
      this.#syncing = false;
      if (this.#afterSync.length > 0) this.#sync();
    });
  }
}
