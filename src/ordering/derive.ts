/**
 * What a block means: the places it appends to its parent's order, derived from its entries and their
 * certificates alone (protocol sections 6 to 8). Everybody derives the same places and the same
 * `orderRoot`, and signs only what it derived.
 */

import { invariant } from '../base/assert.ts';
import { toHex } from '../base/bytes.ts';
import type {
  BatchId,
  BatchNumber,
  BlockDigest,
  CertificateDigest,
  Height,
  SignerId,
  TransactionId,
} from '../base/ids.ts';
import { append, type Frontier, frontierRoot } from '../base/merkle.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { ConflictIndex } from '../dependency/conflict-index.ts';
import type { BatchKeys } from '../dependency/keys.ts';
import type { Batch } from '../messages/batch.ts';
import type { Certificate } from '../messages/vote.ts';
import { closureGap } from './closure.ts';
import type { Facts } from './facts.ts';
import { linearize } from './linearize.ts';
import { type OrderPrefix, orderLeaf, type Place, type Verdict } from './order.ts';
import type { Quorum } from './quorum.ts';
import { blockTie } from './tie.ts';
import { verdictsOf } from './verdict.ts';

/** One entry with what it names at hand. */
export interface DeriveEntry {
  readonly batch: Batch;
  readonly keys: BatchKeys;
  readonly certificate: Certificate;
  readonly certificateDigest: CertificateDigest;
}

/**
 * What the ordering needs to know of a certified batch on top of an order. An entry of `after` whose
 * number that order uses is met, by whichever batch (section 2): nobody lists it any more, and nobody
 * needs the batch that it names, which a liar may have made up.
 */
export const factsOf = (
  batch: Batch,
  certificate: Certificate,
  order?: Pick<OrderPrefix, 'numberUsed'>,
): Facts => ({
  id: batch.id,
  after: batch.header.after
    .filter((entry) => !order?.numberUsed(batch.header.ingress, entry.number))
    .map((entry) => entry.id),
  count: batch.header.count,
  classes: certificate.classes,
});

/** True when a listed batch is in the prefix, or its number is used there. `slotOf` may know it. */
export const settledIn =
  (prefix: OrderPrefix, slotOf: (id: BatchId) => { ingress: SignerId; number: BatchNumber } | undefined) =>
  (id: BatchId): boolean => {
    if (prefix.has(id)) return true;
    const slot = slotOf(id);
    return slot !== undefined && prefix.numberUsed(slot.ingress, slot.number);
  };

const slotOf = (ingress: SignerId, number: BatchNumber): string => `${ingress}/${number}`;

/** What somebody knows of batches already, so that it need not be found out again. The result is the same. */
export interface DeriveKnown {
  /** No transaction of the batch stands in the order up to the parent or in another entry. */
  readonly fresh?: (batch: BatchId) => boolean;
  /** For each of the entries all batches that conflict with it, others too; undefined when not known. */
  readonly conflicts?: (entries: readonly DeriveEntry[]) => Map<BatchId, readonly BatchId[]> | undefined;
}

/** A prefix of the order, extended by one block. Its root and frontier are fixed when it is derived. */
export class DerivedBlock implements OrderPrefix {
  readonly height: Height;
  readonly frontier: Frontier;
  readonly places: readonly Place[];
  /** Entries in the derived order. */
  readonly entries: readonly DeriveEntry[];
  /** `orderLeaf` of each place. */
  readonly leaves: readonly Uint8Array[];
  #block: BlockDigest | undefined;
  #parent: OrderPrefix;
  readonly #batches: ReadonlySet<BatchId>;
  readonly #slots: ReadonlySet<string>;
  /** Made when somebody asks: nobody does while no transaction is sent twice. */
  #transactions: ReadonlySet<TransactionId> | undefined;

  constructor(
    parent: OrderPrefix,
    entries: readonly DeriveEntry[],
    places: readonly Place[],
    leaves: readonly Uint8Array[],
    frontier: Frontier,
  ) {
    this.#parent = parent;
    this.height = (parent.height + 1) as Height;
    this.entries = entries;
    this.places = places;
    this.leaves = leaves;
    this.frontier = frontier;
    this.#batches = new Set(places.map((place) => place.batch));
    this.#slots = new Set(places.map((place) => slotOf(place.ingress, place.number)));
  }

  get block(): BlockDigest {
    invariant(this.#block, 'the derived block has no digest yet');
    return this.#block;
  }

  /** Root over the whole order up to this block, hex. */
  get orderRoot(): string {
    return toHex(frontierRoot(this.frontier));
  }

  named(block: BlockDigest): this {
    this.#block = block;
    return this;
  }

  /** Once the parent is committed the committed order answers for it. */
  rebase(parent: OrderPrefix): void {
    this.#parent = parent;
  }

  has(batch: BatchId): boolean {
    return this.#batches.has(batch) || this.#parent.has(batch);
  }

  numberUsed(ingress: SignerId, number: BatchNumber): boolean {
    return this.#slots.has(slotOf(ingress, number)) || this.#parent.numberUsed(ingress, number);
  }

  transactionSeen(id: TransactionId): boolean {
    this.#transactions ??= new Set(
      this.places.flatMap((place, i) => (place.void ? [] : this.entries[i]!.batch.transactionIds)),
    );
    return this.#transactions.has(id) || this.#parent.transactionSeen(id);
  }
}

/** Conflicting pairs among the entries. */
function conflictsAmong(entries: readonly DeriveEntry[]): Map<BatchId, readonly BatchId[]> {
  const index = new ConflictIndex();
  for (const entry of entries) index.add(entry.batch.id, entry.keys);
  return new Map(entries.map((entry) => [entry.batch.id, index.conflictsOf(entry.batch.id)]));
}

/**
 * Verdicts of a batch at its place; a transaction seen before is a duplicate (section 8).
 * @param seen absent when none of its transactions was seen before.
 */
export function placeVerdicts(
  batch: Batch,
  certificate: Certificate,
  seen: ((id: TransactionId) => boolean) | undefined,
): Verdict[] {
  const verdicts: Verdict[] = verdictsOf({ classes: certificate.classes, count: batch.header.count });
  if (!seen) return verdicts;
  return batch.transactionIds.map((id, i) => (seen(id) ? 'duplicate' : verdicts[i]!));
}

/**
 * Rules 1 and 2 of block validity (section 6): no entry is in the order up to the parent or has a number
 * used there, and the entries are closed.
 * @param slotOf knows every batch that a majority of some entry's votes lists.
 * @returns a refusal that names the entry.
 */
export function checkEntries(
  parent: OrderPrefix,
  entries: readonly DeriveEntry[],
  slotOf: (id: BatchId) => { ingress: SignerId; number: BatchNumber } | undefined,
): Result<undefined> {
  for (const { batch } of entries) {
    if (parent.has(batch.id)) return refuse('BLOCK_REPEATS', `batch ${batch.id} is in the order already`);
    if (parent.numberUsed(batch.header.ingress, batch.header.number))
      return refuse('BLOCK_NUMBER', `batch ${batch.id} has a number that is used already`);
  }
  const facts = entries.map((entry) => factsOf(entry.batch, entry.certificate, parent));
  const gap = closureGap(facts, settledIn(parent, slotOf));
  return gap
    ? refuse('BLOCK_CLOSURE', `batch ${gap.batch} needs ${gap.missing}, which is not in the block`)
    : accept(undefined);
}

/** The places that a block's entries take on top of its parent's order (sections 7 and 8). */
export function deriveBlock(
  parent: OrderPrefix,
  entries: readonly DeriveEntry[],
  quorum: Quorum,
  known: DeriveKnown = {},
): DerivedBlock {
  const facts = entries.map((entry) => factsOf(entry.batch, entry.certificate, parent));
  const { order } = linearize(
    facts,
    known.conflicts?.(entries) ?? conflictsAmong(entries),
    blockTie(parent.block),
    quorum,
  );
  const byId = new Map(entries.map((entry) => [entry.batch.id, entry]));
  return layOut(
    parent,
    order.map((id) => byId.get(id)!),
    known.fresh ?? (() => false),
  );
}

function layOut(
  parent: OrderPrefix,
  entries: readonly DeriveEntry[],
  fresh: (batch: BatchId) => boolean,
): DerivedBlock {
  const slots = new Set<string>();
  const seen = new Set<TransactionId>();
  const leaves: Uint8Array[] = [];
  let frontier = parent.frontier;
  const places = entries.map((entry): Place => {
    const { batch } = entry;
    const { ingress, number } = batch.header;
    const isVoid = slots.has(slotOf(ingress, number));
    slots.add(slotOf(ingress, number));
    // What a fresh batch holds stands in no other entry: nobody will look for it.
    const isFresh = fresh(batch.id);
    const verdicts = isVoid
      ? []
      : placeVerdicts(
          batch,
          entry.certificate,
          isFresh ? undefined : (id) => seen.has(id) || parent.transactionSeen(id),
        );
    if (!isVoid && !isFresh) for (const id of batch.transactionIds) seen.add(id);
    const place: Place = {
      batch: batch.id,
      certificate: entry.certificateDigest,
      ingress,
      number,
      void: isVoid,
      verdicts,
    };
    const leaf = orderLeaf(frontier.size, place);
    leaves.push(leaf);
    frontier = append(frontier, leaf);
    return place;
  });
  return new DerivedBlock(parent, entries, places, leaves, frontier);
}
