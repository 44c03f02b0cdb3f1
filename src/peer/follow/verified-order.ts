/**
 * A signer's stream, believed only as far as it proves itself (protocol sections 5, 6 and 11). One signer
 * is enough: a batch final by its score carries the certificate that makes it so, and a committed block
 * carries its certificates, its bodies and the order certificates that commit it. Everything is checked
 * here again, with the same code that signers run, on this learner's own order.
 *
 * Invariants:
 * 1. `take` either accepts an event as a whole or changes nothing.
 * 2. What it delivers was verified, is delivered once (also across restarts and changes of the signer),
 *    and never contradicts an earlier delivery.
 * 3. All state is in the ledger, except batches that are held and not delivered: a stream brings those
 *    again. Writes wait in the overlay until `drain`, for whoever stores them together with the deliveries.
 *
 * Pure and synchronous: no sockets, no disk, no clock.
 */

import { fromHex } from '../../base/bytes.ts';
import { u53 } from '../../base/codec.ts';
import type { BatchId, BlockDigest, Height } from '../../base/ids.ts';
import type { Ledger, Write } from '../../base/ledger.ts';
import { LedgerOverlay } from '../../base/overlay.ts';
import { must, type Result } from '../../base/result.ts';
import { keysOf } from '../../dependency/keys.ts';
import type { Batch } from '../../messages/batch.ts';
import { type Block, blockDigest, decodeBlock, encodeBlock } from '../../messages/block.ts';
import type { BatchEvent, BlockEvent, HelloEvent, StreamEvent } from '../../messages/stream.ts';
import { type Certificate, certificateDigest } from '../../messages/vote.ts';
import { closureGap } from '../../ordering/closure.ts';
import { CommittedOrder } from '../../ordering/committed.ts';
import { type Delivery, DeliveryOrder } from '../../ordering/delivery.ts';
import { type DerivedBlock, type DeriveEntry, deriveBlock, factsOf } from '../../ordering/derive.ts';
import { type Quorum, quorumOf } from '../../ordering/quorum.ts';
import type { Verifier } from '../../verify/verifier.ts';
import type { PeerFinality } from '../api.ts';
import { Ahead } from './ahead.ts';
import { checkCommitProof } from './commit-proof.ts';
import { contradiction } from './contradiction.ts';
import { AgreementViolated, ForgedEvent } from './errors.ts';
import { HeldBatches, type Slot } from './held.ts';

/** Verified certificates that are remembered for one batch. */
const certificatesMax = 8;

export interface VerifiedOrderOptions {
  readonly verifier: Verifier;
  /** What an earlier life of this learner stored; empty at first. */
  readonly ledger: Ledger;
  /** Deliver what is final by its score, or only what a committed block holds. */
  readonly finality: PeerFinality;
}

/** Signatures checked so far, for metrics. */
export interface VerifiedCounts {
  batches: number;
  certificates: number;
  blocks: number;
}

/** @throws ForgedEvent when the check refused. */
function demand<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new ForgedEvent(result.error.code, result.error.message);
}

export class VerifiedOrder {
  readonly verified: VerifiedCounts = { batches: 0, certificates: 0, blocks: 0 };
  readonly #verifier: Verifier;
  readonly #finality: PeerFinality;
  readonly #quorum: Quorum;
  readonly #ledger: LedgerOverlay;
  readonly #committed: CommittedOrder;
  readonly #order: DeliveryOrder;
  readonly #held: HeldBatches;
  readonly #ahead: Ahead;

  /** @throws when the ledger is damaged. */
  constructor({ verifier, ledger, finality }: VerifiedOrderOptions) {
    const { signers, byzantine, faulty } = verifier.federation;
    this.#verifier = verifier;
    this.#finality = finality;
    this.#quorum = must(quorumOf(signers.length, byzantine, faulty));
    this.#ledger = new LedgerOverlay(ledger);
    this.#committed = new CommittedOrder(this.#ledger, verifier.epoch, verifier.n);
    this.#held = new HeldBatches(this.#ledger);
    this.#order = new DeliveryOrder(this.#committed, this.#quorum, (id) => this.#slotOf(id));
    this.#ahead = new Ahead(this.#ledger, verifier.n);
    this.#ahead.restore(this.#order, this.#held);
  }

  /** Height of the last committed block; a stream goes on after it. */
  get height(): Height {
    return this.#committed.height;
  }

  /** Batches in the committed order. */
  get size(): number {
    return this.#committed.frontier.size;
  }

  /** Batches delivered by score that no block holds yet. */
  get ahead(): number {
    return this.#order.ahead.size;
  }

  /** Batches held and not delivered. */
  get waiting(): number {
    return this.#held.size - this.#order.ahead.size;
  }

  /** Writes that belong to the deliveries since the last call, to be made durable together with them. */
  drain(): Write[] {
    return this.#ledger.drain();
  }

  get pending(): boolean {
    return this.#ledger.pending;
  }

  /**
   * Checks an event and returns what became final by it, in order. Events of the past are recognised and
   * give nothing.
   * @throws ForgedEvent: nothing changed, this signer must not be followed.
   * @throws AgreementViolated: nothing changed, halt.
   */
  take(event: StreamEvent): readonly Delivery[] {
    switch (event.type) {
      case 'hello':
        return this.#hello(event);
      case 'batch':
        return this.#batch(event);
      case 'block':
        return this.#block(event);
    }
  }

  #hello(event: HelloEvent): readonly Delivery[] {
    if (event.epoch !== this.#verifier.epoch)
      throw new ForgedEvent('EPOCH', 'the signer is of another federation');
    return [];
  }

  #batch({ batch, certificate }: BatchEvent): readonly Delivery[] {
    if (certificate.batch !== batch.id)
      throw new ForgedEvent('CERTIFICATE_BATCH', `batch ${batch.id} comes with a certificate of another`);
    const { ingress, number } = batch.header;
    if (this.#order.has(batch.id) || this.#committed.numberUsed(ingress, number)) return [];
    const digest = certificateDigest(certificate, this.#verifier.n);
    if (this.#held.get(batch.id)?.certificates.has(digest)) return [];
    if (!this.#held.get(batch.id)) this.#checkBatch(batch);
    this.#checkCertificate(certificate);
    // The first verified copy counts: an id does not cover the ingress's signature.
    const held = this.#held.add(batch);
    if (held.certificates.size < certificatesMax) held.certificates.add(digest);
    if (this.#finality === 'order') return [];
    const deliveries = this.#order.offer(held.batch, held.keys, certificate, digest);
    this.#keep(deliveries);
    return deliveries;
  }

  #block(event: BlockEvent): readonly Delivery[] {
    const { block } = event;
    const digest = blockDigest(block, this.#verifier.n);
    if (block.height <= this.height) {
      this.#checkPast(event, digest);
      return [];
    }
    if (block.height > this.height + 1)
      throw new ForgedEvent('GAP', `block ${block.height} follows ${this.height}: blocks are missing`);
    demand(checkCommitProof(event, digest, this.#verifier));
    if (block.parent !== this.#committed.block)
      throw new AgreementViolated(`committed block ${block.height} does not follow ours at ${this.height}`);
    const bodies = this.#bodies(event);
    const entries = this.#entries(event, bodies);
    this.verified.blocks += 1;
    const derived = this.#derive(block, entries).named(digest);
    return this.#commit(block, derived);
  }

  /** A block at a height that we have: the same one again, or a proof that quorums contradict each other. */
  #checkPast(event: BlockEvent, digest: BlockDigest): void {
    const { height } = event.block;
    const stored = this.#ledger.get('block', u53().encode(height));
    const known = stored && blockDigest(must(decodeBlock(stored, this.#verifier.n)), this.#verifier.n);
    if (known === digest) return;
    demand(checkCommitProof(event, digest, this.#verifier));
    throw new AgreementViolated(`two different blocks are committed at height ${height}`);
  }

  /** The bodies of a block's batches: those the event brings, verified, and those we hold. */
  #bodies({ block, batches }: BlockEvent): Map<BatchId, Batch> {
    const wanted = new Set(block.entries.map((entry) => entry.batch));
    const bodies = new Map<BatchId, Batch>();
    for (const batch of batches) {
      if (!wanted.has(batch.id))
        throw new ForgedEvent('BLOCK_EXTRA', `block ${block.height} brings batch ${batch.id}, not its own`);
      if (!this.#held.get(batch.id) && !bodies.has(batch.id)) this.#checkBatch(batch);
      bodies.set(batch.id, batch);
    }
    for (const id of wanted) {
      const body = this.#held.get(id)?.batch ?? bodies.get(id);
      if (!body) throw new ForgedEvent('BLOCK_BODY', `block ${block.height} lacks the body of batch ${id}`);
      bodies.set(id, body);
    }
    return bodies;
  }

  /** The entries with exactly the certificates that the block names. */
  #entries({ block, certificates }: BlockEvent, bodies: ReadonlyMap<BatchId, Batch>): DeriveEntry[] {
    if (certificates.length !== block.entries.length)
      throw new ForgedEvent(
        'BLOCK_CERTIFICATES',
        `block ${block.height} has ${block.entries.length} entries and ${certificates.length} certificates`,
      );
    return block.entries.map((entry, i): DeriveEntry => {
      const certificate = certificates[i]!;
      const digest = certificateDigest(certificate, this.#verifier.n);
      if (digest !== entry.certificate || certificate.batch !== entry.batch)
        throw new ForgedEvent(
          'BLOCK_CERTIFICATE',
          `entry ${i} of block ${block.height} has another certificate`,
        );
      const held = this.#held.get(entry.batch);
      if (!held?.certificates.has(digest)) this.#checkNamed(block, certificate);
      const batch = bodies.get(entry.batch)!;
      return { batch, keys: held?.keys ?? keysOf(batch), certificate, certificateDigest: digest };
    });
  }

  /** A certificate with the digest that a committed block names: a quorum says that it is valid. */
  #checkNamed(block: Block, certificate: Certificate): void {
    const checked = this.#verifier.certificate(certificate);
    if (!checked.ok)
      throw new AgreementViolated(`committed block ${block.height} is not valid: ${checked.error.message}`);
    this.verified.certificates += 1;
  }

  /**
   * What the block means. Its signatures are a quorum's, so whatever does not hold from here on was signed
   * by more than `f` liars.
   */
  #derive(block: Block, entries: readonly DeriveEntry[]): DerivedBlock {
    const invalid = this.#invalid(entries);
    if (invalid) throw new AgreementViolated(`committed block ${block.height} is not valid: ${invalid}`);
    const derived = deriveBlock(this.#committed, entries, this.#quorum);
    if (derived.orderRoot !== block.orderRoot)
      throw new AgreementViolated(`committed block ${block.height} has another order root than its entries`);
    const contradicted = contradiction(this.#deliveredAhead(), derived);
    if (contradicted) throw new AgreementViolated(`committed block ${block.height}: ${contradicted}`);
    return derived;
  }

  /**
   * Rules 1 and 2 of validity. A listed batch that lost its number may be unknown here, as nobody sends
   * it any more: then closure cannot be judged, and the quorum's signature stands.
   */
  #invalid(entries: readonly DeriveEntry[]): string | undefined {
    for (const { batch } of entries) {
      const { ingress, number } = batch.header;
      if (this.#committed.has(batch.id)) return `batch ${batch.id} is in the order already`;
      if (this.#committed.numberUsed(ingress, number)) return `the number of batch ${batch.id} is used`;
    }
    const facts = entries.map((entry) => factsOf(entry.batch, entry.certificate, this.#committed));
    const gap = closureGap(facts, (id) => {
      if (this.#committed.has(id)) return true;
      const slot = this.#slotOf(id);
      return !slot || this.#committed.numberUsed(slot.ingress, slot.number);
    });
    return gap && `batch ${gap.batch} needs ${gap.missing}, which is not in the order`;
  }

  /** From here on nothing can be refused. */
  #commit(block: Block, derived: DerivedBlock): readonly Delivery[] {
    const deliveries = this.#order.commit(derived, (writes) => this.#ledger.write(writes));
    this.#ledger.put('block', u53().encode(block.height), encodeBlock(block, this.#verifier.n));
    for (const place of derived.places) {
      this.#held.commit(place);
      this.#ahead.remove(place.batch);
    }
    this.#keep(deliveries);
    return deliveries;
  }

  /** Writes what the log's replay and a restart need of new deliveries. */
  #keep(deliveries: readonly Delivery[]): void {
    for (const delivery of deliveries) {
      this.#ledger.put('batch', fromHex(delivery.batch.id), delivery.batch.bytes);
      if (delivery.finality === 'score') this.#ahead.add(delivery);
    }
  }

  #deliveredAhead() {
    return new Map(
      [...this.#ahead.entries].map(([id, { verdicts }]) => [
        id,
        { verdicts, keys: this.#held.get(id)!.keys },
      ]),
    );
  }

  #checkBatch(batch: Batch): void {
    demand(this.#verifier.batch(batch));
    this.verified.batches += 1;
  }

  #checkCertificate(certificate: Certificate): void {
    demand(this.#verifier.certificate(certificate));
    this.verified.certificates += 1;
  }

  #slotOf(id: BatchId): Slot | undefined {
    return this.#committed.placeOf(id) ?? this.#held.slotOf(id);
  }
}
