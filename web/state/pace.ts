/**
 * How fast a run is shown. Events come in clusters a fraction of a millisecond apart, then nothing happens
 * for seconds; on a linear scale one sees neither. So a moment of a run has a *stage time*: gaps up to about
 * one message delay keep their length, longer ones are shortened to a few. One unit of stage time is the
 * usual delay of a message.
 */

import type { Trace } from '../../sim/trace/trace.ts';

const gapUnitsMax = 3;

export class Pace {
  /** Distinct moments in ms, ascending from 0, and the stage time of each. */
  readonly #moments: number[] = [0];
  readonly #stage: number[] = [0];

  constructor(trace: Trace) {
    const unitMs = usualDelayMs(trace);
    for (const at of [...trace.events.map((event) => event.at), trace.endMs]) {
      const last = this.#moments.at(-1)!;
      if (at <= last) continue;
      const units = Math.min(Math.log1p((at - last) / unitMs), gapUnitsMax);
      this.#moments.push(at);
      this.#stage.push(this.#stage.at(-1)! + units);
    }
  }

  /** Stage time of the end. */
  get length(): number {
    return this.#stage.at(-1)!;
  }

  toStage(ms: number): number {
    return interpolate(this.#moments, this.#stage, ms);
  }

  toMs(stage: number): number {
    return interpolate(this.#stage, this.#moments, stage);
  }
}

function usualDelayMs(trace: Trace): number {
  const sentAt = new Map<number, number>();
  const delays: number[] = [];
  for (const event of trace.events) {
    if (event.kind === 'sent') sentAt.set(event.id, event.at);
    const left = event.kind === 'received' ? sentAt.get(event.id) : undefined;
    if (left !== undefined && event.at > left) delays.push(event.at - left);
  }
  delays.sort((a, b) => a - b);
  return delays[delays.length >> 1] ?? 1;
}

/** Piecewise linear; both lists ascend and have the same length. */
function interpolate(from: readonly number[], to: readonly number[], value: number): number {
  if (value <= 0) return 0;
  if (value >= from.at(-1)!) return to.at(-1)!;
  let low = 0;
  let high = from.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (from[middle]! <= value) low = middle;
    else high = middle;
  }
  const share = (value - from[low]!) / (from[high]! - from[low]!);
  return to[low]! + share * (to[high]! - to[low]!);
}
