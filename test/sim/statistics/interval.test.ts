/** Intervals against published values, and against how often they must hold the truth. */

import { describe, expect, it } from 'vitest';
import { Random } from '../../../sim/random.ts';
import { meanInterval, quantile, shareInterval, studentQuantile } from '../../../sim/statistics/interval.ts';

describe('the interval of a share', () => {
  // Values of R's binom::binom.wilson.
  it.each([
    [0, 10, 0, 0.2775328],
    [1, 10, 0.01787621, 0.40415],
    [5, 10, 0.2365931, 0.7634069],
    [10, 10, 0.7224672, 1],
    [81, 263, 0.2552845, 0.3662003],
  ])('of %i in %i is %f to %f', (successes, trials, low, high) => {
    const interval = shareInterval(successes, trials)!;
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  it('of nothing tried is not stated', () => expect(shareInterval(0, 0)).toBeUndefined());
});

describe("the quantile of Student's distribution", () => {
  it.each([
    [1, 12.7062],
    [2, 4.3027],
    [5, 2.5706],
    [10, 2.2281],
    [30, 2.0423],
    [31, 2.0395],
    [40, 2.0211],
    [60, 2.0003],
    [120, 1.9799],
    [1000, 1.9623],
  ])('at %i degrees of freedom is %f', (degrees, value) => {
    expect(studentQuantile(degrees)).toBeCloseTo(value, 4);
  });

  it('falls with every degree of freedom, also where the table ends', () => {
    for (let degrees = 1; degrees < 60; degrees++)
      expect(studentQuantile(degrees + 1)).toBeLessThan(studentQuantile(degrees));
  });
});

describe('the interval of a mean', () => {
  it('agrees with a worked example', () => {
    // Mean 10, deviation sqrt(2.5): 10 +- 2.7764 * 0.70711.
    const { estimate, low, high } = meanInterval([8, 9, 10, 11, 12])!;
    expect([estimate, low, high].map((value) => value.toFixed(4))).toEqual(['10.0000', '8.0368', '11.9632']);
  });

  it('has no width with one value, and is not stated with none', () => {
    expect(meanInterval([3])).toEqual({ estimate: 3, low: 3, high: 3 });
    expect(meanInterval([])).toBeUndefined();
  });

  it('holds the truth about 95 times in 100', () => {
    const random = new Random('intervals');
    let held = 0;
    for (let i = 0; i < 1000; i++) {
      const { low, high } = meanInterval(
        Array.from({ length: 8 }, () => random.unit() + random.unit() + random.unit()),
      )!;
      if (low <= 1.5 && 1.5 <= high) held += 1;
    }
    expect(held).toBeGreaterThan(930);
    expect(held).toBeLessThan(970);
  });
});

describe('quantiles', () => {
  it('interpolate between neighbours, whatever the order of the values', () => {
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([4, 1, 3, 2], 0)).toBe(1);
    expect(quantile([4, 1, 3, 2], 1)).toBe(4);
    expect(quantile([10, 20], 0.9)).toBeCloseTo(19, 9);
    expect(quantile([7], 0.3)).toBe(7);
    expect(quantile([], 0.5)).toBeUndefined();
  });
});
