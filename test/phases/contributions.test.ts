/**
 * Contributions against the plain truth: whatever overlaps, a merge holds each signer once, under the
 * content that it signed, and verifies when all its parts do.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signerId } from '../../src/base/ids.ts';
import { blstProvider } from '../../src/crypto/bls-blst-node.ts';
import { Contributions } from '../../src/phases/contributions.ts';
import { Members } from '../../src/phases/members.ts';
import { members, Voters } from './support.ts';

const n = 8;
const voters = new Voters(n);
const make = (one = voters): Contributions<string> => new Contributions(one.scheme, one.compare);
const from = signerId;

/** Each signer signs one content for ever, as honest signers do. */
const contentOf = (signer: number): string => 'xyz'[signer % 3]!;
const honest = (signers: readonly number[], one = voters) => {
  const classes: Record<string, number[]> = {};
  for (const signer of signers) {
    classes[contentOf(signer)] ??= [];
    classes[contentOf(signer)]!.push(signer);
  }
  return one.of(classes);
};

const anyParts = fc.array(
  fc.record({
    from: fc.nat(n - 1),
    signers: fc.uniqueArray(fc.nat(n - 1), { minLength: 1, maxLength: 5 }),
    verified: fc.boolean(),
    single: fc.boolean(),
  }),
  { minLength: 1, maxLength: 8 },
);

describe('contributions', () => {
  it('a merge of honest parts verifies, counts nobody twice and holds at least the largest part', () => {
    let subtracted = 0;
    fc.assert(
      fc.property(anyParts, (parts) => {
        const all = make();
        let largest = 0;
        let union = new Set<number>();
        for (const part of parts) {
          const signers = part.single ? part.signers.slice(0, 1) : part.signers;
          if (!all.add(from(part.from), honest(signers), part.verified)) continue;
          largest = Math.max(largest, signers.length);
          union = new Set([...union, ...signers]);
        }
        const merge = all.merge()!;
        const held = members(merge.aggregate);
        expect(new Set(held).size).toBe(held.length);
        expect(voters.valid(merge.aggregate)).toBe(true);
        for (const one of merge.aggregate.classes)
          for (const signer of one.signers) expect(one.content).toBe(contentOf(signer));
        const contents = merge.aggregate.classes.map((one) => one.content);
        expect(contents).toEqual([...new Set(contents)].sort());
        expect([...all.mergeable()].sort((a, b) => a - b)).toEqual(held);
        expect(all.claimed()).toEqual(union);
        if (parts.every((part) => !part.verified)) expect(held.length).toBeGreaterThanOrEqual(largest);
        if (held.length > largest && merge.unverified.length < parts.length) subtracted += 1;
      }),
      { numRuns: 500 },
    );
    expect(subtracted).toBeGreaterThan(0);
  });

  it.each([
    ['simulated', voters],
    ['BLS', new Voters(n, blstProvider)],
  ])('subtracts a verified single signature from what overlaps: %s', (_, one) => {
    const all = make(one);
    all.add(from(1), honest([1], one), true);
    all.add(from(2), honest([1, 2, 4], one), false);
    const merge = all.merge()!;
    expect(members(merge.aggregate)).toEqual([1, 2, 4]);
    expect(merge.unverified).toEqual([2]);
    expect(one.valid(merge.aggregate)).toBe(true);
    expect(merge.aggregate.signature).toEqual(honest([1, 2, 4], one).signature);
  });

  it('does not subtract what is not verified, not single, or signed something else', () => {
    const unverified = make();
    unverified.add(from(1), honest([1]), false);
    unverified.add(from(2), honest([1, 2, 4]), false);
    expect(members(unverified.merge()!.aggregate)).toEqual([1, 2, 4]);
    const pair = make();
    pair.add(from(1), honest([1, 7]), true);
    pair.add(from(2), honest([1, 2, 4]), false);
    expect(members(pair.merge()!.aggregate)).toEqual([1, 7]);
    const unsure = make();
    unsure.add(from(7), honest([1, 7]), true);
    unsure.add(from(1), honest([1]), false);
    unsure.add(from(2), honest([1, 2, 4]), false);
    expect(members(unsure.merge()!.aggregate)).toEqual([1, 7]);
    const twice = make();
    twice.add(from(1), honest([1]), true);
    twice.add(from(2), honest([1]), false);
    expect(twice.merge()!.unverified).toEqual([]);
    const twoFaced = make();
    twoFaced.add(from(1), voters.of({ other: [1] }), true);
    twoFaced.add(from(2), honest([1, 2, 4]), false);
    expect(members(twoFaced.merge()!.aggregate)).toEqual([1]);
  });

  it('an invalid part makes the merge invalid, and leaves when it is settled', () => {
    const all = make();
    const bad = voters.forged(honest([1, 2]));
    all.add(from(0), honest([0]), true);
    all.add(from(1), bad, false);
    expect(voters.valid(all.merge()!.aggregate)).toBe(false);
    expect(all.unverified()).toEqual([{ from: 1, aggregate: bad }]);
    all.settle(bad, false);
    expect(all.unverified()).toEqual([]);
    expect(members(all.merge()!.aggregate)).toEqual([0]);
    expect(all.claimed()).toEqual(new Set([0]));
  });

  it('marks what a verified merge holds, and nothing else', () => {
    const all = make();
    all.add(from(1), honest([1, 2]), false);
    all.add(from(3), honest([3]), false);
    all.markVerified(honest([1, 2]));
    expect(all.unverified().map((part) => part.from)).toEqual([3]);
    expect(all.merge()!.unverified).toEqual([3]);
    const kept = honest([3]);
    all.settle(kept, true);
    expect(all.unverified()).toHaveLength(1);
  });

  it('takes from one sender only what is new, and only so much', () => {
    const all = make();
    expect(all.add(from(1), honest([1, 2]), false)).toBe(true);
    // A single vote is kept: it can take apart an aggregate that overlaps with others.
    expect(all.add(from(1), honest([2]), false)).toBe(true);
    expect(all.add(from(1), honest([2]), false)).toBe(false);
    expect(all.add(from(1), honest([2, 3]), false)).toBe(true);
    expect(all.add(from(2), honest([2]), false)).toBe(true);
    const many = new Voters(70);
    const flood = make(many);
    const taken = Array.from({ length: 70 }, (_, i) => flood.add(from(0), many.of({ x: [i] }), false));
    expect(taken.filter(Boolean)).toHaveLength(64);
    expect(flood.add(from(1), many.of({ x: [69] }), false)).toBe(true);
  });

  it('forgets parts of known members, and keeps the others whole', () => {
    const all = make();
    all.add(from(1), honest([1, 2]), true);
    all.add(from(3), honest([2, 3]), false);
    all.forget(new Members([1, 2].map(signerId)));
    expect(all.claimed()).toEqual(new Set([2, 3]));
    all.forget(new Members([2, 3].map(signerId)));
    expect(all.merge()).toBeUndefined();
  });
});
