/**
 * Counters and histograms that are bumped for every message, and turned into Prometheus form only when
 * somebody asks: the library hashes its labels at each observation, which would cost more than the step
 * that is counted.
 */

import { Counter, type Histogram, type Registry } from 'prom-client';

/** Counts by the value of one label. */
export class Tally {
  readonly #counts = new Map<string, number>();

  constructor(registry: Registry, name: string, help: string, label: string) {
    const counts = this.#counts;
    new Counter({
      name,
      help,
      labelNames: [label],
      registers: [registry],
      collect() {
        this.reset();
        for (const [value, count] of counts) this.inc({ [label]: value }, count);
      },
    });
  }

  add(value: string, count = 1): void {
    this.#counts.set(value, (this.#counts.get(value) ?? 0) + count);
  }
}

interface Series {
  /** Observations by bucket, the last one for what is above all bounds. */
  readonly counts: Float64Array;
  sum: number;
}

/** Durations by the value of one label, or of one series without a label. */
export class Durations {
  readonly #bounds: readonly number[];
  readonly #series = new Map<string, Series>();

  /** @param bounds upper bounds of the buckets in seconds, ascending. */
  constructor(registry: Registry, name: string, help: string, bounds: readonly number[], label?: string) {
    this.#bounds = bounds;
    const labelsOf = (value: string) => (label === undefined ? {} : { [label]: value });
    // The library has no way to add to a bucket: a metric of our own that answers in its form.
    const metric = {
      name,
      get: async () => ({
        name,
        help,
        type: 'histogram',
        aggregator: 'sum',
        values: [...this.#series].flatMap(([value, one]) => this.#values(name, labelsOf(value), one)),
      }),
    };
    registry.registerMetric(metric as unknown as Histogram);
    if (label === undefined) this.#open(''); // shown before the first observation
  }

  #values(name: string, labels: Readonly<Record<string, string>>, { counts, sum }: Series) {
    let total = 0;
    const buckets = Array.from(counts, (count, i) => {
      total += count;
      return {
        metricName: `${name}_bucket`,
        value: total,
        labels: { ...labels, le: this.#bounds[i] ?? '+Inf' },
      };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, value: sum, labels },
      { metricName: `${name}_count`, value: total, labels },
    ];
  }

  #open(value: string): Series {
    const series = { counts: new Float64Array(this.#bounds.length + 1), sum: 0 };
    this.#series.set(value, series);
    return series;
  }

  /** @param tookMs milliseconds. */
  add(tookMs: number, value = ''): void {
    const series = this.#series.get(value) ?? this.#open(value);
    const seconds = tookMs / 1000;
    let bucket = 0;
    while (bucket < this.#bounds.length && seconds > this.#bounds[bucket]!) bucket += 1;
    series.counts[bucket] = series.counts[bucket]! + 1;
    series.sum += seconds;
  }
}
