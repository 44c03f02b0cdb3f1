/**
 * Confidence intervals at 95 percent, which is how sure a figure of repeated trials is. A share of
 * successes gets Wilson's interval, which stays honest near 0 and 1 and for few trials; a mean gets
 * Student's. Only arithmetic and square roots, so every machine prints the same digits.
 */

export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** The 0.975 quantile of the normal distribution. */
const normal = 1.959963984540054;

/** The 0.975 quantiles of Student's distribution for 1 to 30 degrees of freedom. */
const student = [
  12.7062047364, 4.3026527297, 3.1824463053, 2.7764451052, 2.5705818356, 2.4469118511, 2.3646242516,
  2.3060041352, 2.2621571628, 2.228138852, 2.2009851601, 2.1788128297, 2.1603686565, 2.1447866879,
  2.1314495456, 2.1199052992, 2.1098155778, 2.1009220402, 2.0930240544, 2.0859634473, 2.0796138447,
  2.0738730679, 2.0686576104, 2.0638985616, 2.0595385528, 2.0555294386, 2.0518305165, 2.0484071418,
  2.0452296421, 2.0422724563,
] as const;

/** The 0.975 quantile of Student's distribution; above 30 degrees of freedom by Fisher's expansion, to 5 digits. */
export function studentQuantile(degrees: number): number {
  const tabled = student[degrees - 1];
  if (tabled !== undefined) return tabled;
  const z = normal;
  const z3 = z * z * z;
  const z5 = z3 * z * z;
  const z7 = z5 * z * z;
  const first = (z3 + z) / 4;
  const second = (5 * z5 + 16 * z3 + 3 * z) / 96;
  const third = (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / 384;
  return z + (first + (second + third / degrees) / degrees) / degrees;
}

/** Wilson's interval of a share, or undefined when nothing was tried. */
export function shareInterval(successes: number, trials: number): Interval | undefined {
  if (trials === 0) return undefined;
  const share = successes / trials;
  const z2 = normal * normal;
  const scale = 1 + z2 / trials;
  const middle = (share + z2 / (2 * trials)) / scale;
  const half = (normal * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials * trials))) / scale;
  return {
    estimate: share,
    low: successes === 0 ? 0 : Math.max(0, middle - half),
    high: successes === trials ? 1 : Math.min(1, middle + half),
  };
}

/** Student's interval of a mean; one value alone has no width to state, and none has no mean. */
export function meanInterval(values: readonly number[]): Interval | undefined {
  const count = values.length;
  if (count === 0) return undefined;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count === 1) return { estimate: mean, low: mean, high: mean };
  const squares = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0);
  const half = studentQuantile(count - 1) * Math.sqrt(squares / (count - 1) / count);
  return { estimate: mean, low: mean - half, high: mean + half };
}

/** The value below which a share of the values lies, interpolated between neighbours; undefined of nothing. */
export function quantile(values: readonly number[], share: number): number | undefined {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) return undefined;
  return below + (above - below) * (place - Math.floor(place));
}
