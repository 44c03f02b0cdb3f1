/**
 * The median of what signers report: each id is worth the median over all signers of its reported position, or
 * of its reported time, and the smallest is first. A yardstick: fewer than half of the signers cannot move
 * a median outside what honest ones report, yet near ties one liar is enough to turn a pair.
 *
 * A signer that does not report an id counts as reporting it after everything else; an id that half of the
 * signers or more do not report is not ordered. Of an even number of reports the lower middle one counts. On a
 * tie the smaller id is first.
 */

import { compareText } from '../../src/base/bytes.ts';
import type { BatchId } from '../../src/base/ids.ts';
import type { Arrivals } from './arrivals.ts';

/** @param signers how many there are, with or without a report. */
export function medianOrder(
  arrivals: Arrivals,
  signers: number,
  measure: 'position' | 'time',
): readonly BatchId[] {
  const reports = new Map<BatchId, number[]>();
  for (const { order } of arrivals)
    for (const [i, { id, at }] of order.entries()) {
      const values = reports.get(id) ?? [];
      values.push(measure === 'position' ? i + 1 : at);
      reports.set(id, values);
    }
  const middle = Math.floor((signers - 1) / 2);
  const medians = [...reports].flatMap(([id, values]): { id: BatchId; median: number }[] => {
    const median = values.sort((a, b) => a - b)[middle];
    return median === undefined ? [] : [{ id, median }];
  });
  return medians.sort((a, b) => a.median - b.median || compareText(a.id, b.id)).map((one) => one.id);
}
