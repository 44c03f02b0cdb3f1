/** A signer's book of transactions with a federation that does what the test says, and sockets of the test's. */

import { expect } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import type { BatchId, Height, TransactionId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import type { EngineEvent } from '../../src/engine/contract.ts';
import { type Answers, decodeAnswers } from '../../src/messages/answers.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { putLeaf } from '../../src/messages/batch-tree.ts';
import type { SizedTransaction, Wait } from '../../src/messages/http.ts';
import { encodeSubmit } from '../../src/messages/submission.ts';
import { type EncodedTransaction, encodedTransaction } from '../../src/messages/transaction.ts';
import type { Delivery } from '../../src/ordering/delivery.ts';
import { Admission } from '../../src/signer/admission.ts';
import { Feed } from '../../src/signer/feed.ts';
import { SubmitSession, SubmitTurns } from '../../src/signer/submit-session.ts';
import { Transactions } from '../../src/signer/transactions.ts';
import { BatchMembers } from '../../src/verify/batch-members.ts';
import { verifyBatchProof } from '../../src/verify/receipt.ts';
import { proveByOrder, proveByScore } from '../../src/verify/receipt-make.ts';
import { TestChain, World } from '../verify/support.ts';
import { turns } from './stage.ts';

export const world = new World(4, 1, 1);
export const make = (name: string, client = 'client'): EncodedTransaction =>
  encodedTransaction({ ...world.transaction(name), client: utf8(client) });

class Socket {
  bufferedAmount = 0;
  reading = true;
  ended: string | undefined;
  /** What was answered, until somebody looks. */
  readonly sent: Uint8Array[] = [];
  readonly failures: unknown[] = [];
  leave: () => void = () => {};
  send(bytes: Uint8Array, sent: () => void): void {
    this.sent.push(bytes);
    this.leave = sent;
  }
  pause(): void {
    this.reading = false;
  }
  resume(): void {
    this.reading = true;
  }
  close(code: number, reason: string): void {
    this.ended = `${code} ${reason}`;
  }
  drop(): void {
    this.ended = 'dropped';
  }
  failed(error: unknown): void {
    this.failures.push(error);
  }
}

/** A signer's book with a federation that does what the test says. */
export function stage(limits = { queueBytesMax: 1e6, outstandingPerClientMax: 1e6 }) {
  const admission = new Admission(limits);
  const feed = new Feed(0 as Height);
  const taken: TransactionId[] = [];
  const chain = new TestChain(world);
  const delivered = new Map<BatchId, Delivery>();
  const seen = new Set<TransactionId>();
  let provable = true;
  const orderOf = (id: BatchId) => {
    const place = chain.proofs.of(id);
    const delivery = delivered.get(id);
    return place && delivery && proveByOrder(delivery, place, world.n);
  };
  const transactions = new Transactions({
    verifier: world.verifier,
    admission,
    feed,
    receipts: {
      score: (delivery) =>
        provable
          ? proveByScore(delivery, { ahead: new Map(), placeProof: () => undefined }, world.quorum)
          : undefined,
      order(id) {
        const place = chain.committed.transactionPlace(id);
        const batch = place && chain.committed.placeAt(place.position)!.batch;
        const proven = batch && orderOf(batch);
        return proven && { proven, index: place.index };
      },
      orderOf,
      isSeen: (id) => seen.has(id),
    },
    submit: (list) => {
      for (const { id } of list as readonly SizedTransaction[]) taken.push(id);
    },
  });
  const shared = new SubmitTurns();
  const publish = (events: EngineEvent[]) => {
    feed.take(events);
    transactions.take(events);
  };
  return {
    admission,
    transactions,
    taken,
    seen,
    unprovable: () => {
      provable = false;
    },
    connect() {
      const socket = new Socket();
      const session = new SubmitSession(socket, { transactions, turns: shared, n: world.n });
      const send = (first: number, wait: Wait, list: readonly EncodedTransaction[], timeoutMs = 60_000) =>
        session.message(encodeSubmit({ first, wait, timeoutMs }, list));
      /** What was answered meanwhile, as one. */
      const answers = async (): Promise<Answers> => {
        await turns(2);
        const all = socket.sent.splice(0).map((bytes) => must(decodeAnswers(bytes, world.n, new Map())));
        return {
          accepted: all.flatMap((one) => one.accepted),
          open: all.flatMap((one) => one.open),
          errors: all.flatMap((one) => one.errors),
          proofs: all.flatMap((one) => one.proofs),
        };
      };
      return { socket, session, send, answers };
    },
    accept: (batch: Batch) =>
      publish([
        { type: 'accepted', batch: batch.id, transactions: batch.transactionIds },
        { type: 'arrived', batch, position: 1 },
      ]),
    deliver(batch: Batch, finality: 'score' | 'order' = 'score'): Delivery {
      const verdicts = batch.transactions.map(() => 'executed' as const);
      const certificate = world.unanimous(batch);
      const delivery = {
        batch,
        certificate,
        certificateDigest: '' as never,
        finality,
        void: false,
        verdicts,
      };
      for (const id of batch.transactionIds) seen.add(id);
      delivered.set(batch.id, delivery);
      if (finality === 'score') publish([{ type: 'delivered', delivery }]);
      return delivery;
    },
    commit(...list: Delivery[]): void {
      const block = chain.commit(list);
      const places = list.map(({ batch }) => chain.committed.placeOf(batch.id)!);
      publish([
        ...list
          .filter((one) => one.finality === 'order')
          .map((delivery) => ({ type: 'delivered' as const, delivery })),
        { type: 'committed', committed: { height: block.height, block, places, certificates: [] } },
      ]);
    },
  };
}

/** The transactions that a proof proves, by ticket. */
export function provenBy(answers: Answers, sent: ReadonlyMap<number, EncodedTransaction>): number[] {
  for (const { proof, tickets, indices, hashes } of answers.proofs) {
    const leaves = new Uint8Array(32 * tickets.length);
    for (const [i, ticket] of tickets.entries()) putLeaf(sent.get(ticket)!.id, undefined, leaves, 32 * i);
    expect(BatchMembers.of(proof.batch.header, indices, leaves, hashes)).toBeDefined();
    must(verifyBatchProof(proof, world.verifier, new WeakSet()));
  }
  return answers.proofs.flatMap(({ tickets }) => tickets).sort((a, b) => a - b);
}
export const numbered = (list: readonly EncodedTransaction[], first: number) =>
  new Map(list.map((one, i) => [first + i, one]));
