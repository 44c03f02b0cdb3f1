/**
 * The event loop around the engine (docs/engine.md has the host's duties). The engine decides, the host
 * does: it steps, stores, checks signatures, sends, keeps time, and nothing else.
 *
 * A turn takes what has come, one step at a time, for about 10 ms at most, and then ends: what needs no
 * disk leaves in one frame a peer, what needs one waits in the group commit, and the timer is set.
 *
 * Rules:
 * 1. The writes of a step are applied before the next step; the answers to its checks come right after it.
 * 2. Durable messages and events leave when all writes asked for up to their step are on disk (commit.ts).
 * 3. When the disk refuses, or the engine throws, nothing leaves any more: `failed` is called once, and
 *    the process must end.
 */

import type { SignerId } from '../base/ids.ts';
import type { Result } from '../base/result.ts';
import type { EngineEvent, Input, Output, SubmittedTransaction } from '../engine/contract.ts';
import { reasonOf } from '../store/error.ts';
import type { VerifyRequest } from '../verify/verifier.ts';
import { type CommitStore, GroupCommit } from './commit.ts';
import { Inbox } from './inbox.ts';
import { type HostObserver, unobserved } from './observer.ts';
import { Outbox } from './outbox.ts';

/** Why a host stopped. */
export interface HostFailure {
  readonly kind: 'disk' | 'invariant';
  readonly message: string;
  readonly error: unknown;
}

export interface HostOptions {
  readonly n: number;
  readonly engine: { step(input: Input, now: number): Output };
  readonly store: CommitStore;
  readonly verify: (request: VerifyRequest) => Result<undefined>;
  readonly send: (to: SignerId, frame: Uint8Array) => void;
  /** The frames of a turn were sent: they may leave now. */
  readonly sent?: () => void;
  /** The events of one step, durable now, in order. */
  readonly events: (events: readonly EngineEvent[]) => void;
  readonly failed: (failure: HostFailure) => void;
  readonly observer?: HostObserver;
  /** Milliseconds from any origin. */
  readonly clock?: () => number;
}

/** Work in one turn before sockets and timers get their turn, in milliseconds. */
const turnMs = 10;
/** `setTimeout` takes a 32-bit number. */
const timeoutMsMax = 2 ** 31 - 1;

export class Host {
  readonly #options: HostOptions;
  readonly #observer: HostObserver;
  readonly #clock: () => number;
  readonly #commit: GroupCommit;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  /** Answers to checks, then what came from this machine: before what peers sent. */
  #answers: Input[] = [];
  #local: Input[] = [];
  #submitted: SubmittedTransaction[] = [];
  #state: 'new' | 'running' | 'closing' | 'closed' | 'failed' = 'new';
  #turn: NodeJS.Immediate | undefined;
  #now = 0;
  #wakeAt: number | undefined;
  #timer: { readonly at: number; readonly handle: NodeJS.Timeout } | undefined;

  constructor(options: HostOptions) {
    this.#options = options;
    this.#observer = options.observer ?? unobserved;
    this.#clock = options.clock ?? (() => performance.now());
    const synced = (tookMs: number): void => this.#observer.flushed(tookMs);
    const flushed = (): void => this.#endTurn();
    const failed = (error: unknown): void => this.#fail('disk', error);
    this.#commit = new GroupCommit(options.store, { synced, flushed, failed }, this.#clock);
    this.#inbox = new Inbox(options.n, (from, refusal) => this.#observer.refused(from, refusal));
    this.#outbox = new Outbox(options.n, options.send);
  }

  /** Resumes what the ledger holds. Call before the transport starts. */
  start(): void {
    if (this.#state !== 'new') return;
    this.#state = 'running';
    this.#input({ type: 'start' });
  }

  /** A frame from an authenticated signer; it must not be changed afterwards. */
  frame(from: SignerId, frame: Uint8Array): void {
    if (this.#state !== 'running') return;
    this.#inbox.push(from, frame);
    this.#schedule();
  }

  link(peer: SignerId, up: boolean): void {
    this.#input({ type: 'link', peer, up });
  }

  /** Transactions that `Verifier.transaction` found valid. Those of one turn reach the engine together. */
  submit(transactions: readonly SubmittedTransaction[]): void {
    if (this.#state !== 'running') return;
    for (const one of transactions) this.#submitted.push(one);
    this.#schedule();
  }

  /** Takes no more input; resolves when all that was decided so far is durable and has been sent. */
  async close(): Promise<void> {
    if (this.#state === 'running') {
      this.#state = 'closing';
      this.#drop();
      await this.#commit.finish();
      this.#endTurn();
    }
    if (this.#state !== 'failed') this.#state = 'closed';
  }

  #input(input: Input): void {
    if (this.#state !== 'running') return;
    this.#local.push(input);
    this.#schedule();
  }

  #schedule(): void {
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      this.#run();
    });
  }

  #run(): void {
    if (this.#state !== 'running') return;
    const end = this.#clock() + turnMs;
    try {
      do {
        const input = this.#next();
        if (input) this.#step(input);
      } while (this.#pending() && this.#clock() < end);
    } catch (error) {
      this.#fail('invariant', error);
      return;
    }
    this.#endTurn();
    if (this.#pending()) this.#schedule();
  }

  #pending(): boolean {
    return (
      this.#answers.length > 0 || this.#local.length > 0 || this.#submitted.length > 0 || this.#inbox.pending
    );
  }

  #next(): Input | undefined {
    const first = this.#answers.shift() ?? this.#local.shift();
    if (first) return first;
    if (this.#submitted.length > 0) {
      const transactions = this.#submitted;
      this.#submitted = [];
      return { type: 'submit', transactions };
    }
    const incoming = this.#inbox.next();
    if (!incoming) return undefined;
    this.#observer.received(incoming.from, incoming.message);
    return { type: 'message', ...incoming };
  }

  #step(input: Input): void {
    const startedAt = this.#clock();
    this.#now = Math.max(this.#now, startedAt);
    const output = this.#options.engine.step(input, this.#now);
    this.#commit.apply(output.writes);
    this.#commit.applyLazily(output.lazyWrites);
    this.#observer.step(input.type, this.#clock() - startedAt);
    for (const { id, request } of output.verify) {
      const checkedAt = this.#clock();
      this.#answers.push({ type: 'verified', id, result: this.#options.verify(request) });
      this.#observer.verified(request.kind, this.#clock() - checkedAt);
    }
    this.#wakeAt = output.wake;
    let waiting = output.events.length > 0;
    for (const send of output.sends) {
      if (send.durable) waiting = true;
      else this.#send(send);
    }
    if (!waiting) return;
    this.#commit.whenDurable(() => {
      for (const send of output.sends) if (send.durable) this.#send(send);
      if (output.events.length > 0) this.#options.events(output.events);
    });
  }

  #send({ to, message }: Output['sends'][number]): void {
    this.#observer.sent(message);
    this.#outbox.add(to, message);
  }

  /** What may leave leaves; also called when a flush is done. */
  #endTurn(): void {
    if (this.#state === 'failed' || this.#state === 'closed') return;
    try {
      this.#commit.settle();
      if (this.#outbox.flush()) this.#options.sent?.();
    } catch (error) {
      this.#fail('invariant', error);
      return;
    }
    if (this.#state === 'running') this.#arm();
  }

  /** One timer: never later than the engine asked, and left alone when it is earlier. */
  #arm(): void {
    if (this.#wakeAt === undefined || (this.#timer && this.#timer.at <= this.#wakeAt)) return;
    clearTimeout(this.#timer?.handle);
    const delay = Math.min(timeoutMsMax, Math.max(0, Math.ceil(this.#wakeAt - this.#clock())));
    const handle = setTimeout(() => {
      this.#timer = undefined;
      this.#input({ type: 'tick' });
    }, delay);
    this.#timer = { at: this.#wakeAt, handle };
  }

  #drop(): void {
    clearTimeout(this.#timer?.handle);
    clearImmediate(this.#turn);
    this.#timer = undefined;
    this.#turn = undefined;
    this.#answers = [];
    this.#local = [];
    this.#submitted = [];
    this.#inbox.clear();
  }

  #fail(kind: HostFailure['kind'], error: unknown): void {
    if (this.#state === 'failed') return;
    this.#state = 'failed';
    this.#drop();
    this.#outbox.clear();
    this.#options.failed({ kind, message: reasonOf(error), error });
  }
}
