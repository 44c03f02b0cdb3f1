/**
 * The committed order: block after block, checked against plain lists of everything committed, and opened
 * again from the ledger after every block.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import type { BatchNumber, Height, SignerId } from '../../src/base/ids.ts';
import { frontierRoot, merkleRoot, verifyMerklePath } from '../../src/base/merkle.ts';
import { conflicts, keysOf } from '../../src/dependency/keys.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { genesisDigest } from '../../src/messages/block.ts';
import { CommittedOrder } from '../../src/ordering/committed.ts';
import type { DerivedBlock } from '../../src/ordering/derive.ts';
import { orderLeaf, placeCodec } from '../../src/ordering/order.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { batch, commitTo, derive, epoch, n, transaction, unanimous } from './batches.ts';

const open = (store: MemoryStore) => new CommittedOrder(store, epoch, n);

/** Everything a committed order answers, for the given batches. */
function answers(order: CommittedOrder, batches: readonly Batch[]) {
  return {
    head: [
      order.height,
      order.block,
      order.frontier.size,
      toHex(frontierRoot(order.frontier)),
      order.transactions,
    ],
    windows: Array.from({ length: n }, (_, i) => order.window(i as SignerId)),
    batches: batches.map((one) => [
      order.has(one.id),
      order.positionOf(one.id),
      order.placeOf(one.id),
      order.numberUsed(one.header.ingress, one.header.number),
      order.lastConflict(keysOf(one)),
      one.transactionIds.map((id) => [order.transactionSeen(id), order.transactionPlace(id)]),
    ]),
  };
}

const anyBlocks = fc.array(
  fc.array(
    fc.record({
      ingress: fc.nat(2),
      skip: fc.nat(2),
      twin: fc.boolean(),
      names: fc.uniqueArray(fc.constantFrom('t', 'u', 'v', 'w', 'x', 'y', 'z'), {
        minLength: 1,
        maxLength: 3,
      }),
      lists: fc.array(fc.option(fc.subarray(['a', 'b', 'c']), { nil: undefined }), {
        minLength: 3,
        maxLength: 3,
      }),
    }),
    { maxLength: 4 },
  ),
  { minLength: 1, maxLength: 6 },
);

describe('committed order', () => {
  it('starts empty', () => {
    const order = open(new MemoryStore());
    expect([order.height, order.block, order.frontier.size, order.transactions]).toEqual([
      0,
      genesisDigest(epoch),
      0,
      0,
    ]);
    expect(order.window(3 as SignerId)).toEqual({ watermark: 0, above: new Set() });
  });

  it('answers like the list of all places, before and after a restart', () => {
    fc.assert(
      fc.property(anyBlocks, (blocks) => {
        const store = new MemoryStore();
        let order = open(store);
        const all: Batch[] = [];
        const derivedBlocks: DerivedBlock[] = [];
        const next = [1, 1, 1];
        for (const entries of blocks) {
          const batches: Batch[] = [];
          for (const { ingress, skip, twin, names, lists } of entries) {
            const number = next[ingress]! + skip;
            next[ingress] = number + 1;
            batches.push(
              batch(
                ingress,
                number,
                names.map((name, i) => transaction(name, lists[i])),
              ),
            );
            if (twin) batches.push(batch(ingress, number, [transaction(`twin ${number}`, lists[0])]));
          }
          const derived = derive(
            order,
            batches.map((one) => unanimous(one)),
          );
          derivedBlocks.push(derived);
          store.apply(commitTo(order, derived));
          all.push(...batches);
          expect(answers(open(store), all)).toEqual(answers(order, all));
          order = open(store);
          checkAgainst(order, derivedBlocks, all);
        }
      }),
      { numRuns: 60 },
    );
  });

  function checkAgainst(order: CommittedOrder, blocks: readonly DerivedBlock[], all: readonly Batch[]): void {
    const places = blocks.flatMap((block) =>
      block.places.map((place) => ({ ...place, height: block.height })),
    );
    const leaves = places.map((place, i) => orderLeaf(i, place));
    const root = merkleRoot(leaves);
    expect(toHex(root)).toBe(blocks[blocks.length - 1]!.orderRoot);
    expect(frontierRoot(order.frontier)).toEqual(root);
    const batchOf = (id: string) => all.find((one) => one.id === id)!;
    places.forEach((place, position) => {
      expect(order.placeAt(position)).toEqual(place);
      expect(placeCodec.decode(placeCodec.encode(place))).toEqual(place);
      for (let size = position + 1; size <= places.length; size++) {
        const path = order.path(position, size);
        expect(
          verifyMerklePath(leaves[position]!, position, size, path, merkleRoot(leaves.slice(0, size))),
        ).toBe(true);
      }
      expect(order.numberUsed(place.ingress, place.number)).toBe(true);
    });
    expect(order.placeAt(places.length)).toBeUndefined();
    const counted = places.filter((place) => !place.void);
    expect(order.transactions).toBe(
      counted.reduce((sum, place) => sum + batchOf(place.batch).transactions.length, 0),
    );
    for (const one of all) {
      const first = counted.find((place) =>
        batchOf(place.batch).transactionIds.includes(one.transactionIds[0]!),
      );
      expect(order.transactionSeen(one.transactionIds[0]!)).toBe(first !== undefined);
      if (first)
        expect(order.transactionPlace(one.transactionIds[0]!)).toEqual({
          position: order.positionOf(first.batch),
          index: batchOf(first.batch).transactionIds.indexOf(one.transactionIds[0]!),
        });
    }
    // `base` of a batch on dependencies, wildcards included; own transactions that nobody else has.
    for (const list of [undefined, [], ['a'], ['b'], ['a', 'c']]) {
      const keys = keysOf(batch(5, 1, [transaction('fresh', list)]));
      const heights = places
        .filter((place) => conflicts(keys, keysOf(batchOf(place.batch))))
        .map((place) => place.height);
      expect(order.lastConflict(keys)).toBe(Math.max(0, ...heights));
    }
  }

  it('refuses a block that does not follow', () => {
    const store = new MemoryStore();
    const order = open(store);
    expect(() => order.commit(2 as Height, genesisDigest(epoch), [])).toThrow(/does not follow 0/);
    store.apply(order.commit(1 as Height, genesisDigest(epoch), []));
    expect(() => order.commit(1 as Height, genesisDigest(epoch), [])).toThrow(/does not follow 1/);
    expect(order.numberUsed(0 as SignerId, 1 as BatchNumber)).toBe(false);
  });
});
