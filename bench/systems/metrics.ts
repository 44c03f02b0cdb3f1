/** Prometheus' text format, as far as sums go. */

/** Values of a metric, all labels together; 0 when there is none. */
export function metricSum(text: string, name: string): number {
  let sum = 0;
  for (const [, value] of text.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm')))
    sum += Number(value);
  return sum;
}
