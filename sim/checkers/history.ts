/**
 * What a run leaves for the checkers: everything that honest signers did and said, in order of virtual
 * time, and what their disks hold at the end. Checkers read histories only, so a test can hand them a
 * made-up one. The recorder keeps what it is told and judges nothing.
 */

import { fromHex } from '../../src/base/bytes.ts';
import {
  height as asHeight,
  type BatchId,
  type BlockDigest,
  type CertificateDigest,
  type Epoch,
  type SignerId,
  type TransactionId,
  type View,
} from '../../src/base/ids.ts';
import type { Result } from '../../src/base/result.ts';
import type { EngineEvent } from '../../src/engine/contract.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { type Block, blockDigest, type QuorumCertificate } from '../../src/messages/block.ts';
import type { Evidence } from '../../src/messages/evidence.ts';
import type { PeerMessage } from '../../src/messages/peer.ts';
import type { SignedTimeout, TimeoutCertificate } from '../../src/messages/timeout.ts';
import { type Certificate, storedCertificate, type VoteContent } from '../../src/messages/vote.ts';
import type { StoredPlace } from '../../src/ordering/order.ts';
import type { LearnerRecord } from '../learners/learner.ts';
import type { World } from '../world.ts';
import type { Contradiction } from './blame-held.ts';
import type { Numbers } from './rules.ts';

export type Entry =
  | { readonly kind: 'event'; readonly at: number; readonly node: SignerId; readonly event: EngineEvent }
  /** A life begins with what the disk kept up to this height. */
  | { readonly kind: 'started'; readonly at: number; readonly node: SignerId; readonly height: number }
  | { readonly kind: 'crashed'; readonly at: number; readonly node: SignerId };

/** Something that a signer signed, as an honest signer passed it on after checking it. */
export type Statement =
  | { readonly kind: 'vote'; readonly signer: SignerId; readonly batch: BatchId; readonly vote: VoteContent }
  | { readonly kind: 'block'; readonly signer: SignerId; readonly view: View; readonly block: BlockDigest }
  | { readonly kind: 'timeout'; readonly signer: SignerId; readonly timeout: SignedTimeout };

/** The committed order that a node holds when the run is over. */
export interface FinalOrder {
  readonly node: SignerId;
  readonly blocks: readonly Block[];
  readonly places: readonly StoredPlace[];
}

/** What was demanded after the network healed. */
export interface Progress {
  readonly boundMs: number;
  readonly reached: boolean;
  /** What was still open at the bound, in words. */
  readonly open: readonly string[];
}

export interface History extends Numbers {
  readonly epoch: Epoch;
  readonly honest: ReadonlySet<SignerId>;
  readonly entries: readonly Entry[];
  readonly statements: readonly Statement[];
  readonly finals: readonly FinalOrder[];
  readonly batches: ReadonlyMap<BatchId, Batch>;
  readonly blocks: ReadonlyMap<BlockDigest, Block>;
  readonly certificates: ReadonlyMap<CertificateDigest, Certificate>;
  /** When a valid QC of a block was first sent by anybody. */
  readonly certifiedAt: ReadonlyMap<BlockDigest, number>;
  /** The last view of each term that was given up, with the views of the highest QCs of its valid TCs. */
  readonly givenUp: ReadonlyMap<View, ReadonlySet<View>>;
  /** Engines that broke an invariant. */
  readonly failures: readonly { readonly node: SignerId; readonly error: unknown }[];
  readonly progress: Progress | undefined;
  /** Learners of honest signers; none when the run had none. */
  readonly learners: readonly LearnerRecord[];
  /** Proofs of guilt that honest signers held in their hands. */
  readonly held: readonly Contradiction[];
  /** Checks the signatures of an aggregate. */
  verify(certificate: Certificate): Result<undefined>;
  /** Checks a piece of evidence offline. */
  convicts(evidence: Evidence): Result<undefined>;
}

const contentKey = ({ base, before, rejects }: VoteContent): string =>
  `${base} ${before.join()} ${rejects.join()}`;

/** Listens to a world and makes its history. */
export class Recorder {
  readonly #world: World;
  readonly #entries: Entry[] = [];
  readonly #statements: Statement[] = [];
  readonly #accepted = new Set<TransactionId>();
  readonly #said = new Set<string>();
  readonly #batches = new Map<BatchId, Batch>();
  readonly #blocks = new Map<BlockDigest, Block>();
  readonly #certifiedAt = new Map<BlockDigest, number>();
  readonly #givenUp = new Map<View, Set<View>>();
  readonly #convicts: (evidence: Evidence) => Result<undefined>;

  constructor(world: World, convicts: (evidence: Evidence) => Result<undefined>) {
    this.#world = world;
    this.#convicts = convicts;
    world.watchers.push({
      observed: ({ at, node, event }) => {
        this.#entries.push({ kind: 'event', at, node, event });
        if (event.type === 'accepted') for (const id of event.transactions) this.#accepted.add(id);
        if (event.type === 'delivered') this.#batches.set(event.delivery.batch.id, event.delivery.batch);
      },
      life: ({ at, node, up, height }) =>
        this.#entries.push(up ? { kind: 'started', at, node, height } : { kind: 'crashed', at, node }),
      sent: (from, _, message) => {
        this.#learn(message);
        this.#learnProofs(message);
        if (!world.byzantine.has(from)) this.#hear(from, message);
      },
    });
  }

  /** Transactions that some honest signer announced as accepted. */
  get acceptedTransactions(): ReadonlySet<TransactionId> {
    return this.#accepted;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** A digest proves its content, whoever sends it. */
  #learn(message: PeerMessage): void {
    if (message.type === 'announce') this.#batches.set(message.batch.id, message.batch);
    if (message.type === 'copy') for (const batch of message.batches) this.#batches.set(batch.id, batch);
    if (message.type === 'proposal') this.#block(message.proposal.block);
    if (message.type === 'copy') for (const block of message.blocks) this.#block(block);
    if (message.type === 'blocks')
      for (const block of [...message.blocks, ...message.proof]) this.#block(block);
  }

  /** QCs and TCs prove themselves too. */
  #learnProofs(message: PeerMessage): void {
    switch (message.type) {
      case 'view':
        this.#qc(message.high);
        if (message.tc) this.#tc(message.tc);
        return;
      case 'proposal':
        this.#qc(message.proposal.block.justify);
        if (message.tc) this.#tc(message.tc);
        return;
      case 'timeout':
        this.#qc(message.high);
        if (message.entry) this.#tc(message.entry);
        return;
      case 'blocks':
        this.#qc(message.qc);
        for (const block of [...message.blocks, ...message.proof]) this.#qc(block.justify);
        return;
      default:
        return;
    }
  }

  #qc(qc: QuorumCertificate): void {
    if (this.#certifiedAt.has(qc.block) || !this.#world.federation.verifier.qc(qc).ok) return;
    this.#certifiedAt.set(qc.block, this.#world.now);
  }

  #tc(tc: TimeoutCertificate): void {
    const highs = this.#givenUp.get(tc.end) ?? new Set();
    if (highs.has(tc.high.view) || !this.#world.federation.verifier.tc(tc).ok) return;
    this.#givenUp.set(tc.end, highs.add(tc.high.view));
    this.#qc(tc.high);
  }

  /** Honest signers send only what they made or checked. */
  #hear(from: SignerId, message: PeerMessage): void {
    switch (message.type) {
      case 'votes':
        this.#votes(message.votes);
        return;
      case 'certificate':
        this.#votes(message.certificate);
        return;
      case 'blockVotes':
        for (const signer of message.signers)
          this.#say(`block ${signer} ${message.view} ${message.block}`, {
            kind: 'block',
            signer,
            view: message.view,
            block: message.block,
          });
        return;
      case 'timeout': {
        const { timeout } = message;
        if (timeout.signer !== from) return;
        const key = `timeout ${from} ${timeout.end} ${timeout.lastSigned} ${timeout.highView} ${timeout.highBlock}`;
        this.#say(key, { kind: 'timeout', signer: from, timeout });
        return;
      }
      default:
        return;
    }
  }

  #votes(votes: Certificate): void {
    for (const one of votes.classes) {
      const content = contentKey(one);
      for (const signer of one.signers)
        this.#say(`vote ${signer} ${votes.batch} ${content}`, {
          kind: 'vote',
          signer,
          batch: votes.batch,
          vote: { base: one.base, before: one.before, rejects: one.rejects },
        });
    }
  }

  #say(key: string, statement: Statement): void {
    if (this.#said.has(key)) return;
    this.#said.add(key);
    this.#statements.push(statement);
  }

  #block(block: Block): void {
    this.#blocks.set(blockDigest(block, this.#world.nodes.length), block);
  }

  /** The whole history; reads the disks of the honest signers. */
  history(progress: Progress | undefined, { learners, held }: Pick<History, 'learners' | 'held'>): History {
    const { verifier, federation } = this.#world.federation;
    const honest = this.#world.nodes.filter((node) => !this.#world.byzantine.has(node.signer.id));
    const certificates = new Map<CertificateDigest, Certificate>();
    const finals = honest.flatMap((node): FinalOrder[] => {
      const { engine, store } = node;
      if (!engine) return [];
      const { committed } = engine.order;
      const places: StoredPlace[] = [];
      for (let i = 0; i < committed.frontier.size; i++) {
        const place = committed.placeAt(i)!;
        places.push(place);
        const batch = engine.batch(place.batch);
        if (batch && !this.#batches.has(batch.id)) this.#batches.set(batch.id, batch);
        const bytes = store.get('certificate', fromHex(place.certificate));
        if (bytes && !certificates.has(place.certificate))
          certificates.set(place.certificate, storedCertificate(bytes, verifier.n));
      }
      const blocks: Block[] = [];
      for (let height = 1; height <= committed.height; height++) {
        const block = engine.chain.at(asHeight(height));
        if (block) blocks.push(block);
      }
      for (const block of blocks) this.#block(block);
      return [{ node: node.signer.id, blocks, places }];
    });
    return {
      n: verifier.n,
      f: federation.byzantine,
      t: federation.faulty,
      epoch: verifier.epoch,
      honest: new Set(honest.map((node) => node.signer.id)),
      entries: this.#entries,
      statements: this.#statements,
      finals,
      batches: this.#batches,
      blocks: this.#blocks,
      certificates,
      certifiedAt: this.#certifiedAt,
      givenUp: this.#givenUp,
      failures: this.#world.failures,
      progress,
      learners,
      held,
      verify: (certificate) => verifier.votes(certificate),
      convicts: this.#convicts,
    };
  }
}
