/** Fixed objects of every kind, with fixed bytes for signatures: for golden vectors and for fuzzing. */

import { sha256 } from '@noble/hashes/sha2.js';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import type {
  Attempt,
  BatchId,
  BatchNumber,
  BlockDigest,
  CertificateDigest,
  Digest,
  Epoch,
  Height,
  SignerId,
  View,
} from '../../src/base/ids.ts';
import { type Batch, makeBatch } from '../../src/messages/batch.ts';
import { type Block, genesisCertificate, type QuorumCertificate } from '../../src/messages/block.ts';
import type { Evidence } from '../../src/messages/evidence.ts';
import { defaultLimits, epochOf, type Federation } from '../../src/messages/federation.ts';
import type { PeerMessage } from '../../src/messages/peer.ts';
import type { StreamEvent } from '../../src/messages/stream.ts';
import type { SignedTimeout, TimeoutCertificate } from '../../src/messages/timeout.ts';
import type { Transaction } from '../../src/messages/transaction.ts';
import { type Certificate, certificateDigest } from '../../src/messages/vote.ts';

export const n = 10;

/** `length` bytes that depend on the name alone. */
export function filler(name: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0, i = 0; at < length; i++) {
    const block = sha256(utf8(`${name} ${i}`));
    bytes.set(block.subarray(0, Math.min(32, length - at)), at);
    at += 32;
  }
  return bytes;
}
export const digestOf = <T extends Digest>(name: string): T => toHex(sha256(utf8(name))) as T;
const signature = (name: string): Uint8Array => filler(`signature ${name}`, 64);
const aggregate = (name: string): Uint8Array => filler(`aggregate ${name}`, 96);
const signers = (...ids: number[]): SignerId[] => ids as SignerId[];

export const federation: Federation = {
  name: 'golden',
  signers: Array.from({ length: n }, (_, i) => ({
    name: `s${i}`,
    address: `s${i}.invalid:7100`,
    url: `http://s${i}.invalid:7200`,
    region: i % 2 === 0 ? 'east' : 'west',
    votingKey: filler(`voting ${i}`, 48),
    possessionProof: filler(`proof ${i}`, 96),
    signingKey: filler(`signing ${i}`, 32),
    transportKey: filler(`transport ${i}`, 32),
  })),
  byzantine: 1,
  faulty: 2,
  scheme: 'bls12-381',
  fanout: 2,
  shape: 'geographic',
  regions: ['east', 'west'],
  latencyMs: [
    [1, 40],
    [40, 1],
  ],
  clientSignatures: 'optional',
  limits: defaultLimits,
};
export const epoch: Epoch = epochOf(federation);

const plain: Transaction = {
  epoch,
  client: utf8('client'),
  nonce: 7,
  expires: 99 as Height,
  dependencies: undefined,
  body: utf8('{"set":1}'),
  signature: undefined,
};
export const transactions: Readonly<Record<string, Transaction>> = {
  wildcard: plain,
  independent: { ...plain, nonce: 8, dependencies: [] },
  several: {
    ...plain,
    nonce: 2 ** 40 + 1,
    dependencies: ['a', 'aa', 'b'].map(utf8),
    body: new Uint8Array(0),
  },
  signed: {
    ...plain,
    client: filler('client key', 32),
    dependencies: [new Uint8Array(0), Uint8Array.of(0), Uint8Array.of(255, 0)],
    signature: signature('client'),
  },
};

const sign = (name: string) => () => signature(name);
export const batches: Readonly<Record<string, Batch>> = {
  first: makeBatch(
    { epoch, ingress: 3 as SignerId, number: 1 as BatchNumber, after: [] },
    [transactions.wildcard!],
    sign('first'),
  ),
  later: makeBatch(
    {
      epoch,
      ingress: 3 as SignerId,
      number: 70000 as BatchNumber,
      after: [
        { number: 1 as BatchNumber, id: digestOf<BatchId>('early') },
        { number: 69999 as BatchNumber, id: digestOf<BatchId>('before') },
      ],
    },
    [transactions.independent!, transactions.several!, transactions.signed!],
    sign('later'),
  ),
};

export const ids: BatchId[] = ['x', 'y', 'z'].map((name) => digestOf<BatchId>(name)).sort();

export const certificates: Readonly<Record<string, Certificate>> = {
  single: {
    batch: batches.first!.id,
    classes: [{ base: 0 as Height, before: [], rejects: [], signers: signers(0, 1, 2, 3, 5, 6, 8, 9) }],
    signature: aggregate('single'),
  },
  several: {
    batch: batches.later!.id,
    classes: [
      { base: 0 as Height, before: [], rejects: [1], signers: signers(9) },
      { base: 4 as Height, before: [ids[0]!, ids[2]!], rejects: [], signers: signers(0, 1, 2) },
      { base: 4 as Height, before: [ids[0]!, ids[2]!], rejects: [0, 2], signers: signers(3, 7, 8) },
      { base: 4 as Height, before: [ids[1]!], rejects: [], signers: signers(4) },
    ],
    signature: aggregate('several'),
  },
};

export const genesis = genesisCertificate(epoch);
export const qc: QuorumCertificate = {
  view: 33 as View,
  block: digestOf<BlockDigest>('block 33'),
  signers: signers(0, 2, 3, 4, 5, 6, 7, 9),
  signature: aggregate('qc'),
};

const entries = Object.values(certificates)
  .map((one) => ({ batch: one.batch, certificate: certificateDigest(one, n) }))
  .sort((a, b) => (a.batch < b.batch ? -1 : 1));
const block = (justify: QuorumCertificate, view: number, height: number, holds: typeof entries): Block => ({
  epoch,
  height: height as Height,
  view: view as View,
  parent: justify.block,
  justify,
  entries: holds,
  orderRoot: digestOf(`order ${height}`),
});
export const blocks: Readonly<Record<string, Block>> = {
  first: block(genesis, 1, 1, entries),
  empty: block(qc, 34, 12, []),
};

const timeout = (signer: number, high: QuorumCertificate, lastSigned: number, end = 64): SignedTimeout => ({
  end: end as View,
  lastSigned: lastSigned as View,
  highView: high.view,
  highBlock: high.block,
  signer: signer as SignerId,
  signature: signature(`timeout ${signer}`),
});
export const timeouts = [0, 1, 2, 3, 5, 6, 8, 9].map((signer) =>
  signer === 5 ? timeout(signer, genesis, 0) : timeout(signer, qc, 33 + (signer % 2)),
);
export const tc: TimeoutCertificate = { end: 64 as View, votes: timeouts, high: qc };

const header = (batch: Batch) => ({ header: batch.header, signature: batch.signature });
export const evidence: readonly Evidence[] = [
  { kind: 'votes', signer: 3 as SignerId, first: certificates.single!, second: certificates.several! },
  { kind: 'mutual', signer: 3 as SignerId, first: certificates.several!, second: certificates.single! },
  {
    kind: 'blocks',
    signer: 2 as SignerId,
    first: qc,
    second: { ...qc, block: digestOf<BlockDigest>('other') },
  },
  { kind: 'timeouts', signer: 1 as SignerId, first: timeouts[1]!, second: timeout(1, genesis, 0) },
  { kind: 'signedAfterTimeout', signer: 5 as SignerId, timeout: timeouts[4]!, signed: qc },
  { kind: 'hiddenQc', signer: 5 as SignerId, timeout: timeouts[4]!, block: blocks.empty!, signed: qc },
  {
    kind: 'proposals',
    signer: 4 as SignerId,
    first: { view: 34 as View, block: digestOf<BlockDigest>('p'), signature: signature('p') },
    second: { view: 34 as View, block: digestOf<BlockDigest>('q'), signature: signature('q') },
  },
  { kind: 'batches', signer: 3 as SignerId, first: header(batches.first!), second: header(batches.later!) },
];

const route = { root: 4 as SignerId, attempt: 2 as Attempt };
export const messages: readonly PeerMessage[] = [
  { type: 'announce', ...route, batch: batches.later! },
  { type: 'votes', ...route, votes: certificates.several! },
  { type: 'certificate', ...route, certificate: certificates.single! },
  { type: 'voteRequest', ...route, batch: ids[0]! },
  {
    type: 'fetch',
    batches: ids,
    certificates: [digestOf<CertificateDigest>('c')],
    blocks: [digestOf<BlockDigest>('b')],
  },
  {
    type: 'copy',
    batches: [batches.first!, batches.later!],
    certificates: [certificates.single!],
    blocks: [blocks.first!],
  },
  { type: 'proposal', proposal: { block: blocks.first!, signature: signature('leader') }, tc: undefined },
  { type: 'proposal', proposal: { block: blocks.empty!, signature: signature('leader') }, tc },
  { type: 'blockVotes', view: 3 as View, block: qc.block, signers: qc.signers, signature: aggregate('part') },
  { type: 'view', high: genesis, tc: undefined, committed: 0 as Height },
  { type: 'view', high: qc, tc, committed: 11 as Height },
  { type: 'timeout', timeout: timeouts[0]!, high: qc, entry: undefined },
  { type: 'timeout', timeout: timeouts[4]!, high: genesis, entry: tc },
  { type: 'wanted', certificates: [certificates.several!, certificates.single!] },
  { type: 'catchUp', from: 12 as Height },
  {
    type: 'blocks',
    blocks: [blocks.first!],
    certificates: [certificates.single!],
    proof: [blocks.empty!],
    qc,
  },
];

export const events: readonly StreamEvent[] = [
  { type: 'hello', epoch, height: 12 as Height },
  { type: 'batch', batch: batches.later!, certificate: certificates.several! },
  {
    type: 'block',
    block: blocks.first!,
    certificates: Object.values(certificates),
    batches: Object.values(batches),
    proof: [blocks.empty!],
    qc,
  },
];
