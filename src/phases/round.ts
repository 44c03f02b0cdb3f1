/**
 * One node's part in one tree: it waits for the subtrees it forwarded to, merges what comes up with its
 * own signature, checks the merge once, and passes it on (protocol sections 3, 4 and 6). Votes on
 * batches and signatures on blocks travel the same way.
 *
 * Rule: an inner node passes on when every relay answered, or its level's time is up; whatever comes
 * later goes up at once, by itself. The root finishes when it has a quorum and either every relay
 * answered, or it need not wait any longer.
 *
 * The round knows no time and no network: `RoundHost` does what it asks for.
 */

import type { SignerId } from '../base/ids.ts';
import type { MultiSignatureScheme } from '../crypto/scheme.ts';
import { type Aggregate, Contributions, membersOf } from './contributions.ts';
import { Members } from './members.ts';

export interface RoundHost<C> {
  /** Checks an aggregate and calls back, now or later. */
  verify(aggregate: Aggregate<C>, then: (ok: boolean) => void): void;
  /** Inner node: passes a verified aggregate on. */
  up(aggregate: Aggregate<C>): void;
  /** Root: a verified aggregate with a quorum. Called once. */
  top(aggregate: Aggregate<C>): void;
  /** A signer sent what does not verify. */
  bad(from: SignerId): void;
}

export interface RoundOptions<C> {
  readonly scheme: MultiSignatureScheme;
  /** Total order of contents; 0 when equal. */
  readonly compare: (a: C, b: C) => number;
  readonly quorum: number;
  readonly root: boolean;
  /** The root takes a quorum at once instead of waiting for every relay. */
  readonly eager: boolean;
}

export class TreeRound<C> {
  readonly #options: RoundOptions<C>;
  readonly #host: RoundHost<C>;
  readonly #contributions: Contributions<C>;
  readonly #expected = new Set<SignerId>();
  /** Signers whose signatures went up already (inner node). */
  readonly #sent = new Members();
  #own = false;
  #expired = false;
  #checking = false;
  #finished = false;

  constructor(options: RoundOptions<C>, host: RoundHost<C>) {
    this.#options = options;
    this.#host = host;
    this.#contributions = new Contributions(options.scheme, options.compare);
  }

  /** Relays that have not answered yet. */
  get expected(): ReadonlySet<SignerId> {
    return this.#expected;
  }
  get finished(): boolean {
    return this.#finished;
  }
  get hasOwn(): boolean {
    return this.#own;
  }
  get expired(): boolean {
    return this.#expired;
  }
  /**
   * Signers whose signatures a merge of what came would hold. Others are worth asking, even when some
   * part claims them: parts of liars may overlap so that no merge holds them.
   */
  claimed(): Set<SignerId> {
    return this.#contributions.mergeable();
  }

  /** The message went down to these; wait for them. */
  expect(relays: Iterable<SignerId>): void {
    for (const relay of relays) this.#expected.add(relay);
  }

  /** Our own signature. */
  own(self: SignerId, aggregate: Aggregate<C>): void {
    if (this.#own) return;
    this.#own = true;
    this.#contributions.add(self, aggregate, true);
    this.progress();
  }

  /** Something came up from a relay, or from anybody who answered us directly. */
  receive(from: SignerId, aggregate: Aggregate<C>): void {
    this.#expected.delete(from);
    const news = membersOf(aggregate).some((member) => !this.#sent.has(member));
    if (!this.#options.scheme.wellFormed(aggregate.signature)) this.#host.bad(from);
    else if (news) this.#contributions.add(from, aggregate, false);
    this.progress();
  }

  /** The level's time is up: go on with what there is. */
  expire(): void {
    this.#expired = true;
    this.progress();
  }

  /** A relay is not waited for any longer. */
  release(relay: SignerId): void {
    if (this.#expected.delete(relay)) this.progress();
  }

  progress(): void {
    if (this.#finished || this.#checking || !this.#ready()) return;
    const merge = this.#contributions.merge();
    if (!merge) return;
    if (this.#options.root && membersOf(merge.aggregate).length < this.#options.quorum) {
      if (merge.unverified.length > 0 && this.#claimsQuorum()) this.#checkParts();
      return;
    }
    if (merge.unverified.length === 0) {
      this.#pass(merge.aggregate);
      return;
    }
    this.#checking = true;
    this.#host.verify(merge.aggregate, (ok) => {
      this.#checking = false;
      if (!ok) {
        this.#checkParts();
        return;
      }
      this.#contributions.markVerified(merge.aggregate);
      this.#pass(merge.aggregate);
    });
  }

  #ready(): boolean {
    const answered = this.#expected.size === 0 || this.#expired;
    if (!this.#options.root) return answered && (this.#own || this.#expired);
    if (!this.#claimsQuorum()) return false;
    return answered || this.#options.eager;
  }

  #claimsQuorum(): boolean {
    return this.#contributions.claimedCount >= this.#options.quorum;
  }

  #pass(aggregate: Aggregate<C>): void {
    if (this.#options.root) {
      this.#finished = true;
      this.#host.top(aggregate);
      return;
    }
    for (const member of membersOf(aggregate)) this.#sent.add(member);
    // What came while the merge was checked stays, and goes up next.
    this.#contributions.forget(this.#sent);
    this.#host.up(aggregate);
    this.progress();
  }

  /** The merge failed, or overlaps hide a quorum: check each part alone and drop the bad ones. */
  #checkParts(): void {
    const parts = this.#contributions.unverified();
    if (parts.length === 0) return;
    let left = parts.length;
    this.#checking = true;
    for (const part of parts)
      this.#host.verify(part.aggregate, (ok) => {
        this.#contributions.settle(part.aggregate, ok);
        if (!ok) this.#host.bad(part.from);
        left -= 1;
        if (left > 0) return;
        this.#checking = false;
        this.progress();
      });
  }
}
