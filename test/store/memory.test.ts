import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import type { Write } from '../../src/base/ledger.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { storeSuite, textRange } from './suite.ts';

storeSuite('memory', {
  open: async () => new MemoryStore(),
  reopen: async (closed) => (closed as MemoryStore).crash('none'),
  runs: 200,
});

const write = (key: string, value: string | undefined): Write => ({
  table: 'meta',
  key: utf8(key),
  value: value === undefined ? undefined : utf8(value),
});

describe('a crash of the memory store', () => {
  it('keeps what was flushed, and the asked-for prefix of the rest', async () => {
    const store = new MemoryStore();
    store.apply([write('a', '1'), write('b', '1')]);
    await store.flush();
    store.apply([write('a', '2'), write('c', '2')]);
    store.apply([write('b', undefined), write('c', '3')]);
    expect(store.unsyncedGroups).toBe(2);
    expect(textRange(store.crash('none'), 'meta')).toEqual(['a=1', 'b=1']);
    expect(textRange(store.crash(0), 'meta')).toEqual(['a=1', 'b=1']);
    expect(textRange(store.crash(1), 'meta')).toEqual(['a=2', 'b=1', 'c=2']);
    expect(textRange(store.crash(2), 'meta')).toEqual(['a=2', 'c=3']);
    expect(textRange(store.crash(99), 'meta')).toEqual(['a=2', 'c=3']);
    expect(textRange(store.crash('all'), 'meta')).toEqual(['a=2', 'c=3']);
    expect(textRange(store, 'meta')).toEqual(['a=2', 'c=3']);
    expect(() => store.crash(-1)).toThrow(/cannot keep -1/);
  });

  it('leaves a store whose own tail is empty, and that shares nothing with the old one', () => {
    const store = new MemoryStore();
    store.apply([write('a', '1')]);
    const survivor = store.crash('all');
    expect(survivor.unsyncedGroups).toBe(0);
    survivor.apply([write('a', '2')]);
    expect(textRange(store, 'meta')).toEqual(['a=1']);
    expect(textRange(survivor.crash('none'), 'meta')).toEqual(['a=1']);
  });

  it('keeps a prefix for every history (random, against an oracle)', () => {
    const value = fc.option(fc.constantFrom('x', 'y', 'z'), { nil: undefined });
    const group = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), value), { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(group, { maxLength: 8 }), fc.nat(8), fc.nat(8), (groups, durable, kept) => {
        const store = new MemoryStore();
        const state = new Map<string, string>();
        const states = [[] as string[]];
        for (const one of groups) {
          store.apply(one.map(([k, v]) => write(k, v)));
          for (const [k, v] of one) {
            if (v === undefined) state.delete(k);
            else state.set(k, v);
          }
          states.push([...state].map(([k, v]) => `${k}=${v}`).sort());
        }
        store.makeDurable(durable);
        const synced = Math.min(durable, groups.length);
        expect(store.unsyncedGroups).toBe(groups.length - synced);
        expect(textRange(store.crash(kept), 'meta')).toEqual(states[Math.min(synced + kept, groups.length)]);
      }),
      { numRuns: 300 },
    );
  });
});

describe('a failing flush of the memory store', () => {
  it('stays failed, and nothing of the tail is durable', async () => {
    let failing = false;
    const store = new MemoryStore({ failFlush: () => (failing ? new Error('no space left') : undefined) });
    store.apply([write('a', '1')]);
    await store.flush();
    failing = true;
    store.apply([write('a', '2')]);
    const expected = 'cannot write to the store: no space left';
    await expect(store.flush()).rejects.toMatchObject({ code: 'STORE_DISK', message: expected });
    failing = false;
    await expect(store.flush()).rejects.toThrow(expected);
    expect(textRange(store, 'meta')).toEqual(['a=2']);
    expect(textRange(store.crash('none'), 'meta')).toEqual(['a=1']);
    await store.close();
  });
});

describe('the memory store under load', () => {
  it('reads a range after every write of a growing table without sorting it anew', () => {
    const store = new MemoryStore();
    const key = (i: number): Uint8Array => {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setUint32(0, (i * 2654435761) >>> 0);
      new DataView(bytes.buffer).setUint32(4, i);
      return bytes;
    };
    let seen = 0;
    for (let i = 0; i < 30_000; i++) {
      store.apply([{ table: 'place', key: key(i), value: key(i) }]);
      for (const _ of store.range('place', key(i), 1)) seen += 1;
    }
    expect(seen).toBe(30_000);
    // Sorting anew each time takes minutes; this takes a small fraction of a second.
  });
});
