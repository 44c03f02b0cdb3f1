import { describe, expect, it } from 'vitest';
import { slopeOf, spreadOf } from '../../bench/statistics.ts';

describe('a spread', () => {
  it('is the median with the least and the greatest', () => {
    expect(spreadOf([30, 10, 20])).toEqual({ median: 20, low: 10, high: 30 });
    expect(spreadOf([4, 2])).toEqual({ median: 3, low: 2, high: 4 });
    expect(spreadOf([7])).toEqual({ median: 7, low: 7, high: 7 });
  });
});

describe('a slope', () => {
  it('is that of the line with the least squares', () => {
    expect(slopeOf([0, 1, 2, 3].map((x) => ({ x, y: 5 - 2 * x })))).toBeCloseTo(-2, 12);
    // By hand: means 1 and 2; (-1)(-2) + 0 + 1 * 1 = 3 over 2.
    expect(
      slopeOf([
        { x: 0, y: 0 },
        { x: 1, y: 3 },
        { x: 2, y: 3 },
      ]),
    ).toBeCloseTo(1.5, 12);
  });

  it('of no points, or of points above each other, is 0', () => {
    expect(slopeOf([])).toBe(0);
    expect(
      slopeOf([
        { x: 1, y: 1 },
        { x: 1, y: 9 },
      ]),
    ).toBe(0);
  });
});
