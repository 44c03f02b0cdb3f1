import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  closureGap,
  largestClosed,
  majorityListed,
  smallestClosedContaining,
} from '../../src/ordering/closure.ts';
import type { Facts } from '../../src/ordering/facts.ts';
import { anyBlock, facts, id, ids, plainVotes, votesOf } from './support.ts';

const never = (): boolean => false;

/** Section 6, rule 2, as it is written. */
function closedOracle(entries: readonly Facts[], settled: (name: string) => boolean): boolean {
  return entries.every((entry) => {
    const votes = plainVotes(entry);
    const named = new Set(votes.flatMap((vote) => [...vote.listed]));
    return [...named].every(
      (name) =>
        settled(name) ||
        entries.some((other) => other.id === name) ||
        votes.filter((vote) => vote.listed.has(name)).length <= votes.length / 2,
    );
  });
}

const subsets = (all: readonly Facts[]): Facts[][] =>
  Array.from({ length: 2 ** all.length }, (_, mask) => all.filter((_, i) => (mask >> i) & 1));

const anyCase = fc.record({
  block: anyBlock(5, 7),
  settled: fc.subarray(['A', 'Y', 'Z'], { minLength: 0 }),
});

describe('closure', () => {
  it('finds a gap exactly in the sets that are not closed', () => {
    fc.assert(
      fc.property(anyCase, ({ block, settled }) => {
        const isSettled = (name: string): boolean => settled.includes(name);
        for (const set of subsets(block.entries)) {
          const gap = closureGap(set, isSettled);
          expect(gap === undefined).toBe(closedOracle(set, isSettled));
          if (gap) expect(majorityListed(set.find((one) => one.id === gap.batch)!)).toContain(gap.missing);
        }
      }),
    );
  });

  it('finds the largest closed subset, and the smallest one with a given batch', () => {
    fc.assert(
      fc.property(anyCase, ({ block, settled }) => {
        const isSettled = (name: string): boolean => settled.includes(name);
        const closed = subsets(block.entries).filter((set) => closedOracle(set, isSettled));
        const union = block.entries.filter((entry) => closed.some((set) => set.includes(entry)));
        expect(largestClosed(block.entries, isSettled)).toEqual(union);
        const candidates = new Map(block.entries.map((entry) => [entry.id, entry]));
        for (const entry of block.entries) {
          const smallest = closed.filter((set) => set.includes(entry)).sort((a, b) => a.length - b.length)[0];
          const found = smallestClosedContaining(entry.id, candidates, isSettled);
          expect(found?.slice().sort()).toEqual(smallest?.map((one) => one.id as string).sort());
          if (found) expect(found[0]).toBe(entry.id);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('half of the votes is not a majority', () => {
    const half = facts('T', votesOf('U', 'U', '', ''));
    expect(majorityListed(half)).toEqual([]);
    expect(majorityListed(facts('T', votesOf('U', 'U', '', '-')))).toEqual(['U']);
    expect(closureGap([half], never)).toBeUndefined();
  });

  it('counts votes of every base', () => {
    const votes = votesOf('U', 'U', '').map((vote) => ({ ...vote, base: 9 }));
    expect(closureGap([facts('T', votes)], never)).toEqual({ batch: 'T', missing: 'U' });
  });

  it('treats `after` as listed by all', () => {
    const one = facts('T', votesOf('', '', ''), { after: ['U'] });
    expect(closureGap([one], never)).toEqual({ batch: 'T', missing: 'U' });
    expect(largestClosed([one], (name) => name === 'U')).toEqual([one]);
    expect(smallestClosedContaining(id('T'), new Map([[one.id, one]]), never)).toBeUndefined();
  });

  it('needs both directions of a mutual majority', () => {
    const t = facts('T', votesOf('U', 'U', ''));
    const u = facts('U', votesOf('T', 'T', ''));
    expect(largestClosed([t, u], never)).toEqual([t, u]);
    expect(largestClosed([t], never)).toEqual([]);
  });

  it('removes a chain of thousands in linear time', () => {
    const chain = Array.from({ length: 20_000 }, (_, i) =>
      facts(`b${i}`, votesOf('', '', '', ''), { after: [`b${i - 1}`] }),
    );
    expect(largestClosed(chain, never)).toEqual([]);
    expect(largestClosed(chain, (name) => name === 'b-1')).toHaveLength(20_000);
    const candidates = new Map(chain.map((one) => [one.id, one]));
    expect(smallestClosedContaining(id('b19999'), candidates, (name) => name === ids('b-1')[0])).toHaveLength(
      20_000,
    );
  });
});
