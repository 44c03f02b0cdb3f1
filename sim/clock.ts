/**
 * A signer's own clock: virtual time at another rate, with jumps. A host hands its engine times that never
 * go back (docs/engine.md), so after a jump back the clock stands still until it has caught up.
 */

import type { Schedule } from './schedule.ts';

/** Less than this may be nothing after rounding, and a wait for nothing would repeat for ever. */
const waitMsMin = 1e-6;

export class Clock {
  readonly #schedule: Schedule;
  /** The reading was `#base` at virtual time `#since`. */
  #base = 0;
  #since = 0;
  #rate = 1;
  #shown = 0;

  constructor(schedule: Schedule) {
    this.#schedule = schedule;
  }

  /** The reading in ms. */
  get now(): number {
    this.#shown = Math.max(this.#shown, this.#raw());
    return this.#shown;
  }

  /** Seconds of this clock in a second of virtual time. */
  set rate(rate: number) {
    this.#base = this.#raw();
    this.#since = this.#schedule.now;
    this.#rate = rate;
  }

  jump(byMs: number): void {
    this.#base += byMs;
  }

  /** Virtual time until the clock shows `reading`, in ms; 0 when it does already. */
  until(reading: number): number {
    if (reading <= this.now) return 0;
    const left = (reading - this.#raw()) / this.#rate;
    return Math.max(left, waitMsMin);
  }

  #raw(): number {
    return this.#base + (this.#schedule.now - this.#since) * this.#rate;
  }
}
