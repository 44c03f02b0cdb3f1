/**
 * A Byzantine signer: a real engine whose words pass through strategies on their way out, with the keys to
 * sign anything else in its name. This file is what all strategies share: what the liar knows, and how it
 * signs. A strategy does one kind of mischief; several can be stacked on one liar.
 */

import type { BatchId, BlockDigest, CertificateDigest, SignerId } from '../../src/base/ids.ts';
import { allSigners } from '../../src/base/ids.ts';
import type { Send } from '../../src/engine/contract.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { type Block, blockDigest, proposalSigningBytes } from '../../src/messages/block.ts';
import type { PeerMessage, ProposalMessage } from '../../src/messages/peer.ts';
import {
  type SignedTimeout,
  type TimeoutStatement,
  timeoutSigningBytes,
} from '../../src/messages/timeout.ts';
import {
  type Certificate,
  compareContent,
  type VoteClass,
  type VoteContent,
  voteOfClass,
  voteSigningBytes,
} from '../../src/messages/vote.ts';
import { conflict } from '../checkers/rules.ts';
import type { SimNode } from '../node.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';

/** One kind of mischief. */
export interface Strategy {
  /** What leaves instead of one message; several, one, or none. */
  outgoing?(send: Send): readonly Send[];
  /** What a whole step sends, before `outgoing` sees its messages. */
  step?(sends: readonly Send[]): readonly Send[];
  /** Sees what arrives; false keeps it from the engine. */
  incoming?(from: SignerId, message: PeerMessage): boolean;
  /** The liar looks up now and then, whatever happens around it. */
  tick?(): void;
}

const batchesKept = 400;

export class Liar {
  readonly world: World;
  readonly id: SignerId;
  readonly random: Random;
  readonly n: number;
  /** Batches that it saw, oldest first. */
  readonly batches = new Map<BatchId, Batch>();
  readonly blocks = new Map<BlockDigest, Block>();
  /** Certificates that it made and its engine does not know. */
  readonly certificates = new Map<CertificateDigest, Certificate>();
  /** Batches and blocks that it made, showed to somebody, and its engine does not know. */
  readonly forgedBatches = new Map<BatchId, Batch>();
  readonly forgedBlocks = new Map<BlockDigest, Block>();

  constructor(world: World, id: SignerId, random: Random) {
    this.world = world;
    this.id = id;
    this.random = random;
    this.n = world.nodes.length;
  }

  get node(): SimNode {
    return this.world.nodes[this.id]!;
  }
  get others(): SignerId[] {
    return allSigners(this.n).filter((id) => id !== this.id);
  }

  /** The same coin for the same thing, so that one half of the signers hears one story. */
  side(peer: SignerId, about: string): number {
    let hash = 2166136261;
    for (const character of `${this.id}/${peer}/${about}`)
      hash = Math.imul(hash ^ character.charCodeAt(0), 16777619);
    return (hash >>> 8) & 1;
  }

  certificate(id: CertificateDigest): Certificate | undefined {
    return this.certificates.get(id) ?? this.node.engine?.certificate(id);
  }

  send(to: SignerId, message: PeerMessage): void {
    if (to !== this.id) this.world.send(this.id, to, message);
  }

  /** Learns what it can lie about. */
  learn(message: PeerMessage): void {
    const batches =
      message.type === 'announce' ? [message.batch] : message.type === 'copy' ? message.batches : [];
    for (const batch of batches) this.batches.set(batch.id, batch);
    while (this.batches.size > batchesKept) this.batches.delete(this.batches.keys().next().value!);
    if (message.type === 'proposal')
      this.blocks.set(blockDigest(message.proposal.block, this.n), message.proposal.block);
  }

  /** Batches it knows that conflict with this one and do not stand in its `after`. */
  rivalsOf(id: BatchId): BatchId[] {
    const batch = this.batches.get(id);
    if (!batch) return [];
    const after = new Set(batch.header.after.map((entry) => entry.id));
    return [...this.batches.values()]
      .filter((other) => other.id !== id && !after.has(other.id) && conflict(batch, other))
      .map((other) => other.id)
      .sort();
  }

  vote(batch: BatchId, content: VoteContent): Certificate {
    const { epoch } = this.world.federation.verifier;
    const signature = this.node.signer.votingKey.sign(voteSigningBytes(voteOfClass(epoch, batch, content)));
    const { base, before, rejects } = content;
    return { batch, classes: [{ base, before, rejects, signers: [this.id] }], signature };
  }

  /** Its own vote in an aggregate, if it is there. */
  ownIn(votes: Certificate): VoteContent | undefined {
    return votes.classes.find((one) => one.signers.includes(this.id));
  }

  /** The aggregate with its own vote taken out; undefined when nothing is left. */
  without(votes: Certificate): Certificate | undefined {
    const own = this.ownIn(votes);
    if (!own) return votes;
    const classes = votes.classes
      .map((one) => ({ ...one, signers: one.signers.filter((signer) => signer !== this.id) }))
      .filter((one) => one.signers.length > 0);
    if (classes.length === 0) return undefined;
    const { scheme } = this.world.federation.verifier;
    const signature = scheme.subtract(votes.signature, this.vote(votes.batch, own).signature);
    return { batch: votes.batch, classes, signature };
  }

  /** The aggregate with another vote of its own; whoever checks it finds it valid. */
  withOwn(votes: Certificate, content: VoteContent): Certificate {
    const rest = this.without(votes);
    const mine = this.vote(votes.batch, content);
    if (!rest) return mine;
    const classes: VoteClass[] = [];
    for (const one of [...rest.classes, ...mine.classes].sort(compareContent)) {
      const last = classes[classes.length - 1];
      if (last && compareContent(last, one) === 0)
        classes[classes.length - 1] = {
          ...last,
          signers: [...last.signers, ...one.signers].sort((a, b) => a - b),
        };
      else classes.push(one);
    }
    const { scheme } = this.world.federation.verifier;
    return { batch: votes.batch, classes, signature: scheme.aggregate([rest.signature, mine.signature]) };
  }

  propose(block: Block, tc: ProposalMessage['tc']): ProposalMessage {
    const bytes = proposalSigningBytes(block.epoch, block.view, blockDigest(block, this.n));
    return { type: 'proposal', proposal: { block, signature: this.node.signer.signingKey.sign(bytes) }, tc };
  }

  timeout(statement: TimeoutStatement): SignedTimeout {
    const { end, lastSigned, highView, highBlock } = statement;
    const bytes = timeoutSigningBytes(this.world.federation.verifier.epoch, statement);
    return {
      end,
      lastSigned,
      highView,
      highBlock,
      signer: this.id,
      signature: this.node.signer.signingKey.sign(bytes),
    };
  }
}

/** Puts strategies between a node and the world. */
export function corrupt(liar: Liar, strategies: readonly Strategy[], untilMs: number): void {
  const { world, id } = liar;
  world.byzantine.add(id);
  world.nodes[id]!.tamper = {
    outgoing: (sends) => {
      for (const { message } of sends) liar.learn(message);
      let list = sends;
      for (const strategy of strategies) {
        if (strategy.step) list = strategy.step(list);
        if (strategy.outgoing) list = list.flatMap((send) => strategy.outgoing!(send));
      }
      return list;
    },
    incoming: (from, message) => {
      liar.learn(message);
      let heard = true;
      for (const strategy of strategies) if (strategy.incoming?.(from, message) === false) heard = false;
      return heard;
    },
  };
  const ticking = strategies.filter((strategy) => strategy.tick);
  if (ticking.length === 0) return;
  const tick = (): void => {
    for (const strategy of ticking) strategy.tick!();
    if (world.now < untilMs) world.schedule.after(20 + liar.random.integer(0, 60), tick);
  };
  world.schedule.after(liar.random.integer(0, 50), tick);
}
