/**
 * Why a rival may be excused by a used number only in the committed order (protocol section 5).
 *
 * A liar gives two batches A and B one number. A is final by score, B is not, so B will be void. But B is
 * still an entry of the block that holds A, and a void entry still wins and loses pairs. When "its number
 * is used in O" excuses B as a rival of T, a node delivers T by score although B may be T's ancestor,
 * and a cycle T -> W -> B -> T overturns T -> W in the block. Once A is committed B can be in no block.
 *
 * The witness needs four batches, and slack for one signer that accepted B first (else f + 1 votes never
 * list B, and no honest signer that accepted A may accept B). Every honest signer in it keeps the rules.
 */

import { expect, test } from 'vitest';
import type { BatchId, Height } from '../../src/base/ids.ts';
import { signerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { linearize } from '../../src/ordering/linearize.ts';
import { quorumOf } from '../../src/ordering/quorum.ts';
import { isFinal } from '../../src/ordering/score.ts';
import { type Certificate, derive, gapOf, has, members, score } from './oracle.ts';
import { survey } from './survey.ts';
import { correctRules, shapesOf } from './worlds.ts';

const federation = { n: 6, f: 1, t: 1 };
const threshold = 5;
const [A, B, T, W] = [0, 1, 2, 3] as const;
const names = 'ABTW';
const everything = 0b1111;
const conflicts = [A, B, T, W].map((x) => everything & ~(1 << x));

/** Arrival orders; the sixth signer lies. s1 accepts A once it is certified, the others B once s1 and s6 list it. */
const arrivals = ['B A T W', 'A B T W', 'A T W B', 'A T W B', 'A W B T'];

const setOf = (text: string): number =>
  [...text.replaceAll(' ', '')].reduce((set, name) => set | (1 << names.indexOf(name)), 0);

/** The certificate of a batch by these honest signers (from 1) and a liar who lists `lie`. */
function certificate(batch: number, signers: readonly number[], lie: string): Certificate {
  const votes = arrivals.map((line, i) => {
    const earlier = line.slice(0, line.indexOf(names[batch]!));
    return signers.includes(i + 1) ? { base: 0, before: setOf(earlier), rejects: 0 } : undefined;
  });
  return { batch, after: 0, votes: [...votes, { base: 0, before: setOf(lie), rejects: 0 }] };
}

const all = [1, 2, 3, 4, 5];
const firstA = certificate(A, all, '');
const firstT = certificate(T, all, '');
const block = [
  certificate(A, all, ''),
  certificate(B, all, 'A W'),
  certificate(T, [2, 3, 4, 5], 'A B W'),
  certificate(W, [2, 3, 4, 5], 'A'),
];

test('a node that excuses B delivers T before W, and a valid block orders W before T', () => {
  expect(score(firstA, 0, 0).score).toBe(threshold);
  expect(score(firstT, 0, setOf('A B')).score).toBe(threshold);
  expect(block.map((entry) => gapOf(entry, everything))).toEqual([0, 0, 0, 0]);
  const { order, pairs, tied } = derive(block, conflicts, [0, 1, 2, 3], [0, 1, 2, 3], federation.f);
  expect(order.map((x) => names[x]).join(' ')).toBe('A W B T');
  expect(tied).toBe(false);
  expect(pairs.find((pair) => pair.winner === T)).toEqual({ winner: T, loser: W, for: 3, against: 2 });
});

test('a node that counts B as a rival until A is committed does not deliver T', () => {
  expect(score(firstT, 0, setOf('A')).score).toBe(3);
});

test('the engine answers the same: all depends on what it calls settled', () => {
  const quorum = must(quorumOf(federation.n, federation.f, federation.t));
  const id = (x: number): BatchId => `${x}`.padStart(64, '0') as BatchId;
  const facts = (one: Certificate) => ({
    id: id(one.batch),
    after: [],
    count: 1,
    classes: one.votes.flatMap((vote, i) =>
      vote
        ? [{ base: 0 as Height, before: members(vote.before).map(id), rejects: [], signers: [signerId(i)] }]
        : [],
    ),
  });
  const settled = (set: number) => ({ height: 0, settled: (one: BatchId) => has(set, Number(one)) });
  expect(isFinal(facts(firstT), settled(setOf('A B')), quorum)).toBe(true);
  expect(isFinal(facts(firstT), settled(setOf('A')), quorum)).toBe(false);
  const graph = new Map([A, B, T, W].map((x) => [id(x), members(conflicts[x]!).map(id)]));
  const { order } = linearize(block.map(facts), graph, (one) => one, quorum);
  expect(order).toEqual([A, W, B, T].map(id));
});

test('three batches do not show it, in any federation of the section', { timeout: 120_000 }, () => {
  for (const [n, f, t] of [
    [4, 1, 1],
    [5, 1, 1],
    [6, 1, 1],
  ] as const) {
    const rules = { ...correctRules, excuseDelivered: true };
    expect(survey({ n, f, t }, rules, shapesOf(3, [0b011, 0b011, 0b100])).found).toBeUndefined();
  }
});
