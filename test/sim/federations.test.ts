/**
 * Whole federations under faults and liars (protocol section 13, claim 2). A few hundred seeds; a failing
 * one prints the command that runs it again.
 */

import { describe, expect, it } from 'vitest';
import { type AdversaryName, adversaryNames } from '../../sim/adversaries/catalog.ts';
import { simulate } from '../../sim/run.ts';
import { demandAllOk, named, type Shape, upTo } from './support.ts';

const shapes: readonly (readonly [Shape, number])[] = [
  [[4, 1, 1], 40],
  [[5, 0, 2], 20],
  [[6, 1, 1], 20],
  [[7, 2, 2], 15],
  [[9, 1, 2], 4],
  [[10, 1, 1], 4],
];

const each = (count: number, run: (i: number) => void): void => {
  for (const i of upTo(count)) run(i);
};

describe('honest faults', () => {
  it.each(shapes)(
    '(n, f, t) = %j, %i seeds',
    (shape, count) => {
      each(Math.ceil(count / 2), (i) => {
        const { checks } = demandAllOk(named(`honest-${i}`, shape, { adversaries: 'none' }));
        expect(Object.keys(checks).length).toBeGreaterThan(10);
      });
    },
    120_000,
  );
});

describe('one liar with a drawn stack of strategies, and faults', () => {
  it.each(shapes)(
    '(n, f, t) = %j, %i seeds',
    (shape, count) => {
      each(count, (i) => demandAllOk(named(`liar-${i}`, shape)));
    },
    120_000,
  );
});

describe('two liars', () => {
  it('among seven signers, 8 seeds', () => {
    each(8, (i) => demandAllOk(named(`two-liars-${i}`, [7, 2, 2], { liars: 2 })));
  }, 120_000);
});

describe('each strategy alone', () => {
  it.each(adversaryNames)(
    '%s',
    (name) => {
      each(3, (i) => demandAllOk(named(`alone-${i}`, [4, 1, 1], { adversaries: [name] })));
      demandAllOk(named('alone', [6, 1, 1], { adversaries: [name], faults: 'none' }));
    },
    60_000,
  );

  it.each(adversaryNames)(
    '%s changes the run',
    (name) => {
      const run = (i: number, adversaries: readonly AdversaryName[]) =>
        simulate(
          named(`bite-${i}`, [4, 1, 1], {
            transactions: 40,
            durationMs: 1500,
            progressMs: 1,
            adversaries,
            liars: 1,
          }),
        ).traceHash;
      expect(upTo(8).some((i) => run(i, [name]) !== run(i, []))).toBe(true);
    },
    60_000,
  );
});

describe('the mixture', () => {
  it('delivers by score, by order, and blames only liars', () => {
    const reports = upTo(6).map((i) => demandAllOk(named(`liar-${i}`, [4, 1, 1])));
    const sum = (of: (report: (typeof reports)[number]) => number): number =>
      reports.reduce((total, report) => total + of(report), 0);
    expect(sum(({ finality }) => finality.score)).toBeGreaterThan(0);
    expect(sum(({ finality }) => finality.order)).toBeGreaterThan(0);
    expect(sum(({ height }) => height)).toBeGreaterThan(10);
    for (const { blamed, liars } of reports)
      for (const signer of blamed) expect(liars.map((one) => one.signer)).toContain(signer);
  }, 60_000);
});
