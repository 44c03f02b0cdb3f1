/** What the verifier refuses, with a reason each: protocol sections 2, 4 and 6. Real keys. */

import { describe, expect, it } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { allSigners, type Epoch, type Height, type SignerId, type View } from '../../src/base/ids.ts';
import type { Result } from '../../src/base/result.ts';
import { nodeSignerFromSeed } from '../../src/crypto/ed25519-node.ts';
import { type Batch, makeBatch } from '../../src/messages/batch.ts';
import { type Block, blockDigest, genesisCertificate } from '../../src/messages/block.ts';
import type { TimeoutStatement } from '../../src/messages/timeout.ts';
import { type Transaction, transactionId, transactionSigningBytes } from '../../src/messages/transaction.ts';
import { type Certificate, certificateDigest } from '../../src/messages/vote.ts';
import { curveSignatures, identitySignature, take } from '../crypto/bls-points.ts';
import { World } from './support.ts';

const world = new World(4, 1, 1);
const other = new World(4, 1, 1, { name: 'other' });
const { verifier, epoch } = world;
const codeOf = (result: Result<undefined>): string => {
  if (!result.ok) expect(result.error.message.length).toBeGreaterThan(10);
  return result.ok ? 'good' : result.error.code;
};
const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte, i) => (i === 40 ? byte ^ 1 : byte));

const client = nodeSignerFromSeed(new Uint8Array(32).fill(9));
function signed(transaction: Transaction): Transaction {
  const named = { ...transaction, client: client.publicKey };
  return { ...named, signature: client.sign(transactionSigningBytes(transactionId(named))) };
}

describe('batch', () => {
  const plain = world.transaction('plain');
  const good = world.batch(1, 1, ['x']);
  const small = new World(4, 1, 1, {
    limits: { ...world.federation.limits, bodyBytesMax: 10, dependenciesMax: 2, batchTransactionsMax: 2 },
  });
  const strict = new World(4, 1, 1, { clientSignatures: 'required' });
  const forged = signed(plain);
  it.each<readonly [string, string, World, Batch]>([
    ['as it is', 'good', world, good],
    ['a signed transaction', 'good', world, world.batch(1, 1, [signed(plain)])],
    ['another federation', 'EPOCH', world, other.batch(1, 1, ['x'])],
    ['a header of another federation', 'EPOCH', world, other.batch(1, 1, [plain])],
    [
      'a transaction of another federation',
      'EPOCH',
      world,
      world.batch(1, 1, [{ ...plain, epoch: other.epoch }]),
    ],
    [
      'the signature of another signer',
      'BATCH_SIGNATURE',
      world,
      { ...good, signature: world.batch(2, 1, ['x']).signature },
    ],
    ['a flipped signature', 'BATCH_SIGNATURE', world, { ...good, signature: flip(good.signature) }],
    [
      'an ingress that is not a signer',
      'BATCH_INGRESS',
      world,
      makeBatch({ ...good.header, ingress: 4 as SignerId }, [plain], () => good.signature),
    ],
    [
      'a client signature on another transaction',
      'CLIENT_SIGNATURE',
      world,
      world.batch(1, 1, [{ ...forged, body: utf8('other') }]),
    ],
    [
      'a client signature by another key',
      'CLIENT_SIGNATURE',
      world,
      world.batch(1, 1, [{ ...forged, client: new Uint8Array(32).fill(1) }]),
    ],
    ['no client signature where one is required', 'CLIENT_SIGNATURE', strict, strict.batch(1, 1, ['x'])],
    ['a required client signature', 'good', strict, strict.batch(1, 1, [signed(strict.transaction('x'))])],
    ['a body that is too long', 'BODY_SIZE', small, small.batch(1, 1, ['01234567890'])],
    ['a body at its limit', 'good', small, small.batch(1, 1, ['0123456789'])],
    ['too many transactions', 'BATCH_COUNT', small, small.batch(1, 1, ['a', 'b', 'c'])],
    [
      'too many dependencies',
      'DEPENDENCIES',
      small,
      small.batch(1, 1, [small.transaction('x', ['a', 'b', 'c'])]),
    ],
    [
      'too many bytes',
      'BATCH_SIZE',
      world,
      world.batch(
        1,
        1,
        Array.from({ length: 5 }, (_, i) => world.transaction(`${i}${'x'.repeat(250 << 10)}`)),
      ),
    ],
  ])('%s: %s', (_, code, at, batch) => {
    expect(codeOf(at.verifier.check({ kind: 'batch', batch }))).toBe(code);
  });
});

describe('votes and certificates', () => {
  const batch = world.batch(0, 1, ['x']);
  const rival = world.batch(1, 1, ['y']);
  const vote = {};
  const full = world.certificate(batch, [vote, { before: [rival] }, vote, vote]);
  const three = world.certificate(batch, [vote, vote, vote]);
  const two = world.certificate(batch, [vote, vote]);
  const as = (change: Partial<Certificate>): Certificate => ({ ...full, ...change });
  const outside = take(1, curveSignatures())[0]!;
  it.each<readonly [string, string, string, Certificate]>([
    ['as it is', 'good', 'good', full],
    ['a quorum', 'good', 'good', three],
    ['less than a quorum', 'good', 'CERTIFICATE_QUORUM', two],
    [
      'of another federation',
      'VOTES_SIGNATURE',
      'VOTES_SIGNATURE',
      other.certificate(batch, [vote, vote, vote]),
    ],
    ['on another batch', 'VOTES_SIGNATURE', 'VOTES_SIGNATURE', as({ batch: rival.id })],
    [
      'one signer more',
      'VOTES_SIGNATURE',
      'VOTES_SIGNATURE',
      { ...three, classes: [{ ...three.classes[0]!, signers: allSigners(4) }] },
    ],
    [
      'one signer less',
      'VOTES_SIGNATURE',
      'CERTIFICATE_QUORUM',
      { ...three, classes: [{ ...three.classes[0]!, signers: allSigners(2) }] },
    ],
    [
      'contents swapped',
      'VOTES_SIGNATURE',
      'VOTES_SIGNATURE',
      as({ classes: full.classes.map((one, i) => ({ ...one, signers: full.classes[1 - i]!.signers })) }),
    ],
    [
      'another base',
      'VOTES_SIGNATURE',
      'VOTES_SIGNATURE',
      as({ classes: full.classes.map((one) => ({ ...one, base: 1 as Height })) }),
    ],
    [
      'another reject',
      'VOTES_SIGNATURE',
      'VOTES_SIGNATURE',
      as({ classes: full.classes.map((one) => ({ ...one, rejects: [0] })) }),
    ],
    ['a flipped signature', 'VOTES_SIGNATURE', 'VOTES_SIGNATURE', as({ signature: flip(full.signature) })],
    ['a point outside the subgroup', 'VOTES_SIGNATURE', 'VOTES_SIGNATURE', as({ signature: outside })],
    ['the identity', 'VOTES_SIGNATURE', 'VOTES_SIGNATURE', as({ signature: identitySignature() })],
    ['no signature', 'VOTES_SIGNATURE', 'VOTES_SIGNATURE', as({ signature: new Uint8Array(0) })],
    [
      'a long signature',
      'VOTES_SIGNATURE',
      'VOTES_SIGNATURE',
      as({ signature: new Uint8Array(4096).fill(1) }),
    ],
  ])('%s: %s, as a certificate %s', (_, asVotes, asCertificate, certificate) => {
    expect(codeOf(verifier.check({ kind: 'votes', votes: certificate }))).toBe(asVotes);
    expect(codeOf(verifier.check({ kind: 'certificate', certificate }))).toBe(asCertificate);
  });
});

const genesis = genesisCertificate(epoch);
const block: Block = {
  epoch,
  height: 1 as Height,
  view: 1 as View,
  parent: genesis.block,
  justify: genesis,
  entries: [],
  orderRoot: certificateDigest(world.certificate(world.batch(0, 1, ['x']), [{}]), 4) as never,
};
const digest = blockDigest(block, 4);

describe('order certificates and proposals', () => {
  const qc = world.signBlock(1 as View, digest, [0, 1, 2]);
  it.each<readonly [string, string, typeof qc]>([
    ['as it is', 'good', qc],
    ['genesis', 'good', genesis],
    ['genesis of another federation', 'QC_GENESIS', genesisCertificate(other.epoch)],
    ['genesis with signers', 'QC_GENESIS', { ...genesis, signers: qc.signers }],
    ['genesis with a signature', 'QC_GENESIS', { ...genesis, signature: qc.signature }],
    ['a block in view 0', 'QC_GENESIS', { ...qc, view: 0 as View }],
    ['less than a quorum', 'QC_QUORUM', world.signBlock(1 as View, digest, [0, 1])],
    ['another view', 'BLOCK_SIGNATURE', { ...qc, view: 2 as View }],
    ['another block', 'BLOCK_SIGNATURE', { ...qc, block: genesis.block }],
    ['one signer more', 'BLOCK_SIGNATURE', { ...qc, signers: allSigners(4) }],
    ['another federation', 'BLOCK_SIGNATURE', other.signBlock(1 as View, digest, [0, 1, 2])],
  ])('%s: %s', (_, code, one) => expect(codeOf(verifier.check({ kind: 'qc', qc: one }))).toBe(code));

  it('parts of a quorum', () => {
    const part = world.signBlock(1 as View, digest, [3]);
    expect(codeOf(verifier.check({ kind: 'blockVotes', ...part }))).toBe('good');
    expect(codeOf(verifier.check({ kind: 'blockVotes', ...part, signers: [] }))).toBe('BLOCK_SIGNATURE');
  });

  const proposal = { block, signature: world.proposal(2, 1, digest).signature };
  it.each<readonly [string, string, typeof proposal, number]>([
    ['as it is', 'good', proposal, 2],
    ['by another leader', 'PROPOSAL_SIGNATURE', proposal, 1],
    ['by nobody', 'PROPOSAL_LEADER', proposal, 4],
    ['another block', 'PROPOSAL_SIGNATURE', { ...proposal, block: { ...block, height: 2 as Height } }, 2],
    ['of another federation', 'EPOCH', { ...proposal, block: { ...block, epoch: other.epoch as Epoch } }, 2],
    ['a signature of a block vote', 'PROPOSAL_SIGNATURE', { ...proposal, signature: new Uint8Array(64) }, 2],
  ])('proposal, %s: %s', (_, code, one, leader) => {
    expect(codeOf(verifier.check({ kind: 'proposal', proposal: one, leader: leader as SignerId }))).toBe(
      code,
    );
  });

  it('proposal, a justify that does not verify', () => {
    const bad = { ...block, view: 2 as View, parent: digest, justify: { ...qc, signers: allSigners(4) } };
    const { signature } = world.proposal(2, 2, blockDigest(bad, 4));
    expect(codeOf(verifier.proposal({ block: bad, signature }, 2 as SignerId))).toBe('BLOCK_SIGNATURE');
  });
});

describe('timeouts', () => {
  const statement: TimeoutStatement = {
    end: 32 as View,
    lastSigned: 4 as View,
    highView: 0 as View,
    highBlock: genesis.block,
  };
  const timeout = world.timeout(1, statement);
  const says = (change: Partial<TimeoutStatement>) => world.timeout(1, { ...statement, ...change });
  it.each<readonly [string, string, typeof timeout]>([
    ['as it is', 'good', timeout],
    ['by somebody else', 'TIMEOUT_SIGNATURE', { ...timeout, signer: 2 as SignerId }],
    ['by nobody', 'TIMEOUT_SIGNER', { ...timeout, signer: 4 as SignerId }],
    ['another statement', 'TIMEOUT_SIGNATURE', { ...timeout, lastSigned: 5 as View }],
    ['inside a term', 'TIMEOUT_END', says({ end: 33 as View })],
    ['view 0', 'TIMEOUT_END', says({ end: 0 as View })],
    ['before the first term ends', 'TIMEOUT_END', says({ end: 31 as View })],
    ['signed after its end', 'TIMEOUT_VIEWS', says({ lastSigned: 33 as View })],
    ['a certificate after its end', 'TIMEOUT_VIEWS', says({ highView: 33 as View })],
    ['of another federation', 'TIMEOUT_SIGNATURE', other.timeout(1, statement)],
  ])('%s: %s', (_, code, one) =>
    expect(codeOf(verifier.check({ kind: 'timeout', timeout: one }))).toBe(code),
  );

  const votes = [0, 1, 2].map((signer) => world.timeout(signer, statement));
  const tc = { end: 32 as View, votes, high: genesis };
  it.each<readonly [string, string, typeof tc]>([
    ['as it is', 'good', tc],
    ['less than a quorum', 'TC_QUORUM', { ...tc, votes: votes.slice(1) }],
    [
      'a vote that does not verify',
      'TIMEOUT_SIGNATURE',
      { ...tc, votes: [...votes.slice(1), { ...timeout, signer: 3 as SignerId }] },
    ],
    ['a high that does not verify', 'QC_GENESIS', { ...tc, high: genesisCertificate(other.epoch) }],
  ])('certificate, %s: %s', (_, code, one) =>
    expect(codeOf(verifier.check({ kind: 'tc', tc: one }))).toBe(code),
  );
});
