/**
 * Where in a run one is, and how it goes on: a clock in stage time (state/pace.ts) that plays, pauses, steps
 * and jumps. It reads no clock itself; the page tells it how much time has passed.
 */

import { wholeMicroseconds } from './moment.ts';
import type { Pace } from './pace.ts';
import type { Timeline } from './timeline.ts';

export const speeds: readonly number[] = [0.25, 0.5, 1, 2, 4, 8];

/** Stage time that passes in a second at speed 1, at least; a long run goes faster, to be over in this many. */
const unitsPerSecondMin = 1.2;
const secondsMax = 90;
/** Without motion time jumps by this much stage time. */
const jumpUnits = 0.6;

export class Player {
  readonly #timeline: Timeline;
  readonly #pace: Pace;
  readonly #smooth: boolean;
  #ms = 0;
  #owed = 0;
  #speed = 1;
  playing = false;

  /** @param smooth false where people prefer reduced motion. */
  constructor(timeline: Timeline, pace: Pace, smooth: boolean) {
    this.#timeline = timeline;
    this.#pace = pace;
    this.#smooth = smooth;
  }

  /** Virtual time in ms. */
  get ms(): number {
    return this.#ms;
  }

  get speed(): number {
    return this.#speed;
  }

  set speed(value: number) {
    this.#speed = speeds.includes(value) ? value : 1;
  }

  get atEnd(): boolean {
    return this.#ms >= this.#timeline.endMs;
  }

  /** From 0 to 1, of the stage. */
  get share(): number {
    return this.#pace.length === 0 ? 0 : this.#pace.toStage(this.#ms) / this.#pace.length;
  }

  /** Time has passed; says whether the moment changed. */
  pass(seconds: number): boolean {
    if (!this.playing) return false;
    const unitsPerSecond = Math.max(unitsPerSecondMin, this.#pace.length / secondsMax);
    this.#owed += seconds * this.#speed * unitsPerSecond;
    if (!this.#smooth && this.#owed < jumpUnits) return false;
    this.#move(this.#pace.toMs(this.#pace.toStage(this.#ms) + this.#owed));
    this.#owed = 0;
    if (this.atEnd) this.playing = false;
    return true;
  }

  /** Plays from the start again when it stands at the end. */
  toggle(): void {
    if (!this.playing && this.atEnd) this.#ms = 0;
    this.playing = !this.playing;
    this.#owed = 0;
  }

  /** To the next moment at which something happens, or to the one before. */
  step(direction: 1 | -1): void {
    this.seek(direction > 0 ? this.#timeline.nextMoment(this.#ms) : this.#timeline.previousMoment(this.#ms));
  }

  /** To a virtual time in ms; pauses. */
  seek(ms: number): void {
    this.playing = false;
    this.#move(ms);
  }

  #move(ms: number): void {
    this.#ms = Math.max(0, Math.min(this.#timeline.endMs, wholeMicroseconds(ms)));
  }

  seekShare(share: number): void {
    this.seek(share >= 1 ? this.#timeline.endMs : this.#pace.toMs(share * this.#pace.length));
  }

  /** One notch faster or slower. */
  accelerate(direction: 1 | -1): void {
    const index = speeds.indexOf(this.#speed) + direction;
    this.#speed = speeds[Math.max(0, Math.min(speeds.length - 1, index))]!;
  }
}
