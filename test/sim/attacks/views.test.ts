/** Storms of views, and leaders that are silenced in turn. */

import { describe, expect, it } from 'vitest';
import { leadersInTurn } from '../../../sim/attacks/views/leaders-in-turn.ts';
import { viewStorm } from '../../../sim/attacks/views/storm.ts';
import { trial } from './staged.ts';

describe('a storm of views', () => {
  it.each(['storm', 'duel', 'silent', 'late', 'empty', 'half'])('%s costs no more than the bound', (how) => {
    const { outcome, violated } = trial(viewStorm, [4, 1, 1], { parameters: { how } });
    expect([outcome, violated]).toEqual(['failed', []]);
  });
  it('passes a bound that is too low', () => {
    const low = { seed: 'try-1', parameters: { boundMs: 100 } };
    expect(trial(viewStorm, [4, 1, 1], low).outcome).toBe('succeeded');
  });
});

describe('silence of each leader in turn', () => {
  it('is survived', () => {
    const { outcome, violated, figures } = trial(leadersInTurn, [4, 1, 1]);
    expect([outcome, violated, figures.silenced]).toEqual(['failed', [], 6]);
  });
  it('is undecided while it does not end', () => {
    const forEver = { parameters: { terms: 1000, boundMs: 5000 } };
    const { outcome, reason } = trial(leadersInTurn, [4, 1, 1], forEver);
    expect([outcome, reason]).toEqual(['unknown', expect.stringContaining('not let go')]);
  });
  it('passes a bound that is too low', () => {
    const low = { parameters: { terms: 3, boundMs: 1 } };
    expect(trial(leadersInTurn, [4, 1, 1], low).outcome).toBe('succeeded');
  });
});
