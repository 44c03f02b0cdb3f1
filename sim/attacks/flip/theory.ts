/**
 * When a vote flip is possible under the source's rule, exactly.
 *
 * Two conflicting transactions T and U, n signers of which L >= 1 lie, m votes needed for a score, and t
 * votes that a certificate may lack. `k` honest signers accepted T first. The adversary wants T final by its
 * score in one half of the honest signers, and U ordered first in the other.
 *
 * *One half.* The liars say "T first": T has k + L votes, so it needs k + L >= m. Leaving votes out adds none.
 * *Other half.* The liars say "U first": U has n - k votes. T has k, less the t that are left out of both
 * certificates. U wins when n - k >= k - t, that is 2k <= n + t; a tie falls to the smaller id, and as the
 * two transactions can change roles, that is always U's.
 *
 * Both ask only for k, from opposite sides, so the best k is min(n - L, floor((n + t) / 2)), and a flip exists
 *
 *     if and only if   2L + t >= 2m - n          (k = n - L is no limit: then k + L = n >= m)
 *
 * At m = 3n/4 that is L >= n/6 with t = L, and L >= n/4 with t = 0: "fewer than 1/6, fewer than 1/4" of section
 * 12. Ordering by score in the other half too would need L >= 2m - n; leaving votes out is never worse.
 *
 * *Sorted positions*, as the source has them, with nothing arrived before the two, so that honest positions are
 * 1 and 2. Sorting forgets who voted, and a liar counts at both ends of the list. Other half: U has n - k ones
 * against k - t of T, but the liars' huge positions of T are above U at L places more, so U comes first when
 * 2k <= n + t + L. First half: r = max(0, n - L - k - t) votes "U first" cannot be left out and stand
 * against the lowest votes of T; the liars make up for L of them at the high end, so the score is
 * k + L - max(0, r - L). With k = min(n - L, floor((n + t + L) / 2)) that is 3L + t >= 2m - n when r <= L:
 * one liar does the work of one and a half.
 *
 * *Drift.* When positions of different signers are far apart (10, 20, 30, 40), one liar that says 1 for one
 * transaction and a huge number for the other moves its whole sorted list past the other list, against all
 * honest signers: L >= 1 is enough for any m (section 12, first row).
 *
 * Without a liar at a root there is one certificate of each transaction, and nothing to show to halves.
 */

import type { Comparison } from '../../rules/source/order.ts';

export interface FlipScene {
  readonly signers: number;
  readonly liars: number;
  /** `t`: votes that a certificate may lack. */
  readonly faulty: number;
  /** `m`: score that makes a transaction final. */
  readonly needed: number;
  readonly comparison: Comparison;
  /** Whether positions of different signers are far apart. */
  readonly drift: boolean;
}

/** Whether some order of arrivals lets the liars flip a pair under the source's rule. */
export function flipPossible({ signers, liars, faulty, needed, comparison, drift }: FlipScene): boolean {
  if (liars < 1 || signers - liars < 2) return false;
  if (comparison === 'per-signer') return 2 * liars + faulty >= 2 * needed - signers;
  if (drift) return needed <= signers;
  const first = Math.min(signers - liars, Math.floor((signers + faulty + liars) / 2));
  const against = Math.max(0, signers - liars - first - faulty);
  return first + liars - Math.max(0, against - liars) >= needed;
}
