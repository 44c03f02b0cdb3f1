/** The overlay against a plain map of everything that was ever written. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import type { Table } from '../../src/base/ledger.ts';
import { LedgerOverlay } from '../../src/base/overlay.ts';
import { MemoryStore } from '../../src/store/memory.ts';

const tables: readonly Table[] = ['meta', 'batch'];
const anyTable = fc.constantFrom(...tables);
/** Short keys over few bytes: prefixes of each other, and often the same. */
const anyKey = fc.uint8Array({ maxLength: 2, max: 2 });
type Step =
  | { kind: 'put'; table: Table; key: Uint8Array; value: number }
  | { kind: 'delete'; table: Table; key: Uint8Array }
  | { kind: 'drain' }
  | { kind: 'get'; table: Table; key: Uint8Array }
  | { kind: 'range'; table: Table; key: Uint8Array; limit: number };
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('put' as const), table: anyTable, key: anyKey, value: fc.nat(255) }),
  fc.record({ kind: fc.constant('delete' as const), table: anyTable, key: anyKey }),
  fc.record({ kind: fc.constant('drain' as const) }),
  fc.record({ kind: fc.constant('get' as const), table: anyTable, key: anyKey }),
  fc.record({ kind: fc.constant('range' as const), table: anyTable, key: anyKey, limit: fc.nat(5) }),
);

describe('overlay', () => {
  it('answers like a map, whatever was drained', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60, size: 'max' }), (steps) => {
        const store = new MemoryStore();
        const overlay = new LedgerOverlay(store);
        const model = new Map<string, number>();
        const name = (table: Table, key: Uint8Array) => `${table}/${toHex(key)}`;
        for (const step of steps) {
          if (step.kind === 'put') {
            overlay.put(step.table, step.key, Uint8Array.of(step.value));
            model.set(name(step.table, step.key), step.value);
          } else if (step.kind === 'delete') {
            overlay.delete(step.table, step.key);
            model.delete(name(step.table, step.key));
          } else if (step.kind === 'drain') {
            store.apply(overlay.drain());
            expect(overlay.pending).toBe(false);
          } else if (step.kind === 'get') {
            expect(overlay.get(step.table, step.key)?.[0]).toBe(model.get(name(step.table, step.key)));
          } else {
            const expected = [...model]
              .filter(([key]) => key.startsWith(`${step.table}/`) && key >= name(step.table, step.key))
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .slice(0, step.limit);
            const found = [...overlay.range(step.table, step.key, step.limit)];
            expect(found.map(([key, value]) => [name(step.table, key), value[0]])).toEqual(expected);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('hands over lazy writes apart, and none that was written over', () => {
    const overlay = new LedgerOverlay(new MemoryStore());
    const keys = [1, 2, 3].map((key) => Uint8Array.of(key));
    for (const key of keys) overlay.putLazily('meta', key, Uint8Array.of(1));
    overlay.put('meta', keys[0]!, Uint8Array.of(2));
    overlay.delete('meta', keys[1]!);
    overlay.putLazily('meta', keys[2]!, Uint8Array.of(3));
    expect(keys.map((key) => overlay.get('meta', key)?.[0])).toEqual([2, undefined, 3]);
    expect(overlay.drain().map((write) => write.value?.[0])).toEqual([2, undefined]);
    expect(overlay.drainLazy().map((write) => write.value?.[0])).toEqual([3]);
    expect(overlay.drainLazy()).toEqual([]);
  });

  it('hands over the writes in the order in which they were asked for, each once', () => {
    const overlay = new LedgerOverlay(new MemoryStore());
    const key = Uint8Array.of(1);
    overlay.put('meta', key, Uint8Array.of(1));
    overlay.delete('meta', key);
    overlay.put('meta', key, Uint8Array.of(2));
    expect(overlay.pending).toBe(true);
    expect(overlay.drain().map((write) => write.value?.[0])).toEqual([1, undefined, 2]);
    const empty = overlay.drain();
    overlay.put('meta', key, Uint8Array.of(3));
    expect(empty).toEqual([]);
  });
});
