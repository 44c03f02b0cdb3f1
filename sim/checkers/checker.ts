/**
 * A checker reads a history and lists its objections, in words. None is "ok", some are "violated", and a
 * checker that throws has decided nothing: that is "unknown", never "ok".
 */

import type { History } from './history.ts';

export interface Checker {
  readonly name: string;
  /** Objections, at most a few; empty when the property holds. */
  readonly check: (history: History) => string[];
}

export type Verdict = 'ok' | 'violated' | 'unknown';

export interface Finding {
  readonly name: string;
  readonly verdict: Verdict;
  /** Objections, or why the checker could not decide. */
  readonly details: readonly string[];
}

const detailsMax = 5;

export function runCheckers(checkers: readonly Checker[], history: History): Finding[] {
  return checkers.map(({ name, check }): Finding => {
    try {
      const details = check(history);
      return { name, verdict: details.length > 0 ? 'violated' : 'ok', details: details.slice(0, detailsMax) };
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { name, verdict: 'unknown', details: [reason] };
    }
  });
}

/** A digest as people read it. */
export const short = (id: string): string => id.slice(0, 8);
