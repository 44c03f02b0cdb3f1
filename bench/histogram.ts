/**
 * Latencies without keeping each of them: counts in buckets whose width grows with the value, 256 to each
 * power of two, so that what is read from it is at most 0.4 percent off, from 1 microsecond to over an hour.
 * Histograms of several processes are added up before anything is read: percentiles cannot be averaged.
 */

/** Buckets to a power of two, as a power of two. */
const subBits = 8;
const sub = 1 << subBits;
const usMax = 2 ** 32 - 1;
/** All buckets up to that of `usMax`. */
const bucketCount = (33 - subBits) * sub;

/** As it goes from process to process: buckets that hold something, each with its count. */
export interface HistogramJson {
  readonly buckets: readonly (readonly [number, number])[];
  readonly maxMs: number;
  readonly sumMs: number;
}

/** Bucket of a whole number of microseconds. */
function bucketOf(us: number): number {
  if (us < 2 * sub) return us;
  const shift = 31 - Math.clz32(us) - subBits;
  return shift * sub + (us >>> shift);
}

/** First whole number of microseconds of a bucket; that of the next one ends it. */
function firstOf(bucket: number): number {
  if (bucket < 2 * sub) return bucket;
  const shift = Math.floor(bucket / sub) - 1;
  return (bucket - shift * sub) * 2 ** shift;
}

export class Histogram {
  readonly #counts = new Float64Array(bucketCount);
  #total = 0;
  #maxMs = 0;
  #sumMs = 0;

  static from(json: HistogramJson): Histogram {
    const histogram = new Histogram();
    histogram.merge(json);
    return histogram;
  }

  get count(): number {
    return this.#total;
  }
  /** Exact. */
  get maxMs(): number {
    return this.#maxMs;
  }
  /** Exact; 0 of nothing. */
  get meanMs(): number {
    return this.#total === 0 ? 0 : this.#sumMs / this.#total;
  }

  add(ms: number): void {
    const us = Math.min(usMax, Math.max(0, Math.round(ms * 1000)));
    const bucket = bucketOf(us);
    this.#counts[bucket]! += 1;
    this.#total += 1;
    this.#sumMs += ms;
    if (ms > this.#maxMs) this.#maxMs = ms;
  }

  merge({ buckets, maxMs, sumMs }: HistogramJson): void {
    for (const [bucket, count] of buckets) {
      this.#counts[bucket]! += count;
      this.#total += count;
    }
    this.#sumMs += sumMs;
    this.#maxMs = Math.max(this.#maxMs, maxMs);
  }

  /** The value in ms that a share of the values does not exceed: the middle of its bucket; 0 of nothing. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#total));
    let seen = 0;
    for (const [bucket, count] of this.#filled()) {
      seen += count;
      if (seen >= rank) return Math.min(this.#maxMs, (firstOf(bucket) + firstOf(bucket + 1) - 1) / 2000);
    }
    return 0;
  }

  /** Points of the distribution: up to each of these many ms lies this share of the values. */
  points(): readonly { readonly ms: number; readonly share: number }[] {
    let seen = 0;
    return this.#filled().map(([bucket, count]) => {
      seen += count;
      return { ms: (firstOf(bucket + 1) - 1) / 1000, share: seen / this.#total };
    });
  }

  json(): HistogramJson {
    return { buckets: this.#filled(), maxMs: this.#maxMs, sumMs: this.#sumMs };
  }

  #filled(): (readonly [number, number])[] {
    const filled: (readonly [number, number])[] = [];
    for (const [bucket, count] of this.#counts.entries()) if (count > 0) filled.push([bucket, count]);
    return filled;
  }
}
