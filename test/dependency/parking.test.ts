import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Parking } from '../../src/dependency/parking.ts';

const anyHistory = fc.array(
  fc.oneof(
    fc.record({ park: fc.nat(6), missing: fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 4 }) }),
    fc.record({ release: fc.nat(5) }),
    fc.record({ drop: fc.nat(6) }),
  ),
);

describe('Parking', () => {
  it('answers as a list that is searched from end to end', () => {
    fc.assert(
      fc.property(anyHistory, (history) => {
        const parking = new Parking<number, number>();
        let list: { id: number; missing: number[] }[] = [];
        for (const action of history) {
          if ('park' in action) {
            parking.park(action.park, action.missing);
            list = list.filter((one) => one.id !== action.park);
            list.push({ id: action.park, missing: [...action.missing] });
          } else if ('drop' in action) {
            expect(parking.drop(action.drop)).toBe(list.some((one) => one.id === action.drop));
            list = list.filter((one) => one.id !== action.drop);
          } else {
            for (const one of list) one.missing = one.missing.filter((key) => key !== action.release);
            expect(parking.release(action.release)).toEqual(
              list.filter((one) => one.missing.length === 0).map((one) => one.id),
            );
            list = list.filter((one) => one.missing.length > 0);
          }
          expect([...parking.ids()]).toEqual(list.map((one) => one.id));
          expect(parking.size).toBe(list.length);
          for (const one of list) {
            expect(parking.has(one.id)).toBe(true);
            expect([...parking.missing(one.id)].sort()).toEqual([...one.missing].sort());
          }
          for (let key = 0; key < 6; key++)
            expect(parking.awaited(key)).toBe(list.some((one) => one.missing.includes(key)));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('refuses a waiter that nothing could release', () => {
    expect(() => new Parking<string, string>().park('T', [])).toThrow('nothing to wait for');
  });
});
