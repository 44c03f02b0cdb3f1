/**
 * The order of one node as it grows: what is delivered by score, and what committed blocks add
 * (protocol section 5). Signers and learners run the same code.
 *
 * O is the committed order together with the batches delivered by score and not yet committed. A
 * certified batch waits here until its score makes it final against O, or a committed block holds it.
 *
 * Invariants:
 * 1. O only grows; a delivered batch is never delivered again.
 * 2. The committed height moves only in `commit`, after every batch of the block was delivered.
 * 3. Every certificate offered was verified by the caller, and is for the batch it comes with.
 */

import { invariant } from '../base/assert.ts';
import type {
  BatchId,
  BatchNumber,
  CertificateDigest,
  Height,
  SignerId,
  TransactionId,
} from '../base/ids.ts';
import type { Write } from '../base/ledger.ts';
import type { BatchKeys } from '../dependency/keys.ts';
import type { Batch } from '../messages/batch.ts';
import { type Certificate, listedIn } from '../messages/vote.ts';
import type { CommittedOrder } from './committed.ts';
import { type DerivedBlock, factsOf, placeVerdicts } from './derive.ts';
import type { Verdict } from './order.ts';
import type { Quorum } from './quorum.ts';
import { isFinal } from './score.ts';

/** A batch that became final, in delivery order. */
export interface Delivery {
  readonly batch: Batch;
  readonly certificate: Certificate;
  readonly certificateDigest: CertificateDigest;
  readonly finality: 'score' | 'order';
  readonly void: boolean;
  readonly verdicts: readonly Verdict[];
}

interface Waiting {
  readonly batch: Batch;
  readonly keys: BatchKeys;
  readonly certificates: { readonly certificate: Certificate; readonly digest: CertificateDigest }[];
}

interface Delivered {
  readonly batch: Batch;
  readonly certificate: Certificate;
  readonly certificateDigest: CertificateDigest;
}

/** Certificates of one batch that are tried for a score; more than this come only from misbehaviour. */
const certificatesMax = 8;

const slotOf = (ingress: SignerId, number: BatchNumber): string => `${ingress}/${number}`;

export class DeliveryOrder {
  readonly committed: CommittedOrder;
  readonly #quorum: Quorum;
  readonly #slotOfBatch: (id: BatchId) => { ingress: SignerId; number: BatchNumber } | undefined;
  readonly #waiting = new Map<BatchId, Waiting>();
  /** Delivered by score and not committed yet, in delivery order. */
  readonly #ahead = new Map<BatchId, Delivered>();
  readonly #aheadSlots = new Map<string, BatchId>();
  /** Waiting batches by what they list, so that a delivery wakes only whom it may help. */
  readonly #listedBy = new Map<BatchId, Set<BatchId>>();
  /** Waiting batches by their (ingress, number). */
  readonly #bySlot = new Map<string, Set<BatchId>>();

  /** Nobody else tells `committed.inFlight` which batches there are. */
  readonly #keepsInFlight: boolean;

  /**
   * @param slotOfBatch ingress and number of any batch the node knows, else undefined (then a rival
   *   counts as not settled, which only delays).
   * @param keepsInFlight false when the caller enters in `committed.inFlight` what it holds.
   */
  constructor(
    committed: CommittedOrder,
    quorum: Quorum,
    slotOfBatch: (id: BatchId) => { ingress: SignerId; number: BatchNumber } | undefined,
    keepsInFlight = true,
  ) {
    this.committed = committed;
    this.#quorum = quorum;
    this.#slotOfBatch = slotOfBatch;
    this.#keepsInFlight = keepsInFlight;
  }

  /** In O. */
  has(id: BatchId): boolean {
    return this.#ahead.has(id) || this.committed.has(id);
  }

  numberUsed(ingress: SignerId, number: BatchNumber): boolean {
    return this.#aheadSlots.has(slotOf(ingress, number)) || this.committed.numberUsed(ingress, number);
  }

  transactionSeen(id: TransactionId): boolean {
    for (const holder of this.committed.inFlight.holders(id)) if (this.#ahead.has(holder)) return true;
    return this.committed.transactionKnown(id);
  }

  /** Batches delivered by score and not in a committed block, oldest first. */
  get ahead(): ReadonlyMap<BatchId, Delivered> {
    return this.#ahead;
  }

  /** Certified batches that are not final yet. */
  get waiting(): ReadonlyMap<BatchId, Waiting> {
    return this.#waiting;
  }

  /**
   * A listed batch that is no rival any more: it is in O, or its number is used in the committed order.
   * A number used only by score excuses nobody: the twin can still stand in the block that commits it,
   * and there, void or not, it takes part in the pairs.
   */
  settled(id: BatchId): boolean {
    if (this.has(id)) return true;
    const slot = this.#slotOfBatch(id);
    return slot !== undefined && this.committed.numberUsed(slot.ingress, slot.number);
  }

  /** Takes a verified certificate and returns what becomes final by it, in order. */
  offer(batch: Batch, keys: BatchKeys, certificate: Certificate, digest: CertificateDigest): Delivery[] {
    if (this.has(batch.id) || this.numberUsed(batch.header.ingress, batch.header.number)) return [];
    const waiting = this.#waiting.get(batch.id) ?? { batch, keys, certificates: [] };
    if (waiting.certificates.some((one) => one.digest === digest)) return [];
    if (waiting.certificates.length >= certificatesMax) return [];
    if (this.#keepsInFlight) this.committed.inFlight.enter(batch);
    waiting.certificates.push({ certificate, digest });
    this.#waiting.set(batch.id, waiting);
    this.#remember(this.#bySlot, slotOf(batch.header.ingress, batch.header.number), batch.id);
    for (const id of [...listedIn(certificate.classes), ...batch.header.after.map((entry) => entry.id)])
      this.#remember(this.#listedBy, id, batch.id);
    return this.#advance([batch.id]);
  }

  /**
   * Commits the next block: delivers what of it was not delivered, then moves the height, then finds
   * what that makes final by score.
   * @param write puts the block into the ledger that `committed` reads. It is called before anything is
   *   judged against the longer order: else the block's batches and transactions would not count as seen.
   */
  commit(derived: DerivedBlock, write: (writes: readonly Write[]) => void): Delivery[] {
    const deliveries: Delivery[] = [];
    if (this.#keepsInFlight) for (const { batch } of derived.entries) this.committed.inFlight.enter(batch);
    derived.places.forEach((place, i) => {
      const entry = derived.entries[i]!;
      this.#forget(place.batch);
      if (this.#ahead.has(place.batch)) {
        invariant(!place.void, `batch ${place.batch} was delivered by score and is void in its block`);
        return;
      }
      deliveries.push({
        batch: entry.batch,
        certificate: entry.certificate,
        certificateDigest: entry.certificateDigest,
        finality: 'order',
        void: place.void,
        verdicts: place.verdicts,
      });
    });
    const writes = this.committed.commit(
      derived.height,
      derived.block,
      derived.entries.map(({ batch, keys }, i) => ({
        place: derived.places[i]!,
        batch,
        keys,
        leaf: derived.leaves[i]!,
      })),
    );
    write(writes);
    for (const place of derived.places) this.#leaveAhead(place.batch);
    for (const { ingress, number } of derived.places) this.#forgetSlot(ingress, number);
    deliveries.push(...this.#advance([...this.#waiting.keys()]));
    return deliveries;
  }

  #remember<Key extends string>(map: Map<Key, Set<BatchId>>, key: Key, value: BatchId): void {
    const set = map.get(key);
    if (set) set.add(value);
    else map.set(key, new Set([value]));
  }

  #forget(id: BatchId): void {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    const listed = waiting.certificates.flatMap((one) => listedIn(one.certificate.classes));
    for (const rival of [...listed, ...waiting.batch.header.after.map((entry) => entry.id)]) {
      const listers = this.#listedBy.get(rival);
      listers?.delete(id);
      if (listers?.size === 0) this.#listedBy.delete(rival);
    }
  }

  #leaveAhead(id: BatchId): void {
    const delivered = this.#ahead.get(id);
    if (!delivered) return;
    this.#ahead.delete(id);
    const { ingress, number } = delivered.batch.header;
    this.#aheadSlots.delete(slotOf(ingress, number));
  }

  /** Delivers by score what it can, starting with the given candidates; each delivery may help others. */
  #advance(candidates: BatchId[]): Delivery[] {
    const deliveries: Delivery[] = [];
    const queue = candidates;
    const context = { height: this.committed.height as Height, settled: (id: BatchId) => this.settled(id) };
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const waiting = this.#waiting.get(next);
      if (!waiting) continue;
      const found = waiting.certificates.find(({ certificate }) =>
        isFinal(factsOf(waiting.batch, certificate, this.committed), context, this.#quorum),
      );
      if (!found) continue;
      deliveries.push(this.#deliver(waiting, found));
      queue.push(...this.#wokenBy(waiting.batch));
    }
    return deliveries;
  }

  #deliver(waiting: Waiting, found: Waiting['certificates'][number]): Delivery {
    const { batch } = waiting;
    const { certificate, digest: certificateDigest } = found;
    this.#forget(batch.id);
    const verdicts = placeVerdicts(
      batch,
      certificate,
      this.committed.inFlight.fresh(batch.id) ? undefined : (id) => this.transactionSeen(id),
    );
    this.#ahead.set(batch.id, { batch, certificate, certificateDigest });
    this.#aheadSlots.set(slotOf(batch.header.ingress, batch.header.number), batch.id);
    return { batch, certificate, certificateDigest, finality: 'score', void: false, verdicts };
  }

  /** Waiting batches that list the delivered one. Its twins have lost their number: they wait no longer. */
  #wokenBy(batch: Batch): BatchId[] {
    const woken = [...(this.#listedBy.get(batch.id) ?? [])];
    this.#forgetSlot(batch.header.ingress, batch.header.number);
    return woken;
  }

  #forgetSlot(ingress: SignerId, number: BatchNumber): void {
    const slot = slotOf(ingress, number);
    for (const twin of this.#bySlot.get(slot) ?? []) {
      this.#forget(twin);
      // A twin that a block may still hold comes in again with it.
      if (this.#keepsInFlight && !this.#ahead.has(twin)) this.committed.inFlight.leave(twin);
    }
    this.#bySlot.delete(slot);
  }
}
