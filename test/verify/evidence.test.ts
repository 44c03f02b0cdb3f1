import { describe, expect, it } from 'vitest';
import { type BlockDigest, type Digest, type Height, signerId, type View } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { type Block, blockDigest, genesisCertificate } from '../../src/messages/block.ts';
import { decodeEvidence, type Evidence, encodeEvidence } from '../../src/messages/evidence.ts';
import type { SignedTimeout } from '../../src/messages/timeout.ts';
import { verifyEvidence } from '../../src/verify/evidence.ts';
import { World } from './support.ts';

const world = new World(4, 1, 1);
const other = new World(6, 1, 1);
const term = world.federation.limits.leaderTerm;
const accused = signerId(1);
const zero = '00'.repeat(32) as Digest;

/** Through its bytes, as evidence travels. */
const check = (evidence: Evidence): string => {
  const result = verifyEvidence(must(decodeEvidence(encodeEvidence(evidence, 4), 4)), world.verifier);
  if (!result.ok) return result.error.code;
  expect(result.value).toMatchObject({ signer: evidence.signer, kind: evidence.kind });
  expect(result.value.explanation.length).toBeGreaterThan(20);
  return 'guilty';
};

const sig = (qc: { signature: Uint8Array }): Uint8Array => qc.signature;
const [t, u] = [world.batch(0, 1, ['t']), world.batch(2, 1, ['u'])] as [Batch, Batch];

describe('two votes on one batch', () => {
  const votes = (first: Parameters<World['certificate']>[1], second: typeof first, on = t): Evidence => ({
    kind: 'votes',
    signer: accused,
    first: world.certificate(t, first),
    second: world.certificate(on, second),
  });

  it.each([
    ['before', { before: [u] }],
    ['base', { base: 2 }],
    ['rejects', { rejects: [0] }],
  ])('convict when they differ in %s, in aggregates of any size', (_, vote) => {
    expect(check(votes([{}, {}, {}, {}], [{}, vote, {}, undefined]))).toBe('guilty');
    expect(check(votes([undefined, {}], [undefined, vote]))).toBe('guilty');
  });

  it('do not convict when they are the same, in whatever company', () => {
    expect(check(votes([{}, {}, {}, {}], [{ before: [u] }, {}, { base: 3 }, undefined]))).toBe(
      'EVIDENCE_NONE',
    );
  });

  it('do not convict when they are on two batches, or the accused is in one only', () => {
    expect(check(votes([{}, {}], [{}, { before: [t] }], u))).toBe('EVIDENCE_NONE');
    expect(check(votes([{}, {}, {}], [{}, undefined, { base: 1 }]))).toBe('EVIDENCE_SIGNER');
  });

  it('do not convict on a signature that somebody else made', () => {
    const evidence = votes([{}, {}], [{}, { before: [u] }]) as Extract<Evidence, { kind: 'votes' }>;
    const framed = { ...evidence, second: { ...evidence.second, signature: sig(evidence.first) } };
    expect(check(framed)).toBe('VOTES_SIGNATURE');
    expect(check({ ...framed, first: framed.second, second: framed.first })).toBe('VOTES_SIGNATURE');
  });

  it('do not convict under another federation', () => {
    const result = verifyEvidence(votes([{}, {}], [{}, { before: [u] }]), other.verifier);
    expect(result.ok ? 'guilty' : result.error.code).toBe('VOTES_SIGNATURE');
  });
});

describe('votes on two batches', () => {
  const mutual = (onT: Parameters<World['certificate']>[1], onU: typeof onT): Evidence => ({
    kind: 'mutual',
    signer: accused,
    first: world.certificate(t, onT),
    second: world.certificate(u, onU),
  });

  it('convict when they list each other', () => {
    expect(check(mutual([{}, { before: [u] }], [{}, { before: [t] }]))).toBe('guilty');
  });

  it('do not convict when one lists the other, or it takes two signers', () => {
    expect(check(mutual([{}, { before: [u] }], [{}, {}]))).toBe('EVIDENCE_NONE');
    expect(check(mutual([{}, {}], [{}, { before: [t] }]))).toBe('EVIDENCE_NONE');
    expect(check(mutual([{}, { before: [u] }], [{ before: [t] }, {}]))).toBe('EVIDENCE_NONE');
    expect(check(mutual([{}, { before: [u] }], [{ before: [t] }, undefined]))).toBe('EVIDENCE_SIGNER');
  });

  it('do not convict when one is listed by `after` of the other: votes omit those', () => {
    const later = world.batch(0, 2, ['later'], [t]);
    expect(
      check({
        kind: 'mutual',
        signer: accused,
        first: world.certificate(t, [{}, { before: [later] }]),
        second: world.certificate(later, [{}, {}]),
      }),
    ).toBe('EVIDENCE_NONE');
  });

  it('do not convict a batch that is said to list itself', () => {
    const self = world.certificate(t, [{}, { before: [t] }]);
    expect(check({ kind: 'mutual', signer: accused, first: self, second: self })).toBe('EVIDENCE_NONE');
  });

  it('do not convict on a false signature', () => {
    const evidence = mutual([{}, { before: [u] }], [{}, { before: [t] }]) as Extract<
      Evidence,
      { kind: 'mutual' }
    >;
    expect(check({ ...evidence, second: { ...evidence.second, signature: sig(evidence.first) } })).toBe(
      'VOTES_SIGNATURE',
    );
  });
});

/** A block in some view on top of genesis, or of a justified view. */
function block(view: number, justified = 0, marker = 0): Block {
  const justify =
    justified === 0
      ? genesisCertificate(world.epoch)
      : world.signBlock(justified as View, zero as unknown as BlockDigest, [0, 1, 2]);
  return {
    epoch: world.epoch,
    height: 1 as Height,
    view: view as View,
    parent: justify.block,
    justify,
    entries: [],
    orderRoot: `${marker}`.padStart(64, '0') as Digest,
  };
}

describe('signatures on blocks', () => {
  it('of one view convict, with a quorum or without', () => {
    const evidence = (signers: number[]): Evidence => ({
      kind: 'blocks',
      signer: accused,
      first: world.qc(block(5, 0, 1), [0, 1, 2]),
      second: world.qc(block(5, 0, 2), signers),
    });
    expect(check(evidence([1]))).toBe('guilty');
    expect(check(evidence([0, 1, 3]))).toBe('guilty');
    expect(check(evidence([0, 3]))).toBe('EVIDENCE_SIGNER');
  });

  it('do not convict when the view, or the block, is the same in name only', () => {
    const [one, two, later] = [block(5, 0, 1), block(5, 0, 2), block(6, 0, 1)];
    const blocks = (first: Block, second: Block): Evidence => ({
      kind: 'blocks',
      signer: accused,
      first: world.qc(first, [0, 1]),
      second: world.qc(second, [1, 2]),
    });
    expect(check(blocks(one, one))).toBe('EVIDENCE_NONE');
    expect(check(blocks(one, later))).toBe('EVIDENCE_NONE');
    // The view in the certificate is signed: relabelling it breaks the signature.
    const relabelled = { ...world.qc(later, [1, 2]), view: 5 as View };
    expect(check({ ...(blocks(one, two) as object), second: relabelled } as Evidence)).toBe(
      'BLOCK_SIGNATURE',
    );
  });
});

const timeout = (signer: number, lastSigned: number, highView: number, end = term, mark = 0): SignedTimeout =>
  world.timeout(signer, {
    end: end as View,
    lastSigned: lastSigned as View,
    highView: highView as View,
    highBlock: `${mark}`.padStart(64, '0') as BlockDigest,
  });

describe('timeouts', () => {
  const timeouts = (first: SignedTimeout, second: SignedTimeout): string =>
    check({ kind: 'timeouts', signer: accused, first, second });

  it('of one term convict when they differ', () => {
    expect(timeouts(timeout(1, 3, 2), timeout(1, 4, 2))).toBe('guilty');
    expect(timeouts(timeout(1, 3, 2), timeout(1, 3, 1))).toBe('guilty');
    expect(timeouts(timeout(1, 3, 2, term, 1), timeout(1, 3, 2, term, 2))).toBe('guilty');
  });

  it('do not convict when they are resent, of two terms, of two signers, or malformed', () => {
    expect(timeouts(timeout(1, 3, 2), timeout(1, 3, 2))).toBe('EVIDENCE_NONE');
    expect(timeouts(timeout(1, 3, 2), timeout(1, 40, 39, 2 * term))).toBe('EVIDENCE_NONE');
    expect(timeouts(timeout(1, 3, 2), timeout(2, 4, 2))).toBe('EVIDENCE_SIGNER');
    expect(timeouts(timeout(1, 3, 2, term + 1), timeout(1, 4, 2, term + 1))).toBe('TIMEOUT_END');
    expect(timeouts(timeout(1, 3, 2), { ...timeout(1, 3, 2), lastSigned: 4 as View })).toBe(
      'TIMEOUT_SIGNATURE',
    );
  });
});

describe('a timeout and a signature on a block', () => {
  const signedAfter = (given: SignedTimeout, view: number, signers = [0, 1, 2]): string =>
    check({
      kind: 'signedAfterTimeout',
      signer: accused,
      timeout: given,
      signed: world.qc(block(view), signers),
    });

  it('convict when the view was given up and not signed', () => {
    expect(signedAfter(timeout(1, 3, 2), 4)).toBe('guilty');
    expect(signedAfter(timeout(1, 3, 2), term)).toBe('guilty');
    expect(signedAfter(timeout(1, 0, 0), 1, [1])).toBe('guilty');
  });

  it('do not convict when it was signed before, or in a later term, or by others', () => {
    expect(signedAfter(timeout(1, 3, 2), 3)).toBe('EVIDENCE_NONE');
    expect(signedAfter(timeout(1, 3, 2), 2)).toBe('EVIDENCE_NONE');
    expect(signedAfter(timeout(1, 3, 2), term + 1)).toBe('EVIDENCE_NONE');
    expect(signedAfter(timeout(1, 3, 2), 4, [0, 2])).toBe('EVIDENCE_SIGNER');
    expect(signedAfter(timeout(0, 3, 2), 4)).toBe('EVIDENCE_SIGNER');
    expect(signedAfter({ ...timeout(1, 9, 2), lastSigned: 3 as View }, 4)).toBe('TIMEOUT_SIGNATURE');
  });

  const hidden = (given: SignedTimeout, signed: Block, shown = signed, signers = [0, 1, 2]): string =>
    check({
      kind: 'hiddenQc',
      signer: accused,
      timeout: given,
      block: shown,
      signed: world.qc(signed, signers),
    });

  it('convict when the timeout hides the certificate that the block holds', () => {
    expect(hidden(timeout(1, 9, 4), block(9, 5))).toBe('guilty');
    expect(hidden(timeout(1, term, 0), block(2, 1))).toBe('guilty');
  });

  it('do not convict when it names it or a higher one, or the block came later or is another', () => {
    expect(hidden(timeout(1, 9, 5), block(9, 5))).toBe('EVIDENCE_NONE');
    expect(hidden(timeout(1, 9, 8), block(9, 5))).toBe('EVIDENCE_NONE');
    expect(hidden(timeout(1, 9, 4), block(term + 2, term + 1))).toBe('EVIDENCE_NONE');
    expect(hidden(timeout(1, 9, 4), block(9, 3), block(9, 5))).toBe('EVIDENCE_NONE');
    expect(hidden(timeout(1, 9, 4), block(9, 5), block(9, 5), [0, 2])).toBe('EVIDENCE_SIGNER');
    expect(hidden(timeout(2, 9, 4), block(9, 5))).toBe('EVIDENCE_SIGNER');
    expect(hidden({ ...timeout(1, 9, 5), highView: 4 as View }, block(9, 5))).toBe('TIMEOUT_SIGNATURE');
  });

  it('do not convict on a signature over the digest in another view than the block', () => {
    const one = block(9, 5);
    const signed = world.signBlock(8 as View, blockDigest(one, 4), [1]);
    expect(check({ kind: 'hiddenQc', signer: accused, timeout: timeout(1, 9, 4), block: one, signed })).toBe(
      'EVIDENCE_NONE',
    );
  });
});

describe('proposals', () => {
  const digests = ['1', '2'].map((digit) => digit.repeat(64) as BlockDigest);
  it('of two blocks in one view convict the leader, and nothing less does', () => {
    const one = world.proposal(1, 7, digests[0]!);
    const with_ = (second: typeof one, signer = accused): string =>
      check({ kind: 'proposals', signer, first: one, second });
    expect(with_(world.proposal(1, 7, digests[1]!))).toBe('guilty');
    expect(with_(world.proposal(1, 7, digests[0]!))).toBe('EVIDENCE_NONE');
    expect(with_(world.proposal(1, 8, digests[1]!))).toBe('EVIDENCE_NONE');
    expect(with_(world.proposal(2, 7, digests[1]!))).toBe('PROPOSAL_SIGNATURE');
    expect(with_({ ...world.proposal(1, 8, digests[1]!), view: 7 as View })).toBe('PROPOSAL_SIGNATURE');
  });
});

describe('batches', () => {
  const signed = ({ header, signature }: Batch) => ({ header, signature });
  const batches = (first: Batch, second: Batch, signer = 0): string =>
    check({ kind: 'batches', signer: signerId(signer), first: signed(first), second: signed(second) });

  it('with one number convict the ingress, and nothing less does', () => {
    const twin = world.batch(0, 1, ['twin']);
    expect(batches(t, twin)).toBe('guilty');
    expect(batches(t, world.batch(0, 1, ['t'], []))).toBe('EVIDENCE_NONE');
    expect(batches(t, world.batch(0, 2, ['t'], [t]))).toBe('EVIDENCE_NONE');
    expect(batches(t, world.batch(2, 1, ['x']))).toBe('EVIDENCE_SIGNER');
    expect(batches(t, twin, 2)).toBe('EVIDENCE_SIGNER');
    expect(batches(t, { ...twin, signature: t.signature })).toBe('BATCH_SIGNATURE');
  });
});

it('nobody outside the federation is convicted', () => {
  const evidence: Evidence = {
    kind: 'votes',
    signer: signerId(9),
    first: world.certificate(t, [{}]),
    second: world.certificate(t, [{ base: 1 }]),
  };
  const result = verifyEvidence(evidence, world.verifier);
  expect(result.ok ? 'guilty' : result.error.code).toBe('EVIDENCE_SIGNER');
});
