import { describe, expect, it } from 'vitest';
import type { SignerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { nobleSignatures } from '../../src/crypto/ed25519-noble.ts';
import { nobleSchemes } from '../../src/crypto/schemes-noble.ts';
import { encodeReceiptJson, type OrderReceipt } from '../../src/messages/receipt.ts';
import type { Certificate } from '../../src/messages/vote.ts';
import { openFederation } from '../../src/verify/federation.ts';
import { verifyReceipt } from '../../src/verify/receipt.ts';
import { makeOrderReceipt, makeScoreReceipt } from './make-receipts.ts';
import {
  ahead,
  check,
  codeOf,
  four,
  history,
  type Known,
  nothing,
  plain,
  score,
  six,
  travelled,
} from './receipts.ts';
import { TestChain } from './support.ts';

describe('a score receipt', () => {
  it('of an uncontested batch proves each of its transactions', () => {
    const known = plain(four);
    known.batch.transactionIds.forEach((id, index) => {
      const receipt = travelled(score(four, known, nothing, index)!, four);
      expect(must(verifyReceipt(receipt, four.verifier))).toEqual({
        transaction: id,
        batch: known.batch.id,
        verdict: 'executed',
        finality: 'score',
        place: { ingress: 0, number: 1, index },
        signers: [0, 1, 2, 3],
        base: 0,
      });
    });
  });

  it('holds the ancestors in delivery order, and verifies with them', () => {
    const known = history(four, 6);
    const last = known[5]!;
    const receipt = score(four, last, ahead(...known.slice(0, 5)))!;
    expect(receipt.ancestors.map((one) => one.header.root)).toEqual(
      known.slice(0, 5).map((one) => one.batch.header.root),
    );
    expect(check(receipt, four)).toBe('ok');
    expect(check({ ...receipt, ancestors: receipt.ancestors.slice(1) }, four)).toBe('RECEIPT_SCORE');
    expect(check({ ...receipt, ancestors: [...receipt.ancestors].reverse() }, four)).toBe('RECEIPT_SCORE');
  });

  it('follows `after` too, which no vote lists', () => {
    const first = four.batch(0, 1, ['a']);
    const second = four.batch(0, 2, ['b'], [first]);
    const known = { batch: second, certificate: four.unanimous(second) };
    expect(score(four, known)).toBeUndefined();
    const receipt = score(four, known, ahead({ batch: first, certificate: four.unanimous(first) }))!;
    expect(receipt.ancestors).toHaveLength(1);
    expect(check(receipt, four)).toBe('ok');
    expect(check({ ...receipt, ancestors: [] }, four)).toBe('RECEIPT_SCORE');
  });

  it('leaves out a rival that too few votes list to matter', () => {
    const rival = six.batch(1, 1, ['u']);
    const batch = six.batch(0, 1, ['t']);
    const lists = (count: number) =>
      six.certificate(
        batch,
        Array.from({ length: 6 }, (_, i) => (i < count ? { before: [rival] } : {})),
      );
    const receipt = score(six, { batch, certificate: lists(1) })!;
    expect(receipt.ancestors).toEqual([]);
    expect(check(receipt, six)).toBe('ok');
    expect(score(six, { batch, certificate: lists(2) })).toBeUndefined();
    expect(check({ ...receipt, certificate: lists(2) }, six)).toBe('RECEIPT_SCORE');
  });

  it('counts votes of any base, and says which prefix is excepted', () => {
    const batch = four.batch(0, 1, ['t']);
    const certificate = four.certificate(batch, [{ base: 3 }, {}, {}, { base: 7 }]);
    const receipt = score(four, { batch, certificate })!;
    expect(must(verifyReceipt(receipt, four.verifier)).base).toBe(7);
  });

  it('takes ancestors from the committed order, all under one chain', () => {
    const chain = new TestChain(four);
    const known = history(four, 4);
    chain.commit(known.slice(0, 1));
    chain.commit(known.slice(1, 2));
    const receipt = score(four, known[3]!, {
      ahead: new Map([[known[2]!.batch.id, known[2]!]]),
      placeProof: (id) => chain.proofs.settled(id),
    })!;
    expect(receipt.ancestors.map((one) => one.kind)).toEqual(['order', 'order', 'score']);
    expect(encodeReceiptJson(receipt, 4).chains).toHaveLength(1);
    expect(check(receipt, four)).toBe('ok');
  });

  it('is not made of too few votes, of a rejecting minority, of a duplicate, or with too many ancestors', () => {
    const batch = four.batch(0, 1, ['a', 'b']);
    const three = four.certificate(batch, [{}, {}, {}, undefined]);
    const split = four.certificate(batch, [{}, {}, {}, { rejects: [1] }]);
    const good = { batch, certificate: four.unanimous(batch) };
    expect(score(four, { batch, certificate: three })).toBeUndefined();
    expect(score(four, { batch, certificate: split })).toBeUndefined();
    expect(
      makeScoreReceipt({ ...good, index: 0, verdict: 'duplicate' }, nothing, four.quorum),
    ).toBeUndefined();
    // What a careless maker would give is refused.
    const receipt = score(four, good)!;
    expect(check({ ...receipt, certificate: three }, four)).toBe('RECEIPT_SCORE');
    expect(check({ ...receipt, certificate: split }, four)).toBe('RECEIPT_SCORE');
    const known = history(four, 66);
    expect(score(four, known[65]!, ahead(...known.slice(0, 65)))).toBeUndefined();
    expect(score(four, known[64]!, ahead(...known.slice(0, 64)))?.ancestors).toHaveLength(64);
  });

  it('says rejected when the votes do', () => {
    const batch = four.batch(0, 1, ['a', 'b']);
    const known = { batch, certificate: four.unanimous(batch, { rejects: [1] }) };
    const receipt = score(four, known, nothing, 1, 'rejected')!;
    expect(must(verifyReceipt(receipt, four.verifier)).verdict).toBe('rejected');
    expect(check({ ...receipt, verdict: 'executed' }, four)).toBe('RECEIPT_VERDICT');
    expect(score(four, known, nothing, 1, 'executed')).toBeUndefined();
  });

  it('cannot hide that another batch has used its number', () => {
    // Ingress 0 equivocates: `twin` is ordered, and every vote on `batch` lists it. `batch` is void.
    const twin = four.batch(0, 1, ['x']);
    const batch = four.batch(0, 1, ['t']);
    const known = { batch, certificate: four.unanimous(batch, { before: [twin] }) };
    const sources = ahead({ batch: twin, certificate: four.unanimous(twin) });
    expect(check(score(four, known, sources), four)).toBe('RECEIPT_NUMBER');
    const chain = new TestChain(four);
    chain.commit([{ batch: twin, certificate: four.unanimous(twin) }]);
    const fresh = { batch, certificate: { ...known.certificate } };
    const ordered = score(four, fresh, { ahead: new Map(), placeProof: (id) => chain.proofs.settled(id) });
    expect(ordered!.ancestors[0]!.kind).toBe('order');
    expect(check(ordered, four)).toBe('RECEIPT_NUMBER');
  });

  it('does not take certificates of other batches for those of its ancestors', () => {
    const [first, second] = history(four, 2) as [Known, Known];
    const receipt = score(four, second, ahead(first))!;
    const foreign = four.batch(3, 3, ['z']);
    const [ancestor] = receipt.ancestors as [Extract<(typeof receipt.ancestors)[number], { kind: 'score' }>];
    const other = { ...ancestor, certificate: four.unanimous(foreign) };
    expect(check({ ...receipt, ancestors: [other] }, four)).toBe('RECEIPT_CERTIFICATE');
    const chain = new TestChain(four);
    chain.commit([{ batch: foreign, certificate: four.unanimous(foreign) }]);
    const { proof } = chain.proofs.settled(foreign.id)!;
    const placed = { kind: 'order' as const, header: first.batch.header, proof };
    expect(check({ ...receipt, ancestors: [placed] }, four)).toBe('RECEIPT_PLACE');
  });

  it('does not take a liar for a quorum, or a certificate of another batch', () => {
    const known = plain(four);
    const receipt = score(four, known)!;
    const other = four.batch(1, 1, ['z']);
    expect(check({ ...receipt, certificate: four.unanimous(other) }, four)).toBe('RECEIPT_CERTIFICATE');
    const forged: Certificate = {
      ...known.certificate,
      classes: [{ ...known.certificate.classes[0]!, signers: [0, 1, 2, 3] as SignerId[] }],
      signature: four.certificate(known.batch, [{}, {}, {}, undefined]).signature,
    };
    expect(check({ ...receipt, certificate: forged }, four)).toBe('VOTES_SIGNATURE');
    expect(codeOf(verifyReceipt(receipt, six.verifier))).toBe('EPOCH');
  });
});

describe('an order receipt', () => {
  const chain = new TestChain(four);
  const known = history(four, 6);
  const rejecting = four.batch(3, 9, ['a', 'b']);
  const rejected = { batch: rejecting, certificate: four.unanimous(rejecting, { rejects: [0] }) };
  const repeat = four.batch(2, 9, ['b']);
  const repeated = { batch: repeat, certificate: four.unanimous(repeat) };
  chain.commit(known.slice(0, 1));
  chain.commit(known.slice(1, 4), 1);
  chain.commit([known[4]!, rejected], 2);
  chain.commit([repeated, known[5]!]);
  chain.commit([]);

  const order = (one: Known, index = 0): OrderReceipt | undefined =>
    makeOrderReceipt({ ...one, index }, chain.proofs.of(one.batch.id)!, 4);

  it('proves the place of every transaction, across views without blocks', () => {
    const positions = [...known, rejected, repeated].map((one) => {
      const verified = must(verifyReceipt(travelled(order(one)!, four), four.verifier));
      expect(verified.finality).toBe('order');
      expect(verified.place.height).toBe(chain.committed.placeOf(one.batch.id)!.height);
      return verified.place.position!;
    });
    expect([...positions].sort()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  it('says rejected and duplicate', () => {
    const verdict = (one: Known, index: number) =>
      must(verifyReceipt(order(one, index)!, four.verifier)).verdict;
    expect([verdict(rejected, 0), verdict(rejected, 1), verdict(repeated, 0)]).toEqual([
      'rejected',
      'executed',
      'duplicate',
    ]);
  });

  it('is not made of a void batch, and one that claims a void place is refused', () => {
    const twins = new TestChain(four);
    const first = four.batch(0, 1, ['x']);
    const second = four.batch(0, 1, ['y']);
    twins.commit([
      { batch: first, certificate: four.unanimous(first) },
      { batch: second, certificate: four.unanimous(second, { before: [first] }) },
    ]);
    const one = { batch: second, certificate: four.unanimous(second, { before: [first] }) };
    const proof = twins.proofs.of(second.id)!;
    expect(proof.leaf.void).toBe(true);
    expect(makeOrderReceipt({ ...one, index: 0 }, proof, 4)).toBeUndefined();
    const receipt = {
      ...makeOrderReceipt(
        { batch: first, certificate: four.unanimous(first), index: 0 },
        twins.proofs.of(first.id)!,
        4,
      )!,
      ...{ batch: { header: second.header, signature: second.signature }, proof },
      transaction: second.transactionIds[0]!,
      certificate: one.certificate,
    };
    expect(check(receipt, four)).toBe('RECEIPT_VOID');
  });

  it('needs the deciding certificate', () => {
    const other = four.certificate(known[0]!.batch, [{}, {}, {}, undefined]);
    expect(() => order({ ...known[0]!, certificate: other })).toThrow(/was ordered by certificate/);
    expect(check({ ...order(known[0]!)!, certificate: other }, four)).toBe('RECEIPT_CERTIFICATE');
  });

  it('needs a chain whose last two blocks are adjacent and certified by a quorum', () => {
    const receipt = order(known[1]!)!;
    const { chain: whole } = receipt.proof;
    const withChain = (change: Partial<typeof whole>) =>
      check({ ...receipt, proof: { ...receipt.proof, chain: { ...whole, ...change } } }, four);
    expect(whole.blocks.map((block) => block.view)).toEqual([3, 6, 7]);
    expect(withChain({})).toBe('ok');
    expect(withChain({ blocks: whole.blocks.slice(0, 2), qc: four.qc(whole.blocks[1]!) })).toBe(
      'CHAIN_VIEWS',
    );
    expect(withChain({ blocks: whole.blocks.slice(0, 1), qc: four.qc(whole.blocks[0]!) })).toBe(
      'CHAIN_LENGTH',
    );
    expect(withChain({ qc: four.qc(whole.blocks[1]!) })).toBe('CHAIN_QC');
    expect(withChain({ qc: four.qc(whole.blocks[2]!, [0, 1]) })).toBe('QC_QUORUM');
    expect(withChain({ blocks: [whole.blocks[0]!, whole.blocks[2]!] })).toBe('CHAIN_PARENT');
    const weak = { ...whole.blocks[2]!, justify: four.qc(whole.blocks[1]!, [0, 1]) };
    expect(withChain({ blocks: [...whole.blocks.slice(0, 2), weak], qc: four.qc(weak) })).toBe('QC_QUORUM');
  });

  it('cannot lend its place to another batch', () => {
    const other = four.batch(3, 3, ['z']);
    const claim = score(four, { batch: other, certificate: four.unanimous(other) })!;
    const { batch, path, index, transaction } = claim;
    expect(check({ ...order(known[0]!)!, batch, path, index, transaction }, four)).toBe('RECEIPT_PLACE');
  });

  it('cannot be under a block that only looks like an ancestor', () => {
    const receipt = order(known[1]!)!;
    const { chain: whole } = receipt.proof;
    const forged = new TestChain(four);
    forged.commit([known[0]!]);
    const twin = forged.commit(known.slice(1, 5), 1);
    expect([twin.height, twin.view]).toEqual([whole.blocks[0]!.height, whole.blocks[0]!.view]);
    const proof = {
      ...forged.proofs.of(known[1]!.batch.id)!,
      chain: { ...whole, blocks: [twin, ...whole.blocks.slice(1)] },
    };
    expect(check({ ...receipt, proof }, four)).toBe('CHAIN_PARENT');
  });

  it('must be under the block that has the batch as its entry', () => {
    const receipt = order(known[0]!)!;
    const { proof } = chain.proofs.settled(known[0]!.batch.id)!;
    expect(check({ ...receipt, proof }, four)).toBe('RECEIPT_PLACE');
  });
});

describe('verification', () => {
  it('remembers parts it has seen only when they were good', () => {
    const known = plain(four);
    const receipt = score(four, known)!;
    const seen = new WeakSet<object>();
    const bad = { ...receipt, certificate: { ...receipt.certificate, signature: new Uint8Array(96) } };
    expect(codeOf(verifyReceipt(bad, four.verifier, seen))).toBe('VOTES_SIGNATURE');
    expect(codeOf(verifyReceipt(bad, four.verifier, seen))).toBe('VOTES_SIGNATURE');
    expect(codeOf(verifyReceipt(receipt, four.verifier, seen))).toBe('ok');
    const other = score(four, known, nothing, 1)!;
    expect(codeOf(verifyReceipt({ ...other, index: 2 }, four.verifier, seen))).toBe('RECEIPT_TRANSACTION');
    expect(codeOf(verifyReceipt(other, four.verifier, seen))).toBe('ok');
  });

  it('gives the same answers with the pure JavaScript libraries', () => {
    const verifier = must(openFederation(four.text, nobleSchemes, nobleSignatures));
    const receipt = score(four, plain(four))!;
    expect(codeOf(verifyReceipt(receipt, verifier))).toBe('ok');
    const signature = four.unanimous(four.batch(1, 1, ['z'])).signature;
    expect(
      codeOf(verifyReceipt({ ...receipt, certificate: { ...receipt.certificate, signature } }, verifier)),
    ).toBe('VOTES_SIGNATURE');
  });
});
