/** What liars can make with their own keys, and what they can only pretend: the forgeries of class 16. */

import { utf8 } from '../../../src/base/bytes.ts';
import { type BatchId, batchNumber, height, type SignerId, type View } from '../../../src/base/ids.ts';
import { type Batch, makeBatch } from '../../../src/messages/batch.ts';
import {
  type Block,
  blockDigest,
  blockSigningBytes,
  type QuorumCertificate,
} from '../../../src/messages/block.ts';
import type { BatchEvent, BlockEvent, StreamEvent } from '../../../src/messages/stream.ts';
import { neverExpires, type Transaction } from '../../../src/messages/transaction.ts';
import {
  type Certificate,
  certificateDigest,
  type VoteClass,
  voteOfClass,
  voteSigningBytes,
} from '../../../src/messages/vote.ts';
import type { Scene } from './victims.ts';

const empty: Omit<VoteClass, 'signers'> = { base: height(0), before: [], rejects: [] };

export class StreamForger {
  readonly #scene: Scene;
  readonly #liar: SignerId;
  #nonce = 1_000_000;

  constructor(scene: Scene, liar: SignerId) {
    this.#scene = scene;
    this.#liar = liar;
  }

  get #verifier() {
    return this.#scene.world.federation.verifier;
  }

  /** Who is said to have signed: the liars when they are a quorum, else everybody. */
  get #claimed(): readonly SignerId[] {
    const { liars, world } = this.#scene;
    return liars.length >= this.#verifier.q ? liars : world.nodes.map((node) => node.signer.id);
  }

  #signatures(message: Uint8Array): Uint8Array {
    const { liars, world } = this.#scene;
    const parts = liars.map((id) => world.federation.signers[id]!.votingKey.sign(message));
    return this.#verifier.scheme.aggregate(parts);
  }

  /** Votes that list nothing, signed by the liars alone. */
  certificate(batch: BatchId): Certificate {
    const only = { ...empty, signers: this.#claimed };
    const message = voteSigningBytes(voteOfClass(this.#verifier.epoch, batch, only));
    return { batch, classes: [only], signature: this.#signatures(message) };
  }

  /** A batch of the liar's own, with a number and transactions of its choice. */
  batch(number: number, transactions: readonly Transaction[] = [this.#transaction()]): Batch {
    const { epoch } = this.#verifier;
    const header = { epoch, ingress: this.#liar, number: batchNumber(number), after: [] };
    const key = this.#scene.world.federation.signers[this.#liar]!.signingKey;
    return makeBatch(header, transactions, (bytes) => key.sign(bytes));
  }

  #transaction(): Transaction {
    const key = `k${this.#scene.random.integer(0, 4)}`;
    return {
      epoch: this.#verifier.epoch,
      client: utf8('forger'),
      nonce: this.#nonce++,
      expires: neverExpires,
      dependencies: [utf8(key)],
      body: utf8(JSON.stringify({ ops: [{ op: 'create', id: key, document: 'forged' }] })),
      signature: undefined,
    };
  }

  #qc(view: View, block: QuorumCertificate['block']): QuorumCertificate {
    const message = blockSigningBytes(this.#verifier.epoch, view, block);
    return { view, block, signers: this.#claimed, signature: this.#signatures(message) };
  }

  /** A block with a child and order certificates that the liars alone signed. */
  committed(block: Block, rest: Pick<BlockEvent, 'certificates' | 'batches'>): BlockEvent {
    const digest = blockDigest(block, this.#verifier.n);
    const child: Block = {
      ...block,
      height: height(block.height + 1),
      view: (block.view + 1) as View,
      parent: digest,
      justify: this.#qc(block.view, digest),
      entries: [],
    };
    const qc = this.#qc(child.view, blockDigest(child, this.#verifier.n));
    return { type: 'block', block, proof: [child], qc, ...rest };
  }

  /** The certificate says that nobody listed a rival: a quorum of liars can, fewer only pretend. */
  unrivalled({ batch, certificate }: BatchEvent): BatchEvent {
    if (this.#scene.liars.length >= this.#verifier.q)
      return { type: 'batch', batch, certificate: this.certificate(batch.id) };
    const signers = certificate.classes.flatMap((one) => one.signers).sort((a, b) => a - b);
    return { type: 'batch', batch, certificate: { ...certificate, classes: [{ ...empty, signers }] } };
  }

  /** A lie about a batch that is final by its score, or is not. */
  forgeBatch(event: BatchEvent): StreamEvent {
    const { random } = this.#scene;
    const { batch, certificate } = event;
    const everybody = this.#scene.world.nodes.map((node) => node.signer.id);
    const own = this.batch(batch.header.number);
    const twin = this.batch(batch.header.number, batch.transactions);
    return random.pick<() => StreamEvent>([
      () => this.unrivalled(event),
      () => ({ ...event, certificate: { ...certificate, classes: [{ ...empty, signers: everybody }] } }),
      () => ({ ...event, certificate: this.certificate(batch.id) }),
      () => ({ ...event, batch: own, certificate: this.certificate(own.id) }),
      () => ({ ...event, batch: twin, certificate: { ...certificate, batch: twin.id } }),
      () => ({ ...event, batch: own }),
    ])();
  }

  /** A lie about what a block holds, what it means, or that it is committed. */
  forgeBlock(event: BlockEvent): StreamEvent {
    const { random } = this.#scene;
    const { block, certificates, batches } = event;
    const [entry] = block.entries;
    const own = this.batch(random.integer(1, 40));
    const ownVotes = this.certificate(own.id);
    const ownEntry = { batch: own.id, certificate: certificateDigest(ownVotes, this.#verifier.n) };
    return random.pick<() => StreamEvent>([
      () => ({ ...event, block: { ...block, entries: block.entries.slice(1) } }),
      () => ({ ...event, block: { ...block, orderRoot: block.parent as unknown as Block['orderRoot'] } }),
      () => ({ ...event, certificates: certificates.map((one) => this.certificate(one.batch)) }),
      () => ({ ...event, certificates: certificates.slice(1), batches: batches.slice(1) }),
      () => ({ ...event, batches: [...batches, own] }),
      () => ({ ...event, proof: event.proof.slice(0, -1) }),
      () => ({ ...event, qc: this.#qc(event.qc.view, event.qc.block) }),
      () => this.committed({ ...block, entries: [] }, { certificates: [], batches: [] }),
      () => this.committed({ ...block, entries: [ownEntry] }, { certificates: [ownVotes], batches: [own] }),
      () =>
        entry
          ? this.committed({ ...block, entries: [entry] }, { certificates, batches })
          : this.committed(block, { certificates, batches }),
    ])();
  }
}
