/**
 * What is known of batches in flight against a dumb look at everything: the same verdicts, the same orders,
 * the same places, whoever sends what how often.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BatchId, TransactionId } from '../../src/base/ids.ts';
import { ConflictIndex } from '../../src/dependency/conflict-index.ts';
import { conflicts } from '../../src/dependency/keys.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { CommittedOrder } from '../../src/ordering/committed.ts';
import { DeliveryOrder } from '../../src/ordering/delivery.ts';
import { type DeriveEntry, deriveBlock } from '../../src/ordering/derive.ts';
import { InFlight } from '../../src/ordering/in-flight.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { batch, epoch, n, quorum, transaction, unanimous } from './batches.ts';

/** A few transactions that come again and again, some on a dependency, some on none, some on all. */
const lists = [['a'], ['b'], ['a', 'c'], [], undefined];
const pool = Array.from({ length: 9 }, (_, i) => transaction(`t${i}`, lists[i % lists.length]));
const plan = fc.array(
  fc.record({
    ingress: fc.nat({ max: 3 }),
    members: fc.uniqueArray(fc.nat({ max: pool.length - 1 }), { minLength: 1, maxLength: 3 }),
    twin: fc.boolean(),
  }),
  { minLength: 1, maxLength: 10 },
);
type Plan = typeof plan extends fc.Arbitrary<infer T> ? T : never;

function batchesOf(list: Plan): Batch[] {
  const next = new Map<number, number>();
  const made = list.map(({ ingress, members, twin }) => {
    const number = (next.get(ingress) ?? 0) + (twin && next.has(ingress) ? 0 : 1);
    next.set(ingress, number);
    return batch(
      ingress,
      number,
      members.map((member) => pool[member]!),
    );
  });
  return [...new Map(made.map((one) => [one.id, one])).values()];
}

const shares = (a: Batch, b: Batch): boolean => a.transactionIds.some((id) => b.transactionIds.includes(id));

describe('batches in flight', () => {
  it('are fresh only while nothing of them is anywhere else, and know who shares what', () => {
    const steps = fc.array(fc.record({ which: fc.nat({ max: 9 }), what: fc.nat({ max: 3 }) }), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(plan, steps, (list, todo) => {
        const batches = batchesOf(list);
        const here = new Set<Batch>();
        const gone = new Set<Batch>();
        const committed = new Set<TransactionId>();
        const met = new Set<BatchId>();
        const inFlight = new InFlight((id) => committed.has(id));
        for (const { which, what } of todo) {
          const one = batches[which % batches.length]!;
          if (what < 2 && !here.has(one) && !gone.has(one)) {
            for (const other of here) if (shares(one, other)) met.add(one.id).add(other.id);
            if (one.transactionIds.some((id) => committed.has(id))) met.add(one.id);
            here.add(one);
            inFlight.enter(one);
          } else if (what >= 2 && here.delete(one)) {
            gone.add(one);
            if (what === 3) for (const id of one.transactionIds) committed.add(id);
            inFlight.leave(one.id);
          }
          if (here.has(one)) inFlight.enter(one);
          for (const each of batches) {
            expect(inFlight.fresh(each.id)).toBe(here.has(each) && !met.has(each.id));
            const sharing = [...here].filter(
              (other) => other !== each && here.has(each) && shares(each, other),
            );
            expect([...inFlight.sharers(each.id)].sort()).toEqual(sharing.map((other) => other.id).sort());
          }
          for (const id of new Set(batches.flatMap((each) => each.transactionIds)))
            expect([...inFlight.holders(id)].sort()).toEqual(
              [...here]
                .filter((each) => each.transactionIds.includes(id))
                .map((each) => each.id)
                .sort(),
            );
        }
      }),
    );
  });

  it('give every block the meaning that it has without, and every delivery the same verdicts', () => {
    const blocks = fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(plan, blocks, fc.boolean(), (list, cuts, offered) => {
        const batches = batchesOf(list);
        const slotOf = (id: BatchId) => batches.find((one) => one.id === id)?.header;
        const store = new MemoryStore();
        const committed = new CommittedOrder(store, epoch, n);
        const { inFlight } = committed;
        const index = new ConflictIndex(inFlight.sharers);
        const known = new DeliveryOrder(committed, quorum, slotOf, false);
        const plainStore = new MemoryStore();
        const plain = new DeliveryOrder(new CommittedOrder(plainStore, epoch, n), quorum, slotOf);
        for (const one of batches) {
          inFlight.enter(one);
          index.add(one.id, unanimous(one).keys);
        }
        const waiting = [...batches];
        const ordered: { readonly batch: Batch; readonly height: number }[] = [];
        for (const size of cuts) {
          const entries: DeriveEntry[] = waiting
            .splice(0, size)
            .filter(({ header }) => !committed.numberUsed(header.ingress, header.number))
            .map((one) => unanimous(one));
          if (offered)
            for (const { batch: one, keys, certificate, certificateDigest } of entries) {
              const slot = ({ header }: Batch) => `${header.ingress}/${header.number}`;
              // Of two batches with one number only liars make the one final that a block then voids.
              if (batches.filter((each) => slot(each) === slot(one)).length > 1) continue;
              const offer = [one, keys, certificate, certificateDigest] as const;
              expect(known.offer(...offer)).toEqual(plain.offer(...offer));
            }
          const derived = deriveBlock(committed, entries, quorum, {
            fresh: (id) => inFlight.fresh(id),
            conflicts: (among) => new Map(among.map(({ batch: one }) => [one.id, index.conflictsOf(one.id)])),
          }).named(epoch as never);
          const dumb = deriveBlock(plain.committed, entries, quorum).named(epoch as never);
          expect(derived.places).toEqual(dumb.places);
          expect(derived.orderRoot).toBe(dumb.orderRoot);
          for (const id of batches.flatMap((one) => one.transactionIds))
            expect(derived.transactionSeen(id)).toBe(dumb.transactionSeen(id));
          if (entries.length === 0) continue;
          expect(known.commit(derived, (writes) => store.apply(writes))).toEqual(
            plain.commit(dumb, (writes) => plainStore.apply(writes)),
          );
          for (const { batch: one } of entries) {
            ordered.push({ batch: one, height: derived.height });
            expect(known.has(one.id)).toBe(true);
          }
          for (const { header } of entries.map((entry) => entry.batch))
            for (const one of batches)
              if (one.header.ingress === header.ingress && one.header.number === header.number) {
                inFlight.leave(one.id);
                index.remove(one.id);
              }
          for (const one of batches) {
            const { keys } = unanimous(one);
            for (const id of one.transactionIds)
              expect(known.transactionSeen(id)).toBe(plain.transactionSeen(id));
            // Votes are made on unused numbers only.
            if (committed.numberUsed(one.header.ingress, one.header.number)) continue;
            const heights = ordered
              .filter((place) => conflicts(keys, unanimous(place.batch).keys))
              .map((place) => place.height);
            const fresh = committed.inFlight.fresh(one.id);
            expect(committed.lastConflict(keys, fresh)).toBe(Math.max(0, ...heights));
            expect(plain.committed.lastConflict(keys)).toBe(Math.max(0, ...heights));
          }
        }
      }),
    );
  });

  it('an index that leaves transactions to those in flight finds the same conflicts', () => {
    fc.assert(
      fc.property(plan, fc.array(fc.nat({ max: 9 }), { maxLength: 5 }), (list, removed) => {
        const batches = batchesOf(list);
        const inFlight = new InFlight(() => false);
        const index = new ConflictIndex(inFlight.sharers);
        const here: Batch[] = [];
        const keysOf = (one: Batch) => unanimous(one).keys;
        for (const one of batches) {
          inFlight.enter(one);
          const found = index.add(one.id, keysOf(one));
          const expected = here.filter((other) => conflicts(keysOf(one), keysOf(other)));
          expect(found.sort()).toEqual(expected.map((other) => other.id).sort());
          here.push(one);
        }
        for (const which of removed) {
          const [one] = here.splice(which % Math.max(1, here.length), 1);
          if (!one) break;
          index.remove(one.id);
          inFlight.leave(one.id);
          for (const each of here)
            expect(index.conflictsOf(each.id)).toEqual(
              here
                .filter((other) => other !== each && conflicts(keysOf(each), keysOf(other)))
                .map((other) => other.id),
            );
        }
      }),
    );
  });
});
