/** Blocks as they are derived: validity, twins, duplicates, verdicts, the root. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import type { SignerId } from '../../src/base/ids.ts';
import { merkleRoot } from '../../src/base/merkle.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { CommittedOrder } from '../../src/ordering/committed.ts';
import { checkEntries, type DeriveEntry } from '../../src/ordering/derive.ts';
import { orderLeaf } from '../../src/ordering/order.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import {
  batch,
  certify,
  commitTo,
  derive,
  epoch,
  n,
  type PlainVote,
  slotsOf,
  transaction,
  unanimous,
} from './batches.ts';

const empty = () => new CommittedOrder(new MemoryStore(), epoch, n);
const names = (list: readonly { batch: string }[], known: Readonly<Record<string, Batch>>): string[] =>
  list.map((place) => Object.keys(known).find((name) => known[name]!.id === place.batch) ?? '?');

describe('derived blocks', () => {
  const t = batch(0, 1, [transaction('t', ['a'])]);
  const u = batch(1, 1, [transaction('u', ['a'])]);
  const known = { t, u };

  it('the votes decide, not the order in which entries are given', () => {
    const first = unanimous(t);
    const second = unanimous(u, { before: [t] });
    for (const entries of [
      [first, second],
      [second, first],
    ])
      expect(names(derive(empty(), entries).places, known)).toEqual(['t', 'u']);
    const turned = [unanimous(t, { before: [u] }), unanimous(u)];
    expect(names(derive(empty(), turned).places, known)).toEqual(['u', 't']);
  });

  it('of two batches with one number the later in the derived order is void', () => {
    const a = batch(0, 1, [transaction('a', ['x'])]);
    const b = batch(0, 1, [transaction('b', ['y'])]);
    for (const [winner, loser] of [
      [a, b],
      [b, a],
    ] as const) {
      const derived = derive(empty(), [unanimous(loser, { before: [winner] }), unanimous(winner)]);
      expect(derived.places.map((place) => [place.batch, place.void, place.verdicts])).toEqual([
        [winner.id, false, ['executed']],
        [loser.id, true, []],
      ]);
      expect([
        derived.transactionSeen(winner.transactionIds[0]!),
        derived.transactionSeen(loser.transactionIds[0]!),
      ]).toEqual([true, false]);
      expect(derived.has(loser.id)).toBe(true);
    }
  });

  it('a transaction that was ordered before is a duplicate, unless its batch was void', () => {
    const same = transaction('same', ['a']);
    const own = transaction('own', ['b']);
    const one = batch(0, 1, [same]);
    const two = batch(1, 1, [own, same]);
    const inside = derive(empty(), [unanimous(one), unanimous(two, { before: [one] })]);
    expect(inside.places.map((place) => place.verdicts)).toEqual([['executed'], ['executed', 'duplicate']]);
    const three = batch(2, 1, [same]);
    expect(derive(inside, [unanimous(three)]).places[0]!.verdicts).toEqual(['duplicate']);

    const winner = batch(3, 1, [transaction('winner', ['z'])]);
    const loser = batch(3, 1, [same]);
    const after = derive(empty(), [unanimous(winner), unanimous(loser, { before: [winner] })]);
    expect(after.places.map((place) => place.void)).toEqual([false, true]);
    expect(derive(after, [unanimous(one)]).places[0]!.verdicts).toEqual(['executed']);
    const together = derive(empty(), [
      unanimous(winner),
      unanimous(loser, { before: [winner] }),
      unanimous(one, { before: [loser] }),
    ]);
    expect(together.places.map((place) => place.verdicts)).toEqual([['executed'], [], ['executed']]);
  });

  it('a rejected transaction was ordered, so it is a duplicate when it comes again', () => {
    const same = transaction('same', ['a']);
    const rejected = derive(empty(), [unanimous(batch(0, 1, [same]), { rejects: [0] })]);
    expect(rejected.places[0]!.verdicts).toEqual(['rejected']);
    expect(derive(rejected, [unanimous(batch(1, 1, [same]))]).places[0]!.verdicts).toEqual(['duplicate']);
  });

  it('a transaction is executed when a strict majority of the votes does not reject it', () => {
    const one = batch(0, 1, [transaction('p', []), transaction('q', [])]);
    for (let rejecting = 0; rejecting <= n; rejecting++) {
      const votes = Array.from(
        { length: n },
        (_, i): PlainVote => ({ rejects: i < rejecting ? [1] : [], base: i }),
      );
      const derived = derive(empty(), [certify(one, votes)]);
      expect(derived.places[0]!.verdicts).toEqual(['executed', 2 * rejecting < n ? 'executed' : 'rejected']);
    }
  });

  it('the prefix and the block answer together, also once the prefix is committed', () => {
    const store = new MemoryStore();
    const committed = new CommittedOrder(store, epoch, n);
    const first = derive(committed, [unanimous(t)]);
    const second = derive(first, [unanimous(u, { before: [t] })]);
    const check = () => {
      expect([second.height, second.has(t.id), second.has(u.id), first.has(u.id)]).toEqual([
        2,
        true,
        true,
        false,
      ]);
      expect(second.numberUsed(0 as SignerId, t.header.number)).toBe(true);
      expect(second.numberUsed(2 as SignerId, t.header.number)).toBe(false);
      expect(second.transactionSeen(t.transactionIds[0]!)).toBe(true);
    };
    check();
    store.apply(commitTo(committed, first));
    second.rebase(committed);
    check();
    const fresh = derive(committed, [unanimous(u, { before: [t] })]);
    expect(fresh.orderRoot).toBe(second.orderRoot);
    expect(() => derive(committed, []).named(undefined as never).block).toThrow(/no digest/);
  });

  it('the root is that of all leaves, and an empty block keeps it', () => {
    const anyVotes = fc.array(
      fc.option(fc.record({ rejects: fc.constantFrom<number[]>([], [0]) }), { nil: undefined }),
      { minLength: n, maxLength: n },
    );
    fc.assert(
      fc.property(fc.array(anyVotes, { minLength: 1, maxLength: 5 }), (all) => {
        const entries = all.map(
          (votes, i): DeriveEntry =>
            certify(batch(i, 1, [transaction(`${i}`, ['a'])]), votes.some(Boolean) ? votes : [{}]),
        );
        const first = derive(empty(), entries.slice(0, 2));
        const second = derive(first, entries.slice(2));
        const places = [...first.places, ...second.places];
        expect(second.orderRoot).toBe(toHex(merkleRoot(places.map((place, i) => orderLeaf(i, place)))));
        expect(derive(second, []).orderRoot).toBe(second.orderRoot);
        expect(second.frontier.size).toBe(entries.length);
      }),
      { numRuns: 60 },
    );
  });
});

describe('validity of entries', () => {
  const t = batch(0, 1, [transaction('t', ['a'])]);
  const twin = batch(0, 1, [transaction('twin', ['b'])]);
  const u = batch(1, 1, [transaction('u', ['a'])]);
  const later = batch(0, 2, [transaction('later', ['a'])], [t]);
  const codeOf = (
    prefix: Parameters<typeof checkEntries>[0],
    entries: readonly DeriveEntry[],
    ...held: Batch[]
  ) => {
    const result = checkEntries(prefix, entries, slotsOf(...held));
    return result.ok ? 'good' : result.error.code;
  };

  it('no batch and no number twice in the order', () => {
    const first = derive(empty(), [unanimous(t)]);
    expect(codeOf(first, [unanimous(t)])).toBe('BLOCK_REPEATS');
    expect(codeOf(first, [unanimous(twin)])).toBe('BLOCK_NUMBER');
    expect(codeOf(first, [unanimous(u)])).toBe('good');
    expect(codeOf(empty(), [unanimous(t), unanimous(twin, { before: [t] })])).toBe('good');
  });

  it('what a majority of all votes lists is in the block, in the order, or its number is used', () => {
    const listedBy = (count: number, base = 0): DeriveEntry =>
      certify(
        u,
        Array.from({ length: n }, (_, i): PlainVote => ({ base, before: i < count ? [t] : [] })),
      );
    expect(codeOf(empty(), [listedBy(3)], t)).toBe('good');
    expect(codeOf(empty(), [listedBy(4)], t)).toBe('BLOCK_CLOSURE');
    expect(codeOf(empty(), [listedBy(4, 9)], t)).toBe('BLOCK_CLOSURE');
    expect(codeOf(empty(), [listedBy(4), unanimous(t)], t)).toBe('good');
    expect(codeOf(derive(empty(), [unanimous(t)]), [listedBy(4)], t)).toBe('good');
    expect(codeOf(derive(empty(), [unanimous(twin)]), [listedBy(4)], t)).toBe('good');
    expect(codeOf(derive(empty(), [unanimous(twin)]), [listedBy(4)])).toBe('BLOCK_CLOSURE');
  });

  it('entries of after are listed by all votes', () => {
    expect(codeOf(empty(), [unanimous(later)], t)).toBe('BLOCK_CLOSURE');
    expect(codeOf(empty(), [unanimous(later), unanimous(t)], t)).toBe('good');
    expect(codeOf(derive(empty(), [unanimous(t)]), [unanimous(later)], t)).toBe('good');
  });
});
