/**
 * The picture at any number of events, forwards and backwards: folds on from where it stands, or from the
 * nearest keyframe before. The picture that `at` returns is the timeline's own and changes with the next
 * call; whoever wants to keep one clones it.
 */

import type { Trace } from '../../sim/trace/trace.ts';
import { Fold, type Messages, messagesOf } from './fold.ts';
import { emptyPicture, type Picture } from './picture.ts';

const keyframeEvery = 400;

export class Timeline {
  readonly trace: Trace;
  readonly messages: Messages;
  readonly #fold: Fold;
  readonly #keyframes: Picture[];
  #now: Picture;

  constructor(trace: Trace) {
    this.trace = trace;
    this.messages = messagesOf(trace);
    this.#fold = new Fold(trace, this.messages);
    this.#now = emptyPicture(trace.signers);
    this.#keyframes = [emptyPicture(trace.signers)];
  }

  get length(): number {
    return this.trace.events.length;
  }

  /** The picture after the first `count` events. */
  at(count: number): Picture {
    const target = Math.max(0, Math.min(this.length, count));
    if (target < this.#now.events)
      this.#now = structuredClone(this.#keyframes[Math.floor(target / keyframeEvery)]!);
    while (this.#now.events < target) {
      this.#fold.apply(this.#now, this.trace.events[this.#now.events]!);
      const { events } = this.#now;
      if (events % keyframeEvery === 0)
        this.#keyframes[events / keyframeEvery] ??= structuredClone(this.#now);
    }
    return this.#now;
  }

  /** How many events have happened at a virtual time in ms, those at that very time included. */
  countAt(ms: number): number {
    const { events } = this.trace;
    let low = 0;
    let high = events.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (events[middle]!.at <= ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Virtual time in ms of the next moment at which something happens, or of the last one before. */
  nextMoment(ms: number): number {
    return this.trace.events[this.countAt(ms)]?.at ?? this.endMs;
  }

  previousMoment(ms: number): number {
    const { events } = this.trace;
    let index = this.countAt(ms) - 1;
    while (index >= 0 && events[index]!.at >= ms) index -= 1;
    return index < 0 ? 0 : events[index]!.at;
  }

  get endMs(): number {
    return this.trace.endMs;
  }
}
