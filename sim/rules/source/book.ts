/**
 * What one signer makes of the certificates it holds: the order, the scores, what is final.
 *
 * Readings where the source is silent, each the kindest that keeps honest signers in agreement:
 * 1. A vote names the conflicting transactions that its signer accepted earlier (votes are arrival orders);
 *    a transaction waits until all that its certificate names are certified. Otherwise two honest signers
 *    would order what they happen to hold, and disagree without any liar.
 * 2. Transactions that name each other, directly or around a circle, form a *unit*; it is ordered and scored as
 *    a whole. What a unit names outside itself was first at everybody, and is delivered before it.
 * 3. The first certificate held of a transaction is kept.
 * 4. A transaction whose score is high enough is delivered at once, unless one that conflicts with it and comes
 *    earlier in the order is not delivered yet.
 */

import { compareText } from '../../../src/base/bytes.ts';
import type { BatchId } from '../../../src/base/ids.ts';
import { componentOfNodes } from '../../../src/ordering/components.ts';
import { type Certified, inConflict } from './messages.ts';
import { type Comparison, countBelow, type SourceOrder, sourceOrder } from './order.ts';

export interface BookRules {
  /** Score that makes a transaction final. */
  readonly needed: number;
  readonly comparison: Comparison;
}

export interface BookDelivery {
  readonly id: BatchId;
  readonly finality: 'score' | 'order';
  readonly score?: number;
}

/** Certificates that only phase 3 can order, in the order that follows from them. */
export type Contested = readonly Certified[];

const named = ({ certificate }: Certified): Set<BatchId> =>
  new Set(certificate.votes.flatMap((vote) => vote.before));

/** The order that follows from certificates, whatever order they come in. */
export function orderOf(certified: readonly Certified[], comparison: Comparison): SourceOrder {
  const byId = new Map(certified.map((one) => [one.transaction.id, one]));
  const of = (id: BatchId): Certified => byId.get(id)!;
  return sourceOrder({
    ids: [...byId.keys()].sort(compareText),
    conflict: (a, b) => inConflict(of(a).transaction, of(b).transaction),
    below: (a, b) => countBelow(of(a).certificate, of(b).certificate, comparison),
    votes: (id) => of(id).certificate.votes.length,
  });
}

export class Book {
  readonly #rules: BookRules;
  readonly #certified = new Map<BatchId, Certified>();
  readonly #names = new Map<BatchId, ReadonlySet<BatchId>>();
  readonly #delivered = new Set<BatchId>();
  /** Certified, in no unit that is delivered whole. */
  readonly #open = new Set<BatchId>();
  /** Signed orders that wait for what they name. */
  #signed: Contested[] = [];

  constructor(rules: BookRules) {
    this.#rules = rules;
  }

  has(id: BatchId): boolean {
    return this.#certified.has(id);
  }

  /** Takes the certificate of a transaction that has none yet. */
  hold(certified: Certified): void {
    const { id } = certified.transaction;
    this.#certified.set(id, certified);
    this.#names.set(id, named(certified));
    this.#open.add(id);
  }

  /** An order that a quorum signed. */
  ordered(entries: Contested): void {
    this.#signed.push(entries);
  }

  /** Everything that can be delivered now, in order, and the units that phase 3 must order. */
  look(): { deliveries: BookDelivery[]; contested: Contested[] } {
    const deliveries: BookDelivery[] = [];
    let contested: Contested[] = [];
    for (let before = -1; before < deliveries.length; ) {
      before = deliveries.length;
      this.#takeSigned(deliveries);
      contested = this.#takeUnits(deliveries);
    }
    return { deliveries, contested };
  }

  #deliver(delivery: BookDelivery, deliveries: BookDelivery[]): void {
    this.#delivered.add(delivery.id);
    deliveries.push(delivery);
  }

  #takeSigned(deliveries: BookDelivery[]): void {
    this.#signed = this.#signed.filter((entries) => {
      const inside = new Set(entries.map((one) => one.transaction.id));
      const waits = entries.some((one) =>
        [...named(one)].some((id) => !inside.has(id) && !this.#delivered.has(id)),
      );
      if (waits) return true;
      for (const id of inside)
        if (!this.#delivered.has(id)) this.#deliver({ id, finality: 'order' }, deliveries);
      return false;
    });
  }

  #takeUnits(deliveries: BookDelivery[]): Contested[] {
    const contested: Contested[] = [];
    for (const unit of this.#units()) {
      const certified = unit.map((id) => this.#certified.get(id)!);
      const { places } = orderOf(certified, this.#rules.comparison);
      const inside = new Set(unit);
      const early: Certified[] = [];
      let stuck = false;
      for (const { id, score } of places) {
        if (this.#delivered.has(id)) continue;
        const one = this.#certified.get(id)!;
        const names = [...this.#names.get(id)!];
        const free =
          names.every((other) => inside.has(other) || this.#delivered.has(other)) &&
          !early.some((other) => inConflict(other.transaction, one.transaction));
        if (free && score >= this.#rules.needed) this.#deliver({ id, finality: 'score', score }, deliveries);
        else early.push(one);
        if (free && score < this.#rules.needed) stuck = true;
      }
      if (early.length === 0) for (const id of unit) this.#open.delete(id);
      if (stuck) contested.push(places.map((place) => this.#certified.get(place.id)!));
    }
    return contested;
  }

  /** Units of what names nothing that is not certified; those that others name first. */
  #units(): BatchId[][] {
    const closed = new Set([...this.#open].sort(compareText));
    for (let before = -1; before !== closed.size; ) {
      before = closed.size;
      for (const id of closed)
        for (const other of this.#names.get(id)!) if (this.#isOpenOutside(other, closed)) closed.delete(id);
    }
    const ids = [...closed];
    const places = new Map(ids.map((id, i) => [id, i]));
    const graph = ids.map((id) =>
      [...this.#names.get(id)!].flatMap((other) => places.get(other) ?? []).sort((a, b) => a - b),
    );
    const { component, count } = componentOfNodes(graph);
    const units: BatchId[][] = Array.from({ length: count }, () => []);
    for (const [i, id] of ids.entries()) units[component[i]!]!.push(id);
    return units;
  }

  /** Not certified, or waiting itself. */
  #isOpenOutside(id: BatchId, closed: ReadonlySet<BatchId>): boolean {
    return !closed.has(id) && (this.#open.has(id) || !this.#certified.has(id));
  }
}
