/**
 * What each honest signer held in its hands: pairs of statements by one signer of which an honest one never
 * makes both (protocol section 10), found in the messages that reached it. Distinct statements are kept by
 * what they are about; signatures are checked only once two contradict each other, so that a forged half
 * never counts.
 *
 * Memory is no promise of section 10. So a crash empties the hands, and a pair counts only when each half
 * came while its matter was open at the holder: a batch that is not in its committed order, a number that
 * is in reach of its window, a view of a recent term. Parts of certificates on their way up a tree, and
 * certificates of views that are over, are not looked at: nobody need check them.
 */

import type { BatchId, BatchNumber, BlockDigest, SignerId, View } from '../../src/base/ids.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { type Block, blockDigest, type Proposal, type QuorumCertificate } from '../../src/messages/block.ts';
import type { EvidenceKind } from '../../src/messages/evidence.ts';
import type { FederationLimits } from '../../src/messages/federation.ts';
import type { PeerMessage } from '../../src/messages/peer.ts';
import type { SignedTimeout } from '../../src/messages/timeout.ts';
import type { Certificate, VoteContent } from '../../src/messages/vote.ts';
import type { Verifier } from '../../src/verify/verifier.ts';
import type { SimNode } from '../node.ts';
import type { World } from '../world.ts';
import { leaderOfTerm } from './rules.ts';

/** What a contradiction is about. */
interface Matter {
  /** The batch that the second vote is about. */
  readonly batch?: BatchId;
  /** The view, or the last view of the term, that the second statement is about. */
  readonly view?: View;
}

/** Two statements by one signer that reached one honest signer in one life. */
export interface Contradiction extends Matter {
  readonly kind: EvidenceKind;
  /** Who contradicted itself. */
  readonly signer: SignerId;
  /** Who held both, and since when, in virtual ms. */
  readonly holder: SignerId;
  readonly at: number;
}

type Found = (kind: EvidenceKind, signer: SignerId, matter: Matter) => void;

/** What is open at a signer now. */
interface Open {
  batch(id: BatchId): boolean;
  number(ingress: SignerId, number: BatchNumber): boolean;
  /** Of a recent term, and not above the signer's own view. */
  view(view: View): boolean;
  /** A certificate for this view would admit the signer to a later view. */
  news(view: View): boolean;
}

/** One thing that a signer said; the same thing may come in several envelopes. */
class Said<T> {
  readonly content: T;
  readonly #proofs: (() => boolean)[] = [];
  #valid = false;

  constructor(content: T) {
    this.content = content;
  }

  add(proof: () => boolean): void {
    if (!this.#valid && this.#proofs.length < proofsMax) this.#proofs.push(proof);
  }

  /** Whether one of its envelopes verifies. */
  get valid(): boolean {
    this.#valid ||= this.#proofs.some((proof) => proof());
    return this.#valid;
  }
}

const proofsMax = 4;

/** Distinct things said, by matter. */
class Shelf<T> {
  readonly #matters = new Map<string, Map<string, Said<T>>>();

  /** Keeps what is said about a matter; returns it, and what else was said about it. */
  add(matter: string, key: string, content: T, proof: () => boolean): [Said<T>, readonly Said<T>[]] {
    const things = this.#matters.get(matter) ?? new Map<string, Said<T>>();
    this.#matters.set(matter, things);
    const said = things.get(key) ?? new Said(content);
    things.set(key, said);
    said.add(proof);
    return [said, things.size === 1 ? [] : [...things.values()].filter((one) => one !== said)];
  }

  about(matter: string): Iterable<Said<T>> {
    return this.#matters.get(matter)?.values() ?? [];
  }
}

interface SignedBlock {
  readonly view: View;
  readonly block: BlockDigest;
}

const once = (check: () => boolean): (() => boolean) => {
  let known: boolean | undefined;
  return () => {
    known ??= check();
    return known;
  };
};

/** What reached one signer in one life. */
class Hands {
  readonly #verifier: Verifier;
  readonly #open: Open;
  readonly #found: Found;
  readonly #votes = new Shelf<VoteContent>();
  readonly #signed = new Shelf<SignedBlock>();
  readonly #timeouts = new Shelf<SignedTimeout>();
  readonly #proposals = new Shelf<BlockDigest>();
  readonly #numbers = new Shelf<BatchId>();
  readonly #blocks = new Map<BlockDigest, Block>();

  constructor(verifier: Verifier, open: Open, found: Found) {
    this.#verifier = verifier;
    this.#open = open;
    this.#found = found;
  }

  take(from: SignerId, message: PeerMessage): void {
    switch (message.type) {
      case 'announce':
        this.#batch(message.batch);
        return;
      case 'certificate':
        this.#certificate(message.certificate);
        return;
      case 'copy':
        for (const batch of message.batches) this.#batch(batch);
        for (const one of message.certificates) this.#certificate(one);
        return;
      case 'wanted':
        for (const one of message.certificates) this.#certificate(one);
        return;
      case 'proposal':
        this.#proposal(message.proposal);
        return;
      case 'view':
        // What tells the holder nothing new it need not keep, nor check.
        if (this.#open.news(message.high.view)) this.#qc(message.high);
        if (message.tc && this.#open.news(message.tc.end))
          for (const vote of message.tc.votes) this.#timeout(vote);
        return;
      case 'timeout':
        if (message.timeout.signer === from) this.#timeout(message.timeout);
        return;
      default:
        return;
    }
  }

  /** Two batches with one number. */
  #batch(batch: Batch): void {
    const { ingress, number } = batch.header;
    if (!this.#open.number(ingress, number)) return;
    const proof = once(() => this.#verifier.batch(batch).ok);
    const [said, others] = this.#numbers.add(`${ingress}/${number}`, batch.id, batch.id, proof);
    for (const other of others)
      if (said.valid && other.valid) this.#found('batches', ingress, { batch: batch.id });
  }

  /** Two different votes on one batch; votes on two batches that list each other. */
  #certificate(certificate: Certificate): void {
    const { batch } = certificate;
    if (!this.#open.batch(batch)) return;
    const proof = once(() => this.#verifier.certificate(certificate).ok);
    for (const one of certificate.classes) {
      const key = `${one.base} ${one.before.join()} ${one.rejects.join()}`;
      for (const signer of one.signers) {
        const [said, others] = this.#votes.add(`${signer}/${batch}`, key, one, proof);
        for (const other of others) if (said.valid && other.valid) this.#found('votes', signer, { batch });
        for (const listed of one.before) this.#mutual(signer, said, batch, listed);
      }
    }
  }

  #mutual(signer: SignerId, said: Said<VoteContent>, batch: BatchId, listed: BatchId): void {
    if (!this.#open.batch(listed)) return;
    for (const other of this.#votes.about(`${signer}/${listed}`))
      if (other.content.before.includes(batch) && other.valid && said.valid)
        this.#found('mutual', signer, { batch });
  }

  /** Two proposals by one leader for one view. */
  #proposal(proposal: Proposal): void {
    const { block } = proposal;
    const { view } = block;
    if (!this.#open.view(view)) return;
    const digest = blockDigest(block, this.#verifier.n);
    this.#blocks.set(digest, block);
    const { leaderTerm } = this.#verifier.federation.limits;
    const leader = leaderOfTerm(this.#verifier.epoch, Math.floor((view - 1) / leaderTerm), this.#verifier.n);
    const proof = once(() => this.#verifier.proposal(proposal, leader).ok);
    const [said, others] = this.#proposals.add(`${view}`, digest, digest, proof);
    for (const other of others) if (said.valid && other.valid) this.#found('proposals', leader, { view });
  }

  /** Signatures on two blocks in one view; a signature that a timeout of its signer excludes. */
  #qc(qc: QuorumCertificate): void {
    const { view, block, signers } = qc;
    if (view === 0 || !this.#open.view(view)) return;
    const proof = once(() => this.#verifier.qc(qc).ok);
    for (const signer of signers) {
      const [said, others] = this.#signed.add(`${signer}/${view}`, block, { view, block }, proof);
      this.#signed.add(`${signer}`, `${view} ${block}`, { view, block }, proof);
      for (const other of others) if (said.valid && other.valid) this.#found('blocks', signer, { view });
      for (const timeout of this.#timeouts.about(`${signer}`)) this.#excluded(signer, timeout, said);
    }
  }

  /** Two timeouts for one term that differ. */
  #timeout(timeout: SignedTimeout): void {
    const { signer, end, lastSigned, highView, highBlock } = timeout;
    if (!this.#open.view(end)) return;
    const proof = once(() => this.#verifier.timeout(timeout).ok);
    const key = `${lastSigned} ${highView} ${highBlock}`;
    const [said, others] = this.#timeouts.add(`${signer}/${end}`, key, timeout, proof);
    this.#timeouts.add(`${signer}`, `${end} ${key}`, timeout, proof);
    for (const other of others) if (said.valid && other.valid) this.#found('timeouts', signer, { view: end });
    for (const signed of this.#signed.about(`${signer}`)) this.#excluded(signer, said, signed);
  }

  /** A signature in a view that the timeout gives up unsigned, or on a block whose QC it hides. */
  #excluded(signer: SignerId, timeout: Said<SignedTimeout>, signed: Said<SignedBlock>): void {
    const { end, lastSigned, highView } = timeout.content;
    const { view, block } = signed.content;
    if (view > end || !this.#open.view(view) || !this.#open.view(end)) return;
    const after = view > lastSigned;
    const justify = this.#blocks.get(block)?.justify.view;
    const hides = justify !== undefined && justify > highView;
    if (!(after || hides) || !timeout.valid || !signed.valid) return;
    this.#found(after ? 'signedAfterTimeout' : 'hiddenQc', signer, { view });
  }
}

/** Terms before the present one that still are recent. */
const recentTerms = 2;

/** What is open at the signer that an engine runs; its order and its view are its own words. */
const openAt = (node: SimNode, { window, leaderTerm }: FederationLimits): Open => ({
  batch: (id) => node.engine?.order.committed.has(id) === false,
  number: (ingress, number) => {
    const committed = node.engine?.order.committed;
    if (!committed || committed.numberUsed(ingress, number)) return false;
    return number <= committed.window(ingress).watermark + window;
  },
  view: (view) => {
    const now = node.engine?.status().view;
    return now !== undefined && view <= now && view > now - recentTerms * leaderTerm;
  },
  news: (view) => {
    const now = node.engine?.status().view;
    return now !== undefined && view >= now;
  },
});

/** Watches what reaches every signer, and keeps the contradictions in it: each kind once a signer and life. */
export class HeldStatements {
  readonly contradictions: Contradiction[] = [];
  readonly #world: World;
  readonly #hands = new Map<SignerId, Hands>();

  constructor(world: World) {
    this.#world = world;
    world.watchers.push({
      life: ({ node, up }) => {
        if (up) this.#hands.set(node, this.#empty(node));
        else this.#hands.delete(node);
      },
      received: (from, to, message) => {
        if (!world.byzantine.has(to)) this.#hands.get(to)?.take(from, message);
      },
    });
  }

  #empty(holder: SignerId): Hands {
    const known = new Set<string>();
    const { verifier, federation } = this.#world.federation;
    const open = openAt(this.#world.nodes[holder]!, federation.limits);
    return new Hands(verifier, open, (kind, signer, matter) => {
      const key = `${kind} ${signer}`;
      if (known.has(key)) return;
      known.add(key);
      this.contradictions.push({ kind, signer, holder, at: this.#world.now, ...matter });
    });
  }
}
