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

it('another seed gives another run', () => {
  const hashes = upTo(5).map((i) => simulate(named(`other-${i}`, four)).traceHash);
  expect(new Set(hashes).size).toBe(5);
});
