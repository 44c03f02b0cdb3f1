/**
 * When to give up a leader (protocol section 6, "Timeout" and "Pending"). The timer runs only while
 * something is pending; it starts when the term is entered or something becomes pending, whichever is
 * later, and again on each new QC. It doubles with each term given up and shrinks with progress. A leader
 * whose link is down gets a tenth of the time, so that the terms of a dead signer cost little, until a QC shows that
 * it works. Suspicion (tree/suspicion.ts) is no reason: on slow links everybody is suspected now and then, and a
 * term too short for its second QC commits nothing, again and again.
 *
 * Invariant: a timeout is written in the step that signs it, and resent unchanged.
 */

import { allSigners, type SignerId, type View } from '../base/ids.ts';
import type { QuorumCertificate } from '../messages/block.ts';
import type { TimeoutMessage } from '../messages/peer.ts';
import { timeoutSigningBytes } from '../messages/timeout.ts';
import { isTermEnd, termEnd } from '../phases/terms.ts';
import { TimeoutCollector } from '../phases/timeouts.ts';
import type { Accuser } from './accuser.ts';
import type { Agreement } from './agreement.ts';
import type { Core } from './core.ts';

export interface PacemakerHooks {
  /** Since when something is pending, undefined when nothing is. */
  pendingSince(): number | undefined;
  /** Sends the certificates that we want ordered. */
  sendWanted(to: readonly SignerId[]): void;
}

const doublingsMax = 6;
/** The time of a leader that is down is one part in this many of a view's. */
const silentShare = 10;

export class Pacemaker {
  readonly #core: Core;
  readonly #agreement: Agreement;
  readonly #accuser: Accuser;
  readonly #hooks: PacemakerHooks;
  readonly #collector: TimeoutCollector;
  #doublings = 0;
  #termEnteredAt = 0;
  #lastQcAt = 0;
  /** Signers whose links went down. */
  readonly #down = new Set<SignerId>();
  /** The deadline that is armed. */
  #deadline: number | undefined;

  constructor(core: Core, agreement: Agreement, accuser: Accuser, hooks: PacemakerHooks) {
    this.#core = core;
    this.#agreement = agreement;
    this.#accuser = accuser;
    this.#hooks = hooks;
    this.#collector = new TimeoutCollector(core.quorum);
  }

  /** A link went down, or is up again. */
  linked(peer: SignerId, up: boolean): void {
    if (!up) {
      this.#down.add(peer);
      return;
    }
    this.#down.delete(peer);
    this.#resend([peer]);
  }

  /** The current length of the timer in ms. A leader that others can reach gets more with each doubling too. */
  get timeoutMs(): number {
    const { viewTimeoutMs } = this.#core.limits;
    const silent = this.#down.has(this.#agreement.leader) && this.#lastQcAt <= this.#termEnteredAt;
    return (silent ? viewTimeoutMs / silentShare : viewTimeoutMs) * 2 ** this.#doublings;
  }

  /** The view or the highest QC moved. */
  advanced(progress: { readonly qc: boolean; readonly term: boolean }): void {
    if (progress.qc) {
      this.#lastQcAt = this.#core.now;
      this.#doublings = Math.floor(this.#doublings / 2);
    }
    if (progress.term) this.#termEnteredAt = this.#core.now;
    this.#disarm();
  }

  /** Arms or disarms the timer; called after each step. */
  evaluate(): void {
    const start = this.#startedAt();
    if (start === undefined) {
      this.#disarm();
      return;
    }
    const deadline = start + this.timeoutMs;
    if (this.#deadline !== undefined && this.#deadline <= deadline) return;
    this.#deadline = deadline;
    const { timers } = this.#core;
    timers.set('view', Math.max(deadline, this.#core.now), () => this.#giveUp());
    timers.set('wanted', Math.max(this.#core.now, start + this.timeoutMs / 2), () =>
      this.#hooks.sendWanted([this.#agreement.leader]),
    );
  }

  /** When the timer of this term began to run, undefined when it does not. */
  #startedAt(): number | undefined {
    const since = this.#hooks.pendingSince();
    if (since === undefined || this.#agreement.safety.timedOut >= this.#agreement.view) return undefined;
    return Math.max(since, this.#termEnteredAt, this.#lastQcAt);
  }

  /** A timeout from another signer. */
  receive(from: SignerId, message: TimeoutMessage): void {
    const { timeout, high, entry } = message;
    if (timeout.signer !== from || timeout.highView !== high.view || timeout.highBlock !== high.block) {
      this.#core.refused(from, {
        code: 'TIMEOUT',
        message: 'a timeout that does not match its sender or QC',
      });
      return;
    }
    // Its term may be ours and its view lower: then it lacks a QC that nobody else may send it again.
    const theirView = 1 + Math.max(high.view, entry?.end ?? 0);
    if (theirView < this.#agreement.view) this.#agreement.tell(from);
    const last = this.#collector.latest(from);
    if (last && last.end >= timeout.end && sameBytes(last.signature, timeout.signature)) return;
    this.#core.verify({ kind: 'timeout', timeout }, (result) => {
      if (!result.ok) {
        this.#core.refused(from, result.error);
        return;
      }
      this.#accuser.timeout(timeout);
      const enter = () => this.#agreement.withQc(high, from, () => this.#collect(timeout, high, from));
      if (entry) this.#agreement.withTc(entry, from, enter);
      else enter();
    });
  }

  /** Resends our timeout; for links that come up again. */
  #resend(to: readonly SignerId[]): void {
    const message = this.#message();
    if (message && message.timeout.end >= this.#agreement.view)
      for (const signer of to) this.#core.send(signer, message, true);
  }

  #collect(timeout: TimeoutMessage['timeout'], high: QuorumCertificate, from: SignerId): void {
    if (!this.#collector.add(timeout, high)) return;
    const joinable = this.#collector.joinable();
    if (joinable !== undefined && joinable >= this.#agreement.view) this.#sign(joinable);
    this.#assemble(timeout.end, from);
  }

  #assemble(end: View, from: SignerId): void {
    if (end < this.#agreement.view) return;
    const tc = this.#collector.certificate(end);
    if (!tc) return;
    this.#agreement.takeTc(tc, from);
    this.#core.send(this.#agreement.leader, this.#agreement.status(), true);
  }

  /** The term is not getting anywhere. */
  #giveUp(): void {
    this.#deadline = undefined;
    const start = this.#startedAt();
    // A leader that was heard from meanwhile has its full time: `evaluate` arms the timer again.
    if (start === undefined || start + this.timeoutMs > this.#core.now) return;
    const end = termEnd(this.#agreement.view, this.#core.limits.leaderTerm);
    if (end > this.#agreement.safety.timedOut) {
      this.#doublings = Math.min(doublingsMax, this.#doublings + 1);
      this.#sign(end);
    }
  }

  /** Signs one timeout for `end`, once, and sends it with what we want ordered to everyone. */
  #sign(end: View): void {
    const { safety } = this.#agreement;
    const statement = isTermEnd(end, this.#core.limits.leaderTerm) ? safety.timeoutStatement(end) : undefined;
    if (!statement) return;
    const signature = this.#core.config.signingKey.sign(timeoutSigningBytes(this.#core.epoch, statement));
    const timeout = safety.signTimeout(statement, this.#core.self, signature);
    this.#agreement.persist();
    this.#collector.add(timeout, safety.high);
    this.#broadcast();
    this.#repeat();
    this.#assemble(end, this.#core.self);
  }

  #message(): TimeoutMessage | undefined {
    const { timeout, timeoutHigh } = this.#agreement.safety.record;
    if (!timeout || !timeoutHigh) return undefined;
    return { type: 'timeout', timeout, high: timeoutHigh, entry: this.#agreement.tc };
  }

  #broadcast(): void {
    const message = this.#message();
    if (!message) return;
    this.#core.sendAll(message, true);
    this.#hooks.sendWanted(allSigners(this.#core.n));
  }

  /** After a restart in a term that was given up: goes on repeating. */
  restore(): void {
    const { timeout, timeoutHigh } = this.#agreement.safety.record;
    if (timeout && timeoutHigh) this.#collector.add(timeout, timeoutHigh);
    if (this.#agreement.safety.timedOut >= this.#agreement.view) this.#repeat();
  }

  /** Until the next term is entered: the same timeout again, for those who missed it. */
  #repeat(): void {
    this.#core.timers.set('repeat', this.#core.now + this.#core.limits.viewTimeoutMs, () => {
      const { timedOut } = this.#agreement.safety;
      if (timedOut < this.#agreement.view) return;
      this.#broadcast();
      this.#repeat();
    });
  }

  #disarm(): void {
    if (this.#deadline === undefined) return;
    this.#deadline = undefined;
    this.#core.timers.cancel('view');
    this.#core.timers.cancel('wanted');
  }
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);
