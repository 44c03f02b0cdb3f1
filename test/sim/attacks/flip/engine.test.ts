/** The vote flip on the real engine: never with its own slack up to f liars, always with one more of either. */

import { describe, expect, it } from 'vitest';
import type { AttackOptions } from '../../../../sim/attacks/attack.ts';
import { flip } from '../../../../sim/attacks/flip/flip.ts';

const trial = (options: Partial<AttackOptions>) =>
  flip.trial({
    seed: 's',
    rule: 'engine',
    signers: 4,
    byzantine: 1,
    faulty: 1,
    liars: 1,
    network: 'lan',
    parameters: {},
    ...options,
  });

/** Odd and even quorums, with and without slack, `t` equal to and above `f`. */
const shapes = [
  [4, 1, 1],
  [5, 1, 1],
  [7, 2, 2],
  [9, 1, 2],
] as const;

describe('the vote flip on the engine', () => {
  for (const block of ['alone', 'pair'] as const)
    it.each(shapes)(`n=%i f=%i t=%i, block ${block}: it is tight`, (signers, byzantine, faulty) => {
      const shape = { signers, byzantine, faulty, parameters: { block } };
      const own = trial({ ...shape, liars: byzantine });
      expect([own.outcome, own.violated, own.figures.possible]).toEqual(['failed', [], 0]);
      const slack = trial({ ...shape, liars: byzantine, extraSlack: 1 });
      expect([slack.outcome, slack.figures.possible]).toEqual(['succeeded', 1]);
      expect(slack.violated).toContain('delivery order');
      const liars = trial({ ...shape, liars: byzantine + 1 });
      expect([liars.outcome, liars.figures.possible]).toEqual(['succeeded', 1]);
      // Showing other votes of one liar on one batch to others is what convicts it, and nobody else.
      for (const one of [own, slack, liars]) expect(one.blamed).toEqual(block === 'pair' ? one.liars : []);
    });

  it('is not stopped by distance, nor by arrivals left to chance when there is slack to spare', () => {
    expect(trial({ network: 'cities', extraSlack: 1 }).outcome).toBe('succeeded');
    const random = Array.from({ length: 12 }, (_, i) =>
      trial({ seed: `${i}`, extraSlack: 1, parameters: { arrivals: 'random' } }),
    );
    const succeeded = random.filter((one) => one.outcome === 'succeeded').length;
    expect(succeeded).toBeGreaterThan(1);
    expect(succeeded).toBeLessThan(12);
  });

  it('breaks 75% on the engine where its own threshold is higher', () => {
    const shape = { signers: 7, byzantine: 2, faulty: 2, liars: 2 };
    expect(trial({ ...shape, threshold: 0.75 })).toMatchObject({
      outcome: 'succeeded',
      figures: { needed: 6 },
    });
    expect(trial({ ...shape, threshold: 1 })).toMatchObject({ outcome: 'failed', figures: { needed: 7 } });
  });
});

describe('a trial', () => {
  it.each(['engine', 'source'] as const)('is the same from the same seed, trace and all (%s)', (rule) => {
    const options = {
      rule,
      signers: 7,
      byzantine: 2,
      faulty: 2,
      liars: 2,
      extraSlack: 1,
      traced: true,
    } as const;
    const first = trial(options);
    expect(trial(options)).toEqual(first);
    expect(trial({ ...options, traced: false }).traceHash).toBe(first.traceHash);
    expect(trial({ ...options, seed: 't' }).traceHash).not.toBe(first.traceHash);
  });

  it('without liars is two clients that cross, on both rules', () => {
    for (const rule of ['engine', 'source'] as const)
      for (const seed of ['a', 'b', 'c']) {
        const { outcome, liars, trace } = trial({ rule, seed, liars: 0, traced: true });
        expect([outcome, liars]).toEqual(['failed', []]);
        const delivered = trace!.events.filter((event) => event.kind === 'delivered' && event.at < 7000);
        expect(delivered.length).toBe(2 * 4);
      }
  });

  it('says what is wrong with its options', () => {
    expect(() => trial({ liars: 3 })).toThrow('liars must be an integer from 0 to 2, not 3');
    expect(() => trial({ parameters: { arrivals: 'best' } })).toThrow(
      'arrivals must be one of worst, random, not best',
    );
    expect(() => trial({ threshold: 75 })).toThrow('threshold must be a share above 0 and at most 1, not 75');
    expect(() => trial({ rule: 'median' })).toThrow('rule must be engine or source, not median');
  });

  it('is judged by what honest signers delivered, which its trace shows', () => {
    const { trace, reason, outcome, liars } = trial({
      rule: 'source',
      signers: 7,
      byzantine: 2,
      faulty: 2,
      liars: 2,
      traced: true,
    });
    expect(outcome).toBe('succeeded');
    const order = new Map<number, string[]>();
    for (const event of trace!.events)
      if (event.kind === 'delivered')
        order.set(event.node, [...(order.get(event.node) ?? []), trace!.names[event.batch]!]);
    expect(liars.every((liar) => !order.has(liar))).toBe(true);
    expect(new Set([...order.values()].map((names) => names.join()))).toEqual(new Set(['A,B', 'B,A']));
    expect(reason).toMatch(
      /^s\d and s\d deliver two conflicting transactions in different orders; theory says possible/,
    );
  });
});
