/** What is demanded when the faults are over, beside liars that never end. */

import { describe, expect, it } from 'vitest';
import { simulate } from '../../sim/run.ts';
import { passed } from '../../sim/run-report.ts';
import { named, upTo } from './support.ts';

describe('progress beside a liar that goes on sending batches', () => {
  it('is made: at no moment all of them are in blocks, but all are when it is silent', () => {
    const rest = { network: 'cities', adversaries: ['spam-own'], faults: 'none', durationMs: 1000 } as const;
    const reports = upTo(4).map((i) =>
      simulate(named(`spam-${i}`, [4, 1, 1], { ...rest, progressMs: 30_000 })),
    );
    expect(reports.map((report) => passed(report))).toEqual([true, true, true, true]);
    // Some needed the silence.
    expect(Math.max(...reports.map((report) => report.virtualMs))).toBeGreaterThan(31_000);
  });
});
