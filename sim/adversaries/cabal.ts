/**
 * The liars of one run as one mind: what any of them saw, all of their keys, and a plan that they drew
 * together (a victim, an audience, two halves). The protocol's bound is on how many lie, never on how well
 * they work together (section 1), so a strategy may use everything here.
 */

import {
  allSigners,
  type BatchId,
  type BlockDigest,
  type CertificateDigest,
  type SignerId,
} from '../../src/base/ids.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { type Block, blockDigest } from '../../src/messages/block.ts';
import type { PeerMessage } from '../../src/messages/peer.ts';
import {
  type Certificate,
  certificateDigest,
  compareContent,
  signersOf,
  type VoteClass,
  type VoteContent,
  voteOfClass,
  voteSigningBytes,
} from '../../src/messages/vote.ts';
import { conflict } from '../checkers/rules.ts';
import type { SimNode } from '../node.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';

const batchesKept = 400;
const partsKept = 40;

export class Cabal {
  readonly world: World;
  readonly members: readonly SignerId[];
  /** Drawn together: whom they harm, and to whom alone they show things. Both honest. */
  readonly victim: SignerId;
  readonly audience: SignerId;
  /** Batches that any of them saw, oldest first. */
  readonly batches = new Map<BatchId, Batch>();
  readonly blocks = new Map<BlockDigest, Block>();
  /** Certificates that they made and no engine of theirs knows. */
  readonly certificates = new Map<CertificateDigest, Certificate>();
  /** Batches and blocks that they made, showed to somebody, and no engine of theirs knows. */
  readonly forgedBatches = new Map<BatchId, Batch>();
  readonly forgedBlocks = new Map<BlockDigest, Block>();
  /** Second copies of members (twins). */
  readonly twins = new Map<SignerId, SimNode>();
  /** Votes of honest signers as they reached any of them: single or in aggregates, not checked. */
  readonly #parts = new Map<BatchId, Certificate[]>();
  readonly #halves: ReadonlyMap<SignerId, 0 | 1>;
  readonly #salt: number;

  constructor(world: World, members: readonly SignerId[], random: Random) {
    this.world = world;
    this.members = members;
    this.#salt = random.integer(0, 1 << 30);
    const honest = random.shuffled(allSigners(world.nodes.length).filter((id) => !members.includes(id)));
    this.victim = honest[0] ?? members[0]!;
    this.audience = honest[1] ?? this.victim;
    this.#halves = new Map(honest.map((id, i) => [id, (i & 1) as 0 | 1]));
  }

  get n(): number {
    return this.world.nodes.length;
  }
  get honest(): SignerId[] {
    return allSigners(this.n).filter((id) => !this.members.includes(id));
  }
  get quorum(): number {
    return this.n - this.world.federation.federation.faulty;
  }

  /** The half of the honest signers that a signer is in; its own members hear both stories. */
  half(id: SignerId): 0 | 1 {
    return this.#halves.get(id) ?? 0;
  }

  /** The same coin of all of them for the same thing, so that one half of the signers hears one story. */
  side(peer: SignerId, about: string): number {
    let hash = 2166136261;
    for (const character of `${this.#salt}/${peer}/${about}`)
      hash = Math.imul(hash ^ character.charCodeAt(0), 16777619);
    return (hash >>> 8) & 1;
  }

  /** Learns what they can lie about. */
  learn(message: PeerMessage): void {
    const batches =
      message.type === 'announce' ? [message.batch] : message.type === 'copy' ? message.batches : [];
    for (const batch of batches) this.batches.set(batch.id, batch);
    while (this.batches.size > batchesKept) {
      const oldest = this.batches.keys().next().value!;
      this.batches.delete(oldest);
      this.#parts.delete(oldest);
    }
    if (message.type === 'proposal')
      this.blocks.set(blockDigest(message.proposal.block, this.n), message.proposal.block);
    if (message.type === 'votes') this.#keepPart(message.votes);
  }

  #keepPart(votes: Certificate): void {
    const parts = this.#parts.get(votes.batch) ?? [];
    if (parts.length < partsKept) this.#parts.set(votes.batch, [...parts, votes]);
  }

  /** Batches they know that conflict with this one and do not stand in its `after`. */
  rivalsOf(id: BatchId): BatchId[] {
    const batch = this.batches.get(id);
    if (!batch) return [];
    const after = new Set(batch.header.after.map((entry) => entry.id));
    return [...this.batches.values()]
      .filter((other) => other.id !== id && !after.has(other.id) && conflict(batch, other))
      .map((other) => other.id)
      .sort();
  }

  /** The single votes of honest signers on a batch that they hold, checked. */
  singles(batch: BatchId): Map<SignerId, Certificate> {
    const singles = new Map<SignerId, Certificate>();
    const { verifier } = this.world.federation;
    for (const part of this.#parts.get(batch) ?? []) {
      const [signer, ...more] = signersOf(part.classes);
      if (signer === undefined || more.length > 0 || this.members.includes(signer)) continue;
      if (!singles.has(signer) && verifier.votes(part).ok) singles.set(signer, part);
    }
    return singles;
  }

  /** A vote in the name of a member. */
  vote(member: SignerId, batch: BatchId, content: VoteContent): Certificate {
    const { verifier, signers } = this.world.federation;
    const bytes = voteSigningBytes(voteOfClass(verifier.epoch, batch, content));
    const { base, before, rejects } = content;
    const signature = signers[member]!.votingKey.sign(bytes);
    return { batch, classes: [{ base, before, rejects, signers: [member] }], signature };
  }

  /** The aggregate with a member's vote taken out; undefined when nothing is left. */
  without(votes: Certificate, member: SignerId): Certificate | undefined {
    const own = votes.classes.find((one) => one.signers.includes(member));
    return own ? this.cut(votes, this.vote(member, votes.batch, own)) : votes;
  }

  /** The aggregate with a single vote that it holds taken out; undefined when nothing is left. */
  cut(votes: Certificate, single: Certificate): Certificate | undefined {
    const [gone] = signersOf(single.classes);
    const classes = votes.classes
      .map((one) => ({ ...one, signers: one.signers.filter((signer) => signer !== gone) }))
      .filter((one) => one.signers.length > 0);
    if (classes.length === 0) return undefined;
    const { scheme } = this.world.federation.verifier;
    return { batch: votes.batch, classes, signature: scheme.subtract(votes.signature, single.signature) };
  }

  /** One aggregate of parts whose signers are disjoint; whoever checks it finds it valid when they are. */
  join(parts: readonly Certificate[]): Certificate {
    const classes: VoteClass[] = [];
    for (const one of parts.flatMap((part) => part.classes).sort(compareContent)) {
      const last = classes[classes.length - 1];
      if (last && compareContent(last, one) === 0)
        classes[classes.length - 1] = {
          ...last,
          signers: [...last.signers, ...one.signers].sort((a, b) => a - b),
        };
      else classes.push({ ...one, signers: [...one.signers].sort((a, b) => a - b) });
    }
    const { scheme } = this.world.federation.verifier;
    const signature = scheme.aggregate(parts.map((part) => part.signature));
    return { batch: parts[0]!.batch, classes, signature };
  }

  /** The aggregate with other votes of members, present before or not. */
  withVotes(votes: Certificate, contents: ReadonlyMap<SignerId, VoteContent>): Certificate {
    let rest: Certificate | undefined = votes;
    for (const member of contents.keys()) rest = rest && this.without(rest, member);
    const told = [...contents].map(([member, content]) => this.vote(member, votes.batch, content));
    return this.join(rest ? [rest, ...told] : told);
  }

  /** Keeps a certificate that they made, so that whoever asks any of them for it gets it. */
  keep(certificate: Certificate): Certificate {
    this.certificates.set(certificateDigest(certificate, this.n), certificate);
    return certificate;
  }
}
