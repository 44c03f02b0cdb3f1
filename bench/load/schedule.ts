/** When the writes of an open loop are due: drawn before anything is sent, so that no answer can delay them. */

import type { Random } from '../../sim/random.ts';

export interface SendTimes {
  /** The next time; never earlier than the last. */
  next(): number;
}

/** At equal distances. */
export function fixedTimes(startMs: number, ratePerSecond: number): SendTimes {
  let sent = 0;
  return { next: () => startMs + (1000 * sent++) / ratePerSecond };
}

/** A Poisson process: exponential distances, as many independent clients make them. */
export function poissonTimes(startMs: number, ratePerSecond: number, random: Random): SendTimes {
  let atMs = startMs;
  return {
    next: () => {
      atMs += random.exponential(1000 / ratePerSecond);
      return atMs;
    },
  };
}
