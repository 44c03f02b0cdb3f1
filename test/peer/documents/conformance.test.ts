import { describe, expect, it } from 'vitest';
import type { OrderedGroup } from '../../../src/peer/api.ts';
import { type StoreFactory, storeConformance } from '../../../src/peer/documents/conformance.ts';
import { MemoryDocumentStore } from '../../../src/peer/documents/memory.ts';
import { lmdbPlace, memoryPlace } from './places.ts';

const stores: readonly (readonly [string, StoreFactory])[] = [
  ['memory', memoryPlace],
  ['lmdb', lmdbPlace],
];

for (const [name, factory] of stores)
  describe(`the ${name} document store`, () => {
    for (const test of storeConformance(factory)) it(test.name, test.run, 60_000);
  });

/** A memory store with a fault, to show that the suite notices. */
const broken = (change: (store: MemoryDocumentStore) => void): StoreFactory => {
  return async () => {
    const place = await memoryPlace();
    return {
      store(options) {
        const store = place.store(options) as MemoryDocumentStore;
        change(store);
        return store;
      },
      [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
    };
  };
};

/** Names of the tests that a store fails. */
async function failures(factory: StoreFactory): Promise<string[]> {
  const failed: string[] = [];
  for (const test of storeConformance(factory))
    await test.run().catch(() => {
      failed.push(test.name);
    });
  return failed;
}

describe('the suite notices a store that', () => {
  it('forgets to reject a gap', async () => {
    const failed = await failures(
      broken((store) => {
        const apply = store.apply.bind(store);
        store.apply = async (group, machine, signal) => {
          const at = await store.position();
          if (group.previous.sequence > at.sequence) return [];
          return apply(group, machine, signal);
        };
      }),
    );
    expect(failed).toContain('refuses a gap and stays where it is');
  });

  it('answers a repeated group by its sequence alone', async () => {
    const failed = await failures(
      broken((store) => {
        const apply = store.apply.bind(store);
        const done = new Map<number, OrderedGroup>();
        store.apply = async (group, machine, signal) => {
          const same = done.get(group.position.sequence);
          const outcomes = await apply(same ?? group, machine, signal);
          done.set(group.position.sequence, same ?? group);
          return outcomes;
        };
      }),
    );
    expect(failed).toContain('detects a fork at, below and on top of its position');
  });

  it('loses its documents in a restart', async () => {
    const failed = await failures(async () => ({
      store: ({ onStep }) => new MemoryDocumentStore({ onStep }),
      [Symbol.asyncDispose]: async () => undefined,
    }));
    expect(failed).toContain('keeps documents, outcomes and position over restarts');
    expect(failed).toContain(
      'stands before or after a group when killed at any await of apply, and restarted',
    );
  });

  it('never gives its steps', async () => {
    const failed = await failures(async () => {
      const place = await memoryPlace();
      return { store: () => place.store({}), [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() };
    });
    expect(failed.length).toBeGreaterThanOrEqual(3);
  });
});
