/** Grinding: what a chosen id is worth under the engine and under rules that break ties by ids. */

import { describe, expect, it } from 'vitest';
import type { AttackOptions } from '../../../sim/attacks/attack.ts';
import { grindTies } from '../../../sim/attacks/grinding/grind-ties.ts';
import { grindTree } from '../../../sim/attacks/grinding/grind-tree.ts';

const options = (rest: Partial<AttackOptions>): AttackOptions => ({
  seed: 'grind',
  rule: 'engine',
  signers: 4,
  byzantine: 1,
  faulty: 1,
  liars: 1,
  network: 'lan',
  parameters: {},
  ...rest,
});

describe('grind-ties', () => {
  const wins = (rule: AttackOptions['rule'], prize: string): string[] =>
    ['a', 'b', 'c', 'd', 'e', 'f'].filter(
      (seed) => grindTies.trial(options({ seed, rule, parameters: { prize } })).outcome === 'succeeded',
    );

  it('wins every tie of a rule that takes the smaller id, and without grinding only some', () => {
    expect(wins('source', 'small-id')).toHaveLength(6);
    const fair = wins('source', 'nothing').length;
    expect(fair).toBeGreaterThan(0);
    expect(fair).toBeLessThan(6);
  });

  it('gains nothing under the engine', () => {
    expect(wins('engine', 'small-id').length).toBeLessThan(6);
  });
});

describe('grind-tree', () => {
  it('costs time and not the score, where liars are no more than the slack', () => {
    const large = { signers: 11, byzantine: 2, faulty: 2, liars: 2 };
    const ground = grindTree.trial(options({ ...large, parameters: { tries: 200 } }));
    expect(ground.outcome).toBe('failed');
    const free = grindTree.trial(options({ ...large, liars: 0, parameters: { tries: 1 } }));
    expect(ground.figures.delayMs!).toBeGreaterThan(free.figures.delayMs!);
  });
});
