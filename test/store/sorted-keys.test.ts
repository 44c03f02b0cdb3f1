import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SortedKeys } from '../../src/store/sorted-keys.ts';

describe('SortedKeys', () => {
  it('is a sorted set (random, against an oracle)', () => {
    const change = fc.tuple(fc.boolean(), fc.nat({ max: 60 }));
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 60 })),
        fc.array(change),
        fc.nat({ max: 60 }),
        (first, changes, from) => {
          const name = (i: number): string => String.fromCharCode(i * 4);
          const oracle = new Set(first.map(name));
          const keys = new SortedKeys(oracle);
          for (const [add, i] of changes) {
            if (add) {
              keys.add(name(i));
              oracle.add(name(i));
            } else {
              keys.delete(name(i));
              oracle.delete(name(i));
            }
          }
          expect([...keys.from(name(from))]).toEqual([...oracle].filter((k) => k >= name(from)).sort());
        },
      ),
      { numRuns: 500 },
    );
  });

  it.each(['ascending', 'descending', 'scattered'])('stays sorted over many chunks (%s)', (order) => {
    const count = 5000;
    const name = (i: number): string => String(i).padStart(5, '0');
    const indices = Array.from({ length: count }, (_, i) =>
      order === 'ascending' ? i : order === 'descending' ? count - 1 - i : (i * 3079) % count,
    );
    const keys = new SortedKeys([]);
    for (const i of indices) keys.add(name(i));
    const sorted = Array.from({ length: count }, (_, i) => name(i));
    expect([...keys.from('')]).toEqual(sorted);
    for (const i of indices) if (i % 7 !== 0) keys.delete(name(i));
    expect([...keys.from(name(701))]).toEqual(sorted.filter((_, i) => i % 7 === 0 && i >= 701));
    for (const i of indices) keys.delete(name(i));
    expect([...keys.from('')]).toEqual([]);
    keys.add('x');
    expect([...keys.from('')]).toEqual(['x']);
  });
});
