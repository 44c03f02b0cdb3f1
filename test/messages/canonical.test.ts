/** What a decoder refuses although every field alone is in bounds: one value has one encoding. */

import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import type { BatchId, BatchNumber, Height, SignerId, View } from '../../src/base/ids.ts';
import type { Result } from '../../src/base/result.ts';
import { decodeBatch, makeBatch } from '../../src/messages/batch.ts';
import {
  type Block,
  decodeBlock,
  decodeQc,
  encodeBlock,
  encodeQc,
  type QuorumCertificate,
} from '../../src/messages/block.ts';
import { decodeEvidence, encodeEvidence } from '../../src/messages/evidence.ts';
import { decodePeerMessage, encodePeerMessage } from '../../src/messages/peer.ts';
import { decodeTc, encodeTc, type SignedTimeout } from '../../src/messages/timeout.ts';
import { type Transaction, transactionCodec } from '../../src/messages/transaction.ts';
import {
  type Certificate,
  decodeCertificate,
  encodeCertificate,
  type VoteClass,
} from '../../src/messages/vote.ts';
import * as plain from './plain-encoder.ts';
import {
  batches,
  blocks,
  certificates,
  epoch,
  evidence,
  genesis,
  ids,
  messages,
  n,
  qc,
  tc,
  timeouts,
  transactions,
} from './samples.ts';

const codeOf = (result: Result<unknown>): string => (result.ok ? 'accepted' : result.error.code);
const u32 = (value: number): Uint8Array => fromHex(value.toString(16).padStart(8, '0'));
const replace = (bytes: Uint8Array, old: Uint8Array, next: Uint8Array): Uint8Array => {
  const at = toHex(bytes).indexOf(toHex(old));
  if (at < 0 || at % 2 === 1) throw new Error('the bytes to replace are not there');
  return concat(bytes.subarray(0, at / 2), next, bytes.subarray(at / 2 + old.length));
};

describe('certificate', () => {
  const classes = certificates.several!.classes;
  const votes = (...list: VoteClass[]): Certificate => ({ ...certificates.several!, classes: list });
  const read = (one: Certificate): string => codeOf(decodeCertificate(plain.certificate(one, n), n));
  const [first, second] = classes as [VoteClass, VoteClass];

  it('is accepted as it is', () => expect(read(certificates.several!)).toBe('accepted'));

  it.each<readonly [string, Certificate, string]>([
    ['no class', votes(), 'CLASS_NONE'],
    ['classes in another order', votes(second, first), 'CLASS_ORDER'],
    ['one content in two classes', votes(second, { ...second, signers: [7 as SignerId] }), 'CLASS_ORDER'],
    ['a class without signers', votes({ ...first, signers: [] }), 'CLASS_EMPTY'],
    ['a signer in two classes', votes(first, { ...second, signers: first.signers }), 'CLASS_OVERLAP'],
    ['rejects in another order', votes({ ...first, rejects: [2, 1] }), 'MALFORMED'],
    ['rejects that repeat', votes({ ...first, rejects: [1, 1] }), 'MALFORMED'],
  ])('%s', (_, one, code) => expect(read(one)).toBe(code));

  const bytes = encodeCertificate(certificates.several!, n);
  const union = concat(u32(3), ...ids.map((id) => fromHex(id)));
  it.each<readonly [string, Uint8Array, string]>([
    [
      'a union that is not sorted',
      replace(bytes, union, concat(u32(3), ...[1, 0, 2].map((i) => fromHex(ids[i]!)))),
      'MALFORMED',
    ],
    [
      'a union that repeats',
      replace(bytes, union, concat(u32(3), ...[0, 1, 1].map((i) => fromHex(ids[i]!)))),
      'MALFORMED',
    ],
    [
      'a union with an id that no class lists',
      replace(bytes, union, concat(u32(4), ...ids.map((id) => fromHex(id)), fromHex('ff'.repeat(32)))),
      'UNION_UNUSED',
    ],
    [
      'a bit above the union',
      replace(
        bytes,
        concat(u32(1), Uint8Array.of(0b101), u32(0)),
        concat(u32(1), Uint8Array.of(0b1101), u32(0)),
      ),
      'BITMAP_RANGE',
    ],
    [
      'a bitmap of the union that is too long',
      replace(
        bytes,
        concat(u32(1), Uint8Array.of(0b101), u32(0)),
        concat(u32(2), Uint8Array.of(0b101, 0), u32(0)),
      ),
      'BITMAP_LENGTH',
    ],
    [
      'a signer above n',
      replace(bytes, concat(u32(2), Uint8Array.of(0, 2)), concat(u32(2), Uint8Array.of(0, 6))),
      'BITMAP_RANGE',
    ],
    ['no bitmap of signers', replace(bytes, concat(u32(2), Uint8Array.of(0, 2)), u32(0)), 'BITMAP_LENGTH'],
    [
      'a bitmap of signers that is too short',
      replace(bytes, concat(u32(2), Uint8Array.of(0, 2)), concat(u32(1), Uint8Array.of(1))),
      'BITMAP_LENGTH',
    ],
  ])('%s', (_, changed, code) => expect(codeOf(decodeCertificate(changed, n))).toBe(code));

  it('of another federation size', () => {
    expect(codeOf(decodeCertificate(bytes, 8))).toBe('BITMAP_LENGTH');
    expect(codeOf(decodeCertificate(bytes, 9))).toBe('BITMAP_RANGE');
    expect(codeOf(decodeCertificate(bytes, 16))).toBe('accepted');
  });
});

describe('order certificate, block and timeout certificate', () => {
  it('a bitmap of zeros is not the same as none', () => {
    const bytes = encodeQc({ ...genesis, signature: new Uint8Array(1) }, n);
    expect(codeOf(decodeQc(bytes, n))).toBe('accepted');
    expect(
      codeOf(decodeQc(replace(bytes, concat(u32(0), u32(1)), concat(u32(2), new Uint8Array(2), u32(1))), n)),
    ).toBe('QC_EMPTY');
  });

  const entries = blocks.first!.entries;
  const read = (one: Block): string => codeOf(decodeBlock(plain.block(one, n), n));
  it.each<readonly [string, Block, string]>([
    ['another parent than justify certifies', { ...blocks.empty!, parent: genesis.block }, 'BLOCK_PARENT'],
    ['the view of its parent', { ...blocks.empty!, view: qc.view }, 'BLOCK_VIEW'],
    ['view 0', { ...blocks.first!, view: 0 as View }, 'BLOCK_VIEW'],
    ['height 0', { ...blocks.first!, height: 0 as Height }, 'BLOCK_HEIGHT'],
    ['entries in another order', { ...blocks.first!, entries: [...entries].reverse() }, 'MALFORMED'],
    ['an entry twice', { ...blocks.first!, entries: [entries[0]!, entries[0]!] }, 'MALFORMED'],
    [
      'two certificates for one batch',
      { ...blocks.first!, entries: [entries[0]!, { ...entries[0]!, certificate: entries[1]!.certificate }] },
      'MALFORMED',
    ],
  ])('block: %s', (_, one, code) => {
    expect(read(one)).toBe(code);
    expect(read(blocks.empty!)).toBe('accepted');
  });

  const withVotes = (votes: readonly SignedTimeout[], high: QuorumCertificate = qc): string =>
    codeOf(decodeTc(plain.timeoutCertificate({ ...tc, votes, high }, n), n));
  it.each<readonly [string, string, string]>([
    ['as it is', withVotes(timeouts), 'accepted'],
    ['no vote', withVotes([]), 'TC_HIGH'],
    ['a signer twice', withVotes([timeouts[0]!, timeouts[0]!]), 'MALFORMED'],
    ['votes in another order', withVotes([...timeouts].reverse()), 'MALFORMED'],
    [
      'votes for two terms',
      withVotes([{ ...timeouts[0]!, end: 32 as View }, ...timeouts.slice(1)]),
      'TC_END',
    ],
    ['a high below the highest', withVotes(timeouts, genesis), 'TC_HIGH'],
    ['a high above the highest', withVotes([timeouts[4]!], qc), 'TC_HIGH'],
    ['a high for another view', withVotes(timeouts, { ...qc, view: 34 as View }), 'TC_HIGH'],
    ['a high for another block', withVotes(timeouts, { ...qc, block: genesis.block }), 'TC_HIGH'],
  ])('timeout certificate: %s', (_, code, expected) => expect(code).toBe(expected));
  it('encodes to what is decoded', () => expect(codeOf(decodeTc(encodeTc(tc, n), n))).toBe('accepted'));
});

describe('transaction and batch', () => {
  const wildcard = transactions.wildcard!;
  const several = transactions.several!;
  it.each<readonly [string, Transaction]>([
    ['no client', { ...wildcard, client: new Uint8Array(0) }],
    ['a client that is too long', { ...wildcard, client: new Uint8Array(65) }],
    ['a signature without a key', { ...wildcard, signature: new Uint8Array(64) }],
    ['dependencies in another order', { ...several, dependencies: ['b', 'a'].map(utf8) }],
    ['a dependency twice', { ...several, dependencies: ['a', 'a'].map(utf8) }],
    ['a dependency that is too long', { ...several, dependencies: [new Uint8Array(513)] }],
    ['too many dependencies', { ...several, dependencies: Array.from({ length: 1025 }, (_, i) => u32(i)) }],
    ['a nonce above 2^53', { ...wildcard, nonce: 2 ** 53 }],
    ['a body that is too long', { ...wildcard, body: new Uint8Array((1 << 20) + 1) }],
  ])('transaction: %s', (_, one) => expect(() => transactionCodec.encode(one)).toThrow());

  const content = { epoch, ingress: 1 as SignerId, number: 5 as BatchNumber, after: [] };
  const sign = () => new Uint8Array(64);
  const entry = (number: number) => ({ number: number as BatchNumber, id: ids[0]! });
  it.each<readonly [string, () => unknown]>([
    ['no transactions', () => makeBatch(content, [], sign)],
    ['number 0', () => makeBatch({ ...content, number: 0 as BatchNumber }, [wildcard], sign)],
    ['an after that is not earlier', () => makeBatch({ ...content, after: [entry(5)] }, [wildcard], sign)],
    ['an after of number 0', () => makeBatch({ ...content, after: [entry(0)] }, [wildcard], sign)],
    [
      'afters in another order',
      () => makeBatch({ ...content, after: [entry(2), entry(1)] }, [wildcard], sign),
    ],
    ['an after twice', () => makeBatch({ ...content, after: [entry(2), entry(2)] }, [wildcard], sign)],
  ])('batch: %s', (_, make) => expect(make).toThrow());

  it.each<readonly [string, Uint8Array, string]>([
    ['a transaction twice', makeBatch(content, [wildcard, wildcard], sign).bytes, 'BATCH_REPEATS'],
    [
      'a transaction twice, once signed',
      makeBatch(content, [{ ...transactions.signed!, signature: undefined }, transactions.signed!], sign)
        .bytes,
      'BATCH_REPEATS',
    ],
    [
      'another transaction',
      replace(batches.first!.bytes, utf8('{"set":1}'), utf8('{"set":2}')),
      'BATCH_ROOT',
    ],
    [
      'another client signature',
      replace(batches.later!.bytes, transactions.signed!.signature!, new Uint8Array(64)),
      'BATCH_ROOT',
    ],
    [
      'another count',
      replace(batches.first!.bytes, concat(u32(1), u32(1)), concat(u32(2), u32(1))),
      'BATCH_COUNT',
    ],
  ])('batch: %s', (_, bytes, code) => expect(codeOf(decodeBatch(bytes))).toBe(code));

  it('the id covers the header and every transaction, and not the signature of the ingress', () => {
    const other = (change: object) => makeBatch({ ...content, ...change }, [wildcard], sign).id;
    const idsOf = new Set([
      other({}),
      other({ number: 6 }),
      other({ ingress: 2 }),
      other({ after: [entry(1)] }),
      other({ epoch: ids[1] }),
      makeBatch(content, [several], sign).id,
      makeBatch(content, [transactions.signed!], sign).id,
      makeBatch(content, [{ ...transactions.signed!, signature: undefined }], sign).id,
    ]);
    expect(idsOf.size).toBe(8);
    expect(makeBatch(content, [wildcard], () => new Uint8Array(64).fill(1)).id).toBe(other({}));
  });
});

describe('evidence and messages', () => {
  it('names of signers are below n', () => {
    for (const one of evidence)
      expect(codeOf(decodeEvidence(encodeEvidence({ ...one, signer: n as SignerId }, n), n))).toBe(
        'EVIDENCE_SIGNER',
      );
    const announce = messages[0]!;
    if (announce.type !== 'announce') throw new Error('the first message is an announcement');
    expect(codeOf(decodePeerMessage(encodePeerMessage({ ...announce, root: n as SignerId }, n), n))).toBe(
      'MESSAGE_ROOT',
    );
    const timeout = messages.find((one) => one.type === 'timeout')!;
    const foreign = { ...timeout, timeout: { ...timeout.timeout, signer: n as SignerId } };
    expect(codeOf(decodePeerMessage(encodePeerMessage(foreign, n), n))).toBe('MESSAGE_SIGNER');
  });

  it('a kind that is unknown, and parts too few or too many', () => {
    const bytes = encodeEvidence(evidence[2]!, n);
    expect(codeOf(decodeEvidence(Uint8Array.of(8, ...bytes.subarray(1)), n))).toBe('EVIDENCE_KIND');
    const count = (parts: number) => concat(bytes.subarray(0, 3), u32(parts), bytes.subarray(7));
    expect(codeOf(decodeEvidence(count(2), n))).toBe('accepted');
    expect(codeOf(decodeEvidence(count(1), n))).toBe('MALFORMED');
    expect(codeOf(decodeEvidence(concat(bytes.subarray(0, 3), u32(0)), n))).toBe('EVIDENCE_PARTS');
    expect(codeOf(decodeEvidence(concat(count(3), u32(0)), n))).toBe('EVIDENCE_PARTS');
    expect(codeOf(decodeEvidence(count(4), n))).toBe('MALFORMED');
  });

  it('what is asked for is sorted and bounded', () => {
    const fetch = (batchIds: readonly string[]) =>
      encodePeerMessage({ type: 'fetch', batches: batchIds as BatchId[], certificates: [], blocks: [] }, n);
    const many = Array.from({ length: 1025 }, (_, i) => i.toString(16).padStart(64, '0'));
    expect(codeOf(decodePeerMessage(fetch(many.slice(1)), n))).toBe('accepted');
    expect(() => fetch(many)).toThrow(/at most 1024/);
    expect(() => fetch([ids[1]!, ids[0]!])).toThrow(/ascending/);
  });

  it('every block decodes to its own digest', () => {
    expect(codeOf(decodeBlock(encodeBlock(blocks.first!, n), n))).toBe('accepted');
    expect(codeOf(decodeBlock(encodeBlock(blocks.first!, n), 3))).toBe('accepted');
    expect(codeOf(decodeBlock(encodeBlock(blocks.empty!, n), 3))).toMatch(/BITMAP/);
  });
});
