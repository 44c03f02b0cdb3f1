/** Class 16: up to f liars never get a learner off the order, and a quorum of liars does. */

import { describe, expect, it } from 'vitest';
import type { AttackOptions, ParameterValue } from '../../../sim/attacks/attack.ts';
import { findAttack } from '../../../sim/attacks/catalog.ts';
import { learnerDivergence } from '../../../sim/attacks/learners/divergence.ts';
import { learnerForgery } from '../../../sim/attacks/learners/forgery.ts';
import { learnerGap } from '../../../sim/attacks/learners/gap.ts';
import { learnerReplay } from '../../../sim/attacks/learners/replay.ts';
import { upTo } from '../support.ts';

const optionsOf = (
  seed: string,
  liars: number,
  parameters: Readonly<Record<string, ParameterValue>> = {},
): AttackOptions => ({
  ...{ seed, rule: 'engine', signers: 4, byzantine: 1, faulty: 1, liars, network: 'lan' },
  parameters,
});

describe.each([learnerForgery, learnerGap, learnerReplay, learnerDivergence])('$name', (attack) => {
  it('is offered by its name', () => {
    expect(findAttack(attack.name)).toBe(attack);
    expect(attack.group).toBe(16);
  });

  it('fails with one liar, who gets its chances', () => {
    const { outcome, reason, figures, violated } = attack.trial(optionsOf('one', 1));
    expect([outcome, violated], reason).toEqual(['failed', []]);
    expect(figures.applied).toBeGreaterThan(50);
    if (attack !== learnerReplay) expect(figures.refused).toBeGreaterThan(3);
  }, 30_000);

  it('names the number of liars when it is wrong', () => {
    expect(() => attack.trial(optionsOf('x', 0))).toThrow('liars must be an integer from 1 to 3, not 0');
  });
});

it('the same options give the same trial', () => {
  expect(learnerForgery.trial(optionsOf('same', 1))).toEqual(learnerForgery.trial(optionsOf('same', 1)));
}, 30_000);

describe('a quorum of liars', () => {
  it.each([learnerForgery, learnerDivergence])(
    '$name succeeds',
    (attack) => {
      // Five votes of six make a batch final by its score.
      const outcomes = upTo(3).map(
        (i) => attack.trial({ ...optionsOf(`quorum-${i}`, 5), signers: 6 }).outcome,
      );
      expect(outcomes).toContain('succeeded');
    },
    30_000,
  );
});

describe('parameters', () => {
  it.each([
    [learnerForgery, { share: 2 }, 'share must be above 0 and at most 1, not 2'],
    [learnerGap, { way: 'sideways' }, 'way must be any, dropped, bodiless, silent, reordered, not sideways'],
    [learnerReplay, { most: 0 }, 'most must be a positive integer, not 0'],
    [learnerReplay, { share: -1 }, 'share must be from 0 to 1, not -1'],
    [learnerDivergence, { blocks: -1 }, 'blocks must be an integer of at least 0, not -1'],
  ] as const)('$name %j', (attack, parameters, message) => {
    expect(() => attack.trial(optionsOf('x', 1, parameters))).toThrow(message);
  });

  it.each(['dropped', 'bodiless', 'silent', 'reordered'])('a gap that is %s leaves no harm', (way) => {
    expect(learnerGap.trial(optionsOf('way', 1, { way })).outcome).toBe('failed');
  });
});
