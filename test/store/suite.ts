/** The contract of a store, run on every implementation, and a random test against a plain map. */

import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import type { Table, Write } from '../../src/base/ledger.ts';
import type { Store } from '../../src/store/port.ts';

export interface StoreHarness {
  /** A new, empty store. */
  open(): Promise<Store>;
  /** The store found again after the given one was closed. */
  reopen(closed: Store): Promise<Store>;
  /** Runs of the random test. */
  readonly runs: number;
}

const key = (text: string): Uint8Array => utf8(text);
const put = (table: Table, k: string, v: string): Write => ({ table, key: key(k), value: utf8(v) });
const del = (table: Table, k: string): Write => ({ table, key: key(k), value: undefined });
const start = new Uint8Array(0);

export const textRange = (store: Store, table: Table, from: Uint8Array = start, limit = 1e9): string[] =>
  [...store.range(table, from, limit)].map(
    ([k, v]) => `${new TextDecoder().decode(k)}=${v.length > 40 ? v.length : new TextDecoder().decode(v)}`,
  );

export function storeSuite(title: string, harness: StoreHarness): void {
  const opened: Store[] = [];
  const fresh = async (): Promise<Store> => {
    const store = await harness.open();
    opened.push(store);
    return store;
  };
  const again = async (store: Store): Promise<Store> => {
    await store.close();
    const reopened = await harness.reopen(store);
    opened.push(reopened);
    return reopened;
  };
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((store) => store.close()));
  });

  describe(`${title}: contract of a store`, () => {
    it('shows writes at once, before, during and after a flush', async () => {
      const store = await fresh();
      expect(store.get('meta', key('a'))).toBeUndefined();
      store.apply([put('meta', 'a', '1')]);
      expect(store.get('meta', key('a'))).toEqual(utf8('1'));
      const flushed = store.flush();
      expect(store.get('meta', key('a'))).toEqual(utf8('1'));
      store.apply([put('meta', 'a', '2')]);
      expect(store.get('meta', key('a'))).toEqual(utf8('2'));
      await flushed;
      expect(store.get('meta', key('a'))).toEqual(utf8('2'));
      await store.flush();
      expect(store.get('meta', key('a'))).toEqual(utf8('2'));
    });

    it('keeps tables apart, though their keys are equal', async () => {
      const store = await fresh();
      store.apply([put('meta', 'k', 'm'), put('batch', 'k', 'b'), put('evidence', 'k', 'e')]);
      for (const when of ['in memory', 'flushed']) {
        expect(store.get('meta', key('k')), when).toEqual(utf8('m'));
        expect(textRange(store, 'batch'), when).toEqual(['k=b']);
        expect(textRange(store, 'evidence'), when).toEqual(['k=e']);
        expect(textRange(store, 'vote'), when).toEqual([]);
        expect(store.get('node', key('k')), when).toBeUndefined();
        await store.flush();
      }
    });

    it('takes the last of several writes of a key, deletions included', async () => {
      const store = await fresh();
      store.apply([put('dead', 'a', '1'), put('dead', 'a', '2'), put('dead', 'b', '1'), del('dead', 'b')]);
      store.apply([del('dead', 'c'), put('dead', 'c', '3')]);
      expect(textRange(store, 'dead')).toEqual(['a=2', 'c=3']);
      await store.flush();
      expect(textRange(store, 'dead')).toEqual(['a=2', 'c=3']);
    });

    it('hides what is deleted, wherever the value is', async () => {
      let store = await fresh();
      store.apply([put('vote', 'a', '1'), put('vote', 'b', '1'), put('vote', 'c', '1')]);
      await store.flush();
      store.apply([del('vote', 'b')]);
      const check = (): void => {
        expect(store.get('vote', key('b'))).toBeUndefined();
        expect(textRange(store, 'vote')).toEqual(['a=1', 'c=1']);
      };
      check();
      const flushed = store.flush();
      check();
      await flushed;
      check();
      store = await again(store);
      check();
    });

    it('reads ranges in byte order, from a key, up to a limit', async () => {
      const store = await fresh();
      const keys: number[][] = [
        [],
        [0],
        [0, 0],
        [0, 1],
        [1],
        [127],
        [128],
        [200, 1],
        [255],
        [255, 0],
        [255, 255],
      ];
      const shuffled = [...keys].sort((a, b) => toHex(sum(a)).localeCompare(toHex(sum(b))));
      for (const [i, bytes] of shuffled.entries()) {
        store.apply([{ table: 'place', key: Uint8Array.from(bytes), value: Uint8Array.of(i) }]);
        if (i === 3 || i === 7) await store.flush();
      }
      const read = (from: number[], limit: number): number[][] =>
        [...store.range('place', Uint8Array.from(from), limit)].map(([k]) => [...k]);
      for (let round = 0; round < 2; round++) {
        expect(read([], 100)).toEqual(keys);
        expect(read([0, 1], 100)).toEqual(keys.slice(3));
        expect(read([129], 2)).toEqual([[200, 1], [255]]);
        expect(read([255, 255, 0], 100)).toEqual([]);
        expect(read([], 0)).toEqual([]);
        expect(read([], Number.POSITIVE_INFINITY)).toHaveLength(keys.length);
        await store.flush();
      }
    });

    it('reads long ranges with several layers, and lets the reader stop early', async () => {
      const store = await fresh();
      const name = (i: number): string => String(i).padStart(5, '0');
      const expected: string[] = [];
      for (const residue of [0, 1, 2]) {
        const writes: Write[] = [];
        for (let i = residue; i < 3000; i += 3) writes.push(put('order', name(i), `${i}`));
        store.apply(writes);
        if (residue === 0) await store.flush();
        if (residue === 1) void store.flush(); // stays in flight while the third part comes
      }
      for (let i = 0; i < 3000; i++) expected.push(`${name(i)}=${i}`);
      expect(textRange(store, 'order')).toEqual(expected);
      expect(textRange(store, 'order', key(name(1000)), 777)).toEqual(expected.slice(1000, 1777));
      for (const [k] of store.range('order', start, 3000)) if (toHex(k) === toHex(key(name(300)))) break;
      // A reader that awaits between entries neither misses nor repeats any, while the store goes on.
      const slowly: string[] = [];
      for (const [k] of store.range('order', start, 600)) {
        if (slowly.length % 100 === 0) await store.flush();
        slowly.push(new TextDecoder().decode(k));
      }
      expect(slowly).toEqual(expected.slice(0, 600).map((entry) => entry.slice(0, 5)));
    });

    it('keeps values of any size, and returns plain byte arrays', async () => {
      let store = await fresh();
      const sizes = [0, 1, 4095, 4096, 32767, 32768, 32769, 100_000, 3_000_000];
      const valueFor = (size: number): Uint8Array => new Uint8Array(size).map((_, i) => (i * 7 + size) & 255);
      store.apply(sizes.map((size) => ({ table: 'batch', key: key(`${size}`), value: valueFor(size) })));
      const check = (): void => {
        const read = [...sizes, ...sizes].map((size) => store.get('batch', key(`${size}`))!);
        for (const [i, size] of [...sizes, ...sizes].entries()) {
          expect(read[i]!.constructor).toBe(Uint8Array);
          expect(Buffer.compare(read[i]!, valueFor(size))).toBe(0);
        }
        const entries = [...store.range('batch', start, 100)];
        expect(entries).toHaveLength(sizes.length);
        for (const [k, value] of entries)
          expect(Buffer.compare(value, valueFor(Number(new TextDecoder().decode(k))))).toBe(0);
      };
      check();
      await store.flush();
      check();
      store = await again(store);
      check();
    });

    it('has everything again after closing, flushed or not', async () => {
      let store = await fresh();
      store.apply([put('block', '1', 'one')]);
      await store.flush();
      store.apply([put('block', '2', 'two')]);
      store = await again(store);
      expect(textRange(store, 'block')).toEqual(['1=one', '2=two']);
    });

    it('serves flushes that overlap, and flushes of nothing', async () => {
      const store = await fresh();
      await store.flush();
      const flushes: Promise<void>[] = [];
      for (let i = 0; i < 50; i++) {
        store.apply([put('arrival', `${i}`, `${i}`)]);
        flushes.push(store.flush(), store.flush());
      }
      await Promise.all(flushes);
      expect(textRange(store, 'arrival')).toHaveLength(50);
      await store.flush();
    });

    it('does not call durable what is still on its way', async () => {
      const store = await fresh();
      store.apply([put('meta', 'a', '1')]);
      const order: string[] = [];
      const first = store.flush().then(() => order.push('write'));
      const second = store.flush().then(() => order.push('nothing more'));
      await Promise.all([first, second]);
      expect(order).toEqual(['write', 'nothing more']);
    });

    it('refuses a key that no store can hold, and takes nothing of its group', async () => {
      const store = await fresh();
      const long = { table: 'dependency', key: new Uint8Array(1901), value: start } as const;
      expect(() => store.apply([put('dependency', 'a', '1'), long])).toThrow(/1901 bytes, at most 1900/);
      expect(textRange(store, 'dependency')).toEqual([]);
      store.apply([{ ...long, key: new Uint8Array(1900) }]);
      await store.flush();
      expect(store.get('dependency', new Uint8Array(1900))).toEqual(start);
    });

    it('is used no more after closing; closing again is harmless', async () => {
      const store = await fresh();
      const closing = store.close();
      expect(() => store.apply([put('meta', 'a', '1')])).toThrow(/closed/);
      await closing;
      expect(() => store.get('meta', key('a'))).toThrow(/closed/);
      expect(() => store.range('meta', start, 1)).toThrow(/closed/);
      await store.close();
    });

    it('behaves like a plain map, whatever the sequence (random, against an oracle)', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
          let store = await harness.open();
          const oracle = new Map<string, Uint8Array>();
          try {
            for (const one of steps) {
              store = await perform(store, oracle, one);
              checkAgainst(store, oracle);
            }
          } finally {
            await store.close();
          }
        }),
        { numRuns: harness.runs },
      );
    });
  });

  async function perform(store: Store, oracle: Map<string, Uint8Array>, one: Step): Promise<Store> {
    if (one === 'flush') await store.flush();
    else if (one === 'start flush') void store.flush();
    else if (one === 'reopen') {
      await store.close();
      return harness.reopen(store);
    } else {
      store.apply(one);
      for (const { table, key: k, value } of one) {
        if (value) oracle.set(`${table}/${toHex(k)}`, value);
        else oracle.delete(`${table}/${toHex(k)}`);
      }
    }
    return store;
  }
}

const sum = (bytes: readonly number[]): Uint8Array =>
  Uint8Array.of((bytes.reduce((total, byte) => total * 31 + byte + 7, bytes.length) * 37) & 255);

type Step = 'flush' | 'start flush' | 'reopen' | Write[];
const modelTables = ['meta', 'order', 'transaction', 'dependency'] as const;
const modelKey = fc
  .uint8Array({ maxLength: 2 })
  .map((bytes) => bytes.map((byte) => [0, 1, 254, 255][byte & 3]!));
const write: fc.Arbitrary<Write> = fc.record({
  table: fc.constantFrom(...modelTables),
  key: modelKey,
  value: fc.option(fc.uint8Array({ maxLength: 3 }), { nil: undefined }),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.array(write, { minLength: 1, maxLength: 6 }) },
  { weight: 2, arbitrary: fc.constant<Step>('flush') },
  { weight: 2, arbitrary: fc.constant<Step>('start flush') },
  { weight: 1, arbitrary: fc.constant<Step>('reopen') },
);

/** Compares every get and every range, from every key, with the oracle. */
export function checkAgainst(store: Store, oracle: ReadonlyMap<string, Uint8Array>): void {
  const hex = ['', '00', '01', 'fe', 'ff'];
  const keys = [...new Set(hex.flatMap((a) => hex.map((b) => a + b)))];
  for (const table of modelTables) {
    const expected = [...oracle]
      .filter(([name]) => name.startsWith(`${table}/`))
      .map(([name, value]) => [name.slice(table.length + 1), toHex(value)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    for (const k of keys) {
      const bytes = Uint8Array.from(Buffer.from(k, 'hex'));
      const found = store.get(table, bytes);
      expect(found && toHex(found)).toBe(expected.find(([name]) => name === k)?.[1]);
      const range = [...store.range(table, bytes, 4)].map(([rk, value]) => [toHex(rk), toHex(value)]);
      expect(range).toEqual(expected.filter(([name]) => name >= k).slice(0, 4));
    }
  }
}
