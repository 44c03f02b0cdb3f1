/** Used numbers against a plain set. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BatchNumber } from '../../src/base/ids.ts';
import { emptyWindow, highestUsed, isUsed, useNumbers, windowCodec } from '../../src/ordering/window.ts';

describe('window', () => {
  it('answers like a set of numbers, and comes back from its bytes', () => {
    const anyNumbers = fc.array(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 6 }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(anyNumbers, (groups) => {
        const model = new Set<number>();
        let window = emptyWindow;
        for (const group of groups) {
          const before = window;
          const asBefore = windowCodec.encode(before);
          window = useNumbers(window, group as BatchNumber[]);
          expect(windowCodec.encode(before)).toEqual(asBefore);
          for (const number of group) model.add(number);
          let watermark = 0;
          while (model.has(watermark + 1)) watermark += 1;
          expect(window.watermark).toBe(watermark);
          expect(new Set(window.above)).toEqual(new Set([...model].filter((number) => number > watermark)));
          for (let number = 1; number <= 31; number++)
            expect(isUsed(window, number as BatchNumber)).toBe(model.has(number));
          expect(highestUsed(window)).toBe(Math.max(0, ...model));
          const again = windowCodec.decode(windowCodec.encode(window));
          expect(again).toEqual(window);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('used numbers in any order have one encoding', () => {
    const used = (...numbers: number[]) =>
      windowCodec.encode(useNumbers(emptyWindow, numbers as BatchNumber[]));
    expect(used(9, 1, 4)).toEqual(used(4, 9, 1));
    expect(used(3, 2, 1)).toEqual(used(1, 2, 3));
  });
});
