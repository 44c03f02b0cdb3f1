/**
 * Views and terms (protocol section 6): views are numbered from 1, and a term is `leaderTerm`
 * consecutive views with one leader. A timeout names the last view of the term it gives up.
 */

import { type View, view } from '../base/ids.ts';

/** Number of the term of a view, from 0. */
export const termOf = (at: View, leaderTerm: number): number => Math.floor((at - 1) / leaderTerm);

/** Last view of the term of a view. */
export const termEnd = (at: View, leaderTerm: number): View =>
  view((termOf(at, leaderTerm) + 1) * leaderTerm);

/** Whether a view is the last of its term; only such views are named by timeouts. */
export const isTermEnd = (at: View, leaderTerm: number): boolean => at >= leaderTerm && at % leaderTerm === 0;
