/** What is counted, not what was timed: times are this machine's. */

import { describe, expect, it } from 'vitest';
import { places, schemeCost } from '../../../sim/costs/calibrate-schemes.ts';

describe('the cost of a batch with a scheme', () => {
  it.each([
    [4, 3],
    [4, 2],
    [7, 2],
    [7, 3],
    [10, 2],
  ])(
    'with lists is the check of every other signer, once, at every place: n = %d, fanout %d',
    (n, fanout) => {
      const { cpuMs, checks, certificateBytes } = schemeCost('ed25519-list', n, fanout, 2);
      for (const place of places) expect([0, n - 1]).toContain(checks[place]);
      expect([checks.leaf, checks.root]).toEqual([n - 1, n - 1]);
      expect(checks.inner).toBe(n === 4 && fanout === 3 ? 0 : n - 1);
      expect(cpuMs.leaf).toBeGreaterThan(0);
      expect(certificateBytes).toBeGreaterThan(68 * n);
      expect(certificateBytes).toBeLessThan(68 * n + 80);
    },
  );

  it('with BLS has a certificate of one length', () => {
    const [few, many] = [4, 9].map((n) => schemeCost('bls12-381', n, 2, 1));
    expect(many!.certificateBytes - few!.certificateBytes).toBe(1);
    expect(few!.checks).toEqual({ leaf: 0, inner: 0, root: 0 });
  });
});
