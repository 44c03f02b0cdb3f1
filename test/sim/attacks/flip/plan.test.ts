/** Plans on paper against the formula, for more signers than a staged attack has time for. */

import { describe, expect, it } from 'vitest';
import { type Pair, planFor, planWorst, type Sighting } from '../../../../sim/attacks/flip/plan.ts';
import { flipPossible } from '../../../../sim/attacks/flip/theory.ts';
import type { SourceTransaction } from '../../../../sim/rules/source/messages.ts';
import { type Comparison, comparisons } from '../../../../sim/rules/source/order.ts';
import { allSigners, type BatchId, type SignerId, type TransactionId } from '../../../../src/base/ids.ts';

const transaction = (id: string): SourceTransaction => ({
  id: id as BatchId,
  transaction: id as TransactionId,
  client: id,
  dependencies: ['k'],
  root: 0 as SignerId,
});

const inputOf = (
  liars: number,
  faulty: number,
  needed: number,
  comparison: Comparison,
  ids = ['a', 'b'],
) => ({
  pair: ids.map(transaction) as unknown as Pair,
  liars: allSigners(liars),
  rules: { needed, comparison },
  faulty,
});

const honestOf = (n: number, liars: number): SignerId[] => allSigners(n).slice(liars);

describe('the plan of the flip', () => {
  it.each(comparisons)('works for the worst arrivals exactly when the theory says so (%s)', (comparison) => {
    const seen = new Set<boolean>();
    for (const n of [8, 9, 12])
      for (const liars of [1, 2, 4])
        for (const faulty of [0, 1, 3, 4])
          for (let needed = Math.floor(n / 2) + 1; needed <= n; needed++) {
            if (3 * faulty >= n) continue;
            // Whichever of the two has the smaller id.
            for (const ids of [
              ['a', 'b'],
              ['b', 'a'],
            ]) {
              const honest = honestOf(n, liars);
              const input = inputOf(liars, faulty, needed, comparison, ids);
              const plan = planWorst(
                input,
                honest,
                honest.map(() => 0),
              );
              const scene = { signers: n, liars, faulty, needed, comparison, drift: false };
              expect([scene, plan.works]).toEqual([scene, flipPossible(scene)]);
              seen.add(plan.works);
            }
          }
    expect(seen.size).toBe(2);
  });

  it('never leaves out more votes than a certificate may lack', () => {
    for (const faulty of [0, 1, 2]) {
      const honest = honestOf(9, 2);
      const plan = planWorst(
        inputOf(2, faulty, 7, 'sorted'),
        honest,
        honest.map(() => 0),
      );
      for (const view of [plan.score, plan.order])
        for (const left of view.leftOut) expect(left.size).toBeLessThanOrEqual(faulty);
    }
  });

  it('works on given arrivals as far as the smaller id wins a tie', () => {
    const honest = honestOf(12, 2);
    const works = (ids: readonly string[]): number[] => {
      const input = inputOf(2, 2, 9, 'per-signer', [...ids]);
      return Array.from({ length: 11 }, (_, count) => count).filter((count) => {
        const split = honest.map((signer, i): Sighting => ({ signer, first: i < count ? 0 : 1, history: 0 }));
        return planFor(input, split).works;
      });
    };
    // k + 2 >= 9 and 2k <= 14 leave k = 7, where the other half is a tie: the other must have the smaller id.
    expect(works(['b', 'a'])).toEqual([7]);
    expect(works(['a', 'b'])).toEqual([3]);
  });
});
