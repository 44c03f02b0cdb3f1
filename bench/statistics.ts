/** A figure of several starts: its median, and the least and the greatest. With three of them that is all there is to say. */

import { quantile } from '../sim/statistics/interval.ts';

export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** @param values at least one. */
export const spreadOf = (values: readonly number[]): Spread => ({
  median: quantile(values, 0.5) ?? 0,
  low: Math.min(...values),
  high: Math.max(...values),
});

/** Slope of the line with the least squares through points; 0 when they have no width. */
export function slopeOf(points: readonly { readonly x: number; readonly y: number }[]): number {
  const count = points.length;
  const meanX = points.reduce((sum, { x }) => sum + x, 0) / Math.max(1, count);
  const meanY = points.reduce((sum, { y }) => sum + y, 0) / Math.max(1, count);
  let products = 0;
  let squares = 0;
  for (const { x, y } of points) {
    products += (x - meanX) * (y - meanY);
    squares += (x - meanX) * (x - meanX);
  }
  return squares === 0 ? 0 : products / squares;
}
