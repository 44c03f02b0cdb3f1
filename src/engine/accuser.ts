/**
 * Looks for two statements of one signer that an honest one never makes both of, among everything that
 * was verified here, and turns them into evidence (protocol section 10).
 *
 * Only verified statements come in, and honest signers make each statement durable before they send
 * it, so nothing here can convict an honest signer. Memory is bounded: statements on batches go when
 * the batch is committed, statements on views when newer terms come.
 */

import { fromHex } from '../base/bytes.ts';
import type { BatchId, BlockDigest, SignerId, View } from '../base/ids.ts';
import { must } from '../base/result.ts';
import type { Batch } from '../messages/batch.ts';
import type { Block, QuorumCertificate } from '../messages/block.ts';
import {
  decodeEvidence,
  type Evidence,
  type EvidenceKind,
  encodeEvidence,
  evidenceDigest,
} from '../messages/evidence.ts';
import type { SignedTimeout } from '../messages/timeout.ts';
import { type Certificate, compareContent, type VoteContent } from '../messages/vote.ts';
import { Members } from '../phases/members.ts';
import type { VerifyRequest } from '../verify/verifier.ts';
import type { Core } from './core.ts';

/** What signers were first seen to vote on a batch, those with the same vote in the same votes together. */
interface Said {
  readonly content: VoteContent;
  readonly in: Certificate;
  readonly signers: Members;
}

/** Terms of views whose signatures are remembered. */
const termsKept = 4;
const timeoutsKept = 4;

export class Accuser {
  readonly #core: Core;
  /** What each signer was seen to vote on each uncommitted batch; no signer stands in two of a batch. */
  readonly #votes = new Map<BatchId, Said[]>();
  /** Who was first seen to sign which block in which view; no signer stands in two of a view. */
  readonly #signed = new Map<View, { readonly qc: QuorumCertificate; readonly signers: Members }[]>();
  readonly #proposed = new Map<View, { readonly block: BlockDigest; readonly signature: Uint8Array }>();
  readonly #timeouts = new Map<SignerId, SignedTimeout[]>();
  /** The newest view that anything verified was about. */
  #newest = 0;
  readonly #reported = new Set<string>();
  /** Signers with evidence of equivocated batch numbers. */
  readonly equivocators = new Set<SignerId>();
  /** A block by digest, where it is known. */
  blockOf: (digest: BlockDigest) => Block | undefined = () => undefined;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Takes up what an earlier life reported. */
  restore(): void {
    for (const [, bytes] of this.#core.ledger.range('evidence', new Uint8Array(0), Number.MAX_SAFE_INTEGER)) {
      const { kind, signer } = must(decodeEvidence(bytes, this.#core.n));
      this.#reported.add(`${kind}/${signer}`);
      if (kind === 'batches') this.equivocators.add(signer);
    }
  }

  /** Verified votes, a certificate or a part of one. */
  votes(votes: Certificate): void {
    const said = this.#votes.get(votes.batch) ?? [];
    this.#votes.set(votes.batch, said);
    for (const one of votes.classes) {
      const signers = new Members(one.signers);
      const different = said.filter((before) => compareContent(before.content, one) !== 0);
      // Who said the same before was looked at then.
      let news = signers;
      for (const before of said) if (!different.includes(before)) news = news.without(before.signers);
      if (news.size === 0) continue;
      const mutual = this.#mutualWith(votes.batch, one);
      if ([...different, ...mutual].some((other) => other.signers.meets(news)))
        for (const signer of news.ids()) this.#contradicted(signer, votes, different, mutual);
      for (const before of different) news = news.without(before.signers);
      if (news.size > 0) said.push({ content: one, in: votes, signers: news });
    }
  }

  /** Votes on batches that this vote lists, which list its batch in turn. */
  #mutualWith(batch: BatchId, { before }: VoteContent): readonly Said[] {
    return before
      .flatMap((listed) => this.#votes.get(listed) ?? [])
      .filter((other) => other.content.before.includes(batch));
  }

  #contradicted(
    signer: SignerId,
    votes: Certificate,
    different: readonly Said[],
    mutual: readonly Said[],
  ): void {
    const before = different.find((one) => one.signers.has(signer));
    if (before) this.#report({ kind: 'votes', signer, first: before.in, second: votes });
    for (const other of mutual)
      if (other.signers.has(signer)) this.#report({ kind: 'mutual', signer, first: other.in, second: votes });
  }

  /** The batch is committed: what was said about it is history. */
  settled(batch: BatchId): void {
    this.#votes.delete(batch);
  }

  /** Verified signatures on a block, a QC or a part of one. */
  qc(qc: QuorumCertificate): void {
    const inView = this.#signed.get(qc.view) ?? [];
    this.#signed.set(qc.view, inView);
    let news = new Members(qc.signers);
    const different = inView.filter((before) => before.qc.block !== qc.block);
    if (this.#timeouts.size > 0 || different.some((before) => before.signers.meets(news)))
      for (const signer of qc.signers) {
        const before = different.find((one) => one.signers.has(signer));
        if (before) this.#report({ kind: 'blocks', signer, first: before.qc, second: qc });
        for (const timeout of this.#timeouts.get(signer) ?? []) this.#againstTimeout(timeout, qc);
      }
    for (const before of inView) news = news.without(before.signers);
    if (news.size > 0) inView.push({ qc, signers: news });
    this.#forgetViews(qc.view);
  }

  /** A verified timeout. */
  timeout(timeout: SignedTimeout): void {
    const { signer } = timeout;
    const kept = this.#timeouts.get(signer) ?? [];
    const same = kept.find((one) => one.end === timeout.end);
    if (same) {
      if (!sameStatement(same, timeout))
        this.#report({ kind: 'timeouts', signer, first: same, second: timeout });
      return;
    }
    this.#timeouts.set(signer, [...kept, timeout].slice(-timeoutsKept));
    for (const inView of this.#signed.values()) {
      const signed = inView.find((one) => one.signers.has(signer));
      if (signed) this.#againstTimeout(timeout, signed.qc);
    }
  }

  #againstTimeout(timeout: SignedTimeout, signed: QuorumCertificate): void {
    const { signer } = timeout;
    if (signed.view > timeout.end) return;
    if (timeout.lastSigned < signed.view) {
      this.#report({ kind: 'signedAfterTimeout', signer, timeout, signed });
      return;
    }
    const block = this.blockOf(signed.block);
    if (block && timeout.highView < block.justify.view)
      this.#report({ kind: 'hiddenQc', signer, timeout, block, signed });
  }

  /** A verified proposal. */
  proposal(leader: SignerId, view: View, block: BlockDigest, signature: Uint8Array): void {
    const before = this.#proposed.get(view);
    if (!before) this.#proposed.set(view, { block, signature });
    else if (before.block !== block)
      this.#report({
        kind: 'proposals',
        signer: leader,
        first: { view, ...before },
        second: { view, block, signature },
      });
    this.#forgetViews(view);
  }

  /**
   * Words that nobody acts on any more, or never would: too late, too many, admitted by nothing. They are
   * checked only when they convict somebody if they verify.
   */
  overhearVotes(votes: Certificate): void {
    const said = this.#votes.get(votes.batch) ?? [];
    const convicts = votes.classes.some((one) => {
      const against = (kind: EvidenceKind, others: readonly Said[]): boolean =>
        one.signers.some(
          (signer) => !this.#knows(kind, signer) && others.some((other) => other.signers.has(signer)),
        );
      const different = said.filter((before) => compareContent(before.content, one) !== 0);
      return against('votes', different) || against('mutual', this.#mutualWith(votes.batch, one));
    });
    if (convicts) this.#checked({ kind: 'votes', votes }, () => this.votes(votes));
  }

  overhearQc(qc: QuorumCertificate): void {
    const inView = this.#signed.get(qc.view);
    const differs = qc.signers.some((signer) => {
      const before = inView?.find((known) => known.signers.has(signer));
      if (before && before.qc.block !== qc.block && !this.#knows('blocks', signer)) return true;
      const excluding = this.#timeouts
        .get(signer)
        ?.some((one) => one.lastSigned < qc.view && qc.view <= one.end);
      return excluding && !this.#knows('signedAfterTimeout', signer);
    });
    const { view, block, signers, signature } = qc;
    if (differs) this.#checked({ kind: 'blockVotes', view, block, signers, signature }, () => this.qc(qc));
  }

  overhearTimeouts(timeouts: readonly SignedTimeout[]): void {
    for (const timeout of timeouts) {
      const { signer, end } = timeout;
      const before = this.#timeouts.get(signer)?.find((one) => one.end === end);
      if (before && !sameStatement(before, timeout) && !this.#knows('timeouts', signer))
        this.#checked({ kind: 'timeout', timeout }, () => this.timeout(timeout));
    }
  }

  /** @param view at most the current one. */
  overhearProposal(leader: SignerId, view: View, block: BlockDigest, signature: Uint8Array): void {
    if (view < this.#oldest || this.#proposed.get(view)?.block === block) return;
    if (this.#knows('proposals', leader)) return;
    this.#checked({ kind: 'proposalSignature', leader, view, block, signature }, () =>
      this.proposal(leader, view, block, signature),
    );
  }

  #checked(request: VerifyRequest, then: () => void): void {
    this.#core.verify(request, (result) => {
      if (result.ok) then();
    });
  }

  #knows(kind: EvidenceKind, signer: SignerId): boolean {
    return this.#reported.has(`${kind}/${signer}`);
  }

  /** Two valid batches with one number. */
  twins(first: Batch, second: Batch): void {
    const signer = first.header.ingress;
    this.equivocators.add(signer);
    this.#report({
      kind: 'batches',
      signer,
      first: { header: first.header, signature: first.signature },
      second: { header: second.header, signature: second.signature },
    });
  }

  #forgetViews(newest: View): void {
    if (newest <= this.#newest) return;
    this.#newest = newest;
    for (const views of [this.#signed, this.#proposed])
      for (const view of views.keys()) if (view < this.#oldest) views.delete(view);
  }

  get #oldest(): number {
    return this.#newest - termsKept * this.#core.limits.leaderTerm;
  }

  /** One piece of evidence a signer and kind is enough; it is kept for ever. */
  #report(evidence: Evidence): void {
    const key = `${evidence.kind}/${evidence.signer}`;
    if (this.#reported.has(key)) return;
    this.#reported.add(key);
    const digest = evidenceDigest(evidence, this.#core.n);
    this.#core.ledger.put('evidence', fromHex(digest), encodeEvidence(evidence, this.#core.n));
    this.#core.emit({ type: 'evidence', evidence });
  }
}

const sameStatement = (a: SignedTimeout, b: SignedTimeout): boolean =>
  a.lastSigned === b.lastSigned && a.highView === b.highView && a.highBlock === b.highBlock;
