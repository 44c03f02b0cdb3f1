import { describe, expect, it } from 'vitest';
import type { CpuProfile } from '../../../bench/processes/probe.ts';
import { breakdownOf, meanBreakdown, noTimes, phaseOf } from '../../../bench/profile/phases.ts';

const frame = (functionName: string, url = '', lineNumber = 0) => ({ functionName, url, lineNumber });
const file = (path: string) => frame('f', `file:///package/dist/${path}`);

describe('the phase of a call', () => {
  it.each([
    ['src/crypto/bls-blst-node.js', 'crypto'],
    ['src/base/sha256.js', 'crypto'],
    ['src/messages/batch.js', 'codec'],
    ['src/base/packed.js', 'codec'],
    ['src/transport/noise.js', 'network'],
    ['src/store/lmdb.js', 'disk'],
    ['src/signer/commit.js', 'disk'],
    ['src/signer/metrics.js', 'metrics'],
    ['src/signer/http/server.js', 'clients'],
    ['src/signer/host.js', 'engine'],
    ['src/phases/round.js', 'engine'],
    ['src/ordering/score.js', 'engine'],
  ] as const)('in %s is %s, whoever called', (path, phase) => {
    for (const caller of ['other', 'disk', 'engine'] as const)
      expect(phaseOf(file(path), caller)).toBe(phase);
  });

  it('of a native function or a socket is that of its caller, of a socket alone the network', () => {
    expect(phaseOf(frame('writev'), 'clients')).toBe('clients');
    expect(phaseOf(frame('write', 'node:net'), 'clients')).toBe('clients');
    expect(phaseOf(frame('onStreamRead', 'node:internal/stream_base_commons'), 'other')).toBe('network');
    expect(phaseOf(frame('verify', 'node:internal/crypto/sig'), 'engine')).toBe('crypto');
    expect(phaseOf(frame('processTicksAndRejections', 'node:internal/process/task_queues'), 'other')).toBe(
      'other',
    );
  });

  it('of what V8 does is its own, and what measures is not counted', () => {
    expect(phaseOf(frame('(garbage collector)'), 'engine')).toBe('gc');
    expect(phaseOf(frame('(idle)'), 'other')).toBe('idle');
    expect(phaseOf(frame('dispatch', 'node:inspector'), 'other')).toBe('idle');
    expect(phaseOf(file('bench/processes/probe.js'), 'other')).toBe('idle');
  });
});

const profile: CpuProfile = {
  nodes: [
    { id: 1, callFrame: frame('(root)'), children: [2, 3, 6] },
    { id: 2, callFrame: frame('(idle)') },
    { id: 3, callFrame: file('src/engine/engine.js'), children: [4, 5] },
    { id: 4, callFrame: file('src/crypto/scheme.js') },
    { id: 5, callFrame: frame('push') },
    { id: 6, callFrame: frame('(garbage collector)') },
  ],
  samples: [2, 3, 4, 5, 4, 6, 99],
  timeDeltas: [1000, 10, 20, 30, 20, 20, 5],
};

describe('a breakdown', () => {
  it('shares out the busy time, idle time left out', () => {
    const { shares, hottest } = breakdownOf(profile);
    expect(shares).toEqual({ ...noTimes(), engine: 0.4, crypto: 0.4, gc: 0.2 });
    expect(hottest[0]).toEqual({ name: 'f src/crypto/scheme.js:1', phase: 'crypto', share: 0.4 });
    expect(hottest.map(({ share }) => share)).toEqual([0.4, 0.3, 0.2, 0.1, 0]);
  });

  it('of nothing is nothing', () => {
    expect(breakdownOf({ nodes: [] })).toEqual({ shares: noTimes(), hottest: [] });
  });

  it('of several processes is their mean', () => {
    const one = breakdownOf(profile);
    const two = {
      shares: { ...noTimes(), engine: 1 },
      hottest: [{ name: 'g', phase: 'engine' as const, share: 1 }],
    };
    const { shares, hottest } = meanBreakdown([one, two]);
    expect(shares).toMatchObject({ engine: 0.7, crypto: 0.2, gc: 0.1 });
    expect(hottest[0]).toEqual({ name: 'g', phase: 'engine', share: 0.5 });
  });
});
