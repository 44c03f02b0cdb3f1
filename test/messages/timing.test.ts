import { expect, it } from 'vitest';
import { defaultLimits } from '../../src/messages/federation.ts';
import { timersFor } from '../../src/messages/timing.ts';

it('leaves the defaults where signers are near each other', () => {
  const { levelTimeoutMs, viewTimeoutMs, checkpointAfterMs } = defaultLimits;
  expect(timersFor(1, 4)).toEqual({ levelTimeoutMs, viewTimeoutMs, checkpointAfterMs });
});

it('gives a level more than a round trip, a view more than a way down the tree and up again', () => {
  for (const rttMs of [50, 200, 333.3])
    for (const depth of [1, 3, 8]) {
      const { levelTimeoutMs, viewTimeoutMs, checkpointAfterMs } = timersFor(rttMs, depth);
      expect(levelTimeoutMs).toBeGreaterThan(2 * rttMs);
      expect(viewTimeoutMs).toBeGreaterThan(4 * depth * rttMs);
      // Proposed at half of it, committed two views and a way down later.
      expect(checkpointAfterMs / 2).toBeGreaterThanOrEqual(2.5 * depth * rttMs);
      for (const limit of [levelTimeoutMs, viewTimeoutMs, checkpointAfterMs])
        expect(Number.isInteger(limit)).toBe(true);
    }
});
