/** Lies in phase 3: two proposals, bad blocks, hidden and withheld QCs, timeouts that contradict. */

import { sha256 } from '@noble/hashes/sha2.js';
import { compareText, concat, toHex } from '../../src/base/bytes.ts';
import { view as asView, type BlockDigest, type Digest, height, type SignerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { keysOf } from '../../src/dependency/keys.ts';
import type { Send } from '../../src/engine/contract.ts';
import {
  type Block,
  blockDigest,
  blockSigningBytes,
  genesisCertificate,
  type QuorumCertificate,
} from '../../src/messages/block.ts';
import { type Certificate, certificateDigest, signersOf } from '../../src/messages/vote.ts';
import { type DeriveEntry, deriveBlock } from '../../src/ordering/derive.ts';
import { quorumOf } from '../../src/ordering/quorum.ts';
import { termEnd } from '../../src/phases/terms.ts';
import type { Liar, Strategy } from './liar.ts';

/** The block over other entries of the liar's choice, with the root that follows from them. */
function recompose(liar: Liar, block: Block, entries: Block['entries']): Block | undefined {
  const { engine } = liar.node;
  const prefix = engine?.chain.prefix(block.parent);
  if (!engine || !prefix) return undefined;
  const full: DeriveEntry[] = [];
  for (const entry of entries) {
    const batch = engine.batch(entry.batch);
    const certificate = liar.certificate(entry.certificate);
    if (!batch || !certificate) return undefined;
    full.push({ batch, keys: keysOf(batch), certificate, certificateDigest: entry.certificate });
  }
  const { byzantine, faulty } = liar.world.federation.federation;
  const derived = deriveBlock(prefix, full, must(quorumOf(liar.n, byzantine, faulty)));
  return { ...block, entries, orderRoot: derived.orderRoot as Digest };
}

/** How the other block of an equivocating or bad leader differs. */
export type BlockLie = 'empty' | 'fewer' | 'certificates' | 'root' | 'height' | 'parent' | 'repeat';

function otherBlock(liar: Liar, block: Block, kind: BlockLie): Block | undefined {
  const { random } = liar;
  switch (kind) {
    case 'empty':
      return recompose(liar, block, []);
    case 'fewer':
      return recompose(
        liar,
        block,
        block.entries.filter(() => random.chance(0.6)),
      );
    case 'certificates':
      return recompose(
        liar,
        block,
        block.entries.map(({ batch, certificate }) => {
          const held = liar.certificate(certificate);
          return {
            batch,
            certificate: held ? certificateDigest(otherCertificate(liar, held), liar.n) : certificate,
          };
        }),
      );
    case 'root':
      return { ...block, orderRoot: toHex(sha256(concat(Uint8Array.of(random.integer(0, 256))))) as Digest };
    case 'height':
      return { ...block, height: (block.height + random.pick([1, 2, 100])) as Block['height'] };
    case 'parent':
      return olderParent(liar, block);
    case 'repeat': {
      const old = [...liar.blocks.values()].flatMap((one) => one.entries);
      const extra = old.filter((entry) => !block.entries.some((one) => one.batch === entry.batch)).slice(-1);
      const entries = [...block.entries, ...extra].sort((a, b) => compareText(a.batch, b.batch));
      return recompose(liar, block, entries) ?? { ...block, entries };
    }
  }
}

/** The same batch by another valid certificate: one with other votes of the liars that stand in it. */
function otherCertificate(liar: Liar, certificate: Certificate): Certificate {
  const present = new Set(signersOf(certificate.classes));
  const truth = certificate.classes[0]!;
  const before = truth.before.length > 0 ? [] : liar.rivalsOf(certificate.batch);
  const told = liar.cabal.members
    .filter((id) => present.has(id))
    .map((id) => [id, { ...truth, before }] as const);
  return told.length === 0 ? certificate : liar.cabal.keep(liar.cabal.withVotes(certificate, new Map(told)));
}

/** A block that builds on an older QC: it leaves out what the newer ones ordered. */
function olderParent(liar: Liar, block: Block): Block | undefined {
  const parent = liar.blocks.get(block.parent);
  if (!parent) return undefined;
  const justify: QuorumCertificate = parent.justify;
  const forked = { ...block, justify, parent: justify.block, height: parent.height };
  return recompose(liar, forked, block.entries) ?? { ...forked, entries: [] };
}

/** Signatures on a forged block as they come up, until they make a QC. */
class Collected {
  readonly #liar: Liar;
  readonly block: Block;
  readonly digest: BlockDigest;
  readonly #parts: { readonly signers: readonly SignerId[]; readonly signature: Uint8Array }[] = [];
  #done = false;

  constructor(liar: Liar, block: Block) {
    this.#liar = liar;
    this.block = block;
    this.digest = blockDigest(block, liar.n);
    liar.forgedBlocks.set(this.digest, block);
    const { epoch } = liar.world.federation.verifier;
    const bytes = blockSigningBytes(epoch, block.view, this.digest);
    this.#parts.push({ signers: [liar.id], signature: liar.node.signer.votingKey.sign(bytes) });
  }

  /** Takes a part that adds signers; the QC once there is one. */
  add(signers: readonly SignerId[], signature: Uint8Array): QuorumCertificate | undefined {
    const { verifier, federation } = this.#liar.world.federation;
    const held = this.#parts.flatMap((part) => part.signers);
    if (this.#done || signers.some((signer) => held.includes(signer))) return undefined;
    if (!verifier.blockVotes(this.block.view, this.digest, signers, signature).ok) return undefined;
    this.#parts.push({ signers, signature });
    const all = [...held, ...signers].sort((a, b) => a - b);
    if (all.length < this.#liar.n - federation.faulty) return undefined;
    this.#done = true;
    const sum = verifier.scheme.aggregate(this.#parts.map((part) => part.signature));
    return { view: this.block.view, block: this.digest, signers: all, signature: sum };
  }
}

export interface ProposalLies {
  readonly kinds: readonly BlockLie[];
  readonly chance: number;
  /** One half of the signers hears the truth. */
  readonly split: boolean;
  /** Chance that somebody is told what the others are told. */
  readonly leak: number;
}

/**
 * As the leader: another block for one half of the signers, or for all of them. It collects signatures
 * on its forgeries too, and shows their QCs to those who signed. A fork for one half goes on: its QC gets a
 * child in the next view of the term, whose own QC would commit it.
 */
export function falseProposals(liar: Liar, { kinds, chance, split, leak }: ProposalLies): Strategy {
  const { cabal } = liar;
  const { leaderTerm } = liar.world.federation.federation.limits;
  const forgeries = new Map<BlockDigest, Collected | undefined>();
  const byDigest = new Map<BlockDigest, Collected>();
  /** Last view of the term in which one half is on a fork, and hears of no other block. */
  let forkedTo = asView(0);
  const begin = (block: Block): Collected => {
    const forgery = new Collected(liar, block);
    byDigest.set(forgery.digest, forgery);
    return forgery;
  };
  const forgeryOf = (block: Block, digest: BlockDigest): Collected | undefined => {
    if (!forgeries.has(digest)) {
      const forked = split && block.view <= forkedTo;
      const other =
        !forked && liar.random.chance(chance) ? otherBlock(liar, block, liar.random.pick(kinds)) : undefined;
      if (other && split) forkedTo = termEnd(other.view, leaderTerm);
      forgeries.set(digest, other && begin(other));
    }
    return forgeries.get(digest);
  };
  const fork = (parent: Collected, justify: QuorumCertificate): void => {
    const next = asView(parent.block.view + 1);
    if (next > forkedTo) return;
    // Without entries it needs nothing but its parent, and the order stays what it was.
    const child = begin({
      ...parent.block,
      height: height(parent.block.height + 1),
      view: next,
      parent: parent.digest,
      justify,
      entries: [],
    });
    for (const to of liar.others)
      if (cabal.members.includes(to) || cabal.half(to) === 1)
        liar.send(to, liar.propose(child.block, undefined));
  };
  return {
    outgoing(send): readonly Send[] {
      const { message, to } = send;
      if (message.type !== 'proposal') return [send];
      const { block } = message.proposal;
      const digest = blockDigest(block, liar.n);
      if (liar.node.engine?.status().leader !== liar.id && !forgeries.has(digest)) return [send];
      const forgery = forgeryOf(block, digest);
      const misled = !split || (cabal.half(to) === 1 && !cabal.members.includes(to));
      const leaks = liar.random.chance(leak);
      if (!forgery) return misled && split && block.view <= forkedTo && !leaks ? [] : [send];
      const told: Send = { ...send, message: liar.propose(forgery.block, message.tc) };
      // Friends sign both.
      if (split && cabal.members.includes(to)) return [send, told];
      if (!misled) return [send];
      return leaks ? [send, told] : [told];
    },
    incoming(_, message) {
      const forgery = message.type === 'blockVotes' ? byDigest.get(message.block) : undefined;
      if (message.type !== 'blockVotes' || !forgery) return true;
      const high = forgery.add(message.signers, message.signature);
      if (!high) return false;
      if (split) fork(forgery, high);
      for (const to of liar.others)
        if (!split || cabal.half(to) === 1 || liar.random.chance(leak))
          liar.send(to, { type: 'view', high, tc: undefined, committed: height(0) });
      return false;
    },
  };
}

/** Signs every proposal that it hears of, in any view, and says so to everybody. */
export function signEverything(liar: Liar): Strategy {
  return {
    incoming(_, message) {
      if (message.type !== 'proposal') return true;
      const { block } = message.proposal;
      const digest = blockDigest(block, liar.n);
      const { epoch } = liar.world.federation.verifier;
      const signature = liar.node.signer.votingKey.sign(blockSigningBytes(epoch, block.view, digest));
      for (const to of liar.others)
        liar.send(to, { type: 'blockVotes', view: block.view, block: digest, signers: [liar.id], signature });
      return true;
    },
  };
}

/** A leader that keeps its QCs and commit proofs to itself, or shows them to one half. */
export function withholdQc(liar: Liar, { chance }: { readonly chance: number }): Strategy {
  return {
    outgoing(send): readonly Send[] {
      const { message, to } = send;
      if (message.type !== 'view' && message.type !== 'proposal') return [send];
      const about = message.type === 'view' ? message.high.view : message.proposal.block.view;
      return liar.random.chance(chance) && liar.side(to, `${about}`) === 1 ? [] : [send];
    },
  };
}

/** Timeouts that hide the highest QC, and that say different things to different signers. */
export function falseTimeouts(liar: Liar, { double }: { readonly double: boolean }): Strategy {
  const genesis = genesisCertificate(liar.world.federation.verifier.epoch);
  const low = { lastSigned: asView(0), highView: asView(0), highBlock: genesis.block };
  return {
    outgoing(send): readonly Send[] {
      const { message, to } = send;
      if (message.type !== 'timeout') return [send];
      if (double && liar.side(to, `${message.timeout.end}`) === 0) return [send];
      const timeout = liar.timeout({ end: message.timeout.end, ...low });
      return [{ ...send, message: { ...message, timeout, high: genesis } }];
    },
  };
}

/** Gives up every term at once, before anything has gone wrong. */
export function eagerTimeouts(liar: Liar): Strategy {
  return {
    tick() {
      const { engine } = liar.node;
      if (!engine || !liar.random.chance(0.3)) return;
      const { leaderTerm } = liar.world.federation.federation.limits;
      const end = asView(
        Math.ceil(engine.status().view / leaderTerm) * leaderTerm + liar.random.pick([0, 0, leaderTerm]),
      );
      const genesis = genesisCertificate(liar.world.federation.verifier.epoch);
      const timeout = liar.timeout({
        end,
        lastSigned: asView(0),
        highView: asView(0),
        highBlock: genesis.block,
      });
      for (const to of liar.others)
        liar.send(to, { type: 'timeout', timeout, high: genesis, entry: undefined });
    },
  };
}
