/** Attacks on progress: bounded harm up to the liars that a federation stands, and no end to it above. */

import { describe, expect, it } from 'vitest';
import type { Attack, AttackOptions } from '../../../sim/attacks/attack.ts';
import { attacks, findAttack } from '../../../sim/attacks/catalog.ts';
import { ghostBatches } from '../../../sim/attacks/dissemination/dissemination.ts';

const few = { victims: 6, durationMs: 120 } as const;
const options = (rest: Partial<AttackOptions> = {}): AttackOptions => ({
  seed: 'harm',
  rule: 'engine',
  signers: 4,
  byzantine: 1,
  faulty: 1,
  liars: 1,
  network: 'lan',
  parameters: few,
  ...rest,
});

const named = (name: string): Attack => {
  const attack = findAttack(name);
  if (!attack) throw new Error(`there is no attack "${name}"`);
  return attack;
};

describe('attacks on progress', () => {
  it.each([
    ...['selective', 'withheld-bodies', 'ghost-batches', 'wildcard-flood', 'bridge', 'key-flood'],
    ...['number-gaps', 'number-equivocation', 'spam', 'spray'],
  ])('%s delays and stops nothing', (name) => {
    const { outcome, violated, figures } = named(name).trial(options());
    expect([outcome, violated]).toEqual(['failed', []]);
    expect(figures.open).toBe(0);
    expect(figures.delayFactor).toBeGreaterThan(1);
  });

  it.each(['spam', 'spray'])('%s ends when its liars do: one that never stops is no success', (name) => {
    const { outcome } = named(name).trial(
      options({ seed: 'b', parameters: { victims: 6, durationMs: 200 } }),
    );
    expect(outcome).toBe('failed');
  });

  it('window-full delays by as much as a window holds', () => {
    const small = named('window-full').trial(options({ parameters: { ...few, window: 8 } }));
    expect([small.outcome, small.violated]).toEqual(['failed', []]);
  });

  it('counts a delay above the chosen factor as success', () => {
    const { outcome } = ghostBatches.trial(options({ parameters: { ...few, factor: 2 } }));
    expect(outcome).toBe('succeeded');
  });

  it('decides nothing when there is nothing to compare with', () => {
    const { outcome, figures } = ghostBatches.trial(options({ parameters: { ...few, victims: 0 } }));
    expect(outcome).toBe('unknown');
    expect(Object.values(figures).every(Number.isFinite)).toBe(true);
  });

  it('ghost-batches stops everything with more liars than t', () => {
    const { outcome, violated, figures } = ghostBatches.trial(options({ liars: 2 }));
    expect([outcome, violated]).toEqual(['succeeded', ['progress']]);
    expect(figures.open).toBe(6);
  });
});

describe('the catalogue', () => {
  it('has each name once', () => {
    const names = attacks.map((attack) => attack.name);
    expect(new Set(names).size).toBe(names.length);
  });
});
