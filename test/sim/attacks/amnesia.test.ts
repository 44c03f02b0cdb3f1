/** Signers out of the past, and what was said in it. */

import { describe, expect, it } from 'vitest';
import { amnesia } from '../../../sim/attacks/amnesia/old-disk.ts';
import { replays } from '../../../sim/attacks/amnesia/replays.ts';
import { trial } from './staged.ts';

describe('signers restored from old disks', () => {
  it('break nothing up to f', () => {
    const { outcome, violated, figures } = trial(amnesia, [4, 1, 1], { seed: 'try-0' });
    expect([outcome, violated, figures.wronglyBlamed]).toEqual(['failed', [], 0]);
    // It did forget what it had said.
    expect(figures.convicted).toBe(1);
  });
  it('break the order beyond f', () => {
    const outcomes = [0, 1].map((i) => trial(amnesia, [4, 1, 1], { seed: `try-${i}`, liars: 2 }).outcome);
    expect(outcomes).toContain('succeeded');
  });
});

describe('replays of old epochs, views and attempts', () => {
  it('are not taken for new', () => {
    const { outcome, violated, figures } = trial(replays, [4, 1, 1]);
    expect([outcome, violated]).toEqual(['failed', []]);
    // Not one view further than certificates prove, and these were seen.
    expect(figures.provenView).toBe(figures.highestView);
  });
  it('move honest signers to views that nobody reached when nobody checks', () => {
    const { outcome, figures } = trial(replays, [4, 1, 1], { parameters: { unchecked: true } });
    expect(outcome).toBe('succeeded');
    expect(figures.highestView).toBeGreaterThan(figures.provenView!);
  });
});
