import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Histogram } from '../../bench/histogram.ts';

const latency = fc.double({ min: 0, max: 4_000_000, noNaN: true });

/** The dumb oracle: all values, sorted. */
function exactQuantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1]!;
}

const of = (values: readonly number[]): Histogram => {
  const histogram = new Histogram();
  for (const value of values) histogram.add(value);
  return histogram;
};

describe('a histogram', () => {
  it('gives the quantiles of a sorted list to 0.4 percent and a microsecond', () => {
    fc.assert(
      fc.property(
        fc.array(latency, { minLength: 1, maxLength: 200 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (values, share) => {
          const exact = exactQuantile(values, share);
          expect(Math.abs(of(values).quantile(share) - exact)).toBeLessThanOrEqual(0.004 * exact + 0.001);
        },
      ),
    );
  });

  it('of several processes is that of all values together, also through JSON', () => {
    fc.assert(
      fc.property(fc.array(latency), fc.array(latency), (a, b) => {
        const merged = Histogram.from(JSON.parse(JSON.stringify(of(a).json())));
        merged.merge(of(b).json());
        const whole = of([...a, ...b]);
        expect(merged.count).toBe(a.length + b.length);
        expect(merged.maxMs).toBe(whole.maxMs);
        expect(merged.json().buckets).toEqual(whole.json().buckets);
        for (const share of [0, 0.5, 0.9, 0.99, 1])
          expect(merged.quantile(share)).toBe(whole.quantile(share));
      }),
    );
  });

  it('draws a distribution that rises to 1, each point at or above what it holds', () => {
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1 }), (values) => {
        const points = of(values).points();
        expect(points.at(-1)!.share).toBe(1);
        for (const [i, { ms, share }] of points.entries()) {
          if (i > 0) expect(share).toBeGreaterThan(points[i - 1]!.share);
          const within = values.filter((value) => Math.round(value * 1000) / 1000 <= ms).length;
          expect(within / values.length).toBeCloseTo(share, 10);
        }
      }),
    );
  });

  it('is 0 of nothing, knows its mean, and puts what is too long into its last bucket', () => {
    expect(new Histogram().quantile(0.5)).toBe(0);
    expect(new Histogram().meanMs).toBe(0);
    expect(of([1, 2, 6]).meanMs).toBe(3);
    expect(of([1e9]).maxMs).toBe(1e9);
    expect(of([1e9]).quantile(1)).toBeGreaterThan(4_000_000);
  });
});
