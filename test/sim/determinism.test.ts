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
  ['lan', 4, 1, 1, '8fbb0a099213dceac56defde0aa5234d0db015ee51f976cf7369d5a7d5b91856'],
  ['aws', 7, 2, 2, '2d0cf19030b39954b55ffb46a12b7e7bdbe948f6d62e5066c2229c711495317f'],
  ['cities', 10, 1, 1, '4f08d2dd714e6a97f5336ef72bd407918d70f632f8fe965569379863d7376734'],
] as const)('frozen trace on %s with %d signers', (network, signers, byzantine, faulty, traceHash) => {
  const costs = network === 'lan' ? 'free' : 'measured';
  const rest = { network, costs, adversaries: 'none', transactions: 30, durationMs: 1500 } as const;
  expect(simulate(named('frozen', [signers, byzantine, faulty], rest)).traceHash).toBe(traceHash);
});

it('another seed gives another run', () => {
  const hashes = upTo(5).map((i) => simulate(named(`other-${i}`, four)).traceHash);
  expect(new Set(hashes).size).toBe(5);
});
