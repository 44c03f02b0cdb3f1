import { aggregatePublicKeys, aggregateSignatures, PublicKey, Signature } from '@chainsafe/blst';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import { domainPrefix } from '../../src/base/hash.ts';
import { negateEncoding, possessionMessage } from '../../src/crypto/bls.ts';
import { blstProvider } from '../../src/crypto/bls-blst-node.ts';
import { nobleProvider } from '../../src/crypto/bls-noble.ts';
import {
  curveKeys,
  curveSignatures,
  identityKey,
  identitySignature,
  oppositeSecret,
  take,
} from './bls-points.ts';
import { providerSuite } from './provider-suite.ts';

const providers = [
  ['blst', blstProvider],
  ['noble', nobleProvider],
] as const;

providerSuite('blst', blstProvider, { runs: 100, identity: identitySignature(), signsTwice: true });
providerSuite('noble', nobleProvider, { runs: 8, identity: identitySignature(), signsTwice: true });

const message = utf8('message');
const pairOf = (i: number) => blstProvider.keyFromSeed(new Uint8Array(32).fill(i));
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 });

describe('blst and noble give the same bytes', () => {
  it('for keys, signatures, proofs, aggregates and differences (property)', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 80 }),
        bytes32,
        fc.uint8Array({ maxLength: 200 }),
        fc.uint8Array({ maxLength: 200 }),
        (seedA, seedB, m1, m2) => {
          const keys = providers.map(([, p]) => [p.keyFromSeed(seedA), p.keyFromSeed(seedB)] as const);
          expect(keys[1]).toEqual(keys[0]);
          const [a, b] = keys[0]!;
          const results = providers.map(([, provider]) => {
            const scheme = provider.scheme([a.publicKey, b.publicKey]);
            const parts = [
              provider.signer(a.secretKey).sign(m1),
              provider.signer(b.secretKey).sign(m2),
              provider.signer(b.secretKey).sign(m1),
            ];
            const aggregate = scheme.aggregate(parts);
            const proof = provider.provePossession(a.secretKey);
            return [...parts, aggregate, scheme.subtract(aggregate, parts[1]!), proof].map(toHex);
          });
          expect(results[1]).toEqual(results[0]);
        },
      ),
      { numRuns: 6 },
    );
  });

  it('and the same answers on mutated encodings, of keys and of signatures (fuzz)', () => {
    const pair = pairOf(1);
    const signature = blstProvider.signer(pair.secretKey).sign(message);
    const mutation = fc.array(fc.tuple(fc.nat({ max: 95 }), fc.nat({ max: 255 })), { maxLength: 2 });
    const flags = fc.nat({ max: 7 });
    const base = fc.constantFrom(0, 1, 2, 3);
    fc.assert(
      fc.property(base, mutation, flags, (kind, changes, top) => {
        const mutate = (original: Uint8Array): Uint8Array => {
          const mutated = kind === 0 ? new Uint8Array(original.length) : original.slice();
          for (const [at, value] of changes) mutated[at % mutated.length] = value;
          if (kind !== 3) mutated[0] = (mutated[0]! & 0x1f) | (top << 5);
          return mutated;
        };
        const s = mutate(signature);
        const k = mutate(pair.publicKey);
        const answers = providers.map(([, provider]) => {
          let keyParses = true;
          try {
            provider.scheme([k]);
          } catch {
            keyParses = false;
          }
          return [provider.scheme([pair.publicKey]).wellFormed(s), keyParses];
        });
        expect(answers[1]).toEqual(answers[0]);
      }),
      { numRuns: 150 },
    );
  });
});

const golden = {
  secretKey: '23c205e368093188a73311a45658e3d30e00741019b0eff05277ba2fd42bc422',
  publicKey:
    'a6ceb0760781082c1954d2a4ec868c82e81d0b2bfb6d95b28bfcae30842fc583' + '87da58dcfed367f74d878739285cae92',
  signature:
    '832dd266521ff5ad154cf15d9a8b4f48f546339dd23b7d9143fe93f458042dd3d862fd381813901acea43a1be90699d2' +
    '119757fac482197ece75076658d1c263cf8a09c69396b1b6be08aea87b2032e595cbd0c410a2cebe08102d4e10e37526',
  possession:
    '8510b62f284bd696270e496fdfa40f4cc4e307a38a085767f156e101a3d2b9855757a90ffd29204840702aae2cc1a590' +
    '0c3d4aa8740bbd1b95555efc2e3321b0a1699c13f82efc82f80366e69fb594d4f265272b5cf983e16dcfd5b80b46a2c4',
};

describe('frozen vectors', () => {
  const pair = pairOf(7);
  it.each(providers)('%s', (_, provider) => {
    expect(toHex(provider.keyFromSeed(new Uint8Array(32).fill(7)).secretKey)).toBe(golden.secretKey);
    expect(toHex(provider.keyFromSeed(new Uint8Array(32).fill(7)).publicKey)).toBe(golden.publicKey);
    expect(toHex(provider.signer(pair.secretKey).sign(message))).toBe(golden.signature);
    expect(toHex(provider.provePossession(pair.secretKey))).toBe(golden.possession);
  });

  it('agree with the published vectors of the ciphersuite', () => {
    // From the Ethereum consensus specification's tests, bls/sign: this key on 32 zero bytes.
    const secret = fromHex('47b8192d77bf871b62e87859d653922725724a5c031afeabc60bcef5ff665138');
    const zeros = new Uint8Array(32);
    const expected =
      'b23c46be3a001c63ca711f87a005c200cc550b9429d5f4eb38d74322144f1b63926da3388979e5321012fb1a0526bcd1' +
      '00b5ef5fe72628ce4cd5e904aeaa3279527843fae5ca9ca675f4f51ed8f83bbf7155da9ecc9663100a885d5dc6df96d9';
    for (const [, provider] of providers) expect(toHex(provider.signer(secret).sign(zeros))).toBe(expected);
  });
});

describe.each(providers)('%s refuses', (_, provider) => {
  const pair = pairOf(1);
  const scheme = provider.scheme([pair.publicKey]);
  const signature = provider.signer(pair.secretKey).sign(message);

  it('the identity as key, as signature and as proof', () => {
    expect(() => provider.scheme([pair.publicKey, identityKey()])).toThrow(/signer 1/);
    expect(scheme.wellFormed(identitySignature())).toBe(false);
    expect(scheme.verify([{ signers: [0], message }], identitySignature())).toBe(false);
    // Both are the identity: the pairing equation holds, so only the explicit check stands here.
    expect(provider.verifyPossession(identityKey(), identitySignature())).toBe(false);
    expect(provider.verifyPossession(pair.publicKey, identitySignature())).toBe(false);
  });

  it('points of the curve outside the subgroup', () => {
    for (const key of take(4, curveKeys())) {
      expect(() => PublicKey.fromBytes(key, false)).not.toThrow(); // it is on the curve
      expect(() => provider.scheme([key])).toThrow(/signer 0/);
      expect(provider.verifyPossession(key, signature)).toBe(false);
    }
    for (const point of take(4, curveSignatures())) {
      expect(() => Signature.fromBytes(point, false)).not.toThrow();
      expect(scheme.wellFormed(point)).toBe(false);
      expect(() => scheme.aggregate([signature, point])).toThrow();
      expect(() => scheme.subtract(signature, point)).toThrow();
    }
  });

  it('a valid signature shifted by a point outside the subgroup', () => {
    const [point] = take(1, curveSignatures());
    // The sum is made without the checks, as an attacker would.
    const parts = [signature, point!].map((bytes) => Signature.fromBytes(bytes, false));
    const shifted = aggregateSignatures(parts, false).toBytes();
    expect(scheme.wellFormed(shifted)).toBe(false);
    expect(scheme.verify([{ signers: [0], message }], shifted)).toBe(false);
  });

  it('uncompressed encodings, which would be a second form of one signature', () => {
    const uncompressed = Signature.fromBytes(signature, true).toBytes(false);
    expect(scheme.wellFormed(uncompressed)).toBe(false);
    expect(scheme.verify([{ signers: [0], message }], uncompressed)).toBe(false);
    const key = PublicKey.fromBytes(pair.publicKey, true).toBytes(false);
    expect(() => provider.scheme([key])).toThrow(/signer 0/);
  });

  it('secret keys that are zero, too large, or of the wrong length', () => {
    const order = fromHex('73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001');
    for (const secret of [
      new Uint8Array(32),
      order,
      new Uint8Array(32).fill(255),
      new Uint8Array(31).fill(1),
    ])
      expect(() => provider.signer(secret)).toThrow();
  });
});

describe.each(providers)('%s: keys that attack others', (_, provider) => {
  it('a rogue key breaks aggregates, and has no proof of possession', () => {
    const victim = pairOf(1);
    const attacker = pairOf(2);
    // rogue = attacker - victim: the aggregate of both keys is the attacker's own.
    const rogue = aggregatePublicKeys([
      PublicKey.fromBytes(attacker.publicKey, true),
      PublicKey.fromBytes(negateEncoding(victim.publicKey), true),
    ]).toBytes();
    const scheme = provider.scheme([victim.publicKey, rogue]);
    const forged = provider.signer(attacker.secretKey).sign(message);
    // The attack is real: without proofs of possession the victim would have signed.
    expect(scheme.verify([{ signers: [0, 1], message }], forged)).toBe(true);
    const attempts = [
      provider.provePossession(attacker.secretKey),
      provider.provePossession(victim.secretKey),
      provider.signer(attacker.secretKey).sign(possessionMessage(rogue)),
      scheme.subtract(
        provider.provePossession(attacker.secretKey),
        provider.provePossession(victim.secretKey),
      ),
    ];
    for (const proof of attempts) expect(provider.verifyPossession(rogue, proof)).toBe(false);
  });

  it('opposite keys of two liars cannot spoil an aggregate that honest signers are part of', () => {
    const liar = pairOf(3);
    const opposite = oppositeSecret(liar.secretKey);
    const honest = pairOf(4);
    const secrets = [liar.secretKey, opposite, honest.secretKey];
    const scheme = provider.scheme([liar.publicKey, negateEncoding(liar.publicKey), honest.publicKey]);
    expect(
      provider.verifyPossession(negateEncoding(liar.publicKey), provider.provePossession(opposite)),
    ).toBe(true);
    const other = utf8('other');
    const [a, b, c] = secrets.map((secret, i) => provider.signer(secret).sign(i === 2 ? other : message));
    const cancelled = scheme.aggregate([a!, b!]);
    expect(cancelled).toEqual(identitySignature());
    expect(scheme.verify([{ signers: [0, 1], message }], cancelled)).toBe(false);
    const whole = scheme.aggregate([cancelled, c!]);
    const claim = [
      { signers: [0, 1], message },
      { signers: [2], message: other },
    ];
    expect(scheme.verify(claim, whole)).toBe(true);
    expect(scheme.verify(claim, a!)).toBe(false);
  });
});

describe('negateEncoding', () => {
  it('is an involution that keeps the point on the curve, and leaves the identity alone', () => {
    const { publicKey } = pairOf(9);
    const negated = negateEncoding(publicKey);
    expect(negated).not.toEqual(publicKey);
    expect(negateEncoding(negated)).toEqual(publicKey);
    const sum = aggregatePublicKeys([
      PublicKey.fromBytes(publicKey, true),
      PublicKey.fromBytes(negated, true),
    ]);
    expect(sum.toBytes()).toEqual(identityKey());
    expect(negateEncoding(identitySignature())).toEqual(identitySignature());
  });
});

describe('possessionMessage', () => {
  it('starts with its own domain', () => {
    const text = possessionMessage(new Uint8Array(48));
    for (const domain of ['vote', 'block'] as const) {
      const other = domainPrefix(domain);
      expect(text.subarray(0, other.length)).not.toEqual(other);
    }
  });
});
