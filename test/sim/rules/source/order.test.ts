/** The source's order of certificates: comparisons by hand, ties, scores, cycles, and votes on random input. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countBelow,
  type SourceCertificate,
  type SourceVote,
  sourceOrder,
  votesNeeded,
} from '../../../../sim/rules/source/order.ts';
import type { BatchId, SignerId } from '../../../../src/base/ids.ts';

const named = (name: string): BatchId => name as BatchId;

/** Votes by signer; `undefined` is missing. `before` names the other one. */
const certificate = (
  name: string,
  votes: readonly (readonly [number, string?] | undefined)[],
): SourceCertificate => ({
  id: named(name),
  votes: votes.flatMap((vote, signer): SourceVote[] =>
    vote ? [{ signer: signer as SignerId, position: vote[0], before: vote[1] ? [named(vote[1])] : [] }] : [],
  ),
});

/** Orders by a table of counts: `for[a][b]` positions of a below b. */
const byCounts = (ids: readonly string[], below: (a: string, b: string) => number, votes = 4) =>
  sourceOrder({
    ids: ids.map(named),
    conflict: (a, b) => a !== b,
    below: (a, b) => below(a, b),
    votes: () => votes,
  });

describe('comparing two certificates', () => {
  it('sorted: one liar moves every position when scales are far apart (section 12)', () => {
    const t = certificate('T', [[10], [20], [30], [40]]);
    const u = certificate('U', [[11], [21], [31], [41]]);
    expect([countBelow(t, u, 'sorted'), countBelow(u, t, 'sorted')]).toEqual([4, 0]);
    const lied = certificate('U', [[11], [21], [31], [0]]);
    expect([countBelow(t, lied, 'sorted'), countBelow(lied, t, 'sorted')]).toEqual([0, 4]);
  });

  it('sorted: equal positions count for nobody, and only as many as both have', () => {
    const t = certificate('T', [[1], [2], [5], [5]]);
    const u = certificate('U', [[1], [3], [4]]);
    expect([countBelow(t, u, 'sorted'), countBelow(u, t, 'sorted')]).toEqual([1, 1]);
  });

  it('per signer: either vote speaks, and who contradicts itself is not counted', () => {
    const t = certificate('T', [[1], [2, 'U'], [1], undefined, [1], [2, 'U']]);
    const u = certificate('U', [[2, 'T'], [1], undefined, [1], [1], [2, 'T']]);
    // s0 T, s1 U, s2 T (one vote), s3 U (one vote), s4 and s5 contradict themselves.
    expect([countBelow(t, u, 'per-signer'), countBelow(u, t, 'per-signer')]).toEqual([2, 2]);
  });
});

describe('the order', () => {
  it('puts the smaller id first on a tie, whichever way the pair is asked about', () => {
    expect(byCounts(['A', 'B'], () => 2).places.map((one) => one.id)).toEqual(['A', 'B']);
    expect(byCounts(['A', 'B'], (a) => (a === 'B' ? 3 : 2)).places.map((one) => one.id)).toEqual(['B', 'A']);
  });

  it('scores against the next one that conflicts, and the last by its votes', () => {
    const below = (a: string, b: string): number => (a > b ? 0 : b.charCodeAt(0) - a.charCodeAt(0));
    const result = sourceOrder({
      ids: ['A', 'B', 'C'].map(named),
      // B conflicts with nothing.
      conflict: (a, b) => a !== b && a !== named('B') && b !== named('B'),
      below,
      votes: () => 9,
    });
    expect(result.places.map(({ id, score, next }) => [id, score, next])).toEqual([
      ['A', 2, 'C'],
      ['B', 9, undefined],
      ['C', 9, undefined],
    ]);
  });

  it('breaks a cycle where it is weakest', () => {
    const counts: Record<string, number> = { AB: 4, BA: 0, BC: 3, CB: 1, CA: 4, AC: 1 };
    const result = byCounts(['A', 'B', 'C'], (a, b) => counts[a + b]!);
    expect(result.cycles).toEqual([[0, 1, 2]]);
    // B before C by two votes only gives way to A before B and C before A.
    expect(result.places.map((one) => one.id)).toEqual(['C', 'A', 'B']);
  });

  it('has sorted comparison cycles of its own', () => {
    const lines: Record<string, number[]> = { A: [1, 5, 9], B: [2, 6, 7], C: [3, 4, 8] };
    const one = (name: string): SourceCertificate =>
      certificate(
        name,
        lines[name]!.map((position) => [position] as const),
      );
    const result = byCounts(['A', 'B', 'C'], (a, b) => countBelow(one(a), one(b), 'sorted'));
    expect(result.cycles).toEqual([[0, 1, 2]]);
  });

  it('without cycles it has every winner before its losers', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(6), { minLength: 16, maxLength: 16 }), (counts) => {
        const names = ['A', 'B', 'C', 'D'];
        const below = (a: string, b: string): number => counts[names.indexOf(a) * 4 + names.indexOf(b)]!;
        const { places, cycles } = byCounts(names, below);
        expect(places.map((one) => one.id).sort()).toEqual(names);
        if (cycles.length > 0) return;
        for (const [i, { id }] of places.entries())
          for (const later of places.slice(i + 1)) {
            const margin = below(id, later.id) - below(later.id, id);
            expect(margin > 0 || (margin === 0 && id < later.id)).toBe(true);
          }
      }),
    );
  });
});

describe('votes needed', () => {
  it('is a share of n rounded up, with decimal shares taken for what they say', () => {
    expect([4, 5, 7, 10, 100].map((n) => votesNeeded(0.75, n))).toEqual([3, 4, 6, 8, 75]);
    expect(votesNeeded(0.55, 20)).toBe(11);
    expect(votesNeeded(0.07, 100)).toBe(7);
    expect(votesNeeded(2 / 3, 9)).toBe(6);
    expect(votesNeeded(1, 13)).toBe(13);
  });
});
