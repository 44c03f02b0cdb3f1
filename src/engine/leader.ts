/**
 * What a leader proposes (protocol section 6): when phase 3 is due, the largest closed set of certified
 * batches it holds; and after that empty blocks until nothing with entries is uncommitted. The next
 * proposal carries the QC of the last, so blocks follow each other without a pause under load.
 *
 * Invariant: one proposal a view; it is written in the step that makes it, and a restarted leader
 * resends the same one.
 */

import { compareText, utf8 } from '../base/bytes.ts';
import { view as asView, type BatchId, type BlockDigest, type Digest, type View } from '../base/ids.ts';
import { must } from '../base/result.ts';
import { type Block, decodeProposal, encodeProposal, proposalSigningBytes } from '../messages/block.ts';
import { largestClosed, smallestClosedContaining } from '../ordering/closure.ts';
import type { DeliveryOrder } from '../ordering/delivery.ts';
import { type DerivedBlock, type DeriveEntry, factsOf, settledIn } from '../ordering/derive.ts';
import type { Facts } from '../ordering/facts.ts';
import type { OrderPrefix } from '../ordering/order.ts';
import type { Acceptance, Accepted } from './acceptance.ts';
import type { Agreement } from './agreement.ts';
import type { Chain, ChainHooks } from './chain.ts';
import type { Core } from './core.ts';
import type { Pool } from './pool.ts';
import { nothing } from './timers.ts';

const proposalKey = utf8('proposal');
/** Entries a block takes when more are ready; a larger smallest closed set still goes in whole. */
const entriesWanted = 2048;

export class Leader {
  readonly #core: Core;
  readonly #pool: Pool;
  readonly #order: DeliveryOrder;
  readonly #acceptance: Acceptance;
  readonly #chain: Chain;
  readonly #agreement: Agreement;
  readonly #derive: ChainHooks['derive'];
  /** Highest view proposed in. */
  #proposed: View = asView(0);
  /** Something besides age makes a block due: a full window, a busy dependency, another signer's wish. */
  #requested = false;
  /** The view whose highest QC was sent alone already. */
  #announced: View = asView(0);

  constructor(
    core: Core,
    pool: Pool,
    order: DeliveryOrder,
    acceptance: Acceptance,
    chain: Chain,
    agreement: Agreement,
    derive: ChainHooks['derive'],
  ) {
    this.#core = core;
    this.#pool = pool;
    this.#order = order;
    this.#acceptance = acceptance;
    this.#chain = chain;
    this.#agreement = agreement;
    this.#derive = derive;
  }

  /** Others want something ordered. */
  request(): void {
    this.#requested = true;
  }

  /** A batch was accepted: a busy dependency or a half-full window makes a checkpoint due. */
  accepted({ held }: Accepted): void {
    const { ingress, number } = held.batch.header;
    const { window, checkpointBatches } = this.#core.limits;
    const { watermark } = this.#order.committed.window(ingress);
    if (number >= watermark + window / 2) this.#requested = true;
    if (held.keys.wildcard && this.#acceptance.index.wildcards >= checkpointBatches) this.#requested = true;
    const { index } = this.#acceptance;
    // A batch alone on its dependencies shares each of them with wildcards only.
    if (index.isAlone(held.batch.id) && 1 + index.wildcards < checkpointBatches) return;
    for (const key of held.keys.dependencies)
      if (index.countOn(key) >= checkpointBatches) this.#requested = true;
  }

  /** A block was committed: what was due is done. */
  committed(): void {
    this.#requested = false;
  }

  /** After a restart: the proposal of the current view goes out again. */
  restore(): void {
    const stored = this.#core.ledger.get('meta', proposalKey);
    if (!stored) return;
    const proposal = must(decodeProposal(stored, this.#core.n));
    this.#proposed = proposal.block.view;
    if (proposal.block.view === this.#agreement.view && this.#agreement.leader === this.#core.self)
      this.#agreement.propose(proposal, this.#agreement.tc);
  }

  /** Proposes if we lead the current view and a block is due; called after each step. */
  consider(): void {
    const { view } = this.#agreement;
    if (this.#agreement.leader === this.#core.self && view > this.#proposed && this.#mayPropose()) {
      const parent = this.#agreement.safety.high.block;
      const prefix = this.#chain.prefix(parent);
      if (!prefix) {
        this.#prepare(parent);
        return;
      }
      if (this.#propose(view, prefix)) return;
    }
    this.#announce();
  }
  /** The parent that is being fetched, and when to ask again: what is given up must not block us. */
  #preparing: { readonly parent: BlockDigest; readonly again: number } | undefined;
  /** State of the pool in which no closed set was found: not worth another look. */
  #fruitless = '';

  #prepare(parent: BlockDigest): void {
    const before = this.#preparing;
    if (before?.parent === parent && this.#core.now < before.again) return;
    this.#preparing = { parent, again: this.#core.now + this.#core.limits.viewTimeoutMs };
    this.#chain.prepare(parent, undefined, () => {
      this.#preparing = undefined;
    });
  }

  /** An own signature may be given only after a timeout's term; then so may a proposal. */
  #mayPropose(): boolean {
    const { view, safety, tc } = this.#agreement;
    if (view <= safety.timedOut) return false;
    return safety.high.view === view - 1 || (tc !== undefined && tc.end === view - 1);
  }

  /** The QC goes alone when we made it and have nothing to carry it. */
  #announce(): void {
    const { high } = this.#agreement.safety;
    if (high.view <= this.#announced || this.#agreement.leaderAt(high.view) !== this.#core.self) return;
    if (high.view !== this.#proposed) return;
    this.#announced = high.view;
    this.#core.sendAll(this.#agreement.status(), true);
  }

  #propose(view: View, prefix: OrderPrefix): boolean {
    const { safety, tc } = this.#agreement;
    const unfinished = this.#chain.holdsEntries(safety.high.block);
    const entries = this.#due() ? this.#entries(prefix) : [];
    if (entries.length === 0 && !unfinished) return false;
    const derived = this.#derive(prefix, entries);
    const block = this.#blockOf(view, derived, entries);
    const digest = this.#chain.addOwn(block, derived);
    this.#proposed = view;
    const signature = this.#core.config.signingKey.sign(proposalSigningBytes(this.#core.epoch, view, digest));
    const proposal = { block, signature };
    this.#core.ledger.put('meta', proposalKey, encodeProposal(proposal, this.#core.n));
    this.#agreement.propose(proposal, tc && tc.end === view - 1 ? tc : undefined);
    return true;
  }

  #blockOf(view: View, derived: DerivedBlock, entries: readonly DeriveEntry[]): Block {
    const { high } = this.#agreement.safety;
    return {
      epoch: this.#core.epoch,
      height: derived.height,
      view,
      parent: high.block,
      justify: high,
      entries: entries
        .map((entry) => ({ batch: entry.batch.id, certificate: entry.certificateDigest }))
        .sort((a, b) => compareText(a.batch, b.batch)),
      orderRoot: derived.orderRoot as Digest,
    };
  }

  /** Whether batches should be ordered now (section 6: contested, checkpoint). Looks again when age makes it so. */
  #due(): boolean {
    if (this.#requested || this.#order.waiting.size > 0) return true;
    const oldest = this.#acceptance.accepted.values().next().value;
    if (!oldest) return false;
    const at = oldest.acceptedAt + this.#core.limits.checkpointAfterMs / 2;
    if (at <= this.#core.now) return true;
    if (!this.#core.timers.has('checkpoint')) this.#core.timers.set('checkpoint', at, nothing);
    return false;
  }

  /** What a block may order now; nothing is looked for again before something changed. */
  #entries(prefix: OrderPrefix): DeriveEntry[] {
    const version = `${this.#pool.version}/${this.#agreement.safety.high.block}`;
    if (version === this.#fruitless) return [];
    const entries = this.#compose(prefix);
    if (entries.length === 0) this.#fruitless = version;
    return entries;
  }

  /** The largest closed set of certified batches that are not in the order up to the parent. */
  #compose(prefix: OrderPrefix): DeriveEntry[] {
    const candidates = new Map<BatchId, DeriveEntry>();
    const facts: Facts[] = [];
    for (const { batch, keys, certificates } of this.#pool.all()) {
      const first = certificates.entries().next().value;
      if (!first || prefix.has(batch.id)) continue;
      if (prefix.numberUsed(batch.header.ingress, batch.header.number)) continue;
      const [certificateDigest, certificate] = first;
      candidates.set(batch.id, { batch, keys, certificate, certificateDigest });
      facts.push(factsOf(batch, certificate, prefix));
    }
    const settled = settledIn(prefix, this.#pool.slotOf);
    const closed = largestClosed(facts, settled);
    const chosen = closed.length <= entriesWanted ? closed.map((one) => one.id) : this.#some(closed, settled);
    return chosen.map((id) => candidates.get(id)!);
  }

  /** Smallest closed sets, oldest first, until there are enough entries. */
  #some(closed: readonly Facts[], settled: (id: BatchId) => boolean): BatchId[] {
    const byId = new Map(closed.map((one) => [one.id, one]));
    const chosen = new Set<BatchId>();
    for (const { id } of closed) {
      if (chosen.size >= entriesWanted) break;
      for (const member of smallestClosedContaining(id, byId, settled) ?? []) chosen.add(member);
    }
    return [...chosen];
  }
}
