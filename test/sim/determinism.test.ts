/** Claim 3 of the protocol's section 13: the same seed gives the same trace, byte for byte. */

import { describe, expect, it } from 'vitest';
import { simulate } from '../../sim/run.ts';
import { named, type Shape, upTo } from './support.ts';

const four: Shape = [4, 1, 1];

describe('the same options give the same run', () => {
  it.each([
    named('twice', four, { adversaries: 'none' }),
    named('twice', [7, 2, 2], { liars: 2 }),
    ...upTo(6).map((i) => named(`twice-${i}`, four)),
    named('twice', four, { adversaries: ['twins', 'equivocating-votes', 'replay'] }),
  ])('$signers signers, seed $seed, adversaries $adversaries', (options) => {
    expect(simulate(options)).toEqual(simulate(options));
  });
});

/**
 * Frozen: the same on every machine and Node version. A change of the engine or of the world changes them, and then
 * they are written anew; anything else that changes them is a fault.
 */
it.each([
  ['lan', 4, 1, 1, '3ad860f0e298fde5598f3610ff876a1e5f0f305b3013249f16924acb8a6519a2'],
  ['aws', 7, 2, 2, '4edc4ba55f8bfcc5d91637aa0ae7eed1e712493d5e9dba5a048c0bd111851775'],
  ['cities', 10, 1, 1, '143943fcaefafe0dbeceaadff7fa8d6048d518d29eae24b59bf5d5b36e37bf9d'],
] as const)('frozen trace on %s with %d signers', (network, signers, byzantine, faulty, traceHash) => {
  const costs = network === 'lan' ? 'free' : 'measured';
  const rest = { network, costs, adversaries: 'none', transactions: 30, durationMs: 1500 } as const;
  expect(simulate(named('frozen', [signers, byzantine, faulty], rest)).traceHash).toBe(traceHash);
});

it('another seed gives another run', () => {
  const hashes = upTo(5).map((i) => simulate(named(`other-${i}`, four)).traceHash);
  expect(new Set(hashes).size).toBe(5);
});
