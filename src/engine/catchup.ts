/**
 * Falling behind and coming back (protocol section 9): committed blocks by height with their
 * certificates and a proof, then the batches they name. Nothing is believed: the proof is a QC, every
 * block is derived, every certificate and batch verified.
 */

import { height as asHeight, type Height, type SignerId } from '../base/ids.ts';
import { type Block, blockDigest } from '../messages/block.ts';
import type { BlocksMessage } from '../messages/peer.ts';
import { type Certificate, certificateDigest } from '../messages/vote.ts';
import type { CommittedOrder } from '../ordering/committed.ts';
import type { Agreement } from './agreement.ts';
import type { Certificates } from './certificates.ts';
import type { Chain } from './chain.ts';
import type { Core } from './core.ts';
import { type Fetcher, wantCertificate } from './fetcher.ts';

/** Blocks and entries in one answer. */
const blocksMax = 64;
const entriesMax = 2048;

export class CatchUp {
  readonly #core: Core;
  readonly #committed: CommittedOrder;
  readonly #chain: Chain;
  readonly #agreement: Agreement;
  readonly #certificates: Certificates;
  readonly #fetcher: Fetcher;
  /** Heights that others claim; a claim only makes us ask. */
  readonly #claims = new Map<SignerId, Height>();
  #asked: { readonly from: Height; readonly peer: SignerId } | undefined;

  constructor(
    core: Core,
    committed: CommittedOrder,
    chain: Chain,
    agreement: Agreement,
    certificates: Certificates,
    fetcher: Fetcher,
  ) {
    this.#core = core;
    this.#committed = committed;
    this.#chain = chain;
    this.#agreement = agreement;
    this.#certificates = certificates;
    this.#fetcher = fetcher;
  }

  /** A signer claims a longer order than ours. */
  behind(peer: SignerId, height: Height): void {
    this.#claims.set(peer, height);
    this.#ask(peer);
  }

  /** A block was committed: ask for more while somebody claims more. */
  committed(): void {
    if (!this.#asked || this.#committed.height < this.#asked.from) return;
    const { peer } = this.#asked;
    this.#asked = undefined;
    this.#core.timers.cancel('catch-up');
    this.#ask(peer);
  }

  #ask(preferred: SignerId): void {
    if (this.#asked) return;
    const ahead = [...this.#claims]
      .filter(([, height]) => height > this.#committed.height)
      .map(([peer]) => peer);
    if (ahead.length === 0) return;
    const peer = ahead.includes(preferred) ? preferred : ahead[0]!;
    const from = asHeight(this.#committed.height + 1);
    this.#asked = { from, peer };
    this.#core.send(peer, { type: 'catchUp', from });
    this.#core.timers.set('catch-up', this.#core.now + 10 * this.#core.limits.levelTimeoutMs, () => {
      this.#claims.delete(peer);
      this.#asked = undefined;
      const next = this.#claims.keys().next().value;
      if (next !== undefined) this.#ask(next);
    });
  }

  /** Somebody asks for blocks from a height on. */
  serve(to: SignerId, from: Height): void {
    const blocks: Block[] = [];
    const certificates: Certificate[] = [];
    for (let at = Math.max(1, from); at <= this.#committed.height && blocks.length < blocksMax; at++) {
      const block = this.#chain.at(asHeight(at));
      if (!block || (blocks.length > 0 && certificates.length + block.entries.length > entriesMax)) break;
      blocks.push(block);
      for (const entry of block.entries) {
        const certificate = this.#certificates.find(entry.certificate, entry.batch);
        if (certificate) certificates.push(certificate);
      }
    }
    const last = blocks[blocks.length - 1];
    const proven = last && this.#chain.proofFor(last.height);
    if (proven) this.#core.send(to, { type: 'blocks', blocks, certificates, ...proven });
    else this.#agreement.tell(to);
  }

  /** Blocks arrive: once their QC is verified they are blocks like any other, and are committed like them. */
  receive(from: SignerId, message: BlocksMessage): void {
    const { blocks, proof, qc, certificates } = message;
    const run = [...blocks, ...proof];
    const fault = this.#faultIn(run, message);
    if (fault) {
      this.#core.refused(from, { code: 'CATCH_UP', message: fault });
      return;
    }
    if (blocks[blocks.length - 1]!.height <= this.#committed.height) return;
    this.#core.verify({ kind: 'qc', qc }, (result) => {
      if (!result.ok) {
        this.#core.refused(from, result.error);
        return;
      }
      for (const block of run) this.#chain.add(block);
      const named = new Set(run.flatMap((block) => block.entries.map((entry) => entry.certificate)));
      this.#agreement.withQc(qc, from, () => {
        for (const certificate of certificates) {
          const id = certificateDigest(certificate, this.#core.n);
          if (named.has(id) && this.#fetcher.wants(wantCertificate(id)))
            this.#certificates.receive(from, certificate);
        }
      });
    });
  }

  /** What is wrong with an answer, before anything of it is verified. */
  #faultIn(run: readonly Block[], { blocks, qc }: BlocksMessage): string | undefined {
    if (blocks.length === 0 || blocks.length > blocksMax || run.length > 2 * blocksMax + 1024)
      return `an answer with ${blocks.length} blocks`;
    for (let i = 1; i < run.length; i++)
      if (run[i]!.parent !== blockDigest(run[i - 1]!, this.#core.n))
        return 'blocks that do not follow each other';
    if (blockDigest(run[run.length - 1]!, this.#core.n) !== qc.block)
      return 'a proof that is for another block';
    return undefined;
  }
}
