/**
 * Where a moment stands in a space-time diagram. Work comes in bursts of messages of half a millisecond
 * with long silences between, so time is drawn to scale inside a burst, and a silence takes a fixed space
 * and says how long it was.
 */

export interface Break {
  readonly fromMs: number;
  readonly toMs: number;
  readonly y: number;
  readonly height: number;
}

export interface TimeScale {
  readonly yOf: (ms: number) => number;
  readonly height: number;
  readonly breaks: readonly Break[];
  readonly pxPerMs: number;
}

interface Knot {
  readonly ms: number;
  readonly y: number;
}

/** Space of a silence, and how long in usual flights it must be. */
const breakPx = 34;
const breakFlights = 3;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 1;

/**
 * @param moments of everything that is drawn, in any order, in ms.
 * @param flightsMs how long messages took.
 * @param flightPx space of a usual message's flight.
 */
export function timeScale(
  moments: readonly number[],
  flightsMs: readonly number[],
  flightPx: number,
): TimeScale {
  const times = [...new Set(moments)].sort((a, b) => a - b);
  const usualMs = Math.max(0.01, median(flightsMs));
  const pxPerMs = flightPx / usualMs;
  const breaks: Break[] = [];
  const knots: Knot[] = [];
  let y = 0;
  let before = times[0] ?? 0;
  for (const ms of times) {
    const silent = ms - before > breakFlights * usualMs;
    if (silent) breaks.push({ fromMs: before, toMs: ms, y, height: breakPx });
    y += silent ? breakPx : (ms - before) * pxPerMs;
    knots.push({ ms, y });
    before = ms;
  }
  return { yOf: (ms) => interpolated(knots, ms), height: y, breaks, pxPerMs };
}

/** Between the two knots around a moment; before the first and after the last, at them. */
function interpolated(knots: readonly Knot[], ms: number): number {
  let low = 0;
  let high = knots.length - 1;
  if (high < 0 || ms <= knots[0]!.ms) return 0;
  if (ms >= knots[high]!.ms) return knots[high]!.y;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (knots[middle]!.ms <= ms) low = middle;
    else high = middle;
  }
  const [a, b] = [knots[low]!, knots[high]!];
  return a.y + ((ms - a.ms) / (b.ms - a.ms)) * (b.y - a.y);
}
