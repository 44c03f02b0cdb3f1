/**
 * What a learner delivered by score and no block has committed yet, as its ledger keeps it: in delivery
 * order, each with the certificate that made it final. After a restart, or with another signer whose
 * stream has another order, these are recognised and not delivered again.
 *
 * They are restored by offering them again in the same order. Each is final at once: the order it was
 * final against is still there, the height is the same or higher, and finality only grows (section 5).
 */

import { invariant } from '../../base/assert.ts';
import { concat, fromHex } from '../../base/bytes.ts';
import { type Codec, digest, P, u53 } from '../../base/codec.ts';
import type { BatchId, CertificateDigest } from '../../base/ids.ts';
import type { LedgerOverlay } from '../../base/overlay.ts';
import { must } from '../../base/result.ts';
import { decodeBatch } from '../../messages/batch.ts';
import { encodeCertificate, storedCertificate } from '../../messages/vote.ts';
import type { Delivery, DeliveryOrder } from '../../ordering/delivery.ts';
import type { Verdict } from '../../ordering/order.ts';
import type { HeldBatches } from './held.ts';

interface Row {
  readonly batch: BatchId;
  readonly certificate: CertificateDigest;
}
const rowCodec = P.struct({
  batch: digest<BatchId>(),
  certificate: digest<CertificateDigest>(),
}) as unknown as Codec<Row>;

interface Entry {
  readonly sequence: number;
  readonly certificate: CertificateDigest;
  readonly verdicts: readonly Verdict[];
}

const start = concat();

export class Ahead {
  readonly #ledger: LedgerOverlay;
  readonly #n: number;
  readonly #entries = new Map<BatchId, Entry>();
  #next = 0;

  /** @param n signers. */
  constructor(ledger: LedgerOverlay, n: number) {
    this.#ledger = ledger;
    this.#n = n;
  }

  /** Verdicts as delivered, by batch, in delivery order. */
  get entries(): ReadonlyMap<BatchId, Pick<Entry, 'verdicts'>> {
    return this.#entries;
  }

  /** Remembers a delivery by score. Its body is written by the caller. */
  add(delivery: Delivery): void {
    const { batch, certificate, certificateDigest } = delivery;
    const sequence = this.#next++;
    this.#entries.set(batch.id, { sequence, certificate: certificateDigest, verdicts: delivery.verdicts });
    const row = rowCodec.encode({ batch: batch.id, certificate: certificateDigest });
    this.#ledger.put('arrival', u53().encode(sequence), row);
    this.#ledger.put('certificate', fromHex(certificateDigest), encodeCertificate(certificate, this.#n));
  }

  /** A block committed the batch. */
  remove(id: BatchId): void {
    const entry = this.#entries.get(id);
    if (!entry) return;
    this.#entries.delete(id);
    this.#ledger.delete('arrival', u53().encode(entry.sequence));
    this.#ledger.delete('certificate', fromHex(entry.certificate));
  }

  /** Brings an order that was just opened to where it was. @throws InvariantViolation on a damaged ledger. */
  restore(order: DeliveryOrder, held: HeldBatches): void {
    const rows = [...this.#ledger.range('arrival', start, Number.MAX_SAFE_INTEGER)];
    for (const [key, value] of rows) {
      const { batch: id, certificate: certificateId } = rowCodec.decode(value);
      const body = this.#ledger.get('batch', fromHex(id));
      const stored = this.#ledger.get('certificate', fromHex(certificateId));
      invariant(body && stored, `batch ${id} was delivered, and its body or certificate is not stored`);
      const { batch, keys, certificates } = held.add(must(decodeBatch(body)));
      certificates.add(certificateId);
      const certificate = storedCertificate(stored, this.#n);
      const delivered = order.offer(batch, keys, certificate, certificateId);
      invariant(delivered.length === 1, `batch ${id} was delivered by its score, and is not final any more`);
      const sequence = u53().decode(key);
      this.#entries.set(id, { sequence, certificate: certificateId, verdicts: delivered[0]!.verdicts });
      this.#next = sequence + 1;
    }
  }
}
