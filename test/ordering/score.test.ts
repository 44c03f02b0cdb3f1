import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largestClosed } from '../../src/ordering/closure.ts';
import { type Facts, listed, listedCount, lists, voteTotal } from '../../src/ordering/facts.ts';
import { linearize } from '../../src/ordering/linearize.ts';
import { isFinal, type ScoreContext, scoreOf } from '../../src/ordering/score.ts';
import { verdictsOf, verdictsRobust } from '../../src/ordering/verdict.ts';
import { anyFacts, anyQuorum, facts, id, plainVotes, quorum, votesOf } from './support.ts';

const others = ['A', 'B', 'C'];
const context = (height: number, ...settled: string[]): ScoreContext => ({
  height,
  settled: (one) => settled.includes(one),
});

function oracleScore(one: Facts, { height, settled }: ScoreContext) {
  const present = plainVotes(one).filter((vote) => vote.base <= height);
  const named = new Set<string>(one.after);
  for (const vote of plainVotes(one)) for (const name of vote.listed) named.add(name);
  const rivals = [...named]
    .filter((name) => !settled(id(name)))
    .sort()
    .map((name) => ({ id: name, listed: present.filter((vote) => vote.listed.has(name)).length }));
  return {
    votes: present.length,
    score: Math.min(present.length, ...rivals.map((rival) => present.length - rival.listed)),
    rivals,
    missing: plainVotes(one).length - present.length,
  };
}

const anyCase = anyQuorum(8).chain((limits) =>
  fc.record({
    limits: fc.constant(limits),
    one: anyFacts('T', limits.n, others),
    settled: fc.subarray(others),
    height: fc.integer({ min: 0, max: 2 }),
  }),
);

describe('facts', () => {
  it('counts what votes list, `after` included', () => {
    fc.assert(
      fc.property(anyFacts('T', 6, others), (one) => {
        const votes = plainVotes(one);
        expect(voteTotal(one)).toBe(votes.length);
        for (const name of others) {
          expect(listedCount(one, id(name))).toBe(votes.filter((vote) => vote.listed.has(name)).length);
          for (const group of one.classes)
            expect(lists(one, group, id(name))).toBe(
              votes.find((vote) => vote.signer === group.signers[0])!.listed.has(name),
            );
        }
        const named = new Set<string>([...one.after, ...votes.flatMap((vote) => [...vote.listed])]);
        expect(listed(one)).toEqual([...named].sort());
      }),
    );
  });
});

describe('scoreOf and isFinal', () => {
  it('equal the oracle', () => {
    fc.assert(
      fc.property(anyCase, ({ limits, one, settled, height }) => {
        const at = context(height, ...settled);
        expect(scoreOf(one, at)).toEqual(oracleScore(one, at));
        expect(isFinal(one, at, limits)).toBe(
          oracleScore(one, at).score >= limits.n - limits.slack && verdictsRobust(one, limits),
        );
      }),
      { numRuns: 500 },
    );
  });

  it('is final often enough for the comparison to mean something', () => {
    const seen = new Set<boolean>();
    for (const { one, limits, settled, height } of fc.sample(anyCase, { numRuns: 500, seed: 1 }))
      seen.add(isFinal(one, context(height, ...settled), limits));
    expect(seen.size).toBe(2);
  });

  it('is all votes when there is no rival', () => {
    expect(scoreOf(facts('T', votesOf('', '', '', '-')), context(0))).toEqual({
      votes: 3,
      score: 3,
      rivals: [],
      missing: 0,
    });
  });

  it('takes the most dangerous rival, and forgets those that are settled', () => {
    const one = facts('T', votesOf('A', 'A B', '', ''));
    expect(scoreOf(one, context(0)).score).toBe(2);
    expect(scoreOf(one, context(0, 'A')).score).toBe(3);
    expect(scoreOf(one, context(0, 'A', 'B')).score).toBe(4);
  });

  it('is 0 while an entry of `after` is not settled', () => {
    const one = facts('T', votesOf('', '', '', ''), { after: ['A'] });
    expect(scoreOf(one, context(0)).score).toBe(0);
    expect(isFinal(one, context(0), quorum(4, 1, 1))).toBe(false);
    expect(isFinal(one, context(0, 'A'), quorum(4, 1, 1))).toBe(true);
  });

  it('does not count votes with a base above the height, neither for T nor for a rival', () => {
    const votes = votesOf('', '', '', '', '', 'A').map((vote) => ({
      ...vote,
      base: vote.signer === 5 ? 3 : 0,
    }));
    const one = facts('T', votes);
    expect(scoreOf(one, context(2))).toEqual({
      votes: 5,
      score: 5,
      rivals: [{ id: 'A', listed: 0 }],
      missing: 1,
    });
    expect(scoreOf(one, context(3))).toMatchObject({ votes: 6, score: 5, missing: 0 });
  });

  it('needs robust verdicts', () => {
    const votes = votesOf('', '', '', '').map((vote) => ({ ...vote, rejects: vote.signer === 0 ? [0] : [] }));
    expect(isFinal(facts('T', votes), context(0), quorum(4, 1, 1))).toBe(false);
    expect(scoreOf(facts('T', votes), context(0)).score).toBe(4);
  });
});

// Protocol section 5, "it is tight": with slack 1 at n = 4 a score and a block disagree.
describe('the counter-example at n = 4', () => {
  const [s0, liar, s1, s2] = [0, 3, 1, 2];
  const vote = (signer: number, before: string) => ({
    signer,
    base: 0,
    before: before ? [before] : [],
    rejects: [],
  });
  const certificateOfT = facts('T', [vote(s0, ''), vote(liar, ''), vote(s1, 'U')]);
  const certificateOfU = facts('U', [vote(liar, ''), vote(s1, ''), vote(s2, '')]);
  const sound = quorum(4, 1, 1);
  const tooMuch = { ...sound, slack: 1, threshold: 3 };

  it('orders {T} by a block in which U is absent', () => {
    const block = largestClosed([certificateOfT], () => false);
    expect(linearize(block, new Map([[id('T'), [id('U')]]]), (one) => one, sound).order).toEqual(['T']);
  });
  it('delivers U first by score with slack 1, and not with the slack of section 1', () => {
    expect(isFinal(certificateOfU, context(0), tooMuch)).toBe(true);
    expect(isFinal(certificateOfU, context(0), sound)).toBe(false);
  });
});

describe('verdicts', () => {
  it('equal the oracle', () => {
    fc.assert(
      fc.property(anyCase, ({ one, limits }) => {
        const votes = plainVotes(one);
        const expected = Array.from({ length: one.count }, (_, i) =>
          votes.filter((vote) => !vote.rejects.includes(i)).length > votes.length / 2
            ? 'executed'
            : 'rejected',
        );
        expect(verdictsOf(one)).toEqual(expected);
        const robust = expected.every((verdict, i) => {
          let otherwise = limits.n - votes.length;
          for (const vote of votes)
            if ((vote.rejects.includes(i) ? 'rejected' : 'executed') !== verdict) otherwise += 1;
          return otherwise <= limits.slack;
        });
        expect(verdictsRobust(one, limits)).toBe(robust);
      }),
      { numRuns: 500 },
    );
  });

  it('rejects on a tie, whatever the base', () => {
    const votes = votesOf('', '', '', '').map((vote) => ({
      ...vote,
      base: vote.signer,
      rejects: vote.signer < 2 ? [1] : [],
    }));
    expect(verdictsOf(facts('T', votes, { count: 2 }))).toEqual(['executed', 'rejected']);
  });
});
