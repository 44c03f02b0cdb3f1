/** Cycles: what it takes to overturn a pair that nobody honest doubts, and how long a chain can postpone finality. */

import { describe, expect, it } from 'vitest';
import type { AttackOptions, ParameterValue } from '../../../sim/attacks/attack.ts';
import { chainedCycles } from '../../../sim/attacks/cycles/chained-cycles.ts';
import { condorcet } from '../../../sim/attacks/cycles/condorcet.ts';
import { batchesNeeded, condorcetLiars } from '../../../sim/attacks/cycles/condorcet-liars.ts';

const options = (
  parameters: Readonly<Record<string, ParameterValue>>,
  rest: Partial<AttackOptions> = {},
): AttackOptions => ({
  seed: 'a-0',
  rule: 'engine',
  signers: 7,
  byzantine: 2,
  faulty: 2,
  liars: 2,
  network: 'lan',
  parameters,
  ...rest,
});

describe('condorcet-liars', () => {
  it('overturns a unanimous pair with as many batches as theory asks, and not with one', () => {
    expect(batchesNeeded(5, 2)).toBe(4);
    expect(condorcetLiars.trial(options({ batches: 4 })).outcome).toBe('succeeded');
    expect(condorcetLiars.trial(options({ batches: 1 })).outcome).toBe('failed');
  });

  it('decides nothing when honest signers saw the pair differently', () => {
    const { outcome, reason } = condorcetLiars.trial(options({ batches: 4 }, { network: 'aws' }));
    expect([outcome, reason]).toEqual(['unknown', expect.stringContaining('badly staged')]);
  });

  it('breaks no promise: the fairness checker knows of the cycle', () => {
    expect(condorcetLiars.trial(options({ batches: 4 })).violated).toEqual([]);
  });
});

describe('condorcet', () => {
  it('does not overturn a unanimous pair by clients alone', () => {
    for (const seed of ['a', 'b', 'c'])
      expect(
        condorcet.trial(options({ majority: 'unanimous' }, { seed, liars: 0, network: 'cities' })).outcome,
      ).toBe('failed');
  });

  it('says which majority it does not know', () => {
    expect(condorcet.trial(options({ majority: 'most' }, { liars: 0 })).outcome).toBe('unknown');
  });
});

describe('chained-cycles', () => {
  it.each([
    { signers: 4, byzantine: 1, faulty: 1, liars: 1 },
    { signers: 7, byzantine: 2, faulty: 2, liars: 2 },
  ])('ends at the window, and postpones for as long as the window lets it: $liars of $signers', (shape) => {
    const chain = { batches: 40, stepMs: 30 };
    const short = chainedCycles.trial(options({ ...chain, window: 4 }, shape));
    const long = chainedCycles.trial(options({ ...chain, window: 64 }, shape));
    expect([short.outcome, long.outcome]).toEqual(['failed', 'succeeded']);
    expect(long.figures.delayMs!).toBeGreaterThan(2 * short.figures.delayMs!);
  });
});
