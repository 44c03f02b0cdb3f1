/**
 * Verdicts (protocol section 8). Checks may differ between signers, yet must never block the order: a
 * transaction is executed when a strict majority of the deciding certificate's votes, whatever their
 * base, do not reject it, and is rejected in its place otherwise. Another certificate of the batch may
 * hold other votes; the verdict is robust when no other choice of votes could turn it.
 */

import { type Facts, voteTotal } from './facts.ts';
import type { Quorum } from './quorum.ts';

export type Verdict = 'executed' | 'rejected';

/** Votes that reject each transaction of the batch; undefined when there is none. */
function rejections(facts: Pick<Facts, 'classes' | 'count'>): number[] | undefined {
  if (facts.classes.length > 0 && facts.classes.every((one) => one.rejects.length === 0)) return undefined;
  const counts = new Array<number>(facts.count).fill(0);
  for (const one of facts.classes)
    for (const index of one.rejects) if (index < facts.count) counts[index]! += one.signers.length;
  return counts;
}

/** The verdict on each transaction by this certificate, in the batch's order. */
export function verdictsOf(facts: Pick<Facts, 'classes' | 'count'>): Verdict[] {
  const rejecting = rejections(facts);
  if (!rejecting) return new Array<Verdict>(facts.count).fill('executed');
  const total = voteTotal(facts);
  return rejecting.map((count) => (2 * (total - count) > total ? 'executed' : 'rejected'));
}

/**
 * True when for every transaction at most `c` of `n` votes are not in the certificate or say otherwise
 * than its verdict.
 */
export function verdictsRobust(facts: Facts, quorum: Quorum): boolean {
  const total = voteTotal(facts);
  const robust = (rejecting: number): boolean => {
    const accepting = total - rejecting;
    const agreeing = 2 * accepting > total ? accepting : rejecting;
    return quorum.n - agreeing <= quorum.slack;
  };
  const rejecting = rejections(facts);
  return rejecting ? rejecting.every(robust) : facts.count === 0 || robust(0);
}
