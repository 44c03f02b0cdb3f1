/** A federation whose aggregates are lists of single signatures: evidence, and receipts of many signers. */

import { describe, expect, it } from 'vitest';
import { concat } from '../../src/base/bytes.ts';
import { type Height, type SignerId, signerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { listName } from '../../src/crypto/ed25519-list.ts';
import { nobleSignatures } from '../../src/crypto/ed25519-noble.ts';
import { deriveSignerKeys } from '../../src/crypto/keys.ts';
import { providerOf } from '../../src/crypto/schemes.ts';
import { nobleSchemes } from '../../src/crypto/schemes-noble.ts';
import { nodeSchemes } from '../../src/crypto/schemes-node.ts';
import { decodeEvidence, type Evidence, encodeEvidence } from '../../src/messages/evidence.ts';
import { type Certificate, voteOfClass, voteSigningBytes } from '../../src/messages/vote.ts';
import { verifyEvidence } from '../../src/verify/evidence.ts';
import { openFederation } from '../../src/verify/federation.ts';
import { signWithNonce } from '../crypto/ed25519-forge.ts';
import { makeOrderReceipt } from './make-receipts.ts';
import { check, codeOf, plain, score } from './receipts.ts';
import { rootOf, TestChain, World } from './support.ts';

const world = new World(4, 1, 1, { scheme: listName });
const accused = signerId(1);
const batch = world.batch(0, 1, ['t']);

/** Through its bytes, as evidence travels, and by both implementations. */
const judged = (evidence: Evidence): string => {
  const read = must(decodeEvidence(encodeEvidence(evidence, 4), 4));
  const portable = must(openFederation(world.text, nobleSchemes, nobleSignatures));
  const answers = [world.verifier, portable].map((verifier) => codeOf(verifyEvidence(read, verifier)));
  expect(answers[1]).toBe(answers[0]);
  return answers[0]!;
};

/** The accused's empty vote with another valid signature. */
function signedAgain(): Certificate {
  const content = { base: 0 as Height, before: [], rejects: [] };
  const provider = must(providerOf(listName, nodeSchemes));
  const { votingSecret } = deriveSignerKeys(rootOf(accused), provider);
  const bytes = voteSigningBytes(voteOfClass(world.epoch, batch.id, content));
  const tag = world.federation.signers[accused]!.votingKey.subarray(0, 4);
  return {
    batch: batch.id,
    classes: [{ ...content, signers: [accused as SignerId] }],
    signature: concat(tag, signWithNonce(votingSecret, bytes, 5n)),
  };
}

describe('evidence of lists', () => {
  const [empty, full] = [world.unanimous(batch), world.certificate(batch, [{}, { base: 3 }, {}])];

  it('convicts whoever voted twice, in lists of any length', () => {
    expect(judged({ kind: 'votes', signer: accused, first: empty, second: full })).toBe('ok');
    const alone = world.certificate(batch, [undefined, { base: 3 }]);
    expect(judged({ kind: 'votes', signer: accused, first: signedAgain(), second: alone })).toBe('ok');
  });

  it('does not convict of two signatures on one vote, or on a signature of another', () => {
    const again = signedAgain();
    const alone = world.certificate(batch, [undefined, {}]);
    expect(again.signature).not.toEqual(alone.signature);
    expect(codeOf(world.verifier.votes(again))).toBe('ok');
    expect(judged({ kind: 'votes', signer: accused, first: again, second: alone })).toBe('EVIDENCE_NONE');
    const framed = { ...full, signature: empty.signature };
    expect(judged({ kind: 'votes', signer: accused, first: empty, second: framed })).toBe('VOTES_SIGNATURE');
  });
});

describe('receipts with lists', () => {
  it.each([4, 130])('verify among %d signers, by score and by order', (n) => {
    const many = n === 4 ? world : new World(n, 0, 0, { scheme: listName });
    const known = plain(many);
    expect(check(score(many, known), many)).toBe('ok');
    const chain = new TestChain(many);
    chain.commit([known]);
    chain.commit([]);
    const proof = chain.proofs.of(known.batch.id)!;
    expect(check(makeOrderReceipt({ ...known, index: 0 }, proof, n), many)).toBe('ok');
  });

  it('are refused with a certificate that was cut short of the quorum, not with one that was cut', () => {
    const known = plain(world);
    const cut = (votes: number) => {
      const { classes, signature } = known.certificate;
      const [one] = classes;
      return {
        ...known.certificate,
        classes: [{ ...one!, signers: one!.signers.slice(0, votes) }],
        signature: signature.subarray(0, votes * 68),
      };
    };
    expect([4, 3, 2].map((votes) => codeOf(world.verifier.certificate(cut(votes))))).toEqual([
      'ok',
      'ok',
      'CERTIFICATE_QUORUM',
    ]);
  });
});
