/**
 * A round over lists of single signatures, which are not unique: liars sign one vote twice, claim signers
 * that their list does not hold, and send lists of others. Nothing throws, what goes on is valid, and whoever
 * is blamed sent what is not.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../../src/base/bytes.ts';
import { signerId } from '../../src/base/ids.ts';
import { nodeListProvider } from '../../src/crypto/ed25519-list-node.ts';
import type { Aggregate } from '../../src/phases/contributions.ts';
import { TreeRound } from '../../src/phases/round.ts';
import { signWithNonce } from '../crypto/ed25519-forge.ts';
import { members, Voters } from './support.ts';

const n = 6;
const voters = new Voters(n, nodeListProvider);
const pairs = Array.from({ length: n }, (_, i) =>
  nodeListProvider.keyFromSeed(new Uint8Array(32).fill(i + 1)),
);

/** Another valid signature on the same vote. */
const signedAgain = (signer: number, content: string): Aggregate<string> => {
  const { publicKey, secretKey } = pairs[signer]!;
  const signature = signWithNonce(secretKey, voters.message(content), 77n);
  return { ...voters.of({ [content]: [signer] }), signature: concat(publicKey.subarray(0, 4), signature) };
};

function roundOf(root: boolean, quorum = 3) {
  const seen = { passed: [] as Aggregate<string>[], blamed: [] as number[] };
  const round = new TreeRound<string>(
    { scheme: voters.scheme, compare: voters.compare, quorum, root, eager: false },
    {
      verify: (aggregate, then) => then(voters.valid(aggregate)),
      up: (aggregate) => seen.passed.push(aggregate),
      top: (aggregate) => seen.passed.push(aggregate),
      bad: (from) => seen.blamed.push(from),
    },
  );
  return { round, seen };
}

describe('a round over lists', () => {
  it('takes a signer out of an overlap although the bytes differ', () => {
    const { round, seen } = roundOf(true, 4);
    round.own(signerId(0), voters.of({ x: [0] }));
    round.expect([1, 2].map(signerId));
    // The bad part makes the round check each part alone: after that signer 1's own vote is verified.
    round.receive(signerId(5), { ...voters.of({ x: [5] }), signature: voters.sign(5, 'other') });
    round.receive(signerId(1), voters.of({ x: [1] }));
    expect(seen).toEqual({ passed: [], blamed: [] });
    const child = voters.of({ x: [2, 3] });
    const signature = voters.scheme.aggregate([signedAgain(1, 'x').signature, child.signature]);
    round.receive(signerId(2), { ...voters.of({ x: [1, 2, 3] }), signature });
    expect(seen.blamed).toEqual([5]);
    expect(seen.passed.map(members)).toEqual([[0, 1, 2, 3]]);
    expect(voters.valid(seen.passed[0]!)).toBe(true);
  });

  it('counts one vote of a signer that signed twice, and blames nobody for it', () => {
    for (const first of [voters.of({ x: [2] }), signedAgain(2, 'x')]) {
      const { round, seen } = roundOf(true);
      round.own(signerId(0), voters.of({ x: [0] }));
      round.expect([1].map(signerId));
      round.receive(signerId(2), first);
      round.receive(signerId(3), signedAgain(2, 'x'));
      expect(seen.passed).toEqual([]);
      round.receive(signerId(1), voters.of({ x: [1] }));
      expect(seen.blamed).toEqual([]);
      expect(seen.passed.map(members)).toEqual([[0, 1, 2]]);
      expect(voters.valid(seen.passed[0]!)).toBe(true);
    }
  });

  it('survives whatever liars claim and send (property)', () => {
    const anyone = fc.integer({ min: 1, max: n - 1 });
    const someone = fc.uniqueArray(anyone, { minLength: 1, maxLength: 3 });
    const part = fc.record({
      from: anyone,
      claimed: someone,
      held: fc.option(someone, { nil: undefined }),
      kind: fc.constantFrom('honest', 'honest', 'again', 'forged', 'doubled'),
    });
    let merged = 0;
    const partOf = ({
      claimed,
      held,
      kind,
    }: {
      claimed: number[];
      held: number[] | undefined;
      kind: string;
    }) => {
      const claim = voters.of({ x: claimed });
      const list = (held ?? claimed).map((signer) =>
        kind === 'again'
          ? signedAgain(signer, 'x').signature
          : voters.sign(signer, kind === 'forged' ? 'y' : 'x'),
      );
      if (kind === 'doubled') list.push(list[0]!);
      return { ...claim, signature: voters.scheme.aggregate(list) };
    };
    fc.assert(
      fc.property(fc.boolean(), fc.array(part, { maxLength: 6 }), (root, drawn) => {
        const { round, seen } = roundOf(root);
        const sent = drawn.map((one) => ({ from: one.from, part: partOf(one) }));
        round.own(signerId(0), voters.of({ x: [0] }));
        for (const one of sent) round.receive(signerId(one.from), one.part);
        round.expire();
        for (const aggregate of seen.passed) expect(voters.valid(aggregate)).toBe(true);
        const liars = sent.filter((one) => !voters.valid(one.part)).map(({ from }) => from);
        for (const blamed of seen.blamed) expect(liars).toContain(blamed);
        merged += Number(seen.passed.some((aggregate) => members(aggregate).length > 1));
      }),
      { numRuns: 300 },
    );
    expect(merged).toBeGreaterThan(20);
  });
});
