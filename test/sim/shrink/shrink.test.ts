/** Shrinking: to exactly what matters where that is known, and far on real runs of the engine. */

import { describe, expect, it } from 'vitest';
import { fairWeather } from '../../../sim/network/quality.ts';
import type { LiarPlan, SimulationOptions } from '../../../sim/options.ts';
import { simulate } from '../../../sim/run.ts';
import { decodeScenario, encodeScenario, materialise } from '../../../sim/scenario.ts';
import { shrink } from '../../../sim/shrink/shrink.ts';
import type { SignerId } from '../../../src/base/ids.ts';
import { upTo } from '../support.ts';

const signer = (id: number): SignerId => id as SignerId;

/** A run with a lot in it, all explicit. */
const busy: SimulationOptions = {
  seed: 'busy',
  signers: 7,
  byzantine: 2,
  faulty: 2,
  durationMs: 2000,
  faults: {
    weather: { ...fairWeather, loss: 0.1 },
    faults: upTo(9).map((i) => ({
      kind: 'slowNode',
      node: signer(i % 7),
      at: 100 * i,
      forMs: 400,
      delayMs: 10,
    })),
  },
  adversaries: [
    { signer: signer(1), strategies: [{ name: 'replay', parameters: { chance: 0.5 } }] },
    {
      signer: signer(4),
      strategies: [
        { name: 'ghosts', parameters: { chance: 0.5 } },
        { name: 'bad-partials', parameters: { chance: 1 } },
      ],
    },
  ],
  submissions: upTo(50).map((i) => ({
    at: 10 * i,
    to: [signer(i % 7), signer((i + 1) % 7)],
    body: `body ${i}`,
  })),
};

const faultsOf = ({ faults }: SimulationOptions) => (typeof faults === 'object' ? faults.faults : []);
const bodiesOf = ({ submissions }: SimulationOptions) => (submissions ?? []).map(({ body }) => body);
const plansOf = ({ adversaries }: SimulationOptions): LiarPlan[] =>
  Array.isArray(adversaries) ? adversaries.filter((one): one is LiarPlan => typeof one === 'object') : [];
const namesOf = (options: SimulationOptions): string[] =>
  plansOf(options).flatMap(({ strategies }) => strategies.map(({ name }) => name));
const explicit = { materialise: (options: SimulationOptions) => options };

describe('shrinking', () => {
  it('keeps exactly what the failure needs', () => {
    const fails = (options: SimulationOptions): boolean =>
      bodiesOf(options).includes('body 13') &&
      bodiesOf(options).includes('body 37') &&
      faultsOf(options).some(({ at, forMs }) => at === 300 && forMs >= 90) &&
      namesOf(options).includes('bad-partials') &&
      (options.durationMs ?? 0) >= 450;
    const { options, end, runs, before, after } = shrink(busy, fails, { ...explicit, budget: 1000 });
    expect(end).toBe('minimal');
    expect(bodiesOf(options)).toEqual(['body 13', 'body 37']);
    expect(options.submissions!.map(({ to }) => to)).toEqual([6, 2]);
    expect(faultsOf(options)).toEqual([{ kind: 'slowNode', node: 3, at: 300, forMs: 100, delayMs: 10 }]);
    expect(options.adversaries).toEqual([
      { signer: 4, strategies: [{ name: 'bad-partials', parameters: { chance: 1 } }] },
    ]);
    expect(options.faults).toMatchObject({ weather: fairWeather });
    expect(options.durationMs).toBe(500);
    expect(before).toEqual({ faults: 9, liars: 2, strategies: 3, submissions: 50, durationMs: 2000 });
    expect(after).toEqual({ faults: 1, liars: 1, strategies: 1, submissions: 2, durationMs: 500 });
    expect(runs).toBeLessThan(120);
  });

  it('gives the same result every time', () => {
    const fails = (options: SimulationOptions): boolean =>
      bodiesOf(options).length * faultsOf(options).length >= 12;
    const once = () => shrink(busy, fails, { ...explicit, budget: 300 });
    expect(once()).toEqual(once());
    const { options } = once();
    expect(bodiesOf(options).length * faultsOf(options).length).toBeGreaterThanOrEqual(12);
    expect(bodiesOf(options).length * faultsOf(options).length).toBeLessThan(20);
  });

  it('stops at its budget with the smallest run so far, and says how far it is', () => {
    const seen: number[] = [];
    const fails = (options: SimulationOptions): boolean => bodiesOf(options).includes('body 13');
    const { runs, end, options } = shrink(busy, fails, {
      ...explicit,
      budget: 6,
      progress: (count) => seen.push(count),
    });
    expect([runs, end]).toEqual([6, 'budget']);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
    expect(faultsOf(options)).toEqual([]);
    expect(bodiesOf(options)).toContain('body 13');
  });

  it('leaves a run alone that does not fail, and throws what the run throws', () => {
    expect(shrink(busy, () => false, { ...explicit, budget: 10 })).toMatchObject({
      end: 'passes',
      runs: 1,
      options: busy,
    });
    const broken = (): boolean => {
      throw new Error('the simulator broke');
    };
    expect(() => shrink(busy, broken, { ...explicit, budget: 10 })).toThrow('the simulator broke');
  });

  it('finds, in a run of the engine with everything drawn, the one liar and the strategy that are convicted', () => {
    const options: SimulationOptions = {
      seed: 'convicted',
      signers: 4,
      byzantine: 1,
      faulty: 1,
      liars: 1,
      adversaries: ['replay', 'equivocated-batches', 'junk-copies'],
      transactions: 12,
      durationMs: 800,
    };
    const fails = (one: SimulationOptions): boolean => simulate({ ...one, checkers: [] }).blamed.length > 0;
    expect(fails(options)).toBe(true);
    const shrunk = shrink(options, fails, { materialise, budget: 80 });
    expect(namesOf(shrunk.options)).toEqual(['equivocated-batches']);
    expect(shrunk.before.submissions).toBe(12);
    expect(shrunk.after.submissions).toBeLessThanOrEqual(2);
    expect(shrunk.after.faults).toBe(0);
    const reread = decodeScenario(encodeScenario(shrunk.options));
    expect(reread.ok && fails(reread.value)).toBe(true);
  });

  it('finds, with one vote of slack more than is safe, how little it takes to disagree', () => {
    const scene = (i: number): SimulationOptions => ({
      seed: `slack-${i}`,
      signers: 4,
      byzantine: 1,
      faulty: 1,
      liars: 1,
      extraSlack: 1,
      adversaries: ['lying-votes', 'two-certificates', 'equivocating-leader'],
      transactions: 40,
      durationMs: 800,
      wire: false,
    });
    const fails = (one: SimulationOptions): boolean => simulate(one).checks['delivery order'] === 'violated';
    const found = upTo(60).map(scene).find(fails)!;
    const { before, after, end, options } = shrink(found, fails, { materialise, budget: 200 });
    expect(end).toBe('minimal');
    expect([before.strategies, before.submissions]).toEqual([3, 40]);
    expect(after.strategies).toBeLessThanOrEqual(1);
    expect(after.submissions).toBeLessThanOrEqual(3);
    expect(fails(options)).toBe(true);
    expect(fails({ ...options, extraSlack: 0 })).toBe(false);
  });
});
