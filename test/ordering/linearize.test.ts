import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BatchId, BlockDigest } from '../../src/base/ids.ts';
import { layout } from '../../src/ordering/components.ts';
import { linearize } from '../../src/ordering/linearize.ts';
import { compareLines, lineOf } from '../../src/ordering/lines.ts';
import { pairTally, statementsOf } from '../../src/ordering/pairs.ts';
import { lockPairs } from '../../src/ordering/ranked-pairs.ts';
import { bitCount } from '../../src/ordering/signer-mask.ts';
import { blockTie } from '../../src/ordering/tie.ts';
import { type OraclePair, oracleD, oracleLayout, oracleLinearize, oraclePair, reachable } from './oracle.ts';
import { anyBlock, type Block, facts, honestBlock, id, quorum, votesOf } from './support.ts';

const name = (one: BatchId): string => one;
const run = (block: Block) => linearize(block.entries, block.conflicts, block.tie, block.quorum);
const byPair = (a: OraclePair, b: OraclePair): number =>
  a.winner < b.winner ? -1 : a.winner > b.winner ? 1 : a.loser < b.loser ? -1 : 1;

describe('pairs', () => {
  it('equal the oracle', () => {
    fc.assert(
      fc.property(anyBlock(2, 40), (block) => {
        const held = new Map(block.entries.map((entry) => [entry.id, 0]));
        const [t, u] = block.entries;
        if (!t || !u) return;
        const n = block.quorum.n;
        const tally = pairTally(statementsOf(t, n, held), statementsOf(u, n, held), block.tie);
        expect(tally).toEqual(oraclePair(t, u, n, block.tie));
        // The same whichever is named first.
        expect(pairTally(statementsOf(u, n, held), statementsOf(t, n, held), block.tie)).toEqual(tally);
      }),
    );
  });

  it('discards a signer whose statements disagree, and keeps one that stands in one certificate', () => {
    // s0: both agree on T; s1: lists each in the other; s2: lists neither; s3: only on U, listing T.
    const t = facts('T', votesOf('', 'U', '', '-'));
    const u = facts('U', votesOf('T', 'T', '', 'T'));
    const held = new Map([t, u].map((one) => [one.id, 0]));
    expect(pairTally(statementsOf(t, 4, held), statementsOf(u, 4, held), name)).toEqual({
      winner: 'T',
      loser: 'U',
      for: 2,
      against: 0,
      margin: 2,
    });
  });

  it('breaks a tie by the tie function and not by the id', () => {
    const t = facts('T', votesOf('', 'U'));
    const u = facts('U', votesOf('T', ''));
    const held = new Map([t, u].map((one) => [one.id, 0]));
    const reversed = (one: BatchId): string => (one === 'T' ? '2' : '1');
    expect(pairTally(statementsOf(t, 2, held), statementsOf(u, 2, held), reversed).winner).toBe('U');
  });

  it('counts bits', () => {
    for (const word of [0, 1, -1, 0x80000000 | 0, 0x55555555, 0x7fffffff, -2])
      expect(bitCount(word)).toBe((word >>> 0).toString(2).replaceAll('0', '').length);
  });
});

describe('lines', () => {
  it('equal the oracle', () => {
    fc.assert(
      fc.property(anyBlock(4, 9), fc.nat(3), (block, f) => {
        const held = new Map(block.entries.map((entry) => [entry.id, 0]));
        for (const a of block.entries)
          for (const b of block.entries)
            expect(compareLines(lineOf(a, held), lineOf(b, held), f)).toBe(
              oracleD(a, b, [...held.keys()], f),
            );
      }),
      { numRuns: 300 },
    );
  });

  it('cuts the odd one off the high end', () => {
    // 4 against 3 votes and f = 1: the middle one of each. [0 1 8 9] loses 0, 8 and 9, and 1 is left.
    expect(compareLines([0, 1, 8, 9], [0, 2, 9], 1)).toBe(1);
    expect(compareLines([0, 3, 8, 9], [0, 2, 9], 1)).toBe(-1);
    expect(compareLines([0, 9], [5, 5], 1)).toBe(0);
  });

  it('ranks by the entries of the block, `after` included and counted once', () => {
    const one = facts('T', votesOf('A B X', 'B', ''), { after: ['B', 'C', 'X'] });
    expect(lineOf(one, new Set([id('A'), id('B'), id('C'), id('T')]))).toEqual([2, 2, 3]);
  });
});

const graphs = fc.integer({ min: 2, max: 7 }).chain((size) =>
  fc.record({
    size: fc.constant(size),
    edges: fc.uniqueArray(
      fc.tuple(fc.nat(size - 1), fc.nat(size - 1)).filter(([a, b]) => a !== b),
      { maxLength: 14, selector: ([a, b]) => a * 10 + b },
    ),
  }),
);

describe('components', () => {
  it('equal the oracle', () => {
    fc.assert(
      fc.property(graphs, ({ size, edges }) => {
        const graph: number[][] = Array.from({ length: size }, () => []);
        for (const [a, b] of edges) graph[a]!.push(b);
        const nodes = graph.map((_, i) => `${i}`);
        const expected = oracleLayout(
          nodes,
          edges.map(([a, b]) => [`${a}`, `${b}`]),
        );
        expect(layout(graph)).toEqual(expected.map((members) => members.map(Number)));
      }),
      { numRuns: 500 },
    );
  });

  it('takes chains and cycles of a hundred thousand nodes', () => {
    const size = 100_000;
    const chain = Array.from({ length: size }, (_, i) => (i > 0 ? [i - 1] : []));
    expect(layout(chain)[0]).toEqual([size - 1]);
    expect(layout([[size - 1], ...chain.slice(1)])).toHaveLength(1);
  });
});

describe('ranked pairs', () => {
  it('equal the oracle', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.array(fc.tuple(fc.nat(39), fc.nat(39))),
        (size, draws) => {
          const pairs = draws.filter(([a, b]) => a < size && b < size && a !== b);
          const locked: [string, string][] = [];
          for (const [a, b] of pairs)
            if (!reachable(locked, `${b}`).has(`${a}`)) locked.push([`${a}`, `${b}`]);
          const found = lockPairs(
            size,
            pairs.map(([winner, loser]) => ({ winner, loser })),
          );
          expect(found.flatMap((successors, a) => successors.map((b) => `${a}>${b}`)).sort()).toEqual(
            locked.map(([a, b]) => `${a}>${b}`).sort(),
          );
        },
      ),
    );
  });
});

describe('linearize', () => {
  it.each([
    ['any votes', anyBlock(6, 7)],
    ['honest votes', honestBlock(5, 6)],
  ])('equals the oracle on %s', (_, blocks) => {
    fc.assert(
      fc.property(blocks, (block) => {
        const expected = oracleLinearize(block);
        const found = run(block);
        expect(found.order).toEqual(expected.order);
        expect(found.cycles).toEqual(expected.cycles);
        expect(found.pairs).toEqual(expected.pairs.sort(byPair));
      }),
      { numRuns: 600 },
    );
  });

  it('does not depend on the order in which entries are given', () => {
    fc.assert(
      fc.property(anyBlock(6, 6), (block) => {
        expect(run({ ...block, entries: [...block.entries].reverse() }).order).toEqual(run(block).order);
      }),
    );
  });

  it('sees cycles on random input, so that the comparison covers them', () => {
    const sample = fc.sample(honestBlock(5, 6), { numRuns: 200, seed: 7 });
    expect(sample.filter((block) => run(block).cycles.length > 0).length).toBeGreaterThan(20);
  });

  // The smallest id of each component decides, also when the component is a cycle whose first batch is not
  // its smallest.
  it('lays out by the bare id, although pairs are decided by ties', () => {
    const entries = ['A', 'B', 'C'].map((one) => facts(one, votesOf('', '', '')));
    const backwards = (one: BatchId): string => ({ A: '3', B: '2', C: '1' })[one as string]!;
    expect(linearize(entries, new Map(), backwards, quorum(3, 0, 0)).order).toEqual(['A', 'B', 'C']);
    const conflicts = new Map<BatchId, BatchId[]>([
      [id('A'), [id('C')]],
      [id('C'), [id('A')]],
    ]);
    expect(linearize(entries, conflicts, backwards, quorum(3, 0, 0)).order).toEqual(['B', 'C', 'A']);
  });

  it('refuses an entry given twice', () => {
    const one = facts('A', votesOf(''));
    expect(() => linearize([one, one], new Map(), name, quorum(1, 0, 0))).toThrow('twice');
  });

  it('keeps one ingress stream in its order, thousands long, in well under the time of a view', () => {
    const size = 3000;
    const chain = 64;
    const names = Array.from({ length: size }, (_, i) => `b${`${i}`.padStart(5, '0')}`);
    const all = Array.from({ length: 100 }, () => '');
    const group = (i: number): string[] =>
      names.filter((_, j) => Math.floor(j / chain) === Math.floor(i / chain));
    const entries = names.map((one, i) =>
      facts(one, votesOf(...all), { after: group(i).filter((other) => other < one) }),
    );
    const conflicts = new Map(
      names.map((one, i) => [
        id(one),
        group(i)
          .filter((x) => x !== one)
          .map(id),
      ]),
    );
    const result = linearize(entries.reverse(), conflicts, (one) => one, quorum(100, 10, 10));
    expect(result.order).toEqual(names);
    expect(result.cycles).toEqual([]);
  });
});

describe('blockTie', () => {
  it('depends on the parent and on the batch', () => {
    const digestOf = (digit: string): string => digit.repeat(64);
    const [p, q] = [digestOf('1') as BlockDigest, digestOf('2') as BlockDigest];
    const [t, u] = [digestOf('a') as BatchId, digestOf('b') as BatchId];
    const ties = [blockTie(p)(t), blockTie(p)(u), blockTie(q)(t), blockTie(q)(u)];
    expect(new Set(ties).size).toBe(4);
    expect(blockTie(p)(t)).toBe(ties[0]);
    // Frozen: every node must compute the same.
    expect(ties[0]).toMatchInlineSnapshot(
      `"4b91a1edbe20796b4114bd3dc1e2af40a3f5afcfb9162196b71976205a630885"`,
    );
  });
});
