/**
 * Phase 3 at this signer: proposals, signatures on blocks, order certificates, views (protocol section
 * 6). What may be signed is for phases/safety.ts, when a term ends for pacemaker.ts, what a leader
 * proposes for leader.ts, what a block means for chain.ts.
 *
 * Invariants:
 * 1. The view is 1 + the highest view of which a QC or TC is held; it never falls.
 * 2. The safety record is written in the step that signs, and signatures leave only durable.
 */

import { utf8 } from '../base/bytes.ts';
import { view as asView, type BlockDigest, type Height, type SignerId, type View } from '../base/ids.ts';
import { must } from '../base/result.ts';
import {
  type Block,
  blockDigest,
  blockSigningBytes,
  genesisCertificate,
  genesisDigest,
  type Proposal,
  type QuorumCertificate,
} from '../messages/block.ts';
import type { BlockVotesMessage, ProposalMessage, ViewMessage } from '../messages/peer.ts';
import { decodeTc, encodeTc, type TimeoutCertificate } from '../messages/timeout.ts';
import type { Aggregate } from '../phases/contributions.ts';
import { TreeRound } from '../phases/round.ts';
import { decodeSafety, encodeSafety, Safety } from '../phases/safety.ts';
import { termOf } from '../phases/terms.ts';
import { reachableChildren } from '../tree/bypass.ts';
import type { VerifyRequest } from '../verify/verifier.ts';
import type { Accuser } from './accuser.ts';
import type { BlockRound } from './block-round.ts';
import type { Chain } from './chain.ts';
import type { Core } from './core.ts';
import { sameTc, VerifiedQcs } from './verified-qcs.ts';

export interface AgreementHooks {
  /** The view or the highest QC moved. */
  advanced(progress: { readonly qc: boolean; readonly term: boolean }): void;
  committedHeight(): Height;
  /** A signer says that its committed order is longer than ours. */
  behind(peer: SignerId, height: Height): void;
  levelMs(): number;
}

const safetyKey = utf8('safety');
const tcKey = utf8('tc');
/** Different proposals of one leader in one view that are looked at: enough for evidence. */
const proposalsMax = 2;

export class Agreement {
  readonly #core: Core;
  readonly #chain: Chain;
  readonly #accuser: Accuser;
  readonly #hooks: AgreementHooks;
  readonly safety: Safety;
  #tc: TimeoutCertificate | undefined;
  #view: View;
  readonly #rounds = new Map<BlockDigest, BlockRound>();
  readonly #verifiedQcs = new VerifiedQcs();
  readonly #toldAt = new Map<SignerId, number>();

  constructor(core: Core, chain: Chain, accuser: Accuser, hooks: AgreementHooks) {
    this.#core = core;
    this.#chain = chain;
    this.#accuser = accuser;
    this.#hooks = hooks;
    const stored = core.ledger.get('meta', safetyKey);
    this.safety = new Safety(
      stored
        ? decodeSafety(stored, core.n)
        : {
            lastSigned: asView(0),
            lastBlock: genesisDigest(core.epoch),
            timeout: undefined,
            timeoutHigh: undefined,
            high: genesisCertificate(core.epoch),
          },
    );
    const storedTc = core.ledger.get('meta', tcKey);
    this.#tc = storedTc && must(decodeTc(storedTc, core.n));
    this.#view = this.#computeView();
  }

  get view(): View {
    return this.#view;
  }
  get tc(): TimeoutCertificate | undefined {
    return this.#tc;
  }
  get leader(): SignerId {
    return this.leaderAt(this.#view);
  }
  leaderAt(view: View): SignerId {
    return this.#core.trees.leaderOf(termOf(view, this.#core.limits.leaderTerm));
  }

  persist(): void {
    this.#core.ledger.put('meta', safetyKey, encodeSafety(this.safety.record, this.#core.n));
  }

  /** After a restart: what the highest QC commits, and the proposals at hand. */
  restore(): void {
    if (this.safety.high.view > 0) this.#chain.certify(this.safety.high, undefined);
  }

  /** Our own proposal, as the leader: goes down, and is signed like anybody's. */
  propose(proposal: Proposal, tc: TimeoutCertificate | undefined): void {
    this.#take(this.#core.self, { type: 'proposal', proposal, tc });
  }

  /** 3a: a proposal comes down. */
  proposal(from: SignerId, message: ProposalMessage): void {
    const { proposal, tc } = message;
    const { block } = proposal;
    const digest = blockDigest(block, this.#core.n);
    const leader = this.leaderAt(block.view);
    // What is not followed may still be the second proposal of its view.
    if (block.view < this.#view) {
      this.#accuser.overhearProposal(leader, block.view, digest, proposal.signature);
      this.tell(from);
      return;
    }
    if (block.justify.view !== block.view - 1 && tc?.end !== block.view - 1) {
      if (block.view === this.#view)
        this.#accuser.overhearProposal(leader, block.view, digest, proposal.signature);
      this.#core.refused(from, { code: 'PROPOSAL_VIEW', message: `nothing admits view ${block.view}` });
      return;
    }
    const known = this.#rounds.get(digest);
    if (known?.message) {
      this.#again(from, known);
      return;
    }
    const inView = [...this.#rounds.values()].filter((one) => one.view === block.view && one.message);
    if (inView.length >= proposalsMax) return;
    this.#verified({ kind: 'proposal', proposal, leader }, from, () => {
      this.#verifiedQcs.add(block.justify);
      this.#accuser.proposal(leader, block.view, digest, proposal.signature);
      if (tc) this.#withAttached(tc, from, () => this.#take(from, message));
      else this.#take(from, message);
    });
  }

  /** 3a: signatures come up. */
  blockVotes(from: SignerId, message: BlockVotesMessage): void {
    this.#core.suspicion.heard(from);
    if (message.view < this.#view) {
      this.#accuser.overhearQc(message);
      if (message.view + 1 < this.#view) this.tell(from);
      return;
    }
    // Signatures on a block that we have not seen are dropped: the leader asks again for those it lacks.
    const one = this.#rounds.get(message.block);
    if (!one?.message || one.view !== message.view) return;
    one.round.receive(from, {
      classes: [{ content: null, signers: message.signers }],
      signature: message.signature,
    });
  }

  /** A QC, TC and height from somebody: in answer to a message of a lower view, or 3b alone. */
  viewMessage(from: SignerId, message: ViewMessage): void {
    const { high, tc, committed } = message;
    // Its QC may be all that we lack: a leader tells everybody of its last one in this way.
    const catchUp = () => committed > this.#hooks.committedHeight() && this.#hooks.behind(from, committed);
    if (high.view <= this.safety.high.view) this.#accuser.overhearQc(high);
    if (high.view > this.safety.high.view) this.withQc(high, from, catchUp);
    else catchUp();
    if (tc && tc.end >= this.#view) this.withTc(tc, from, () => undefined);
    else if (tc) this.#accuser.overhearTimeouts(tc.votes);
    const theirView = 1 + Math.max(high.view, tc?.end ?? 0);
    if (theirView < this.#view || committed < this.#hooks.committedHeight()) this.tell(from);
  }

  /** Sends our highest QC and TC and our height, at most once in a while to each signer. */
  tell(to: SignerId): void {
    const last = this.#toldAt.get(to);
    if (last !== undefined && this.#core.now - last < this.#core.limits.levelTimeoutMs / 2) return;
    this.#toldAt.set(to, this.#core.now);
    this.#core.send(to, this.status(), true);
  }

  status(): ViewMessage {
    const tc = this.#tc && this.#tc.end > this.safety.high.view ? this.#tc : undefined;
    return { type: 'view', high: this.safety.high, tc, committed: this.#hooks.committedHeight() };
  }

  /** Verifies a QC unless it was before, takes it in, and goes on. */
  withQc(qc: QuorumCertificate, from: SignerId, then: () => void): void {
    if (this.#verifiedQcs.has(qc)) {
      this.#takeQc(qc, from);
      then();
      return;
    }
    this.#verified({ kind: 'qc', qc }, from, () => {
      this.#takeQc(qc, from);
      then();
    });
  }

  /** Goes on when a check succeeds; a refusal is the sender's. */
  #verified(request: VerifyRequest, from: SignerId, then: () => void): void {
    this.#core.verify(request, (result) => {
      if (result.ok) then();
      else this.#core.refused(from, result.error);
    });
  }

  /** The same for a TC that may admit a view; one that cannot is left unverified, and unused. */
  withTc(tc: TimeoutCertificate, from: SignerId, then: () => void): void {
    if (this.#tc && tc.end <= this.#tc.end) {
      this.#accuser.overhearTimeouts(tc.votes);
      then();
    } else this.#verifyTc(tc, from, then);
  }

  /** A TC that a proposal rests on is verified whatever we hold, unless it is the very one we hold. */
  #withAttached(tc: TimeoutCertificate, from: SignerId, then: () => void): void {
    if (this.#tc && sameTc(tc, this.#tc, this.#core.n)) then();
    else this.#verifyTc(tc, from, then);
  }

  #verifyTc(tc: TimeoutCertificate, from: SignerId, then: () => void): void {
    this.#verified({ kind: 'tc', tc }, from, () => {
      this.takeTc(tc, from);
      then();
    });
  }

  /** Takes a verified TC: its QC counts, and it may admit a view. */
  takeTc(tc: TimeoutCertificate, from: SignerId): void {
    for (const vote of tc.votes) this.#accuser.timeout(vote);
    this.#verifiedQcs.add(tc.high);
    this.#takeQc(tc.high, from);
    if (this.#tc && tc.end <= this.#tc.end) return;
    this.#tc = tc;
    this.#core.ledger.put('meta', tcKey, encodeTc(tc, this.#core.n));
    this.#enter(false);
  }

  #takeQc(qc: QuorumCertificate, from: SignerId): void {
    if (qc.view === 0) return;
    this.#verifiedQcs.add(qc);
    this.#accuser.qc(qc);
    const raised = this.safety.raise(qc);
    if (raised) this.persist();
    this.#chain.certify(qc, from === this.#core.self ? undefined : from);
    if (raised) this.#enter(true);
  }

  #computeView(): View {
    return asView(1 + Math.max(this.safety.high.view, this.#tc?.end ?? 0));
  }

  #enter(qc: boolean): void {
    const before = this.#view;
    this.#view = this.#computeView();
    const { leaderTerm } = this.#core.limits;
    const term = termOf(this.#view, leaderTerm) !== termOf(before, leaderTerm);
    for (const [digest, one] of this.#rounds)
      if (one.view < this.#view) {
        this.#rounds.delete(digest);
        this.#core.timers.cancel(`block/${digest}`);
      }
    this.#hooks.advanced({ qc, term });
  }

  /** A verified proposal: goes down, its QC counts, and if the block is valid it is signed. */
  #take(from: SignerId, message: ProposalMessage): void {
    const { block } = message.proposal;
    this.#takeQc(block.justify, from);
    if (block.view !== this.#view) return;
    const digest = this.#chain.add(block);
    if (!digest) return;
    const one = this.#open(block.view, digest);
    if (one.message) return;
    one.message = message;
    if (from !== this.#core.self && one.tree.isAncestor(from, this.#core.self)) one.upstream.add(from);
    const { relays, suspects } = reachableChildren(
      one.tree,
      this.#core.self,
      this.#core.suspicion.isSuspected,
    );
    for (const child of [...relays, ...suspects]) this.#core.send(child, message, from === this.#core.self);
    one.round.expect(relays);
    this.#chain.prepare(digest, from === this.#core.self ? undefined : from, (invalid) => {
      if (invalid)
        this.#core.refused(from, { code: 'BLOCK_INVALID', message: `block ${digest}: ${invalid}` });
      else this.#sign(block, digest, message.tc);
    });
  }

  #sign(block: Block, digest: BlockDigest, tc: TimeoutCertificate | undefined): void {
    // Not our own TC: an honest leader's may name a lower QC, and what it proposes rests on its own.
    const again = this.safety.signedAlready(block, digest);
    if (!again && this.safety.refuses(block, tc, this.#view)) return;
    if (!again) {
      this.safety.signBlock(block, digest);
      this.persist();
    }
    const signature = this.#core.config.votingKey.sign(
      blockSigningBytes(this.#core.epoch, block.view, digest),
    );
    const one = this.#open(block.view, digest);
    one.own = { classes: [{ content: null, signers: [this.#core.self] }], signature };
    one.round.own(this.#core.self, one.own);
  }

  /** The leader sent a proposal again: it lacks our signature. */
  #again(from: SignerId, one: BlockRound): void {
    if (from !== one.leader) {
      if (one.tree.isAncestor(from, this.#core.self)) one.upstream.add(from);
      return;
    }
    one.upstream.add(from);
    if (one.own) this.#sendUp(one, from, one.own);
  }

  #open(view: View, block: BlockDigest): BlockRound {
    const existing = this.#rounds.get(block);
    if (existing) return existing;
    const leader = this.leaderAt(view);
    const tree = this.#core.trees.ofView(view, leader);
    const round: TreeRound<null> = new TreeRound<null>(
      {
        scheme: this.#core.config.scheme,
        compare: () => 0,
        quorum: this.#core.quorum.q,
        root: leader === this.#core.self,
        eager: true,
      },
      {
        verify: (aggregate, then) => this.#verify(one, aggregate, then),
        up: (aggregate) => {
          for (const to of one.upstream) this.#sendUp(one, to, aggregate);
        },
        top: (aggregate) => this.#certified(one, aggregate),
        bad: (from) => this.#core.suspicion.suspect(from),
      },
    );
    const one: BlockRound = {
      view,
      block,
      leader,
      tree,
      round,
      upstream: new Set(),
      own: undefined,
      message: undefined,
    };
    this.#rounds.set(block, one);
    const levels = tree.levelsBelow(this.#core.self) + (leader === this.#core.self ? 1 : 0);
    this.#armRound(one, levels, 0);
    return one;
  }

  #armRound(one: BlockRound, levels: number, asked: number): void {
    const pause = this.#hooks.levelMs() * levels * 2 ** Math.min(asked, 4);
    this.#core.timers.set(`block/${one.block}`, this.#core.now + pause, () => {
      for (const relay of one.round.expected) this.#core.suspicion.suspect(relay);
      one.round.expire();
      if (one.leader !== this.#core.self || one.round.finished || !one.message) return;
      const claimed = one.round.claimed();
      for (let signer = 0; signer < this.#core.n; signer++)
        if (!claimed.has(signer as SignerId)) this.#core.send(signer as SignerId, one.message, true);
      this.#armRound(one, levels, asked + 1);
    });
  }

  #verify(one: BlockRound, aggregate: Aggregate<null>, then: (ok: boolean) => void): void {
    const { signers } = aggregate.classes[0]!;
    const { view, block } = one;
    this.#core.verify(
      { kind: 'blockVotes', view, block, signers, signature: aggregate.signature },
      (result) => {
        if (result.ok) this.#accuser.qc({ view, block, signers, signature: aggregate.signature });
        then(result.ok);
      },
    );
  }

  #sendUp(one: BlockRound, to: SignerId, aggregate: Aggregate<null>): void {
    const { signers } = aggregate.classes[0]!;
    const { view, block } = one;
    this.#core.send(to, { type: 'blockVotes', view, block, signers, signature: aggregate.signature }, true);
  }

  /** Leader: the block has a quorum. */
  #certified(one: BlockRound, aggregate: Aggregate<null>): void {
    const { signers } = aggregate.classes[0]!;
    const qc: QuorumCertificate = {
      view: one.view,
      block: one.block,
      signers,
      signature: aggregate.signature,
    };
    this.#takeQc(qc, this.#core.self);
  }
}
