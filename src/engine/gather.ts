/**
 * Phases 1a, 1b and 2 at this signer (protocol sections 3 and 4): batches go down their trees, votes
 * come up, certificates go down. One `TreeRound` a (batch, root, attempt); this file decides what is
 * sent to whom and when a level's time is up. What a certificate means is for certificates.ts.
 *
 * Invariants:
 * 1. A vote is passed on only when every batch it lists is held, or its place in the order is known.
 * 2. Own votes leave only durable (`send(..., true)`).
 */

import { allSigners, attempt as asAttempt, type BatchId, type SignerId } from '../base/ids.ts';
import { conflicts } from '../dependency/keys.ts';
import type { Batch } from '../messages/batch.ts';
import type { AnnounceMessage, Route, VoteRequestMessage, VotesMessage } from '../messages/peer.ts';
import {
  type Certificate,
  compareContent,
  listedIn,
  type VoteContent,
  voteOfClass,
  voteSigningBytes,
} from '../messages/vote.ts';
import type { Aggregate } from '../phases/contributions.ts';
import { TreeRound } from '../phases/round.ts';
import { reachableChildren } from '../tree/bypass.ts';
import type { Tree } from '../tree/tree.ts';
import type { Acceptance, Accepted } from './acceptance.ts';
import type { Core } from './core.ts';
import { type Fetcher, wantBatch } from './fetcher.ts';
import type { Pool } from './pool.ts';

interface Gathering {
  readonly batch: BatchId;
  readonly route: Route;
  readonly tree: Tree;
  readonly round: TreeRound<VoteContent>;
  /** Who sent us the batch on this route: our votes go there. */
  readonly upstream: Set<SignerId>;
  readonly startedAt: number;
  /** When a quorum of votes had come, at the root. */
  quorumAt: number | undefined;
  asked: number;
  forwarded: boolean;
}

/** What gathering needs of the rest of the engine. */
export interface GatherHooks {
  /** A certificate that this signer, as root, made of verified votes. */
  made(certificate: Certificate, route: Route): void;
  /** The held certificate of a batch, if any. */
  certificateOf(batch: BatchId): Certificate | undefined;
  /** Takes in a batch that came with a message, verifies it if it is new, and goes on. */
  hold(batch: Batch, from: SignerId, then: () => void): void;
  /** Tells a signer how far our committed order is. */
  tellHeight(to: SignerId): void;
  /** Votes were verified: for admission and evidence. */
  verifiedVotes(votes: Certificate): void;
}

/** Attempts of one root on one batch that are open at once. */
const attemptsOpenMax = 2;
const closedMax = 1024;

const roundKey = (batch: BatchId, route: Route): string => `${batch}/${route.root}/${route.attempt}`;
const asVotes = (batch: BatchId, aggregate: Aggregate<VoteContent>): Certificate => ({
  batch,
  classes: aggregate.classes.map(({ content, signers }) => ({ ...content, signers })),
  signature: aggregate.signature,
});
const asAggregate = (votes: Certificate): Aggregate<VoteContent> => ({
  classes: votes.classes.map(({ signers, base, before, rejects }) => ({
    content: { base, before, rejects },
    signers,
  })),
  signature: votes.signature,
});

export class Gather {
  readonly #core: Core;
  readonly #pool: Pool;
  readonly #acceptance: Acceptance;
  readonly #fetcher: Fetcher;
  readonly #hooks: GatherHooks;
  readonly #rounds = new Map<string, Gathering>();
  readonly #byBatch = new Map<BatchId, Set<string>>();
  readonly #ownVotes = new Map<BatchId, Aggregate<VoteContent>>();
  /** When rounds that are over began, for votes that come after; the oldest are forgotten. */
  readonly #closed = new Map<string, number>();
  /** Smoothed time in ms from announcing an own batch to a quorum of votes: no single signer sets it. */
  #completionMs: number;

  constructor(core: Core, pool: Pool, acceptance: Acceptance, fetcher: Fetcher, hooks: GatherHooks) {
    this.#core = core;
    this.#pool = pool;
    this.#acceptance = acceptance;
    this.#fetcher = fetcher;
    this.#hooks = hooks;
    this.#completionMs = core.limits.levelTimeoutMs / 4;
  }

  /** Time that one level may take: the configured one, or more when the network is seen to be slower. */
  get levelMs(): number {
    return Math.min(
      Math.max(this.#core.limits.levelTimeoutMs, 4 * this.#completionMs),
      20 * this.#core.limits.levelTimeoutMs,
    );
  }

  /** Starts an attempt with this signer as the root: announces a held batch. */
  lead(batch: Batch, attempt: number): void {
    const route = { root: this.#core.self, attempt: asAttempt(attempt) };
    const gathering = this.#open(batch.id, route);
    this.#forward(gathering, batch);
    this.#addOwn(gathering);
    gathering.round.progress();
  }

  /** 1a: a batch comes down. */
  announce(from: SignerId, message: AnnounceMessage): void {
    const { batch, root, attempt } = message;
    this.#hooks.hold(batch, from, () => {
      if (this.#answered(batch.id, { root, attempt })) return;
      const tree = this.#core.trees.ofBatch(batch.id, attempt, root);
      if (!tree.isAncestor(from, this.#core.self)) {
        this.#core.refused(from, {
          code: 'ANNOUNCE_PATH',
          message: `signer ${from} is not above us in this tree`,
        });
        return;
      }
      const gathering = this.#open(batch.id, { root, attempt }, tree);
      gathering.upstream.add(from);
      this.#forward(gathering, batch);
      this.#acceptance.consider(batch.id, from);
      this.#addOwn(gathering);
      gathering.round.progress();
    });
  }

  /** 1b: votes come up. They wait until every batch they list is at hand. */
  votes(from: SignerId, message: VotesMessage): void {
    const { votes, root, attempt } = message;
    const key = roundKey(votes.batch, { root, attempt });
    const gathering = this.#rounds.get(key);
    const startedAt = gathering?.startedAt ?? this.#closed.get(key);
    if (startedAt !== undefined && this.#core.now - startedAt <= this.levelMs)
      this.#core.suspicion.heard(from);
    if (!gathering || gathering.round.finished) return;
    const malformed = this.#malformed(votes);
    if (malformed) {
      this.#bad(from, malformed);
      gathering.round.release(from);
      return;
    }
    const missing = listedIn(votes.classes).filter((id) => !this.#pool.holds(id));
    if (missing.length > 0) this.#fetchFor(from, message, missing);
    else gathering.round.receive(from, asAggregate(votes));
    this.#hurry(key, gathering);
  }

  /** The root has a quorum: it waits a short while for the rest, whoever would like to be waited for. */
  #hurry(key: string, gathering: Gathering): void {
    const { round, route } = gathering;
    if (route.root !== this.#core.self || round.finished || gathering.quorumAt !== undefined) return;
    if (round.claimed().size < this.#core.quorum.q) return;
    const { now } = this.#core;
    gathering.quorumAt = now;
    const patience = Math.max(this.#core.limits.levelTimeoutMs / 2, 3 * (now - gathering.startedAt));
    const levels = gathering.tree.levelsBelow(this.#core.self) + 1;
    const at = Math.min(now + patience, gathering.startedAt + this.levelMs * levels);
    this.#core.timers.set(`round/${key}`, at, () => this.#expire(key));
  }

  /** Only votes that verify make us ask for what they list: an invented list costs its author, not us. */
  #fetchFor(from: SignerId, message: VotesMessage, missing: readonly BatchId[]): void {
    this.#core.verify({ kind: 'votes', votes: message.votes }, (result) => {
      if (result.ok)
        this.#fetcher.whenHere(missing.map(wantBatch), from, () => this.votes(from, message), true);
      else this.#bad(from, 'votes that do not verify');
    });
  }

  /** The root of an attempt asks for our single vote. */
  request(from: SignerId, message: VoteRequestMessage): void {
    const route = { root: message.root, attempt: message.attempt };
    if (from !== message.root || this.#answered(message.batch, route)) return;
    if (!this.#pool.get(message.batch)) {
      const want = wantBatch(message.batch);
      if (!this.#fetcher.wants(want))
        this.#fetcher.whenHere([want], from, () => this.request(from, message), true);
      return;
    }
    this.#acceptance.consider(message.batch, from);
    const own = this.#ownVote(message.batch);
    if (own) this.#core.send(from, { type: 'votes', ...route, votes: asVotes(message.batch, own) }, true);
    else this.#open(message.batch, route).upstream.add(from);
  }

  /** A batch was accepted: our vote joins every round of it. */
  accepted(accepted: Accepted): void {
    for (const key of this.#byBatch.get(accepted.held.batch.id) ?? []) {
      const gathering = this.#rounds.get(key);
      if (gathering) this.#addOwn(gathering);
    }
  }

  /** The batch is certified or settled: its rounds are over. */
  close(batch: BatchId): void {
    for (const key of this.#byBatch.get(batch) ?? []) {
      const gathering = this.#rounds.get(key);
      if (gathering) this.#closed.set(key, gathering.startedAt);
      this.#rounds.delete(key);
      this.#core.timers.cancel(`round/${key}`);
    }
    for (const key of this.#closed.keys()) {
      if (this.#closed.size <= closedMax) break;
      this.#closed.delete(key);
    }
    this.#byBatch.delete(batch);
    this.#ownVotes.delete(batch);
  }

  /** Who a message of this batch's tree goes to from here, on the way down. */
  below(batch: BatchId, route: Route): SignerId[] {
    const tree = this.#core.trees.ofBatch(batch, route.attempt, route.root);
    const { relays, suspects } = reachableChildren(tree, this.#core.self, this.#core.suspicion.isSuspected);
    return [...relays, ...suspects];
  }

  /** A request about a batch that is decided here is answered with the decision. */
  #answered(batch: BatchId, route: Route): boolean {
    const certificate = this.#hooks.certificateOf(batch);
    if (certificate) {
      if (route.root !== this.#core.self)
        this.#core.send(route.root, { type: 'certificate', ...route, certificate }, true);
      return true;
    }
    if (this.#pool.get(batch) || !this.#pool.holds(batch)) return false;
    this.#hooks.tellHeight(route.root);
    return true;
  }

  #open(batch: BatchId, route: Route, planned?: Tree): Gathering {
    const key = roundKey(batch, route);
    const existing = this.#rounds.get(key);
    if (existing) return existing;
    this.#dropOldAttempts(batch, route);
    const tree = planned ?? this.#core.trees.ofBatch(batch, route.attempt, route.root);
    const round: TreeRound<VoteContent> = new TreeRound<VoteContent>(
      {
        scheme: this.#core.config.scheme,
        compare: compareContent,
        quorum: this.#core.quorum.q,
        root: route.root === this.#core.self,
        eager: false,
      },
      {
        verify: (aggregate, then) => this.#verify(batch, aggregate, then),
        up: (aggregate) => this.#up(gathering, aggregate),
        top: (aggregate) => this.#top(gathering, aggregate),
        bad: (from) => this.#bad(from, 'votes that do not verify'),
      },
    );
    const gathering: Gathering = {
      batch,
      route,
      tree,
      round,
      upstream: new Set(),
      startedAt: this.#core.now,
      quorumAt: undefined,
      asked: 0,
      forwarded: false,
    };
    this.#rounds.set(key, gathering);
    this.#byBatch.set(batch, (this.#byBatch.get(batch) ?? new Set()).add(key));
    const levels = tree.levelsBelow(this.#core.self) + (route.root === this.#core.self ? 1 : 0);
    this.#core.timers.set(`round/${key}`, this.#core.now + this.levelMs * levels, () => this.#expire(key));
    return gathering;
  }

  /** Of one root only the newest attempts stay open: naming many attempts costs its author, not us. */
  #dropOldAttempts(batch: BatchId, route: Route): void {
    const keys = [...(this.#byBatch.get(batch) ?? [])].filter(
      (key) => this.#rounds.get(key)?.route.root === route.root,
    );
    for (const key of keys.slice(0, Math.max(0, keys.length + 1 - attemptsOpenMax))) {
      this.#rounds.delete(key);
      this.#byBatch.get(batch)?.delete(key);
      this.#core.timers.cancel(`round/${key}`);
    }
  }

  #forward(gathering: Gathering, batch: Batch): void {
    if (gathering.forwarded) return;
    gathering.forwarded = true;
    const { relays, suspects } = reachableChildren(
      gathering.tree,
      this.#core.self,
      this.#core.suspicion.isSuspected,
    );
    // An ingress must not tell anybody of a number that it could forget: its own batches leave durable.
    const durable = gathering.route.root === this.#core.self;
    for (const child of [...relays, ...suspects])
      this.#core.send(child, { type: 'announce', ...gathering.route, batch }, durable);
    gathering.round.expect(relays);
  }

  #addOwn(gathering: Gathering): void {
    if (gathering.round.hasOwn) return;
    const own = this.#ownVote(gathering.batch);
    if (own) gathering.round.own(this.#core.self, own);
  }

  /** Our vote with our signature, once the batch is accepted. */
  #ownVote(batch: BatchId): Aggregate<VoteContent> | undefined {
    const made = this.#ownVotes.get(batch);
    if (made) return made;
    const vote = this.#acceptance.voteOf(batch);
    if (!vote) return undefined;
    const message = voteSigningBytes(voteOfClass(this.#core.epoch, batch, vote));
    const own: Aggregate<VoteContent> = {
      classes: [{ content: vote, signers: [this.#core.self] }],
      signature: this.#core.config.votingKey.sign(message),
    };
    this.#ownVotes.set(batch, own);
    return own;
  }

  /** What no honest signer says: listing the batch itself, its `after`, or what does not conflict. */
  #malformed(votes: Certificate): string | undefined {
    const held = this.#pool.get(votes.batch);
    if (!held) return undefined;
    const { ingress, after } = held.batch.header;
    for (const id of listedIn(votes.classes)) {
      if (id === votes.batch) return 'a vote that lists its own batch';
      const listed = this.#pool.get(id);
      const entry = listed?.batch.header.ingress === ingress && after.find((one) => one.id === id);
      if (entry && entry.number === listed?.batch.header.number) return 'a vote that lists an entry of after';
      if (listed && !conflicts(held.keys, listed.keys))
        return 'a vote that lists a batch that does not conflict';
    }
    const rejects = votes.classes.flatMap((one) => one.rejects);
    return rejects.some((index) => index >= held.batch.header.count)
      ? 'a vote that rejects a transaction that the batch does not have'
      : undefined;
  }

  #verify(batch: BatchId, aggregate: Aggregate<VoteContent>, then: (ok: boolean) => void): void {
    const votes = asVotes(batch, aggregate);
    this.#core.verify({ kind: 'votes', votes }, (result) => {
      if (result.ok) this.#hooks.verifiedVotes(votes);
      then(result.ok);
    });
  }

  #bad(from: SignerId, message: string): void {
    if (from !== this.#core.self) this.#core.suspicion.suspect(from);
    this.#core.refused(from, { code: 'VOTES', message });
  }

  #up(gathering: Gathering, aggregate: Aggregate<VoteContent>): void {
    const { route, batch } = gathering;
    for (const to of gathering.upstream)
      this.#core.send(to, { type: 'votes', ...route, votes: asVotes(batch, aggregate) }, true);
  }

  #top(gathering: Gathering, aggregate: Aggregate<VoteContent>): void {
    if (gathering.route.attempt === 0) {
      const took = (gathering.quorumAt ?? this.#core.now) - gathering.startedAt;
      this.#completionMs = 0.8 * this.#completionMs + 0.2 * took;
    }
    this.#hooks.made(asVotes(gathering.batch, aggregate), gathering.route);
  }

  /** The level's time is up. The root then asks whoever is missing, again and again until a quorum. */
  #expire(key: string): void {
    const gathering = this.#rounds.get(key);
    if (!gathering || gathering.round.finished) return;
    const { round, route, batch } = gathering;
    for (const relay of round.expected) this.#core.suspicion.suspect(relay);
    round.expire();
    if (route.root !== this.#core.self || round.finished) return;
    const claimed = round.claimed();
    for (const signer of allSigners(this.#core.n))
      if (!claimed.has(signer)) this.#core.send(signer, { type: 'voteRequest', ...route, batch }, true);
    gathering.asked += 1;
    const pause = Math.min(this.levelMs * 2 ** gathering.asked, 20 * this.#core.limits.levelTimeoutMs);
    this.#core.timers.set(`round/${key}`, this.#core.now + pause, () => this.#expire(key));
  }
}
