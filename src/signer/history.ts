/**
 * Reading what was committed: blocks with what they hold and what proves them, and the batches of the
 * order by id. Everything comes from the ledger; batches that were just delivered are kept in memory for
 * a while, because receipts and streams ask for them at once, and decoding a batch hashes all of it.
 */

import type { BatchId, CertificateDigest, Height } from '../base/ids.ts';
import type { Engine } from '../engine/engine.ts';
import type { Batch } from '../messages/batch.ts';
import type { Block, QuorumCertificate } from '../messages/block.ts';
import type { Certificate } from '../messages/vote.ts';

/** A committed block, the certificates of its entries in their order, and the proof that it is committed. */
export interface ProvenBlock {
  readonly block: Block;
  readonly certificates: readonly Certificate[];
  readonly proof: readonly Block[];
  readonly qc: QuorumCertificate;
}

const keptBytesMax = 4 << 20;

export class History {
  readonly #engine: Pick<Engine, 'batch' | 'certificate' | 'chain'>;
  /** Oldest first. */
  readonly #kept = new Map<BatchId, Batch>();
  #keptBytes = 0;

  constructor(engine: Pick<Engine, 'batch' | 'certificate' | 'chain'>) {
    this.#engine = engine;
  }

  batch(id: BatchId): Batch | undefined {
    const kept = this.#kept.get(id);
    if (kept) return kept;
    const batch = this.#engine.batch(id);
    if (batch) this.keep(batch);
    return batch;
  }

  certificate(id: CertificateDigest): Certificate | undefined {
    return this.#engine.certificate(id);
  }

  /** Keeps a batch in memory for a while. */
  keep(batch: Batch): void {
    if (this.#kept.has(batch.id)) return;
    this.#kept.set(batch.id, batch);
    this.#keptBytes += batch.bytes.length;
    for (const [id, oldest] of this.#kept) {
      if (this.#keptBytes <= keptBytesMax) break;
      this.#kept.delete(id);
      this.#keptBytes -= oldest.bytes.length;
    }
  }

  /** A committed block; undefined when there is none, or nothing proves it yet. */
  block(height: Height): ProvenBlock | undefined {
    const block = this.#engine.chain.at(height);
    const rest = block && this.#engine.chain.proofFor(height);
    if (!rest) return undefined;
    const certificates: Certificate[] = [];
    for (const entry of block.entries) {
      const certificate = this.#engine.certificate(entry.certificate);
      if (!certificate) return undefined;
      certificates.push(certificate);
    }
    return { block, certificates, ...rest };
  }
}
