/** The submission stream's two messages: there and back, and whatever a stranger may send in their place. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import type { Height } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { type Answers, decodeAnswers, encodeAnswers } from '../../src/messages/answers.ts';
import type { ErrorJson } from '../../src/messages/http.ts';
import type { Ancestor, BatchProof } from '../../src/messages/receipt.ts';
import { decodeSubmit, encodeSubmit, ticketAfter } from '../../src/messages/submission.ts';
import { encodedTransaction, transactionId } from '../../src/messages/transaction.ts';
import { TestChain, World } from '../verify/support.ts';

const world = new World(4, 1, 1);
const names = ['a', 'b', 'c'];
const list = [
  ...names.map((name) => encodedTransaction(world.transaction(name))),
  encodedTransaction(world.transaction('wild', undefined)),
  encodedTransaction({
    ...world.transaction('signed'),
    client: new Uint8Array(32).fill(1),
    signature: new Uint8Array(64).fill(2),
  }),
];
const head = { first: 0xffff_fffe, wait: 'order', timeoutMs: 1200 } as const;

describe('a submit message', () => {
  it('brings the transactions, their ids and the very bytes', () => {
    const message = must(decodeSubmit(encodeSubmit(head, list)));
    expect(message).toMatchObject(head);
    expect(message.transactions).toEqual(list.map((one) => ({ ...one, size: one.raw.length })));
    for (const { id, transaction } of message.transactions) expect(id).toBe(transactionId(transaction));
    expect([0, 1, 2].map((i) => ticketAfter(message.first, i))).toEqual([0xffff_fffe, 0xffff_ffff, 0]);
  });

  it('gives times in steps, never shorter than asked', () => {
    for (const [asked, given] of [
      [0, 0],
      [1, 100],
      [100, 100],
      [59_999, 60_000],
    ] as const)
      expect(must(decodeSubmit(encodeSubmit({ ...head, timeoutMs: asked }, list))).timeoutMs).toBe(given);
  });

  it('is decoded or refused, whatever it is', () => {
    const good = encodeSubmit(head, list);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeSubmit(bytes).ok).toBe(false);
        expect(decodeSubmit(Uint8Array.of(1, ...bytes)).ok).toBe(false);
      }),
    );
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
        const bytes = good.slice();
        bytes[at] = value;
        const decoded = decodeSubmit(bytes);
        // What is taken has one encoding: the one that came.
        if (decoded.ok) expect(encodeSubmit(decoded.value, decoded.value.transactions)).toEqual(bytes);
      }),
      { numRuns: 1000 },
    );
    for (let length = 0; length < good.length; length++)
      expect(decodeSubmit(good.slice(0, length)).ok).toBe(false);
  });
});

const chain = new TestChain(world);
const batches = [1, 2, 3].map((number) => {
  const batch = world.batch(0, number, names);
  return { batch, certificate: world.unanimous(batch) };
});
chain.commit([batches[0]!]);
const place = chain.proofs.of(batches[0]!.batch.id)!;
const proofOf = (i: number, rest: { ancestors: Ancestor[] } | { proof: typeof place }): BatchProof => {
  const { batch, certificate } = batches[i]!;
  const common = { batch: { header: batch.header, signature: batch.signature }, certificate };
  return 'ancestors' in rest
    ? { finality: 'score', ...common, ...rest }
    : { finality: 'order', ...common, ...rest };
};
const ancestors: Ancestor[] = [
  { kind: 'order', header: batches[0]!.batch.header, proof: place },
  { kind: 'score', header: batches[1]!.batch.header, certificate: batches[1]!.certificate },
];
const error: ErrorJson = {
  code: 'OVERLOADED',
  message: 'süß',
  retryable: true,
  retryAfterMs: 5,
  outcome: 'rejected',
};
const { retryAfterMs: _, ...plain } = error;
const hashes = [utf8('x'.repeat(32))];
const full: Answers = {
  accepted: [1, 0xffff_ffff],
  open: [2],
  errors: [
    { tickets: [3, 4], error },
    { tickets: [5], error: { ...plain, outcome: 'unknown', retryable: false } },
  ],
  proofs: [
    { proof: proofOf(0, { proof: place }), tickets: [6], indices: [1], hashes },
    { proof: proofOf(2, { ancestors }), tickets: [7, 8], indices: [0, 2], hashes: [] },
    { proof: proofOf(1, { ancestors: [] }), tickets: [9], indices: [1], hashes },
  ],
};
const empty: Answers = { accepted: [], open: [], errors: [], proofs: [] };
const decoded = (bytes: Uint8Array) => decodeAnswers(bytes, world.n, new Map());

describe('an answers message', () => {
  it('brings what was answered, and a chain once', () => {
    for (const answers of [empty, full])
      expect(must(decoded(encodeAnswers(answers, world.n)))).toEqual(answers);
    const length = (proofs: Answers['proofs']): number => encodeAnswers({ ...empty, proofs }, world.n).length;
    const [first] = full.proofs;
    const block = chain.at(1 as Height)!;
    expect(length([first!, first!])).toBeLessThan(2 * length([first!]) - 32 * block.entries.length);
  });

  it('gives the same parts the same objects', () => {
    const memo = new Map<string, object>();
    const once = () => must(decodeAnswers(encodeAnswers(full, world.n), world.n, memo)).proofs;
    const [one, two] = [once(), once()];
    for (const i of [0, 1, 2]) {
      expect(one[i]!.proof.certificate).toBe(two[i]!.proof.certificate);
      expect(one[i]!.proof.batch).toBe(two[i]!.proof.batch);
    }
  });

  it('is decoded or refused, whatever it is', () => {
    const good = encodeAnswers(full, world.n);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(decoded(bytes).ok).toBe(false);
        decoded(Uint8Array.of(2, ...bytes));
      }),
    );
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, value) => {
        const bytes = good.slice();
        bytes[at] = value;
        const answers = decoded(bytes);
        if (answers.ok && at > 0)
          expect(encodeAnswers(answers.value, world.n).length).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 1000 },
    );
    for (let length = 0; length < good.length; length += 7)
      expect(decoded(good.slice(0, length)).ok).toBe(false);
    expect(decoded(Uint8Array.of(...good, 0)).ok).toBe(false);
  });

  it('is refused when a proof is two things, or nothing, or names no chain', () => {
    const refused = (proofs: Answers['proofs']) =>
      expect(decoded(encodeAnswers({ ...empty, proofs }, world.n)).ok).toBe(false);
    const [order, score] = full.proofs;
    refused([{ ...score!, tickets: [] }]);
    refused([{ ...score!, indices: [0] }]);
    const both = { ...order!.proof, ancestors } as unknown as BatchProof;
    expect(decoded(encodeAnswers({ ...empty, proofs: [{ ...order!, proof: both }] }, world.n)).ok).toBe(true);
  });
});
