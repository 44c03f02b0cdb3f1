/** Races for a place: who wins under which rule, and what a head start is worth. */

import { describe, expect, it } from 'vitest';
import type { Attack, AttackOptions } from '../../../sim/attacks/attack.ts';
import { frontRun, sandwich } from '../../../sim/attacks/frontrun/front-run.ts';
import { knobsOf } from '../../../sim/attacks/frontrun/knobs.ts';
import { ahead } from '../../../sim/attacks/frontrun/race.ts';
import { headStart } from '../../../sim/attacks/headstart/head-start.ts';

const options = (rest: Partial<AttackOptions>): AttackOptions => ({
  seed: 'race',
  rule: 'engine',
  signers: 4,
  byzantine: 1,
  faulty: 1,
  liars: 0,
  network: 'lan',
  parameters: {},
  ...rest,
});

const six = { signers: 6, byzantine: 1, faulty: 1 } as const;

const successes = (attack: Attack, trials: number, rest: Partial<AttackOptions>): number =>
  Array.from({ length: trials }, (_, i) => attack.trial(options({ ...rest, seed: `race ${i}` }))).filter(
    (trial) => trial.outcome === 'succeeded',
  ).length;

describe('head-start', () => {
  it('wins when it is far ahead, and loses when it is far behind', () => {
    expect(successes(headStart, 3, { parameters: { headStartMs: 20 } })).toBe(3);
    expect(successes(headStart, 3, { parameters: { headStartMs: -20 } })).toBe(0);
  });

  it('is decided by a lying leader alone under first come, first served; not under the engine', () => {
    const behind = { liars: 1, parameters: { headStartMs: -20 } } as const;
    expect(successes(headStart, 12, { ...behind, rule: 'fcfs' })).toBeGreaterThan(0);
    expect(successes(headStart, 12, behind)).toBe(0);
  });
});

describe('figures', () => {
  it('leave out what is sent after the race to see whether all goes on', () => {
    const alone = { signers: 4, parameters: { headStartMs: 200 } } as const;
    const quiet = headStart.trial(options(alone)).figures;
    const probed = headStart.trial(options({ ...alone, liars: 1 })).figures;
    expect([quiet.strongPairs, quiet.shareByScore]).toEqual([1, 1]);
    expect([probed.strongPairs, probed.shareByScore]).toEqual([1, 1]);
  });
});

describe('who is ahead', () => {
  const standing = { attacker: undefined, victim: undefined, behind: undefined };

  it('is the attacker when the victim is not in the order, and nobody when neither is', () => {
    expect(ahead({ ...standing, attacker: 3 }).reached).toBe(true);
    expect(ahead({ ...standing, victim: 3 }).reached).toBe(false);
    expect(ahead({ ...standing, attacker: 1, victim: 3 }).reached).toBe(true);
    expect(() => ahead(standing)).toThrow(/neither/);
  });
});

describe('front-run', () => {
  it('succeeds at the ingress, unless the client sends to others too and the liar needs a moment', () => {
    const atIngress = (copies: number, reactMs: number) =>
      ({ ...six, liars: 1, parameters: { place: 'ingress', copies, reactMs } }) as const;
    expect(successes(frontRun, 4, atIngress(1, 1))).toBe(4);
    expect(successes(frontRun, 4, atIngress(3, 1))).toBe(0);
    expect(successes(frontRun, 4, atIngress(3, 0))).toBe(4);
  });

  it('never orders a pair against n - f - c honest signers', () => {
    for (let i = 0; i < 4; i++) {
      const { figures, violated } = frontRun.trial(options({ seed: `fair ${i}`, liars: 1 }));
      expect(figures.strongAgainst).toBe(0);
      expect(violated).toEqual([]);
    }
  });
});

describe('sandwich', () => {
  it('needs a head start for its first half', () => {
    expect(successes(sandwich, 3, { parameters: { reactMs: 10, behindMs: 15 } })).toBe(0);
    expect(successes(sandwich, 3, { parameters: { reactMs: -10, behindMs: 15 } })).toBe(3);
  });
});

describe('knobs', () => {
  it('give what was set, else the initial value, and refuse another type', () => {
    const parameters = [{ name: 'share', initial: 0.5, about: '' }];
    expect(knobsOf(parameters, options({})).number('share')).toBe(0.5);
    expect(knobsOf(parameters, options({ parameters: { share: 1 } })).number('share')).toBe(1);
    expect(() => knobsOf(parameters, options({ parameters: { share: 'x' } })).number('share')).toThrow(
      /share/,
    );
  });
});
