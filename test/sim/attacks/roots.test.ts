/** Roots and leaders that choose and equivocate: the engine stands up to f liars, and falls beyond. */

import { describe, expect, it } from 'vitest';
import { oneLearner } from '../../../sim/attacks/roots/one-learner.ts';
import { starvedScore } from '../../../sim/attacks/roots/starved-score.ts';
import { twoBlocks } from '../../../sim/attacks/roots/two-blocks.ts';
import { twoSamples } from '../../../sim/attacks/roots/two-samples.ts';
import type { Shape } from '../support.ts';
import { trial } from './staged.ts';

const shapes: readonly Shape[] = [
  [4, 1, 1],
  [6, 1, 1],
  [7, 2, 2],
];

describe('two samples', () => {
  it.each(shapes)('fail against the engine: (n, f, t) = (%i, %i, %i)', (...shape) => {
    const { outcome, violated, blamed } = trial(twoSamples, shape);
    expect([outcome, violated, blamed]).toEqual(['failed', [], []]);
  });
  it.each(shapes)('succeed with one vote more of slack: (%i, %i, %i)', (...shape) => {
    const { outcome, violated, blamed } = trial(twoSamples, shape, { extraSlack: 1 });
    expect(outcome).toBe('succeeded');
    expect(violated).toContain('delivery order');
    expect(blamed).toEqual([]);
  });
  it.each(shapes)('succeed with one liar more: (%i, %i, %i)', (...shape) => {
    expect(trial(twoSamples, shape, { liars: shape[1] + 1 }).outcome).toBe('succeeded');
  });
  it('give the same trial for the same options', () => {
    const [a, b] = [trial(twoSamples, [4, 1, 1]), trial(twoSamples, [4, 1, 1])];
    expect(a).toEqual(b);
  });
});

describe('roots that keep scores low', () => {
  it('cost the victim some time, within the bound', () => {
    const { outcome, figures, violated } = trial(starvedScore, [4, 1, 1], { seed: 'try-0' });
    expect([outcome, violated]).toEqual(['failed', []]);
    expect(figures.times).toBeGreaterThan(1);
  });
  it('pass a bound that is too low', () => {
    const low = { seed: 'try-0', parameters: { boundMs: 10 } };
    expect(trial(starvedScore, [4, 1, 1], low).outcome).toBe('succeeded');
  });
});

describe('a certificate shown to one signer, then silence', () => {
  it('is found by all others up to f liars', () => {
    const { outcome, violated, figures } = trial(oneLearner, [4, 1, 1]);
    expect([outcome, violated, figures.undelivered]).toEqual(['failed', [], 0]);
    expect(figures.shownAlone).toBe(1);
  });
  it('is undecided when nobody delivers it alone', () => {
    // The root shows it and goes on: all others have it as soon as the one.
    const { outcome, reason } = trial(oneLearner, [4, 1, 1], { liars: 0 });
    expect([outcome, reason]).toEqual(['unknown', expect.stringContaining('only one signer was shown')]);
  });
  it('is the end with more silent signers than t', () => {
    expect(trial(oneLearner, [4, 1, 1], { liars: 2 }).outcome).toBe('succeeded');
  });
});

describe('two blocks in one view', () => {
  it.each(['twins', 'forks'])('give one order up to f liars: %s', (how) => {
    const { outcome, violated, figures } = trial(twoBlocks, [4, 1, 1], { parameters: { how } });
    expect([outcome, violated, figures.wronglyBlamed]).toEqual(['failed', [], 0]);
  });
  it.each<Shape>([
    [4, 1, 1],
    [7, 2, 2],
  ])('give two with one liar more: (%i, %i, %i)', (...shape) => {
    const { outcome, violated } = trial(twoBlocks, shape, { liars: shape[1] + 1 });
    expect(outcome).toBe('succeeded');
    expect(violated).toContain('agreement');
  });
  it('give two with one liar more by forks too, with most seeds', () => {
    // Not with all: the leader of the view in question must be a liar. Which seeds do moves with every timer.
    const forks = { liars: 2, parameters: { how: 'forks' } };
    const trials = ['0', '1', '2', '3'].map((seed) => trial(twoBlocks, [4, 1, 1], { ...forks, seed }));
    const succeeded = trials.filter(({ outcome }) => outcome === 'succeeded');
    expect(succeeded.length).toBeGreaterThan(0);
    for (const { violated } of succeeded) expect(violated).toContain('agreement');
  });
});
