import { describe, expect, it } from 'vitest';
import { fixedTimes, poissonTimes } from '../../../bench/load/schedule.ts';
import { Random } from '../../../sim/random.ts';

describe('send times', () => {
  it('that are fixed are at equal distances', () => {
    const times = fixedTimes(1000, 250);
    expect([times.next(), times.next(), times.next()]).toEqual([1000, 1004, 1008]);
  });

  it('of a Poisson process rise, with the mean and the spread of its rate', () => {
    const times = poissonTimes(0, 1000, new Random('times'));
    const all = Array.from({ length: 10_000 }, () => times.next());
    const gaps = all.map((at, i) => at - (all[i - 1] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(mean).toBeCloseTo(1, 1);
    expect(deviation).toBeCloseTo(1, 1);
  });
});
