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
import type { Certificate, VoteContent } from '../../src/messages/vote.ts';
import type { SimNode } from '../node.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { Cabal } from './cabal.ts';

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

export class Liar {
  readonly world: World;
  readonly id: SignerId;
  readonly random: Random;
  readonly n: number;
  /** The liars of the run; what any of them sees and forges is there. */
  readonly cabal: Cabal;

  constructor(world: World, id: SignerId, random: Random, cabal: Cabal) {
    this.world = world;
    this.id = id;
    this.random = random;
    this.n = world.nodes.length;
    this.cabal = cabal;
  }

  get batches(): Map<BatchId, Batch> {
    return this.cabal.batches;
  }
  get blocks(): Map<BlockDigest, Block> {
    return this.cabal.blocks;
  }
  get certificates(): Map<CertificateDigest, Certificate> {
    return this.cabal.certificates;
  }
  get forgedBatches(): Map<BatchId, Batch> {
    return this.cabal.forgedBatches;
  }
  get forgedBlocks(): Map<BlockDigest, Block> {
    return this.cabal.forgedBlocks;
  }
  get node(): SimNode {
    return this.world.nodes[this.id]!;
  }
  get others(): SignerId[] {
    return allSigners(this.n).filter((id) => id !== this.id);
  }

  /** The same coin of all liars for the same thing. */
  side(peer: SignerId, about: string): number {
    return this.cabal.side(peer, about);
  }

  certificate(id: CertificateDigest): Certificate | undefined {
    return this.certificates.get(id) ?? this.node.engine?.certificate(id);
  }

  send(to: SignerId, message: PeerMessage): void {
    if (to !== this.id) this.world.send(this.id, to, message);
  }

  rivalsOf(id: BatchId): BatchId[] {
    return this.cabal.rivalsOf(id);
  }

  vote(batch: BatchId, content: VoteContent): Certificate {
    return this.cabal.vote(this.id, batch, content);
  }

  /** Its own vote in an aggregate, if it is there. */
  ownIn(votes: Certificate): VoteContent | undefined {
    return votes.classes.find((one) => one.signers.includes(this.id));
  }

  /** The aggregate with its own vote taken out; undefined when nothing is left. */
  without(votes: Certificate): Certificate | undefined {
    return this.cabal.without(votes, this.id);
  }

  /** The aggregate with another vote of its own; whoever checks it finds it valid. */
  withOwn(votes: Certificate, content: VoteContent): Certificate {
    return this.cabal.withVotes(votes, new Map([[this.id, content]]));
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
      for (const { message } of sends) liar.cabal.learn(message);
      let list = sends;
      for (const strategy of strategies) {
        if (strategy.step) list = strategy.step(list);
        if (strategy.outgoing) list = list.flatMap((send) => strategy.outgoing!(send));
      }
      return list;
    },
    incoming: (from, message) => {
      liar.cabal.learn(message);
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
