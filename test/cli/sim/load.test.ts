import { describe, expect, it } from 'vitest';
import { type LoadFlags, loadCommand } from '../../../src/cli/sim/load.ts';

const small: LoadFlags = { signers: 4, rate: 200, rtt: 10, warmUp: 50, measure: 200 };

describe('sim load', () => {
  it('prints figures for people, and all of them for programs', () => {
    const result = loadCommand({ ...small, size: 50, limit: ['window=64', 'leaderTerm=8'] });
    if (!result.ok) throw new Error(result.error.message);
    const { text, json } = result.value;
    expect(json.options).toMatchObject({ signers: 4, bytes: 50, rttMs: 10 });
    expect(json.options.limits).toMatchObject({ window: 64, leaderTerm: 8 });
    expect(json.finality.score).toBeGreaterThan(0);
    expect(text).toContain('round trips of 10 ms, uplinks of 100 Mb/s');
    expect(text).toContain(`trace       ${json.traceHash}`);
  });

  it.each([
    [{ signers: 4, ingresses: 9 }, 'ingresses: 9 of 4 signers'],
    [{ limit: ['window'] }, '--limit: expected NAME=NUMBER, such as window=64, found "window"'],
    [{ limit: ['windows=3'] }, 'limits.windows: expected one of window, '],
    [{ network: 'mars' }, 'network: '],
    [{ shape: 'round' }, 'shape: '],
    [{ measure: 0 }, 'measureMs: '],
  ] satisfies [LoadFlags, string][])('refuses %j', (flags, message) => {
    const result = loadCommand({ ...small, ...flags });
    expect(result.ok ? '' : result.error.message).toContain(message);
  });
});
