/**
 * Accepting batches, and the votes that this fixes (protocol sections 2 and 4). At the moment a signer
 * accepts T, `base` and `before` of its vote are taken from one snapshot and never change.
 *
 * Invariants:
 * 1. One vote a batch for ever; it is written in the step that makes it, before anything sends it.
 * 2. Accepted: the first batch held of its (ingress, number), or an admitted one; within the window;
 *    every entry of `after` met; the number unused in the committed order.
 * 3. `before` leaves out exactly `after(T)` and what is committed at the height that `base` was read at.
 */

import { compareText } from '../base/bytes.ts';
import { type Codec, digest, P, u53 } from '../base/codec.ts';
import type { BatchId, SignerId } from '../base/ids.ts';
import { ConflictIndex } from '../dependency/conflict-index.ts';
import { type Key, slotKey } from '../dependency/keys.ts';
import { Parking } from '../dependency/parking.ts';
import type { AfterEntry, Batch } from '../messages/batch.ts';
import { beforeMax } from '../messages/limits.ts';
import { type VoteClass, type VoteContent, voteContentFields } from '../messages/vote.ts';
import type { CommittedOrder } from '../ordering/committed.ts';
import type { Core } from './core.ts';
import { type Fetcher, wantBatch } from './fetcher.ts';
import type { Held, Pool } from './pool.ts';

export interface Accepted {
  readonly held: Held;
  readonly sequence: number;
  readonly acceptedAt: number;
  readonly vote: VoteContent;
}

/** A row of the arrival log: what was accepted, and the vote that this fixed. It begins with the batch id. */
const arrivalCodec = P.struct({ batch: digest<BatchId>(), ...voteContentFields }) as unknown as Codec<
  VoteContent & { batch: BatchId }
>;

/** The id of the batch, as bytes, in a row of the arrival log. */
export const arrivedBatch = (row: Uint8Array): Uint8Array => row.subarray(0, 32);

/** Batches listed and not accepted that are remembered, oldest forgotten first: a liar may list anything. */
const listedMax = 1 << 16;

export class Acceptance {
  readonly #core: Core;
  readonly #pool: Pool;
  readonly #committed: CommittedOrder;
  readonly #fetcher: Fetcher;
  readonly index: ConflictIndex;
  /** Accepted and not committed, in arrival order. */
  readonly #accepted = new Map<BatchId, Accepted>();
  readonly #waiting = new Parking<BatchId, Key>();
  /** Held batches above the window, or more than a vote could list. */
  readonly #beyond = new Set<BatchId>();
  readonly #admitted = new Set<BatchId>();
  /** Who lists a batch that is not accepted here, to admit it at `f + 1`. */
  readonly #listers = new Map<BatchId, Set<SignerId>>();
  #sequence = 1;
  /** Called for each batch when it is accepted, after its vote was written. */
  onAccepted: (accepted: Accepted) => void = () => {};

  constructor(core: Core, pool: Pool, committed: CommittedOrder, fetcher: Fetcher) {
    this.#core = core;
    this.#pool = pool;
    this.#committed = committed;
    this.#fetcher = fetcher;
    this.index = new ConflictIndex(committed.inFlight.sharers);
  }

  /** Accepted batches that are not committed, oldest first. */
  get accepted(): ReadonlyMap<BatchId, Accepted> {
    return this.#accepted;
  }

  /** For each batch the accepted ones that conflict with it; undefined when one of them is not accepted. */
  conflictsAmong(ids: readonly BatchId[]): Map<BatchId, readonly BatchId[]> | undefined {
    if (!ids.every((id) => this.index.has(id))) return undefined;
    return new Map(ids.map((id) => [id, this.index.conflictsOf(id)]));
  }

  voteOf(id: BatchId): VoteContent | undefined {
    return this.#accepted.get(id)?.vote;
  }

  isAdmitted(id: BatchId): boolean {
    return this.#admitted.has(id);
  }

  /** Votes of these classes were verified: what `f + 1` signers list is admitted (section 2). */
  listedBy(classes: readonly VoteClass[]): void {
    for (const one of classes)
      for (const id of one.before) {
        if (this.#accepted.has(id) || this.#admitted.has(id)) continue;
        const listers = this.#listers.get(id) ?? new Set();
        for (const signer of one.signers) listers.add(signer);
        this.#listers.set(id, listers);
        if (this.#listers.size > listedMax) this.#listers.delete(this.#listers.keys().next().value!);
        if (listers.size > this.#core.quorum.f) this.admit(id);
      }
  }

  /** Admits a batch: a twin may be accepted from now on; so may what its `after` names. */
  admit(id: BatchId): void {
    const admitted: BatchId[] = [];
    const next = [id];
    for (let one = next.pop(); one; one = next.pop()) {
      if (this.#admitted.has(one) || this.#committed.has(one)) continue;
      this.#admitted.add(one);
      this.#listers.delete(one);
      const held = this.#pool.get(one);
      if (!held) continue;
      admitted.push(one);
      next.push(...this.#neededBy(held.batch));
    }
    // What is named in `after` comes first.
    for (const one of admitted.reverse()) this.consider(one);
  }

  /** What an admitted batch names is admitted, unless its number is used: then it is met anyhow. */
  #neededBy({ header }: Batch): BatchId[] {
    return header.after
      .filter((entry) => !this.#committed.numberUsed(header.ingress, entry.number))
      .map((entry) => entry.id);
  }

  /** Accepts a held batch if it can be; otherwise remembers what it waits for. */
  consider(id: BatchId, from?: SignerId): void {
    const held = this.#pool.get(id);
    if (!held || this.#accepted.has(id)) return;
    const { ingress, number, after } = held.batch.header;
    if (this.#admitted.has(id)) for (const needed of this.#neededBy(held.batch)) this.admit(needed);
    if (this.#committed.numberUsed(ingress, number)) return;
    const full = this.index.size >= beforeMax;
    if (full || number > this.#committed.window(ingress).watermark + this.#core.limits.window) {
      this.#beyond.add(id);
      return;
    }
    if (this.#pool.twins(held.batch.header)[0] !== id && !this.#admitted.has(id)) return;
    const unmet = after.filter(
      (entry) => !this.#acceptedAs(ingress, entry) && !this.#committed.numberUsed(ingress, entry.number),
    );
    if (unmet.length > 0) {
      this.#waiting.park(
        id,
        unmet.map((entry) => slotKey(ingress, entry.number)),
      );
      const patience = this.#core.limits.levelTimeoutMs;
      for (const entry of unmet)
        if (!this.#pool.get(entry.id)) this.#fetcher.want(wantBatch(entry.id), from, patience);
      return;
    }
    this.#accept(held);
  }

  /** The batch is accepted and has the number that the entry says: an entry may lie about either. */
  #acceptedAs(ingress: SignerId, entry: AfterEntry): boolean {
    const header = this.#accepted.get(entry.id)?.held.batch.header;
    return header?.ingress === ingress && header.number === entry.number;
  }

  #accept(held: Held): void {
    const { batch, keys } = held;
    const { ingress } = batch.header;
    const after = new Set(
      batch.header.after.filter((entry) => this.#acceptedAs(ingress, entry)).map((entry) => entry.id),
    );
    const base = this.#committed.lastConflict(keys, this.#committed.inFlight.fresh(batch.id));
    const conflicting = this.index.add(batch.id, keys);
    const vote: VoteContent = {
      base,
      before: conflicting.filter((id) => !after.has(id)).sort(compareText),
      rejects: this.#rejects(batch),
    };
    const sequence = this.#sequence++;
    this.#pool.store(batch);
    this.#core.ledger.put(
      'arrival',
      u53().encode(sequence),
      arrivalCodec.encode({ batch: batch.id, ...vote }),
    );
    this.#core.emit({ type: 'arrived', batch, position: sequence });
    this.#remember({ held, sequence, acceptedAt: this.#core.now, vote });
  }

  #remember(accepted: Accepted): void {
    const { batch, keys } = accepted.held;
    this.index.add(batch.id, keys);
    this.#accepted.set(batch.id, accepted);
    this.#listers.delete(batch.id);
    this.onAccepted(accepted);
    this.#release(slotKey(batch.header.ingress, batch.header.number));
  }

  /** Pre- and post-consensus checks (section 8). Being known already is never a reason. */
  #rejects(batch: Batch): number[] {
    const { check } = this.#core.config;
    const rejects: number[] = [];
    batch.transactions.forEach((transaction, i) => {
      if (transaction.expires < this.#committed.height || check(transaction.body) !== undefined)
        rejects.push(i);
    });
    return rejects;
  }

  /** A list, not a recursion: a chain of batches that wait for each other may be as long as a window. */
  #release(slot: Key): void {
    this.#ready.push(...this.#waiting.release(slot));
    if (this.#releasing) return;
    this.#releasing = true;
    for (let id = this.#ready.shift(); id; id = this.#ready.shift()) this.consider(id);
    this.#releasing = false;
  }
  readonly #ready: BatchId[] = [];
  #releasing = false;

  /**
   * The committed order used these numbers: forgets what is settled, and looks again at what waited.
   * @returns every batch that was held with one of these numbers.
   */
  committedSlots(slots: readonly { ingress: SignerId; number: Batch['header']['number'] }[]): BatchId[] {
    const settled = slots.flatMap((slot) => this.#pool.useSlot(slot));
    for (const id of settled) {
      this.#forget(id);
      this.#fetcher.moot(wantBatch(id));
    }
    for (const slot of slots) this.#release(slotKey(slot.ingress, slot.number));
    const beyond = [...this.#beyond];
    this.#beyond.clear();
    for (const id of beyond) this.consider(id);
    return settled;
  }

  #forget(id: BatchId): void {
    this.#beyond.delete(id);
    this.#admitted.delete(id);
    this.#listers.delete(id);
    this.#waiting.drop(id);
    const accepted = this.#accepted.get(id);
    if (!accepted) return;
    this.#accepted.delete(id);
    this.index.remove(id);
    this.#core.ledger.delete('arrival', u53().encode(accepted.sequence));
  }

  /** Rebuilds the arrival log after a restart: the same batches in the same order with the same votes. */
  restore(): void {
    for (const [key, row] of [
      ...this.#core.ledger.range('arrival', new Uint8Array(0), Number.MAX_SAFE_INTEGER),
    ]) {
      const { base, before, rejects } = arrivalCodec.decode(row);
      const batch = this.#pool.restore(arrivedBatch(row));
      if (!batch) throw new Error('the arrival log names a batch that is not stored');
      const sequence = u53().decode(key);
      this.#sequence = sequence + 1;
      this.#remember({ held: batch, sequence, acceptedAt: this.#core.now, vote: { base, before, rejects } });
    }
  }
}
