import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { textOf, utf8 } from '../../src/base/bytes.ts';
import { addToFilter, blockWords, filterBlocks, mayHold } from '../../src/store/index-filter.ts';
import { KeyHash } from '../../src/store/index-hash.ts';
import { mergeRuns } from '../../src/store/index-merge.ts';
import { compareRows, isDeleted, RowTable, rowKey, rowValue } from '../../src/store/index-rows.ts';
import { type Run, RunCursor } from '../../src/store/index-run.ts';
import { RunWriter } from '../../src/store/index-writer.ts';
import { openLmdbStore } from '../../src/store/lmdb.ts';

const root = mkdtempSync(join(tmpdir(), 'musig-paxos-index-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const secret = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const key = (i: number): Uint8Array => utf8(`key ${i}`);

/** A hash of few values: nearly all keys fall together, and only the keys tell rows apart. */
class PoorHash extends KeyHash {
  override take(bytes: Uint8Array): void {
    this.high = (bytes.length % 3) * 0x4000_0000;
    this.low = (bytes[0] ?? 0) & 1;
  }
}

describe('the hash of keys', () => {
  it('depends on every byte of the key, its length and the secret, and spreads evenly', () => {
    const hash = new KeyHash(secret);
    const seen = new Set<string>();
    const counts = new Uint32Array(64);
    const note = (bytes: Uint8Array, by = hash): void => {
      by.take(bytes);
      seen.add(`${by.high} ${by.low}`);
      counts[by.high >>> 29]! += 1;
      counts[32 + (by.low & 7)]! += 1;
    };
    for (let i = 0; i < 4000; i++) note(key(i));
    for (let length = 0; length < 9; length++) note(new Uint8Array(length));
    for (let bit = 0; bit < 72; bit++) note(new Uint8Array(9).fill(1 << (bit & 7), bit >> 3, (bit >> 3) + 1));
    note(key(0), new KeyHash(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 9)));
    expect(seen.size).toBe(4000 + 9 + 72 + 1);
    for (const half of [counts.subarray(0, 8), counts.subarray(32, 40)])
      for (const count of half) expect(Math.abs(count - 510)).toBeLessThan(110); // five standard deviations
  });
});

describe('the hash of the first bytes of a key', () => {
  it('depends on all of them and on the secret, and on no other', () => {
    const hashOf = (bytes: Uint8Array, by = new KeyHash(secret)): string => {
      by.take(bytes, 8);
      return `${by.high} ${by.low}`;
    };
    const id = new Uint8Array(32).fill(7);
    for (let i = 0; i < 32; i++) {
      const other = Uint8Array.from(id);
      other[i]! ^= 1;
      expect(hashOf(other) === hashOf(id), `byte ${i}`).toBe(i >= 8);
    }
    expect(hashOf(id)).not.toBe(hashOf(id, new KeyHash(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 9))));
  });
});

describe('the filter of a run', () => {
  it('passes every key it has, and about one foreign key in 70', () => {
    const hash = new KeyHash(secret);
    const filter = new Uint32Array(filterBlocks(5000) * blockWords);
    expect((filter.length * 32) / 5000).toBeLessThan(10.2);
    for (let i = 0; i < 5000; i++) {
      hash.take(key(i));
      addToFilter(filter, hash.high, hash.low);
    }
    let foreign = 0;
    for (let i = 0; i < 25_000; i++) {
      hash.take(key(i));
      const passes = mayHold(filter, hash.high, hash.low);
      if (i < 5000) expect(passes).toBe(true);
      else if (passes) foreign += 1;
    }
    expect(foreign).toBeGreaterThan(100);
    expect(foreign).toBeLessThan(500);
  });
});

const ops = fc.array(
  fc.tuple(
    fc.oneof(fc.uint8Array({ maxLength: 3 }), fc.integer({ min: 0, max: 40 }).map(key)),
    fc.option(
      fc.oneof(
        fc.uint8Array({ maxLength: 9 }),
        fc.integer({ min: 3900, max: 13_000 }).map((n) => new Uint8Array(n).fill(n)),
      ),
      { nil: undefined, freq: 4 },
    ),
  ),
  { minLength: 1, maxLength: 60 },
);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

async function writeRun(rows: RowTable, id: number): Promise<Run> {
  const writer = await RunWriter.open(root, id, 0, rows.count);
  for (const group of rows.sorted()) for (const at of group) writer.append(rows.memory, at);
  return writer.finish();
}

function expectRows(run: Run, oracle: ReadonlyMap<string, Uint8Array | undefined>, hash: KeyHash): void {
  const found = new Map<string, Uint8Array | null>();
  const order: string[] = [];
  for (const cursor = new RunCursor(run); cursor.next(); ) {
    const text = hex(rowKey(cursor.row, cursor.at));
    expect(found.has(text)).toBe(false);
    found.set(text, rowValue(cursor.row, cursor.at));
    hash.take(rowKey(cursor.row, cursor.at));
    order.push([hash.high, hash.low].map((half) => half.toString(16).padStart(8, '0')).join('') + text);
    expect(isDeleted(cursor.row.words, cursor.at)).toBe(found.get(text) === null);
  }
  expect(order).toEqual([...order].sort());
  expect(found.size).toBe(oracle.size);
  for (const [text, value] of oracle) {
    const k = Uint8Array.from(Buffer.from(text, 'hex'));
    hash.take(k);
    for (const answer of [found.get(text), run.get(k, hash)])
      expect(value ? answer && hex(answer) === hex(value) : answer === null).toBe(true);
  }
}

describe.each([
  ['the hash', KeyHash],
  ['a hash of few values', PoorHash],
])('runs, with %s', (_, Hash) => {
  it('have the rows they were made of, one by one and merged (random, against a map)', async () => {
    const hash = new Hash(secret);
    let id = 1;
    await fc.assert(
      fc.asyncProperty(fc.array(ops, { minLength: 1, maxLength: 4 }), fc.boolean(), async (parts, keep) => {
        const merged = new Map<string, Uint8Array | undefined>();
        const runs: Run[] = [];
        const table = new RowTable();
        for (const part of parts) {
          const oracle = new Map<string, Uint8Array | undefined>();
          table.clear();
          for (const [k, value] of part) {
            hash.take(k);
            table.set(k, hash, value);
            oracle.set(hex(k), value);
            merged.set(hex(k), value);
          }
          for (const [text, value] of oracle) {
            hash.take(Buffer.from(text, 'hex'));
            const found = table.get(Buffer.from(text, 'hex'), hash);
            expect(value ? hex(found!) === hex(value) : found === null).toBe(true);
          }
          runs.unshift(await writeRun(table, id++));
          expectRows(runs[0]!, oracle, hash);
        }
        if (!keep) for (const [text, value] of merged) if (!value) merged.delete(text);
        const all = await mergeRuns(runs, { path: root, id: id++, level: 1 }, keep, () => false);
        if (all === 'empty') expect(merged.size).toBe(0);
        else expectRows(all!, merged, hash);
        for (const run of [...runs, all]) if (typeof run === 'object') run.close();
      }),
      { numRuns: 25 },
    );
  });
});

/** A hash that puts keys where their first byte says: those of 0 and 255 belong into the first and the last slots. */
class EdgeHash extends KeyHash {
  override take(bytes: Uint8Array): void {
    this.high = [0, 1, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0xffff_ffff][(bytes[0] ?? 0) % 6]!;
    this.low = (bytes[1] ?? 0) & 1;
  }
}

describe('rows in memory', () => {
  it('come in order also where a stretch goes on from the last slot to the first (random)', () => {
    const table = new RowTable();
    const hash = new EdgeHash(secret);
    const keys = fc.array(fc.uint8Array({ minLength: 1, maxLength: 3 }), { maxLength: 900 });
    fc.assert(
      fc.property(keys, (list) => {
        table.clear();
        const expected = new Set<string>();
        for (const k of list) {
          hash.take(k);
          table.set(k, hash, k);
          expected.add(
            [hash.high, hash.low].map((half) => half.toString(16).padStart(8, '0')).join('') + hex(k),
          );
        }
        const { words } = table.memory;
        const found = [...table.sorted()].flatMap((group) =>
          [...group].map(
            (at) =>
              [words[at]!, words[at + 1]!].map((half) => half.toString(16).padStart(8, '0')).join('') +
              hex(rowKey(table.memory, at)),
          ),
        );
        expect(found).toEqual([...expected].sort());
        expect([...table.places()].length).toBe(expected.size);
      }),
      { numRuns: 60 },
    );
  });

  it('are found and sorted when there are many, in groups that take no time', () => {
    const table = new RowTable();
    const hash = new KeyHash(secret);
    for (let round = 0; round < 2; round++) {
      table.clear();
      for (let i = 0; i < 20_000; i++) {
        hash.take(key(i));
        table.set(key(i), hash, utf8(`${i}`));
      }
      const wrong: number[] = [];
      for (let i = 0; i < 25_000; i++) {
        hash.take(key(i));
        const found = table.get(key(i), hash);
        if ((found && Number(textOf(found))) !== (i < 20_000 ? i : undefined)) wrong.push(i);
      }
      expect(wrong).toEqual([]);
      const groups = [...table.sorted()];
      expect(Math.max(...groups.map(({ length }) => length))).toBeLessThan(1000);
      const places = groups.flatMap((group) => [...group]);
      expect(new Set(places).size).toBe(20_000);
      const inOrder = (at: number, i: number): boolean =>
        i === 0 || compareRows(table.memory, places[i - 1]!, table.memory, at) < 0;
      expect(places.every(inOrder)).toBe(true);
    }
  });
});

describe('runs', () => {
  const many = async (id: number, from: number, to: number): Promise<Run> => {
    const hash = new KeyHash(secret);
    const table = new RowTable();
    for (let i = from; i < to; i++) {
      hash.take(key(i));
      table.set(key(i), hash, utf8(`${id}`));
    }
    return writeRun(table, id);
  };

  it('of many pages are found in, and merged, with the newest value of each key', async () => {
    const runs = [await many(2001, 0, 6000), await many(2002, 3000, 12_000)];
    const merged = (await mergeRuns(runs, { path: root, id: 2003, level: 1 }, true, () => false)) as Run;
    expect(merged.info).toMatchObject({ rows: 12_000, level: 1 });
    const hash = new KeyHash(secret);
    for (let i = 0; i < 14_000; i++) {
      hash.take(key(i));
      const found = merged.get(key(i), hash);
      if (i >= 12_000) expect(found).toBeUndefined();
      else expect(hex(found!)).toBe(hex(utf8(i < 6000 ? '2001' : '2002')));
    }
    for (const run of [...runs, merged]) run.close();
  });

  it('are not merged to the end when the store closes: no file stays', async () => {
    const runs = [await many(2011, 0, 6000)];
    expect(await mergeRuns(runs, { path: root, id: 2012, level: 1 }, true, () => true)).toBeUndefined();
    expect(readdirSync(root)).not.toContain('run-0000002012');
    runs[0]!.close();
  });

  it('with a page that changed are not merged', async () => {
    const run = await many(2021, 0, 6000);
    const name = join(root, 'run-0000002021');
    const bytes = readFileSync(name);
    bytes[4096 * 20 + 600]! ^= 1;
    writeFileSync(name, bytes);
    await expect(
      mergeRuns([run], { path: root, id: 2022, level: 1 }, true, () => false),
    ).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    expect(readdirSync(root)).not.toContain('run-0000002022');
    run.close();
  });
});

describe('the indexes of a store', () => {
  it('tell digests apart that begin with the same bytes', async () => {
    const path = join(root, 'alike');
    const alike = (i: number): Uint8Array => new Uint8Array(32).fill(i, 20, 21);
    let store = await openLmdbStore({ path });
    const expectAll = (): void => {
      for (let i = 0; i < 40; i++) {
        const found = store.get('transaction', alike(i));
        expect(found && hex(found)).toBe(i < 30 ? hex(key(i)) : undefined);
      }
    };
    store.apply(
      Array.from({ length: 30 }, (_, i) => ({ table: 'transaction', key: alike(i), value: key(i) })),
    );
    expectAll();
    await store.close();
    store = await openLmdbStore({ path });
    expectAll(); // from a run
    await store.close();
  });

  it('stay few runs, and forget deleted rows', async () => {
    const path = join(root, 'store');
    const sizes = { layerBytes: 1, segmentBytes: 100_000 };
    let store = await openLmdbStore({ path, ...sizes });
    const files = (): number => readdirSync(path).filter((name) => name.startsWith('run-')).length;
    for (let round = 0; round < 70; round++) {
      store.apply([
        { table: 'transaction', key: key(round), value: key(round) },
        { table: 'dependency', key: key(round % 5), value: key(round) },
        { table: 'dependency', key: key(round + 100), value: round % 2 ? key(round) : undefined },
      ]);
      await store.flush();
      if (round % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      if (round === 40) {
        await store.close();
        store = await openLmdbStore({ path, ...sizes });
      }
    }
    for (let waited = 0; files() > 2 * 3 * 4 && waited < 5000; waited += 10)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(files()).toBeLessThanOrEqual(2 * 3 * 4); // three of each level and table
    for (let i = 0; i < 75; i++) {
      const expected = i < 70 ? hex(key(i)) : undefined;
      const found = store.get('transaction', key(i));
      expect(found && hex(found)).toBe(expected);
      const other = store.get('dependency', key(i + 100));
      expect(other && hex(other)).toBe(i % 2 ? expected : undefined);
    }
    expect([...store.range('dependency', new Uint8Array(0), 1000)]).toHaveLength(35 + 5);
    expect([...store.range('transaction', key(3), 1000)].map(([k]) => hex(k))).toEqual(
      Array.from({ length: 70 }, (_, i) => hex(key(i)))
        .filter((text) => text >= hex(key(3)))
        .sort(),
    );
    await store.close();
  });
});
