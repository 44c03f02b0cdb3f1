/** Strategies of classes 4 to 8, 10, 11, 14 and 15: each does something, and nothing breaks by it. */

import { describe, expect, it } from 'vitest';
import { type AdversaryName, adversaries } from '../../../sim/adversaries/catalog.ts';
import { ground } from '../../../sim/adversaries/grinding.ts';
import { simulate } from '../../../sim/run.ts';
import { demandAllOk, named } from '../support.ts';

const names: readonly AdversaryName[] = [
  ...(['front-runner', 'partisan-votes', 'cyclic-votes', 'rotated-chain', 'endless-chain'] as const),
  ...(['selective-batches', 'hoarded-bodies', 'gapped-numbers', 'full-window'] as const),
  ...(['overreaching-batches', 'ground-ids', 'ground-shot', 'spam-own', 'copycat', 'ghosts'] as const),
];

const base = { transactions: 20, durationMs: 700, faults: 'none' as const };
const seed = 'strategies';

describe('strategies', () => {
  it.each(names)('%s: the checkers have nothing against it', (name) => {
    expect(adversaries[name]).toBeDefined();
    const report = demandAllOk(named(seed, [4, 1, 1], { ...base, adversaries: [name] }));
    const idle = [{ signer: report.liars[0]!.signer, strategies: [] }];
    const plain = simulate(named(seed, [4, 1, 1], { ...base, adversaries: idle, checkers: [] }));
    expect(report.traceHash).not.toBe(plain.traceHash);
  });
});

describe('ground', () => {
  it('takes the candidate of least cost, the first of equals', () => {
    expect(
      ground(
        5,
        (i) => i,
        (i) => `${(i * 3) % 5}`,
      ),
    ).toBe(0);
    expect(
      ground(
        5,
        (i) => i,
        (i) => `${(i + 2) % 5}`,
      ),
    ).toBe(3);
    expect(
      ground(
        1,
        (i) => i,
        () => 'x',
      ),
    ).toBe(0);
  });
});
