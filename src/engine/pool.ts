/**
 * Batches that this signer holds and that are not in the committed order: their bytes, keys and
 * certificates. Holding is not accepting (protocol section 2): acceptance.ts decides that.
 *
 * Invariants:
 * 1. Every batch here is valid by its bytes and signatures, of an unused number, and at most
 *    `2 W` above its ingress's watermark: what one ingress can make us hold is bounded.
 * 2. `CommittedOrder.inFlight` has the batches here that are not committed.
 * 3. Of one (ingress, number) at most `twinsMax` batches that are not admitted are held.
 */

import { fromHex } from '../base/bytes.ts';
import { type Codec, P, u16, u53 } from '../base/codec.ts';
import type { BatchId, BatchNumber, CertificateDigest, SignerId } from '../base/ids.ts';
import { type BatchKeys, type Key, keysOf, slotKey } from '../dependency/keys.ts';
import { type Batch, decodeBatch } from '../messages/batch.ts';
import type { Certificate } from '../messages/vote.ts';
import type { CommittedOrder } from '../ordering/committed.ts';
import type { Core } from './core.ts';

export interface Held {
  readonly batch: Batch;
  readonly keys: BatchKeys;
  /** Verified certificates by digest. */
  readonly certificates: Map<CertificateDigest, Certificate>;
  readonly heldAt: number;
  /** Its bytes are in the ledger. */
  stored: boolean;
}

export interface Slot {
  readonly ingress: SignerId;
  readonly number: BatchNumber;
}

const slotCodec = P.struct({
  ingress: u16<SignerId>(),
  number: u53<BatchNumber>(),
}) as unknown as Codec<Slot>;

/** Batches of one number held before any of them is admitted: enough for evidence. */
const twinsMax = 2;

export class Pool {
  readonly #core: Core;
  readonly #committed: CommittedOrder;
  readonly #held = new Map<BatchId, Held>();
  /** Held batches of a number, first held first. */
  readonly #slots = new Map<Key, BatchId[]>();

  constructor(core: Core, committed: CommittedOrder) {
    this.#core = core;
    this.#committed = committed;
  }

  get(id: BatchId): Held | undefined {
    return this.#held.get(id);
  }

  /** All held batches, oldest first. */
  all(): IterableIterator<Held> {
    return this.#held.values();
  }

  /** The batch is at hand, in the committed order, or known to have lost its number. */
  holds(id: BatchId): boolean {
    return this.#held.has(id) || this.slotOf(id) !== undefined;
  }

  /** The same of a batch that came: only where its number is used can it be in the order, or have lost it. */
  knows({ id, header }: Batch): boolean {
    return (
      this.#held.has(id) || (this.#committed.numberUsed(header.ingress, header.number) && this.holds(id))
    );
  }

  /** Writes the bytes of a batch, once while it is held. */
  store(batch: Batch): void {
    const held = this.#held.get(batch.id);
    if (held?.stored) return;
    if (held) held.stored = true;
    this.#core.ledger.put('batch', fromHex(batch.id), batch.bytes);
  }

  /** Bytes of a batch at hand, for whoever asks. */
  find(id: BatchId): Batch | undefined {
    const held = this.#held.get(id);
    if (held) return held.batch;
    const stored = this.#core.ledger.get('batch', fromHex(id));
    const decoded = stored && decodeBatch(stored);
    return decoded?.ok ? decoded.value : undefined;
  }

  /** Ingress and number of a batch that we know. */
  slotOf = (id: BatchId): Slot | undefined => {
    const held = this.#held.get(id);
    if (held) return held.batch.header;
    const place = this.#committed.placeOf(id);
    if (place) return place;
    const dead = this.#core.ledger.get('dead', fromHex(id));
    return dead && slotCodec.decode(dead);
  };

  /** Batches of one (ingress, number), first held first. */
  twins(slot: Slot): readonly BatchId[] {
    return this.#slots.get(slotKey(slot.ingress, slot.number)) ?? [];
  }

  /**
   * Whether there is room for a batch that was not asked for: its number is unused and not far above
   * the window, and it is not one twin too many.
   */
  room(batch: Batch): boolean {
    const { ingress, number } = batch.header;
    if (this.#committed.numberUsed(ingress, number)) return false;
    if (number > this.#committed.window(ingress).watermark + 2 * this.#core.limits.window) return false;
    return this.twins(batch.header).length < twinsMax;
  }

  /** Changes whenever a certificate is added or a number is used. */
  version = 0;

  /** Takes a verified certificate of a held batch; false when it is there already. */
  certify(id: BatchId, digest: CertificateDigest, certificate: Certificate): boolean {
    const certificates = this.#held.get(id)?.certificates;
    if (!certificates || certificates.has(digest)) return false;
    certificates.set(digest, certificate);
    this.version += 1;
    return true;
  }

  /** Takes a verified batch. @param keys its conflict keys, where they are known. */
  add(batch: Batch, keys?: BatchKeys): Held {
    const existing = this.#held.get(batch.id);
    if (existing) return existing;
    const held: Held = {
      batch,
      keys: keys ?? keysOf(batch),
      certificates: new Map<CertificateDigest, Certificate>(),
      heldAt: this.#core.now,
      stored: false,
    };
    this.#held.set(batch.id, held);
    this.#committed.inFlight.enter(batch);
    const slot = slotKey(batch.header.ingress, batch.header.number);
    const twins = this.#slots.get(slot);
    if (twins) twins.push(batch.id);
    else this.#slots.set(slot, [batch.id]);
    return held;
  }

  /** Takes back an accepted batch from the ledger after a restart. @param id the batch id as bytes. */
  restore(id: Uint8Array): Held | undefined {
    const stored = this.#core.ledger.get('batch', id);
    const decoded = stored && decodeBatch(stored);
    if (!decoded?.ok) return undefined;
    const held = this.add(decoded.value);
    held.stored = true;
    return held;
  }

  /** Forgets every batch of a number that the committed order used; returns their ids. */
  useSlot(slot: Slot): BatchId[] {
    const key = slotKey(slot.ingress, slot.number);
    const ids = this.#slots.get(key) ?? [];
    this.#slots.delete(key);
    this.version += 1;
    for (const id of ids) {
      const held = this.#held.get(id);
      this.#committed.inFlight.leave(id);
      if (held && !this.#committed.has(id)) this.bury(held.batch);
      this.#held.delete(id);
    }
    return ids;
  }

  /**
   * Remembers a verified batch that lost its number to another: votes may list it, and whoever judges
   * them must know its number. Only equivocation makes such batches.
   */
  bury(batch: Batch): void {
    const { ingress, number } = batch.header;
    this.#core.ledger.put('dead', fromHex(batch.id), slotCodec.encode({ ingress, number }));
    this.store(batch);
  }
}
