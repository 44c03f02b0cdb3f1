/**
 * The natural logarithm from additions, multiplications and divisions alone. Those are exact to the bit
 * everywhere (IEEE 754); `Math.log` is not, and a trace must be the same on every machine and Node version.
 */

const ln2 = Math.LN2;
const terms = 18;

/** @param x above 0, at most 1. @returns ln(x), good to about 15 digits. */
export function naturalLogarithm(x: number): number {
  let mantissa = x;
  let halvings = 0;
  while (mantissa < 0.5) {
    mantissa *= 2;
    halvings += 1;
  }
  // ln(m) = 2 artanh((m - 1) / (m + 1)); |y| <= 1/3 for m in [1/2, 1].
  const y = (mantissa - 1) / (mantissa + 1);
  const square = y * y;
  let sum = 0;
  for (let k = terms; k >= 0; k--) sum = sum * square + 1 / (2 * k + 1);
  return 2 * y * sum - halvings * ln2;
}
