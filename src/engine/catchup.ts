/**
 * Falling behind and coming back (protocol section 9): committed blocks by height with their
 * certificates and a proof, then the batches they name. Nothing is believed: the proof is a QC, every
 * block is derived, every certificate and batch verified.
 */

import { height as asHeight, type Height, type SignerId } from '../base/ids.ts';
import { type Block, blockDigest, encodeBlock } from '../messages/block.ts';
import type { BlocksMessage } from '../messages/peer.ts';
import { type Certificate, certificateDigest, encodeCertificate } from '../messages/vote.ts';
import type { CommittedOrder } from '../ordering/committed.ts';
import type { Agreement } from './agreement.ts';
import type { Certificates } from './certificates.ts';
import type { Chain } from './chain.ts';
import type { Core } from './core.ts';
import { type Fetcher, wantCertificate } from './fetcher.ts';

/** Blocks and entries in one answer. */
const blocksMax = 64;
const entriesMax = 2048;
/** Bytes of an answer, roughly; below what fits in a frame. */
const answerBytesMax = 8 << 20;

export class CatchUp {
  readonly #core: Core;
  readonly #committed: CommittedOrder;
  readonly #chain: Chain;
  readonly #agreement: Agreement;
  readonly #certificates: Certificates;
  readonly #fetcher: Fetcher;
  /** Heights that others claim; a claim only makes us ask. */
  readonly #claims = new Map<SignerId, Height>();
  /** The request under way; `through` is the last height of its answer, once that is here. */
  #asked: { readonly peer: SignerId; through: Height | undefined } | undefined;
  /** Waiting doubles while nobody answers: on a slow link an answer takes its time. */
  #patience = 1;

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
    const asked = this.#asked;
    if (asked && (asked.through === undefined || this.#committed.height < asked.through)) return;
    this.#asked = undefined;
    this.#patience = 1;
    this.#core.timers.cancel('catch-up');
    this.#ask(asked?.peer);
  }

  #ask(preferred: SignerId | undefined): void {
    if (this.#asked) return;
    const ahead = [...this.#claims]
      .filter(([, height]) => height > this.#committed.height)
      .map(([peer]) => peer);
    if (ahead.length === 0) return;
    const peer = ahead.find((one) => one === preferred) ?? ahead[0]!;
    this.#asked = { peer, through: undefined };
    this.#core.send(peer, { type: 'catchUp', from: asHeight(this.#committed.height + 1) });
    this.#arm(peer);
  }

  /** Nobody answered in time, or what came does not commit: the next one that claims to have more. */
  #arm(peer: SignerId): void {
    const patience = 10 * this.#core.limits.levelTimeoutMs * this.#patience;
    this.#patience = Math.min(64, 2 * this.#patience);
    this.#core.timers.set('catch-up', this.#core.now + patience, () => {
      const claimed = this.#claims.get(peer);
      this.#claims.delete(peer);
      if (claimed !== undefined) this.#claims.set(peer, claimed);
      this.#asked = undefined;
      this.#ask(undefined);
    });
  }

  /** Somebody asks for blocks from a height on. */
  serve(to: SignerId, from: Height): void {
    const blocks: Block[] = [];
    const certificates: Certificate[] = [];
    let bytes = 0;
    for (let at = Math.max(1, from); at <= this.#committed.height && blocks.length < blocksMax; at++) {
      const block = this.#chain.at(asHeight(at));
      if (!block || (blocks.length > 0 && certificates.length + block.entries.length > entriesMax)) break;
      if (bytes > answerBytesMax) break;
      blocks.push(block);
      bytes += encodeBlock(block, this.#core.n).length;
      for (const entry of block.entries) {
        const certificate = this.#certificates.find(entry.certificate, entry.batch);
        // A certificate left out is fetched by its digest.
        const size = certificate ? encodeCertificate(certificate, this.#core.n).length : 0;
        if (certificate && bytes + size <= answerBytesMax) certificates.push(certificate);
        bytes += size;
      }
    }
    const last = blocks[blocks.length - 1];
    const proven = last && this.#chain.proofFor(last.height);
    if (proven) this.#core.send(to, { type: 'blocks', blocks, certificates, ...proven }, true);
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
      if (this.#asked) this.#asked.through = blocks[blocks.length - 1]!.height;
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
