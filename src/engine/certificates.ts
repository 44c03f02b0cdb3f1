/**
 * Certificates of batches, made here or received (protocol sections 4 and 5): checked once, stored,
 * offered to the order, passed down their tree. A valid certificate admits its batch.
 *
 * Invariant: everything in a `Held.certificates` map, and every certificate in the ledger, was verified
 * with a quorum here.
 */

import { fromHex } from '../base/bytes.ts';
import { type Codec, digest, P } from '../base/codec.ts';
import type { BatchId, CertificateDigest, SignerId } from '../base/ids.ts';
import type { Batch } from '../messages/batch.ts';
import type { CertificateMessage, Route } from '../messages/peer.ts';
import {
  type Certificate,
  certificateDigest,
  encodeCertificate,
  listedIn,
  storedCertificate,
} from '../messages/vote.ts';
import type { Delivery, DeliveryOrder } from '../ordering/delivery.ts';
import type { Acceptance } from './acceptance.ts';
import type { Core } from './core.ts';
import { type Fetcher, wantBatch, wantCertificate } from './fetcher.ts';
import type { Pool } from './pool.ts';

/** Ledger key of a certificate of an uncommitted batch. */
const certifiedCodec = P.struct({
  batch: digest<BatchId>(),
  certificate: digest<CertificateDigest>(),
}) as unknown as Codec<{ batch: BatchId; certificate: CertificateDigest }>;

/** Certificates of one batch that are kept, beyond those that somebody asked for by digest. */
const keptMax = 4;

export interface CertificateHooks {
  /** Messages of a batch's tree go here from this signer. */
  below(batch: BatchId, route: Route): SignerId[];
  /** A batch has its first certificate; `final` when its score made it so. */
  certified(batch: Batch, final: boolean): void;
  delivered(deliveries: readonly Delivery[]): void;
  /** For admission and evidence. */
  verifiedVotes(votes: Certificate): void;
  /** A certificate that nobody needs any more; for evidence. */
  overheard(votes: Certificate): void;
}

export class Certificates {
  readonly #core: Core;
  readonly #pool: Pool;
  readonly #order: DeliveryOrder;
  readonly #acceptance: Acceptance;
  readonly #fetcher: Fetcher;
  readonly #hooks: CertificateHooks;
  /** Rows in the ledger of uncommitted batches, and the step that wrote them. */
  readonly #rows = new Map<BatchId, { readonly certificate: CertificateDigest; readonly step: number }[]>();
  /** Being checked, to check each once. */
  readonly #checking = new Set<CertificateDigest>();

  constructor(
    core: Core,
    pool: Pool,
    order: DeliveryOrder,
    acceptance: Acceptance,
    fetcher: Fetcher,
    hooks: CertificateHooks,
  ) {
    this.#core = core;
    this.#pool = pool;
    this.#order = order;
    this.#acceptance = acceptance;
    this.#fetcher = fetcher;
    this.#hooks = hooks;
  }

  /** The first certificate held of an uncommitted batch. */
  of(batch: BatchId): Certificate | undefined {
    return this.#pool.get(batch)?.certificates.values().next().value;
  }

  /** A verified certificate by its digest; its batch, if known, saves a look-up. */
  find(id: CertificateDigest, batch?: BatchId): Certificate | undefined {
    const held = batch && this.#pool.get(batch)?.certificates.get(id);
    if (held) return held;
    const stored = this.#core.ledger.get('certificate', fromHex(id));
    return stored && storedCertificate(stored, this.#core.n);
  }

  /** A certificate comes down its tree, or straight from somebody who has it. */
  receive(from: SignerId, certificate: Certificate, route?: Route): void {
    const id = certificateDigest(certificate, this.#core.n);
    const held = this.#pool.get(certificate.batch);
    const asked = this.#fetcher.wants(wantCertificate(id));
    if (held?.certificates.has(id) || this.#checking.has(id)) return;
    if (!asked && (this.#order.has(certificate.batch) || (held?.certificates.size ?? 0) >= keptMax)) {
      this.#hooks.overheard(certificate);
      return;
    }
    this.#checking.add(id);
    this.#core.verify({ kind: 'certificate', certificate }, (result) => {
      this.#checking.delete(id);
      if (!result.ok) {
        this.#core.suspicion.suspect(from);
        this.#core.refused(from, result.error);
        return;
      }
      this.#hooks.verifiedVotes(certificate);
      if (route) this.#pass({ type: 'certificate', ...route, certificate });
      this.#withBatch(from, certificate, id);
    });
  }

  /** A certificate made here of verified votes, as the root of a tree. */
  made(certificate: Certificate, route: Route): void {
    this.#hooks.verifiedVotes(certificate);
    const id = certificateDigest(certificate, this.#core.n);
    // It holds our own vote, which may not be durable yet.
    this.#pass({ type: 'certificate', ...route, certificate }, true);
    this.#withBatch(this.#core.self, certificate, id);
  }

  /**
   * Writes a certificate that a block needs, whatever became of its batch. One that an earlier step wrote is
   * there already: what that step wrote lazily is durable before anything of this one.
   */
  keep(id: CertificateDigest, certificate: Certificate): void {
    const row = this.#rows.get(certificate.batch)?.find((one) => one.certificate === id);
    if (row && row.step < this.#core.step) return;
    this.#core.ledger.put('certificate', fromHex(id), encodeCertificate(certificate, this.#core.n));
  }

  /**
   * Writes a certificate of an uncommitted batch, lazily: what a crash loses of these, a quorum's votes
   * give again, and whoever was told of the result holds the certificate.
   */
  #remember(id: CertificateDigest, certificate: Certificate): void {
    const { ledger, n } = this.#core;
    ledger.putLazily('certificate', fromHex(id), encodeCertificate(certificate, n));
    const key = certifiedCodec.encode({ batch: certificate.batch, certificate: id });
    ledger.putLazily('certified', key, Uint8Array.of(1));
    this.#rowFor(certificate.batch, id);
  }

  #rowFor(batch: BatchId, id: CertificateDigest): void {
    const rows = this.#rows.get(batch);
    const row = { certificate: id, step: this.#core.step };
    if (rows) rows.push(row);
    else this.#rows.set(batch, [row]);
  }

  /** Forgets the certificates of settled batches, except those that blocks refer to. */
  settled(batches: readonly BatchId[], used: ReadonlySet<CertificateDigest>): void {
    for (const batch of batches) {
      for (const { certificate } of this.#rows.get(batch) ?? []) {
        this.#core.ledger.delete('certified', certifiedCodec.encode({ batch, certificate }));
        if (!used.has(certificate)) this.#core.ledger.delete('certificate', fromHex(certificate));
      }
      this.#rows.delete(batch);
    }
  }

  /** Offers again what the ledger holds, after a restart. */
  restore(): void {
    const rows = [...this.#core.ledger.range('certified', new Uint8Array(0), Number.MAX_SAFE_INTEGER)];
    for (const [key] of rows) {
      const { batch, certificate: id } = certifiedCodec.decode(key);
      const certificate = this.find(id, batch);
      if (!certificate) throw new Error(`certificate ${id} is named and not stored`);
      this.#rowFor(batch, id);
      this.#withBatch(this.#core.self, certificate, id, true);
    }
  }

  #pass(message: CertificateMessage, durable = false): void {
    for (const child of this.#hooks.below(message.certificate.batch, message))
      this.#core.send(child, message, durable);
  }

  /** A certificate means something only with its batch. */
  #withBatch(from: SignerId, certificate: Certificate, id: CertificateDigest, stored = false): void {
    const { batch } = certificate;
    if (this.#pool.get(batch)) {
      this.#take(from, certificate, id, stored);
      return;
    }
    if (this.#order.committed.has(batch)) {
      this.keep(id, certificate);
      this.#fetcher.arrived(wantCertificate(id));
      return;
    }
    this.#acceptance.admit(batch);
    this.#fetcher.whenHere([wantBatch(batch)], from, () => {
      if (this.#pool.get(batch)) this.#take(from, certificate, id, stored);
    });
  }

  #take(from: SignerId, certificate: Certificate, id: CertificateDigest, stored: boolean): void {
    const held = this.#pool.get(certificate.batch);
    const first = held?.certificates.size === 0;
    if (!held || !this.#pool.certify(certificate.batch, id, certificate)) return;
    if (!stored) this.#remember(id, certificate);
    this.#fetcher.arrived(wantCertificate(id));
    this.#acceptance.admit(certificate.batch);
    this.#acceptance.consider(certificate.batch, from);
    for (const listed of listedIn(certificate.classes))
      if (!this.#pool.holds(listed)) this.#fetcher.want(wantBatch(listed), from);
    const deliveries = this.#order.offer(held.batch, held.keys, certificate, id);
    // Certified last: it may launch the next batch, whose deliveries come after these.
    this.#hooks.delivered(deliveries);
    if (first) this.#hooks.certified(held.batch, this.#order.has(certificate.batch));
  }
}
