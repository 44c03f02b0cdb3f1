/** Inner nodes that change what passes through them; rogue keys against the real curve. */

import { describe, expect, it } from 'vitest';
import { omission } from '../../../sim/attacks/aggregates/omission.ts';
import { rogueKeys } from '../../../sim/attacks/aggregates/rogue-key.ts';
import { tampering } from '../../../sim/attacks/aggregates/tampering.ts';
import { trial } from './staged.ts';

describe('omission of one victim', () => {
  it('delays it within the bound, and its votes still count', () => {
    const { outcome, figures, violated } = trial(omission, [4, 1, 1]);
    expect([outcome, violated]).toEqual(['failed', []]);
    expect(figures.times).toBeGreaterThan(1);
    expect(figures.shareWithVote).toBeGreaterThan(0);
  });
  it('is for ever when all others do it', () => {
    const all = { liars: 3, parameters: { boundMs: 1000 } };
    expect(trial(omission, [4, 1, 1], all).outcome).toBe('succeeded');
  });
});

describe('tampered aggregates', () => {
  it.each(['inflate', 'move', 'relabel', 'foreign', 'zero', 'overlap', 'cancel'])(
    '%s is refused and nobody honest is blamed',
    (kind) => {
      const { outcome, violated, figures } = trial(tampering, [4, 1, 1], { parameters: { kind } });
      expect([outcome, violated, figures.wronglyBlamed]).toEqual(['failed', [], 0]);
    },
  );
  it('get into the order when nobody checks', () => {
    const { outcome, figures } = trial(tampering, [4, 1, 1], { parameters: { unchecked: true } });
    expect(outcome).toBe('succeeded');
    expect(figures.falseCertificates).toBeGreaterThan(0);
  });
  it('refuses a kind that there is not, by name', () => {
    expect(() => trial(tampering, [4, 1, 1], { parameters: { kind: 'nonsense' } })).toThrow('parameter kind');
  });
});

describe('a rogue key', () => {
  it('is refused for its proof of possession', () => {
    const { outcome, reason } = trial(rogueKeys, [4, 1, 1]);
    expect(outcome).toBe('failed');
    expect(reason).toContain('possessionProof');
  });
  it('signs for everybody where no proof is asked for', () => {
    expect(trial(rogueKeys, [4, 1, 1], { parameters: { possession: false } }).outcome).toBe('succeeded');
  });
});
