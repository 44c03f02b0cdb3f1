/** The vote flip on the source's rule: formula, staged attack and two oracles that try everything agree. */

import { describe, expect, it } from 'vitest';
import { flipSource, type SourceFlip } from '../../../../sim/attacks/flip/source.ts';
import { flipPossible } from '../../../../sim/attacks/flip/theory.ts';
import { oracleCounts, oracleFlips } from './oracle.ts';

const play = (n: number, liars: number, faulty: number, needed: number, flip: Partial<SourceFlip> = {}) =>
  flipSource(
    {
      seed: `${n}/${liars}/${faulty}/${needed}`,
      rule: 'source',
      signers: n,
      byzantine: 0,
      faulty,
      liars,
      network: 'lan',
      parameters: {},
    },
    { threshold: needed / n, comparison: 'sorted', arrivals: 'worst', drift: false, ...flip },
  );

const scene = (signers: number, liars: number, faulty: number, needed: number) => ({
  signers,
  liars,
  faulty,
  needed,
  drift: false,
});

/** Scores that a rule might ask for: more than half. */
const scores = (n: number): number[] => {
  const list: number[] = [];
  for (let needed = Math.floor(n / 2) + 1; needed <= n; needed++) list.push(needed);
  return list;
};

describe('the theory of the flip', () => {
  for (const rule of ['sorted', 'per-signer'] as const)
    it(`is what trying everything gives, votes and certificates one by one (${rule})`, () => {
      let both = 0;
      for (const n of [3, 4, 5])
        for (const liars of [0, 1, 2])
          for (let faulty = 0; faulty <= (n === 5 && liars === 2 ? 1 : 2); faulty++) {
            if (2 * faulty >= n) continue;
            const flips = oracleFlips(n, liars, faulty, rule);
            for (const needed of scores(n)) {
              const possible = flipPossible({ ...scene(n, liars, faulty, needed), comparison: rule });
              expect([n, liars, faulty, needed, possible]).toEqual([n, liars, faulty, needed, flips[needed]]);
              both |= possible ? 1 : 2;
            }
          }
      expect(both).toBe(3);
    });

  it('is what counting gives up to n = 12 (per-signer), and 2L + t >= 2m - n', () => {
    for (let n = 3; n <= 12; n++)
      for (let liars = 0; liars <= n; liars++)
        for (let faulty = 0; 2 * faulty < n; faulty++)
          for (const needed of scores(n)) {
            const possible = flipPossible({ ...scene(n, liars, faulty, needed), comparison: 'per-signer' });
            expect([n, liars, faulty, needed, possible]).toEqual([
              n,
              liars,
              faulty,
              needed,
              oracleCounts(n, liars, faulty, needed),
            ]);
          }
  });

  it('gives the shares of section 12: 1/6 when as many votes can be left out as lie, 1/4 when none can', () => {
    for (const n of [12, 24, 36, 60]) {
      const possible = (liars: number, faulty: number): boolean =>
        flipPossible({ ...scene(n, liars, faulty, (3 * n) / 4), comparison: 'per-signer' });
      expect([possible(n / 6 - 1, n / 6 - 1), possible(n / 6, n / 6)]).toEqual([false, true]);
      expect([possible(n / 4 - 1, 0), possible(n / 4, 0)]).toEqual([false, true]);
    }
  });
});

describe('the staged flip', () => {
  for (const comparison of ['sorted', 'per-signer'] as const)
    it(`succeeds in every trial where the theory says so, and in no other (${comparison})`, () => {
      const outcomes = { succeeded: 0, failed: 0, unknown: 0 };
      for (let n = 3; n <= 7; n++)
        for (let liars = 0; liars <= Math.ceil(n / 2); liars++)
          for (const faulty of [0, 1, 2, 3]) {
            if (3 * faulty > n) continue;
            for (const needed of scores(n)) {
              const { outcome } = play(n, liars, faulty, needed, { comparison });
              const possible = flipPossible({ ...scene(n, liars, faulty, needed), comparison });
              expect([n, liars, faulty, needed, outcome]).toEqual([
                n,
                liars,
                faulty,
                needed,
                possible ? 'succeeded' : 'failed',
              ]);
              outcomes[outcome] += 1;
            }
          }
      expect(outcomes.succeeded).toBeGreaterThan(50);
      expect(outcomes.failed).toBeGreaterThan(50);
    });

  it('needs one liar at any threshold once positions drift apart', () => {
    for (const n of [4, 7, 10])
      for (const faulty of [0, 1]) {
        expect(play(n, 1, faulty, n, { drift: true }).outcome).toBe('succeeded');
        expect(play(n, 0, faulty, n, { drift: true }).outcome).toBe('failed');
        // Sets of earlier transactions need no common scale.
        expect(play(n, 1, faulty, n, { drift: true, comparison: 'per-signer' }).outcome).toBe('failed');
      }
  });

  it('with drift makes each of the two final by its score, at different signers', () => {
    const { trace } = flipSource(
      {
        seed: 'drift',
        rule: 'source',
        signers: 5,
        byzantine: 0,
        faulty: 0,
        liars: 1,
        network: 'lan',
        parameters: {},
        traced: true,
      },
      { threshold: 1, comparison: 'sorted', arrivals: 'worst', drift: true },
    );
    const first = new Map<number, string>();
    for (const event of trace!.events)
      if (event.kind === 'delivered' && !first.has(event.node)) {
        expect([event.finality, event.score]).toEqual(['score', 5]);
        first.set(event.node, event.batch);
      }
    expect(first.size).toBe(4);
    expect(new Set(first.values()).size).toBe(2);
  });

  it('succeeds on arrivals left to chance only where it is possible, and not always', () => {
    const trials = Array.from({ length: 60 }, (_, i) =>
      flipSource(
        {
          seed: `random ${i}`,
          rule: 'source',
          signers: 10,
          byzantine: 0,
          faulty: 3,
          liars: i % 2 === 0 ? 2 : 1,
          network: 'aws',
          parameters: {},
        },
        { threshold: 0.75, comparison: 'per-signer', arrivals: 'random', drift: false },
      ),
    );
    const succeeded = trials.filter((trial) => trial.outcome === 'succeeded');
    expect(succeeded.every((trial) => trial.figures.possible === 1)).toBe(true);
    expect(succeeded.length).toBeGreaterThan(3);
    expect(succeeded.length).toBeLessThan(30);
    // What works on paper works, and nothing else does.
    expect(trials.map((trial) => trial.figures.planned === 1)).toEqual(
      trials.map((trial) => trial.outcome === 'succeeded'),
    );
  });
});
