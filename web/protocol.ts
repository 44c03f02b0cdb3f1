/** What the page and its worker say to each other. All of it is plain data. */

import type { Trace } from '../sim/trace/trace.ts';
import type { AttackCard, Choices } from './state/choices.ts';

/** The page asks for a run; the worker answers with the same number. */
export interface RunRequest {
  readonly number: number;
  readonly choices: Choices;
}

export interface RunSummary {
  /** One sentence: how it ended. */
  readonly verdict: string;
  readonly tone: 'well' | 'ill' | 'plain';
  /** Checks that objected, with their first objection. */
  readonly objections: readonly string[];
}

export type WorkerMessage =
  /** Once, first: what can be chosen. */
  | { readonly type: 'ready'; readonly attacks: readonly AttackCard[] }
  | {
      readonly type: 'done';
      readonly number: number;
      readonly trace: Trace;
      readonly summary: RunSummary;
    }
  | { readonly type: 'failed'; readonly number: number; readonly reason: string };
