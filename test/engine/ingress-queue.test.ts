/** The queue that passes over what waits, against a list that is looked through from the start each time. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { dependencyKey } from '../../src/dependency/keys.ts';
import {
  IngressQueue,
  KeySet,
  type Lane,
  type Obstacles,
  type Queued,
} from '../../src/engine/ingress-queue.ts';
import { type EncodedTransaction, encodedTransaction } from '../../src/messages/transaction.ts';
import { transaction } from '../ordering/batches.ts';

const lists = [['a'], ['b'], ['c'], ['a', 'b'], ['b', 'c'], [], undefined];
const keys = (list: readonly string[]) => list.map((one) => dependencyKey(utf8(one)));
const touching = (list: readonly string[] | undefined) => ({
  dependencies: keys(list ?? []),
  wildcard: list === undefined,
  explicit: list === undefined || list.length > 0,
});
const meet = (a: readonly string[] | undefined, b: readonly string[] | undefined): boolean =>
  a && b
    ? a.some((one) => b.includes(one))
    : (a === undefined || a.length > 0) && (b === undefined || b.length > 0);

const blockedBy = (list: readonly string[] | undefined, version = 0): Obstacles => ({
  name: `${version}`,
  keys: () => {
    const blocked = new KeySet();
    blocked.add(touching(list));
    return blocked;
  },
});

const step = fc.oneof(
  {
    arbitrary: fc.record({ what: fc.constant('push' as const), list: fc.nat({ max: lists.length - 1 }) }),
    weight: 4,
  },
  {
    arbitrary: fc.record({
      what: fc.constant('take' as const),
      lane: fc.constantFrom<Lane>('ordinary', 'contested'),
      countMax: fc.integer({ min: 1, max: 4 }),
    }),
    weight: 4,
  },
  fc.record({
    what: fc.constant('block' as const),
    list: fc.nat({ max: lists.length - 1 }),
    hot: fc.nat({ max: lists.length - 1 }),
  }),
);

describe('the queue of an ingress', () => {
  it('gives what a look through all of it gives', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const queue = new IngressQueue();
        let changes = 0;
        let plain: { id: string; list: readonly string[] | undefined }[] = [];
        let blocked: readonly string[] | undefined = [];
        let hot: readonly string[] = [];
        const isHot = (list: readonly string[] | undefined): boolean =>
          hot.length > 0 && (list === undefined || list.some((one) => hot.includes(one)));
        for (const [i, one] of steps.entries()) {
          if (one.what === 'push') {
            const list = lists[one.list];
            const encoded = encodedTransaction(transaction(`t${i}`, list));
            queue.push(encoded);
            plain.push({ id: encoded.id, list });
          } else if (one.what === 'block') {
            // What is frozen has another name each time; of whatever else changes the queue has to be told.
            blocked = lists[one.list];
            changes += 1;
            const next = lists[one.hot] ?? [];
            if (next.join() !== hot.join()) queue.changed();
            hot = next;
          } else {
            const { lane, countMax } = one;
            const travels = (each: Queued) =>
              isHot(each.transaction.dependencies?.map((bytes) => String.fromCharCode(...bytes))) ===
              (lane === 'contested');
            const taken = queue.take(lane, blockedBy(blocked, changes), travels, countMax, 1e9);

            const passed: (readonly string[] | undefined)[] = [blocked];
            const expected: string[] = [];
            for (const { id, list } of plain) {
              if (expected.length >= countMax) break;
              if (isHot(list) === (lane === 'contested') && !passed.some((other) => meet(other, list)))
                expected.push(id);
              else passed.push(list);
            }
            expect(taken.map((each) => each.id)).toEqual(expected);
            plain = plain.filter(({ id }) => !expected.includes(id));
          }
          expect(queue.size).toBe(plain.length);
          for (const { id } of plain) expect(queue.has(id as EncodedTransaction['id'])).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('ends before the first that has no room in bytes', () => {
    const queue = new IngressQueue();
    const all = Array.from({ length: 3 }, (_, i) => encodedTransaction(transaction(`t${i}`, ['a'])));
    for (const one of all) queue.push(one);
    const size = all[0]!.raw.length;
    const take = (bytesMax: number) => queue.take('ordinary', blockedBy([]), () => true, 9, bytesMax);
    expect(take(2 * size).map((one) => one.id)).toEqual([all[0]!.id, all[1]!.id]);
    expect(take(size - 1)).toEqual([]);
    expect(take(size)).toHaveLength(1);
    expect(queue.size).toBe(0);
  });

  it('gives back the places of what left, and keeps the order of the rest', () => {
    const queue = new IngressQueue();
    const all = Array.from({ length: 2600 }, (_, i) =>
      encodedTransaction(transaction(`t${i}`, i % 2 === 0 ? ['waits'] : [`k${i}`])),
    );
    for (const one of all) queue.push(one);
    const first = queue.take('ordinary', blockedBy(['waits']), () => true, 9999, 1e9);
    expect(first.map((one) => one.id)).toEqual(all.filter((_, i) => i % 2 === 1).map((one) => one.id));
    const rest = queue.take('ordinary', blockedBy([], 1), () => true, 9999, 1e9);
    expect(rest.map((one) => one.id)).toEqual(all.filter((_, i) => i % 2 === 0).map((one) => one.id));
  });

  it('does not look again at what waits when more comes', () => {
    const queue = new IngressQueue();
    let looks = 0;
    for (let i = 0; i < 100; i++) {
      queue.push(encodedTransaction(transaction(`t${i}`, ['waits'])));
      queue.take(
        'ordinary',
        blockedBy(['waits']),
        () => {
          looks += 1;
          return true;
        },
        9,
        1e9,
      );
    }
    expect(looks).toBe(100);
  });
});
