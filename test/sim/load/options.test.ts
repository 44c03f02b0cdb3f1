import { describe, expect, it } from 'vitest';
import { depthOf, type LoadRequest, loadOptions } from '../../../sim/load/options.ts';
import { must } from '../../../src/base/result.ts';
import { defaultLimits } from '../../../src/messages/federation.ts';

describe('a load', () => {
  it('assumes what was not said', () => {
    const { byzantine, faulty, rttMs, ingresses, shape, limits, fanout } = must(
      loadOptions({ signers: 100 }),
    );
    expect({ byzantine, faulty, rttMs, ingresses, shape, fanout }).toEqual({
      ...{ byzantine: 33, faulty: 33, rttMs: 200, ingresses: 100, shape: 'balanced', fanout: 10 },
    });
    expect(limits).toEqual({
      ...defaultLimits,
      ...{ levelTimeoutMs: 800, viewTimeoutMs: 2000, checkpointAfterMs: 2000 },
    });
  });

  it('takes the latencies of a network, unless every link is said to have one', () => {
    const cities = must(loadOptions({ network: 'cities' }));
    expect(cities.rttMs).toBe(undefined);
    expect(must(loadOptions({ network: 'cities', rttMs: 50 })).rttMs).toBe(50);
  });

  it('bundles as much as a simulation needs, and not more', () => {
    const bundleOf = (request: LoadRequest): number => must(loadOptions(request)).bundle;
    expect(bundleOf({ signers: 4, rate: 100 })).toBe(1);
    expect(bundleOf({ signers: 100, rate: 36_000, warmUpMs: 4000, measureMs: 4000 })).toBe(32);
    expect(bundleOf({ signers: 1000, rate: 1e6 })).toBe(64);
    expect(bundleOf({ signers: 100, rate: 36_000, bundle: 5 })).toBe(5);
  });

  it.each([
    [{ signers: 0 }, 'signers: '],
    [{ signers: 4, byzantine: 2, faulty: 2 }, 'two quorums'],
    [{ signers: 4, ingresses: 5 }, 'ingresses: 5 of 4 signers'],
    [{ limits: { windows: 3 } }, 'limits.windows: expected one of window, '],
    [{ limits: { window: 0 } }, 'limits.window: '],
    [{ network: 'mars' as 'lan' }, 'network: '],
    [{ rate: 0 }, 'rate: '],
  ] satisfies [LoadRequest, string][])('refuses %j', (request, message) => {
    const options = loadOptions(request);
    expect(options.ok ? '' : options.error.message).toContain(message);
  });
});

it.each([
  [4, 2],
  [7, 2],
  [31, 5],
  [32, 6],
  [100, 10],
  [200, 14],
  [400, 20],
])('%d signers stand in two levels with fanout %d, and not with less', (signers, fanout) => {
  expect(must(loadOptions({ signers })).fanout).toBe(fanout);
  expect(depthOf({ signers, fanout })).toBeLessThanOrEqual(2);
  if (fanout > 2) expect(depthOf({ signers, fanout: fanout - 1 })).toBe(3);
});

it.each([
  [1, 2, 0],
  [2, 2, 1],
  [31, 2, 4],
  [32, 2, 5],
  [31, 5, 2],
  [100, 5, 3],
  [400, 7, 3],
])('the depth of %d signers with fanout %d is %d', (signers, fanout, depth) => {
  expect(depthOf({ signers, fanout })).toBe(depth);
});
