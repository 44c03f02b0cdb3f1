/**
 * Handing out and taking in copies: what a fetch asks for, what answers it, and certificates that some
 * signer wants ordered (protocol sections 6 and 9). Copies are taken only when they were asked for.
 */

import type { SignerId } from '../base/ids.ts';
import type { Batch } from '../messages/batch.ts';
import { blockDigest } from '../messages/block.ts';
import type { CopyMessage, FetchMessage, WantedMessage } from '../messages/peer.ts';
import { type Certificate, encodeCertificate } from '../messages/vote.ts';
import type { CommittedOrder } from '../ordering/committed.ts';
import type { Certificates } from './certificates.ts';
import type { Chain } from './chain.ts';
import type { Core } from './core.ts';
import { type Fetcher, wantBatch, wantBlock } from './fetcher.ts';
import type { Pool } from './pool.ts';

/** Bytes of copies in one answer; whoever needs more asks again. */
const copyBytesMax = 8 << 20;
const wantedMax = 256;

export interface ExchangeHooks {
  hold(batch: Batch, from: SignerId): void;
  /** Others want something ordered; meant for the leader. */
  request(): void;
}

export class Exchange {
  readonly #core: Core;
  readonly #pool: Pool;
  readonly #committed: CommittedOrder;
  readonly #chain: Chain;
  readonly #certificates: Certificates;
  readonly #fetcher: Fetcher;
  readonly #hooks: ExchangeHooks;

  constructor(
    core: Core,
    pool: Pool,
    committed: CommittedOrder,
    chain: Chain,
    certificates: Certificates,
    fetcher: Fetcher,
    hooks: ExchangeHooks,
  ) {
    this.#core = core;
    this.#pool = pool;
    this.#committed = committed;
    this.#chain = chain;
    this.#certificates = certificates;
    this.#fetcher = fetcher;
    this.#hooks = hooks;
  }

  /** Answers a fetch with what is here, up to a bound. */
  serve(to: SignerId, message: FetchMessage): void {
    let bytes = 0;
    const batches: Batch[] = [];
    for (const id of message.batches) {
      const batch = bytes < copyBytesMax ? this.#pool.find(id) : undefined;
      if (!batch) continue;
      batches.push(batch);
      bytes += batch.bytes.length;
    }
    const certificates: Certificate[] = [];
    for (const id of message.certificates) {
      const certificate = bytes < copyBytesMax ? this.#certificates.find(id) : undefined;
      if (!certificate) continue;
      certificates.push(certificate);
      bytes += encodeCertificate(certificate, this.#core.n).length;
    }
    const blocks = message.blocks.map((id) => this.#chain.find(id)).filter((block) => block !== undefined);
    if (batches.length + certificates.length + blocks.length > 0)
      this.#core.send(to, { type: 'copy', batches, certificates, blocks }, true);
  }

  copy(from: SignerId, message: CopyMessage): void {
    for (const block of message.blocks)
      if (this.#fetcher.wants(wantBlock(blockDigest(block, this.#core.n)))) this.#chain.add(block);
    for (const batch of message.batches)
      if (this.#fetcher.wants(wantBatch(batch.id))) this.#hooks.hold(batch, from);
    for (const certificate of message.certificates) this.#certificates.receive(from, certificate);
  }

  wanted(from: SignerId, message: WantedMessage): void {
    for (const certificate of message.certificates.slice(0, wantedMax)) {
      if (this.#committed.has(certificate.batch)) continue;
      this.#certificates.receive(from, certificate);
      if (this.#certificates.of(certificate.batch)) this.#hooks.request();
    }
  }

  /** Sends the certificates of uncommitted batches, oldest first. */
  sendWanted(to: readonly SignerId[]): void {
    const certificates: Certificate[] = [];
    let bytes = 0;
    for (const held of this.#pool.all()) {
      const first = held.certificates.values().next().value;
      if (!first) continue;
      bytes += encodeCertificate(first, this.#core.n).length;
      if (certificates.length >= wantedMax || bytes > copyBytesMax) break;
      certificates.push(first);
    }
    if (certificates.length === 0) return;
    for (const signer of to) this.#core.send(signer, { type: 'wanted', certificates }, true);
    if (to.includes(this.#core.self)) this.#hooks.request();
  }
}
