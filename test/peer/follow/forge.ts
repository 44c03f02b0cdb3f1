/** What a learner would get if a quorum, or more, signed whatever it is asked to. */

import type { World } from '../../../sim/world.ts';
import { utf8 } from '../../../src/base/bytes.ts';
import {
  allSigners,
  type BatchId,
  type BlockDigest,
  batchNumber,
  type Digest,
  type Height,
  height,
  type SignerId,
  signerId,
  type View,
  view,
} from '../../../src/base/ids.ts';
import { must } from '../../../src/base/result.ts';
import { keysOf } from '../../../src/dependency/keys.ts';
import { type AfterEntry, type Batch, makeBatch } from '../../../src/messages/batch.ts';
import {
  type Block,
  blockDigest,
  blockSigningBytes,
  type QuorumCertificate,
} from '../../../src/messages/block.ts';
import type { BlockEvent } from '../../../src/messages/stream.ts';
import { neverExpires, type Transaction } from '../../../src/messages/transaction.ts';
import {
  type Certificate,
  certificateDigest,
  compareContent,
  type VoteClass,
  voteOfClass,
  voteSigningBytes,
} from '../../../src/messages/vote.ts';
import { deriveBlock } from '../../../src/ordering/derive.ts';
import type { OrderPrefix } from '../../../src/ordering/order.ts';
import { quorumOf } from '../../../src/ordering/quorum.ts';

/** All keys of a federation in the hands of a test. */
export class Forge {
  readonly #world: World;
  #nonce = 1_000_000;

  constructor(world: World) {
    this.#world = world;
  }

  get #verifier() {
    return this.#world.federation.verifier;
  }
  get n(): number {
    return this.#verifier.n;
  }

  batch(ingress: number, number: number, document: string, after: readonly AfterEntry[] = []): Batch {
    const { epoch } = this.#verifier;
    const body = { ops: [{ op: 'create', id: document, document: number }] };
    const transaction: Transaction = {
      epoch,
      client: utf8('forge'),
      nonce: this.#nonce++,
      expires: neverExpires,
      dependencies: [utf8(document)],
      body: utf8(JSON.stringify(body)),
      signature: undefined,
    };
    const header = { epoch, ingress: signerId(ingress), number: batchNumber(number), after };
    return makeBatch(header, [transaction], (bytes) =>
      this.#world.federation.signers[ingress]!.signingKey.sign(bytes),
    );
  }

  /** The same transactions again, at another ingress. */
  repeat(batch: Batch, ingress: SignerId, number: number): Batch {
    const { epoch } = this.#verifier;
    const key = this.#world.federation.signers[ingress]!.signingKey;
    const header = { epoch, ingress, number: batchNumber(number), after: [] };
    return makeBatch(header, batch.transactions, (bytes) => key.sign(bytes));
  }

  /** A certificate; by default all signers voted that nothing was before. */
  certificate(batch: BatchId, classes: readonly Partial<VoteClass>[] = [{}]): Certificate {
    const full = classes
      .map(
        (one): VoteClass => ({
          base: one.base ?? height(0),
          before: [...(one.before ?? [])].sort(),
          rejects: one.rejects ?? [],
          signers: one.signers ?? allSigners(this.n),
        }),
      )
      .sort(compareContent);
    const parts = full.flatMap((one) => {
      const message = voteSigningBytes(voteOfClass(this.#verifier.epoch, batch, one));
      return one.signers.map((id) => this.#world.federation.signers[id]!.votingKey.sign(message));
    });
    return { batch, classes: full, signature: this.#verifier.scheme.aggregate(parts) };
  }

  qc(block: BlockDigest, at: View, signers: readonly SignerId[] = allSigners(this.n)): QuorumCertificate {
    const message = blockSigningBytes(this.#verifier.epoch, at, block);
    const parts = signers.map((id) => this.#world.federation.signers[id]!.votingKey.sign(message));
    return { block, view: at, signers, signature: this.#verifier.scheme.aggregate(parts) };
  }

  /** A committed block of certified batches after a prefix, with its proof. */
  block(
    prefix: OrderPrefix,
    content: readonly { readonly batch: Batch; readonly certificate: Certificate }[],
    change: Partial<Block> = {},
  ): BlockEvent {
    const { federation, epoch } = this.#verifier;
    const entries = content
      .map(({ batch, certificate }) => ({
        batch,
        keys: keysOf(batch),
        certificate,
        certificateDigest: certificateDigest(certificate, this.n),
      }))
      .sort((a, b) => (a.batch.id < b.batch.id ? -1 : 1));
    const quorum = must(quorumOf(this.n, federation.byzantine, federation.faulty));
    const parent = change.parent ?? prefix.block;
    const at = view(1000 * (prefix.height + 1));
    const block: Block = {
      epoch,
      height: (prefix.height + 1) as Height,
      view: at,
      parent,
      justify: this.qc(parent, view(at - 1)),
      entries: entries.map((one) => ({ batch: one.batch.id, certificate: one.certificateDigest })),
      orderRoot: deriveBlock(prefix, entries, quorum).orderRoot as Digest,
      ...change,
    };
    const digest = blockDigest(block, this.n);
    const child = this.child(block, digest, view(at + 1));
    return {
      type: 'block',
      block,
      certificates: entries.map((one) => one.certificate),
      batches: entries.map((one) => one.batch),
      proof: [child],
      qc: this.qc(blockDigest(child, this.n), child.view),
    };
  }

  /** An empty block after another one. */
  child(parent: Block, digest: BlockDigest, at: View): Block {
    return {
      ...parent,
      height: (parent.height + 1) as Height,
      view: at,
      parent: digest,
      justify: this.qc(digest, parent.view),
      entries: [],
    };
  }
}
