/** Random certificates and the plain view of them that the oracles use. */

import fc from 'fast-check';
import { type BatchId, height, type SignerId, signerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { compareContent, type VoteClass } from '../../src/messages/vote.ts';
import type { Facts } from '../../src/ordering/facts.ts';
import { type Quorum, quorumOf } from '../../src/ordering/quorum.ts';

export const id = (name: string): BatchId => name as BatchId;
export const ids = (names: string): BatchId[] => names.split(' ').filter(Boolean).map(id);

/** One signer's vote, spelled out. */
export interface PlainVote {
  readonly signer: number;
  readonly base: number;
  readonly before: readonly string[];
  readonly rejects: readonly number[];
}

/** Groups plain votes into classes, as a certificate holds them. */
export function facts(
  name: string,
  votes: readonly PlainVote[],
  options: { after?: readonly string[]; count?: number } = {},
): Facts {
  const classes = new Map<string, VoteClass & { signers: SignerId[] }>();
  for (const vote of votes) {
    const before = [...new Set(vote.before)].sort().map(id);
    const rejects = [...new Set(vote.rejects)].sort((a, b) => a - b);
    const key = JSON.stringify([vote.base, before, rejects]);
    const known = classes.get(key);
    if (known) known.signers.push(signerId(vote.signer));
    else classes.set(key, { base: height(vote.base), before, rejects, signers: [signerId(vote.signer)] });
  }
  return {
    id: id(name),
    after: (options.after ?? []).map(id),
    count: options.count ?? 1,
    classes: [...classes.values()].sort(compareContent),
  };
}

/** Votes of signers 0, 1, 2 ... given as the lists of what each accepted before; `-` does not vote. */
export const votesOf = (...lists: readonly string[]): PlainVote[] =>
  lists.flatMap((list, signer) =>
    list === '-' ? [] : [{ signer, base: 0, before: ids(list), rejects: [] }],
  );

/** Every vote with what it lists, `after` included. */
export const plainVotes = (
  one: Facts,
): { signer: number; base: number; listed: Set<string>; rejects: readonly number[] }[] =>
  one.classes.flatMap((group) =>
    group.signers.map((signer) => ({
      signer,
      base: group.base,
      listed: new Set<string>([...group.before, ...one.after]),
      rejects: group.rejects,
    })),
  );

export const quorum = (n: number, f: number, t: number): Quorum => must(quorumOf(n, f, t));

/** A valid quorum with up to `max` signers. */
export const anyQuorum = (max: number): fc.Arbitrary<Quorum> =>
  fc
    .tuple(fc.integer({ min: 1, max }), fc.nat(2), fc.nat(3))
    .map(([n, f, extra]) => quorumOf(n, f, f + extra))
    .filter((result) => result.ok)
    .map((result) => must(result));

const names = ['A', 'B', 'C', 'D', 'E', 'F', 'G'];

/** Votes on one batch by a random set of signers; lists hold any of `others`. */
const anyVotes = (n: number, others: readonly string[], count: number): fc.Arbitrary<PlainVote[]> =>
  fc
    .array(
      fc.option(
        fc.record({
          base: fc.integer({ min: 0, max: 2 }),
          before: fc.subarray([...others]),
          rejects: fc.subarray(Array.from({ length: count }, (_, i) => i)),
        }),
        { nil: undefined, freq: 6 },
      ),
      { minLength: n, maxLength: n },
    )
    .map((votes) => votes.flatMap((vote, signer) => (vote ? [{ signer, ...vote }] : [])));

/** A certificate of a batch named `name`, of at most `n` votes. */
export const anyFacts = (name: string, n: number, others: readonly string[]): fc.Arbitrary<Facts> =>
  fc
    .nat(3)
    .chain((extra) =>
      fc
        .tuple(
          anyVotes(n, others, extra + 1),
          fc.oneof(
            { weight: 3, arbitrary: fc.constant([]) },
            { weight: 1, arbitrary: fc.subarray([...others]) },
          ),
        )
        .map(([votes, after]) => facts(name, votes, { after, count: extra + 1 })),
    );

export interface Block {
  readonly quorum: Quorum;
  readonly entries: Facts[];
  readonly conflicts: Map<BatchId, BatchId[]>;
  readonly tie: (id: BatchId) => string;
}

/** Entries with any votes at all (every signer may lie), any symmetric conflicts and any ties. */
export const anyBlock = (batches: number, signers: number): fc.Arbitrary<Block> =>
  fc
    .tuple(anyQuorum(signers), fc.integer({ min: 1, max: batches }), fc.integer({ min: 40, max: 100 }))
    .chain(([limits, size, density]) => {
      const held = names.slice(0, size);
      return fc
        .tuple(
          fc.tuple(
            ...held.map((name) => anyFacts(name, limits.n, [...held.filter((x) => x !== name), 'Y', 'Z'])),
          ),
          fc.array(fc.nat(99), { minLength: size * size, maxLength: size * size }),
          fc.shuffledSubarray(held, { minLength: size }),
          fc.shuffledSubarray(held, { minLength: size }),
        )
        .map(([entries, draws, ties, order]) => {
          const conflicts = new Map<BatchId, BatchId[]>(held.map((name) => [id(name), [id('Z')]]));
          held.forEach((a, i) => {
            held.forEach((b, j) => {
              if (i >= j || draws[i * size + j]! >= density) return;
              conflicts.get(id(a))!.push(id(b));
              conflicts.get(id(b))!.push(id(a));
            });
          });
          return {
            quorum: limits,
            entries: order.map((name) => entries.find((entry) => entry.id === name)!),
            conflicts,
            tie: (one: BatchId) => `tie ${ties.indexOf(one)}`,
          };
        });
    });

/** Entries from honest arrival orders: fewer cycles, with small margins. */
export const honestBlock = (batches: number, signers: number): fc.Arbitrary<Block> =>
  fc.tuple(anyQuorum(signers), fc.integer({ min: 2, max: batches })).chain(([limits, size]) => {
    const held = names.slice(0, size);
    return fc
      .tuple(
        fc.array(fc.shuffledSubarray(held, { minLength: size }), {
          minLength: limits.n,
          maxLength: limits.n,
        }),
        fc.shuffledSubarray(held, { minLength: size }),
      )
      .map(([orders, ties]) => ({
        quorum: limits,
        entries: held.map((name) =>
          facts(
            name,
            orders.map((order, signer) => ({
              signer,
              base: 0,
              before: order.slice(0, order.indexOf(name)),
              rejects: [],
            })),
          ),
        ),
        conflicts: new Map(held.map((name) => [id(name), held.filter((x) => x !== name).map(id)])),
        tie: (one: BatchId) => `tie ${ties.indexOf(one)}`,
      }));
  });
