/**
 * Batches that a learner holds and that are not in its committed order: verified bodies, their keys, and
 * which certificates of them were verified, so that no signature is checked twice.
 *
 * It is bounded by the protocol: every batch here has a valid certificate, so honest signers accepted it,
 * and they accept only `W` numbers of an ingress above its watermark.
 *
 * A batch whose number another one used is *buried*: votes may list it for ever, and whoever judges them
 * must know its number (protocol sections 5 and 6). Burying is durable, so what counts as settled never
 * shrinks, also across restarts.
 */

import { fromHex } from '../../base/bytes.ts';
import { type Codec, P, u16, u53 } from '../../base/codec.ts';
import type { BatchId, BatchNumber, CertificateDigest, SignerId } from '../../base/ids.ts';
import type { LedgerOverlay } from '../../base/overlay.ts';
import { type BatchKeys, type Key, keysOf, slotKey } from '../../dependency/keys.ts';
import type { Batch } from '../../messages/batch.ts';

export interface Held {
  readonly batch: Batch;
  readonly keys: BatchKeys;
  /** Digests of certificates that were verified. */
  readonly certificates: Set<CertificateDigest>;
}

export interface Slot {
  readonly ingress: SignerId;
  readonly number: BatchNumber;
}

const slotCodec = P.struct({
  ingress: u16<SignerId>(),
  number: u53<BatchNumber>(),
}) as unknown as Codec<Slot>;

export class HeldBatches {
  readonly #ledger: LedgerOverlay;
  readonly #held = new Map<BatchId, Held>();
  readonly #bySlot = new Map<Key, Set<BatchId>>();

  constructor(ledger: LedgerOverlay) {
    this.#ledger = ledger;
  }

  get size(): number {
    return this.#held.size;
  }

  get(id: BatchId): Held | undefined {
    return this.#held.get(id);
  }

  /** Takes a verified batch; one that is here already stays as it is. */
  add(batch: Batch): Held {
    const existing = this.#held.get(batch.id);
    if (existing) return existing;
    const held: Held = { batch, keys: keysOf(batch), certificates: new Set() };
    this.#held.set(batch.id, held);
    const slot = slotKey(batch.header.ingress, batch.header.number);
    const twins = this.#bySlot.get(slot);
    if (twins) twins.add(batch.id);
    else this.#bySlot.set(slot, new Set([batch.id]));
    return held;
  }

  /** Ingress and number of a batch that is held or buried. */
  slotOf(id: BatchId): Slot | undefined {
    const held = this.#held.get(id);
    if (held) return held.batch.header;
    const dead = this.#ledger.get('dead', fromHex(id));
    return dead && slotCodec.decode(dead);
  }

  /** A batch was committed under its number: lets it go, and buries its twins. */
  commit({ batch, ingress, number }: Slot & { readonly batch: BatchId }): void {
    const slot = slotKey(ingress, number);
    for (const id of this.#bySlot.get(slot) ?? []) {
      this.#held.delete(id);
      if (id !== batch) this.#ledger.put('dead', fromHex(id), slotCodec.encode({ ingress, number }));
    }
    this.#bySlot.delete(slot);
  }
}
