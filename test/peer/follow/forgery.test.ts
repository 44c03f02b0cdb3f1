import { describe, expect, it } from 'vitest';
import {
  allSigners,
  type BatchId,
  type Digest,
  type Epoch,
  type Height,
  signerId,
  view,
} from '../../../src/base/ids.ts';
import { makeBatch } from '../../../src/messages/batch.ts';
import { blockDigest } from '../../../src/messages/block.ts';
import type { BatchEvent, BlockEvent, StreamEvent } from '../../../src/messages/stream.ts';
import { ForgedEvent } from '../../../src/peer/follow/errors.ts';
import { VerifiedOrder } from '../../../src/peer/follow/verified-order.ts';
import { MemoryStore } from '../../../src/store/memory.ts';
import { Forge } from './forge.ts';
import { runFederation } from './support.ts';

const { world, streams } = runFederation({ seed: 'forgery', transactions: 80 });
const { verifier, signers } = world.federation;
const forge = new Forge(world);
const stream = streams[0]!;

/** A learner that saw everything before the first event that `wanted` accepts, and that event. */
function upTo<T extends StreamEvent>(
  finality: 'score' | 'order',
  wanted: (event: StreamEvent) => event is T,
) {
  const order = new VerifiedOrder({ verifier, ledger: new MemoryStore(), finality });
  const at = stream.findIndex(wanted);
  for (const event of stream.slice(0, at)) order.take(event);
  return { order, event: stream[at] as T };
}

/** The event is refused with the code, changes nothing, and the genuine one is taken afterwards. */
function expectForged(order: VerifiedOrder, forged: StreamEvent, code: string, genuine: StreamEvent): void {
  const state = () => [order.height, order.size, order.ahead, order.waiting];
  const old = state();
  order.drain();
  let error: unknown;
  try {
    order.take(forged);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ForgedEvent);
  expect((error as ForgedEvent).code).toBe(code);
  expect([state(), order.pending]).toEqual([old, false]);
  order.take(genuine);
  expect(state()).not.toEqual(old);
}

const isBatch = (event: StreamEvent): event is BatchEvent => event.type === 'batch';
/** A block from the middle, with entries of its own that no batch event brought. */
const isBlock = (event: StreamEvent): event is BlockEvent =>
  event.type === 'block' && event.block.height >= 3 && event.batches.length >= 2;

describe('a forged batch event is refused', () => {
  type Case = readonly [name: string, code: string, forge: (event: BatchEvent) => BatchEvent];
  const tampered = (event: BatchEvent, sign: (bytes: Uint8Array) => Uint8Array) => {
    const { epoch, ingress, number, after } = event.batch.header;
    const transactions = event.batch.transactions.map((one) => ({ ...one, nonce: one.nonce + 1 }));
    return makeBatch({ epoch, ingress, number, after }, transactions, sign);
  };
  const cases: Case[] = [
    [
      'a tampered batch under its old certificate',
      'CERTIFICATE_BATCH',
      (event) => ({ ...event, batch: tampered(event, () => event.batch.signature) }),
    ],
    [
      'a tampered batch that its ingress did not sign',
      'BATCH_SIGNATURE',
      (event) => {
        const batch = tampered(event, () => event.batch.signature);
        return { ...event, batch, certificate: { ...event.certificate, batch: batch.id } };
      },
    ],
    [
      'a batch of a lying ingress that nobody voted for',
      'VOTES_SIGNATURE',
      (event) => {
        const key = signers[event.batch.header.ingress]!.signingKey;
        const batch = tampered(event, (bytes) => key.sign(bytes));
        return { ...event, batch, certificate: { ...event.certificate, batch: batch.id } };
      },
    ],
    [
      'a certificate with a quorum one short',
      'CERTIFICATE_QUORUM',
      ({ type, batch }) => ({
        type,
        batch,
        certificate: forge.certificate(batch.id, [{ signers: [signerId(0), signerId(1)] }]),
      }),
    ],
    [
      'a certificate that claims a vote which was not cast',
      'VOTES_SIGNATURE',
      ({ type, batch }) => {
        const honest = forge.certificate(batch.id, [{ signers: allSigners(3) }]);
        return {
          type,
          batch,
          certificate: { ...honest, classes: [{ ...honest.classes[0]!, signers: allSigners(4) }] },
        };
      },
    ],
    [
      'a certificate whose votes say something else',
      'VOTES_SIGNATURE',
      (event) => ({
        ...event,
        certificate: {
          ...event.certificate,
          classes: event.certificate.classes.map((one) => ({ ...one, before: ['ab'.repeat(32) as BatchId] })),
        },
      }),
    ],
  ];
  it.each(cases)('%s: %s', (_, code, make) => {
    const score = upTo('score', isBatch);
    expectForged(score.order, make(score.event), code, score.event);
    const order = upTo('order', isBatch);
    expectForged(order.order, make(order.event), code, order.event);
  });

  it('and so is a signer of another federation', () => {
    const { order, event } = upTo('score', isBatch);
    const hello = { type: 'hello', epoch: 'ef'.repeat(32), height: 0 } as unknown as StreamEvent;
    expectForged(order, hello, 'EPOCH', event);
  });
});

describe('a forged block event is refused', () => {
  type Case = readonly [name: string, code: string, forge: (event: BlockEvent) => BlockEvent];
  const digestOf = (event: BlockEvent) => blockDigest(event.block, verifier.n);
  const otherBatch = forge.batch(0, 900, 'elsewhere');
  const cases: Case[] = [
    [
      'another epoch',
      'EPOCH',
      (event) => ({ ...event, block: { ...event.block, epoch: 'aa'.repeat(32) as Epoch } }),
    ],
    [
      'another order root',
      'PROOF_CHAIN',
      (event) => ({ ...event, block: { ...event.block, orderRoot: '00'.repeat(32) as Digest } }),
    ],
    [
      'an entry left out',
      'PROOF_CHAIN',
      (event) => ({ ...event, block: { ...event.block, entries: event.block.entries.slice(1) } }),
    ],
    ['no proof', 'PROOF_VIEWS', (event) => ({ ...event, proof: [] })],
    [
      'a proof from the middle',
      'PROOF_CHAIN',
      (event) => ({ ...event, proof: [{ ...event.proof[0]!, parent: 'bb'.repeat(32) as never }] }),
    ],
    [
      'a proof whose child skips a view',
      'PROOF_VIEWS',
      (event) => {
        const child = forge.child(event.block, digestOf(event), view(event.block.view + 2));
        return { ...event, proof: [child], qc: forge.qc(blockDigest(child, verifier.n), child.view) };
      },
    ],
    ['an order certificate of another block', 'PROOF_QC', (event) => ({ ...event, qc: event.block.justify })],
    [
      'an order certificate of another view',
      'PROOF_QC',
      (event) => ({ ...event, qc: { ...event.qc, view: view(event.qc.view + 1) } }),
    ],
    [
      'an order certificate with a quorum one short',
      'QC_QUORUM',
      (event) => ({ ...event, qc: forge.qc(event.qc.block, event.qc.view, allSigners(2)) }),
    ],
    [
      'an order certificate that one did not sign',
      'BLOCK_SIGNATURE',
      (event) => ({
        ...event,
        qc: { ...forge.qc(event.qc.block, event.qc.view, allSigners(2)), signers: allSigners(3) },
      }),
    ],
    [
      'a child whose own certificate for the block is one short',
      'QC_QUORUM',
      (event) => {
        const justify = forge.qc(digestOf(event), event.block.view, allSigners(2));
        const child = { ...forge.child(event.block, digestOf(event), view(event.block.view + 1)), justify };
        return { ...event, proof: [child], qc: forge.qc(blockDigest(child, verifier.n), child.view) };
      },
    ],
    [
      'a certificate missing',
      'BLOCK_CERTIFICATES',
      (event) => ({ ...event, certificates: event.certificates.slice(1) }),
    ],
    [
      'certificates in another order',
      'BLOCK_CERTIFICATE',
      (event) => ({ ...event, certificates: [...event.certificates].reverse() }),
    ],
    [
      'a valid certificate that the block does not name',
      'BLOCK_CERTIFICATE',
      (event) => ({
        ...event,
        certificates: event.block.entries.map((entry) =>
          forge.certificate(entry.batch, [{ base: 77 as Height }]),
        ),
      }),
    ],
    ['a body missing', 'BLOCK_BODY', (event) => ({ ...event, batches: event.batches.slice(1) })],
    [
      'a batch that is not in the block',
      'BLOCK_EXTRA',
      (event) => ({ ...event, batches: [...event.batches, otherBatch] }),
    ],
    [
      "a body without its ingress's signature",
      'BATCH_SIGNATURE',
      (event) => ({
        ...event,
        batches: event.batches.map((one) => ({ ...one, signature: new Uint8Array(64) })),
      }),
    ],
  ];
  it.each(cases)('%s: %s', (_, code, make) => {
    for (const finality of ['score', 'order'] as const) {
      const { order, event } = upTo(finality, isBlock);
      expectForged(order, make(event), code, event);
    }
  });

  it('after a gap', () => {
    const { order, event } = upTo('score', isBlock);
    const later = stream
      .filter((one) => one.type === 'block')
      .find((one) => one.block.height === event.block.height + 1)!;
    expectForged(order, later, 'GAP', event);
  });

  it('also when it claims a height of the past', () => {
    const { order, event } = upTo('score', isBlock);
    order.take(event);
    const other = { ...event, block: { ...event.block, orderRoot: '00'.repeat(32) as Digest } };
    expect(() => order.take(other)).toThrow(ForgedEvent);
    expect(order.take(event)).toEqual([]);
  });
});
