/** The `order` command against an oracle that reads the interface document sentence by sentence. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { must } from '../../../src/base/result.ts';
import { parseArrivals } from '../../../src/cli/order/arrivals.ts';
import { orderCommand, runOrder } from '../../../src/cli/order/order.ts';
import type { Quorum } from '../../../src/ordering/quorum.ts';
import { oracleLinearize } from '../../ordering/oracle.ts';
import { anyQuorum, type Block, facts, id } from '../../ordering/support.ts';

interface Plain {
  readonly quorum: Quorum;
  readonly keys: Record<string, readonly string[]>;
  readonly lines: readonly (readonly string[])[];
  readonly claims: readonly { signer: number; batch: string; list: readonly string[] }[];
}

const names = ['A', 'B', 'C', 'D', 'E'];

const anyPlain: fc.Arbitrary<Plain> = anyQuorum(9).chain((quorum) =>
  fc
    .record({
      size: fc.integer({ min: 1, max: names.length }),
      keys: fc.array(
        fc.oneof(
          { weight: 6, arbitrary: fc.subarray(['a', 'b', 'c'], { minLength: 2 }) },
          { weight: 1, arbitrary: fc.constantFrom<string[]>([], ['*']) },
        ),
        { minLength: names.length, maxLength: names.length },
      ),
      // Close to one order with few exceptions, or anything.
      calm: fc.boolean(),
      lines: fc.array(fc.shuffledSubarray(names, { minLength: 4 }), {
        minLength: quorum.n,
        maxLength: quorum.n,
      }),
      swaps: fc.array(fc.nat(6), { minLength: quorum.n, maxLength: quorum.n }),
      claims: fc.array(
        fc.record({
          signer: fc.nat(quorum.n - 1),
          batch: fc.constantFrom(...names),
          list: fc.subarray(names),
        }),
        { maxLength: 3 },
      ),
    })
    .map(({ size, keys, calm, lines, swaps, claims }) => {
      const held = names.slice(0, size);
      const only = (list: readonly string[]): string[] => list.filter((name) => held.includes(name));
      const calmLine = (i: number): string[] => {
        const line = [...names].reverse();
        const at = swaps[i]!;
        if (at < 4) [line[at], line[at + 1]] = [line[at + 1]!, line[at]!];
        return i % 4 === 0 && at === 4 ? line.slice(1) : line;
      };
      const seen = new Set<string>();
      return {
        quorum,
        keys: Object.fromEntries(held.map((name, i) => [name, keys[i]!])),
        lines: lines.map((line, i) => only(calm ? calmLine(i) : line)),
        claims: claims
          .map((claim) => ({ ...claim, list: only(claim.list).filter((name) => name !== claim.batch) }))
          .filter(({ signer, batch }) => {
            const fresh = held.includes(batch) && !seen.has(`${signer} ${batch}`);
            seen.add(`${signer} ${batch}`);
            return fresh;
          }),
      };
    }),
);

const render = ({ quorum, keys, lines, claims }: Plain): string =>
  [
    `signers ${quorum.n} byzantine ${quorum.f} faulty ${quorum.t} # header`,
    ...claims.map(({ signer, batch, list }) => `s${signer + 1} to ${batch}: ${list.join(' ')}`),
    '',
    ...lines.map((line, i) => `s${i + 1}:  ${line.join('  ')}# line`),
    ...Object.entries(keys).map(([name, list]) => `keys ${name} ${list.join(' ')}`),
  ].join('\n');

function conflict(a: readonly string[], b: readonly string[]): boolean {
  if (a.length === 0 || b.length === 0) return false;
  return a.includes('*') || b.includes('*') || a.some((key) => b.includes(key));
}

/** What the engine's rule gives, by exhaustive means. */
function oracle({ quorum, keys, lines, claims }: Plain) {
  const all = Object.keys(keys).sort();
  const rivalsOf = (name: string): string[] =>
    all.filter((other) => other !== name && conflict(keys[name]!, keys[other]!));
  const votes = new Map(
    all.map((name) => [
      name,
      lines.flatMap((line, signer) => {
        const claim = claims.find((one) => one.signer === signer && one.batch === name);
        if (claim) return [{ signer, base: 0, rejects: [], before: claim.list }];
        if (!line.includes(name)) return [];
        const earlier = line.slice(0, line.indexOf(name));
        return [{ signer, base: 0, rejects: [], before: earlier.filter((x) => rivalsOf(name).includes(x)) }];
      }),
    ]),
  );
  const listed = (name: string, other: string): number =>
    votes.get(name)!.filter((vote) => vote.before.includes(other)).length;
  const delivered: string[] = [];
  const score = (name: string): number => {
    const v = votes.get(name)!.length;
    const rivals = all.filter((other) => listed(name, other) > 0 && !delivered.includes(other));
    return Math.min(v, ...rivals.map((other) => v - listed(name, other)));
  };
  const certified = all.filter((name) => votes.get(name)!.length >= quorum.q);
  const scores = new Map<string, number>();
  for (;;) {
    const next = certified.find(
      (name) => !delivered.includes(name) && score(name) >= quorum.n - quorum.slack,
    );
    if (next === undefined) break;
    scores.set(next, score(next));
    delivered.push(next);
  }
  const byScore = [...delivered];
  let held = certified;
  for (;;) {
    const closed = held.filter((name) =>
      all.every((other) => held.includes(other) || 2 * listed(name, other) <= votes.get(name)!.length),
    );
    if (closed.length === held.length) break;
    held = closed;
  }
  const block: Block = {
    quorum,
    entries: held.map((name) => facts(name, votes.get(name)!)),
    conflicts: new Map(all.map((name) => [id(name), rivalsOf(name).map(id)])),
    tie: (one) => one,
  };
  const derived = oracleLinearize(block);
  const order = [...byScore, ...derived.order.filter((name) => !byScore.includes(name))];
  return {
    rule: 'engine',
    quorum: quorum.q,
    slack: quorum.slack,
    threshold: quorum.threshold,
    batches: Object.fromEntries(
      all.map((name) => [
        name,
        {
          votes: votes.get(name)!.length,
          rivals: Object.fromEntries(
            all.filter((other) => listed(name, other) > 0).map((other) => [other, listed(name, other)]),
          ),
          score: scores.get(name) ?? score(name),
          final: byScore.includes(name) ? 'score' : held.includes(name) ? 'order' : 'open',
          rank: order.includes(name) ? order.indexOf(name) + 1 : null,
        },
      ]),
    ),
    pairs: derived.pairs
      .map((pair) => ({ first: pair.winner, second: pair.loser, for: pair.for, against: pair.against }))
      .sort((a, b) => (`${a.first} ${a.second}` < `${b.first} ${b.second}` ? -1 : 1)),
    cycles: derived.cycles,
    order,
    open: all.filter((name) => !order.includes(name)),
  };
}

const answer = (plain: Plain) => must(orderCommand(render(plain), 'engine')).json;

describe('order --rule engine', () => {
  it('equals the oracle on random arrival files', () => {
    fc.assert(
      fc.property(anyPlain, (plain) => {
        expect(answer(plain)).toEqual(oracle(plain));
      }),
      { numRuns: 1000 },
    );
  });

  it('sees every outcome and cycles, so that the comparison covers them', () => {
    const finals = new Set<string>();
    let cycles = 0;
    for (const plain of fc.sample(anyPlain, { numRuns: 400, seed: 4 })) {
      const result = answer(plain);
      for (const batch of Object.values(result.batches)) finals.add(batch.final);
      cycles += result.cycles.length;
    }
    expect([...finals].sort()).toEqual(['open', 'order', 'score']);
    expect(cycles).toBeGreaterThan(20);
  });

  // Section 5, the safety argument: with at most f liars, no pair is turned between the score and the block.
  it('never delivers by score against the order of the block', () => {
    fc.assert(
      fc.property(anyPlain, (plain) => {
        const liars = new Set(plain.claims.map((claim) => claim.signer));
        fc.pre(liars.size <= plain.quorum.f);
        const result = answer(plain);
        const byScore = result.order.filter((name) => result.batches[name]!.final === 'score');
        for (const pair of result.pairs)
          if (byScore.includes(pair.first) || byScore.includes(pair.second))
            expect(result.order.indexOf(pair.first)).toBeLessThan(result.order.indexOf(pair.second));
      }),
      { numRuns: 500 },
    );
  });

  it('answers in the same way for hundreds of batches, quickly', () => {
    const many = Array.from({ length: 300 }, (_, i) => `b${i}`);
    const text = [
      'signers 7 byzantine 1 faulty 1',
      ...many.map((name, i) => `keys ${name} d${i % 5}`),
      ...Array.from({ length: 7 }, (_, s) => `s${s + 1}: ${(s < 3 ? many : [...many].reverse()).join(' ')}`),
    ].join('\n');
    const result = must(orderCommand(text, 'engine')).json;
    expect(result.order).toHaveLength(300);
    expect(result.open).toEqual([]);
  });
});

describe('order --rule source', () => {
  it('places every batch with a quorum once, and keeps each pair that is not in a cycle', () => {
    fc.assert(
      fc.property(anyPlain, (plain) => {
        const result = runOrder(must(parseArrivals(render(plain))), 'source');
        const certified = Object.keys(result.batches).filter(
          (name) => result.batches[name]!.votes >= plain.quorum.q,
        );
        expect([...result.order].sort()).toEqual(certified.sort());
        for (const pair of result.pairs) {
          const together = result.cycles.some((one) => one.includes(pair.first) && one.includes(pair.second));
          if (!together)
            expect(result.order.indexOf(pair.first)).toBeLessThan(result.order.indexOf(pair.second));
        }
      }),
    );
  });
});

describe('parseArrivals', () => {
  it('refuses or accepts any text, and never throws', () => {
    const line = fc
      .array(
        fc.constantFrom(
          'signers',
          '4',
          'byzantine',
          '1',
          'keys',
          'T',
          'U',
          's1',
          's2',
          'to',
          ':',
          '#',
          '*',
          ' ',
        ),
        {
          maxLength: 8,
        },
      )
      .map((words) => words.join(' '));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.array(line).map((lines) => ['signers 4', ...lines].join('\n')),
        ),
        (text) => {
          const result = parseArrivals(text);
          if (!result.ok) expect(result.error.message).not.toContain('\n');
        },
      ),
      { numRuns: 500 },
    );
  });

  it('reads defaults, any line ends and names that objects have already', () => {
    const result = orderCommand(
      'signers 7\r\nkeys __proto__ a\r\nkeys constructor a\r\ns1: __proto__ constructor\r\n',
      'engine',
    );
    const { json } = must(result);
    expect([json.quorum, json.slack, json.threshold]).toEqual([5, 0, 7]);
    expect(Object.entries(json.batches).map(([name, batch]) => [name, Object.entries(batch.rivals)])).toEqual(
      [
        ['__proto__', []],
        ['constructor', [['__proto__', 1]]],
      ],
    );
  });
});
