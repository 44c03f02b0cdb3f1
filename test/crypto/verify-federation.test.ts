import { aggregatePublicKeys, PublicKey } from '@chainsafe/blst';
import { describe, expect, it } from 'vitest';
import { negateEncoding } from '../../src/crypto/bls.ts';
import { blstProvider } from '../../src/crypto/bls-blst-node.ts';
import { nobleProvider } from '../../src/crypto/bls-noble.ts';
import { nobleListProvider } from '../../src/crypto/ed25519-list-noble.ts';
import { nodeListProvider } from '../../src/crypto/ed25519-list-node.ts';
import { createSimulatedProvider } from '../../src/crypto/fast-scheme.ts';
import { publicKeysOf } from '../../src/crypto/keys.ts';
import type { SchemeProvider } from '../../src/crypto/scheme.ts';
import { checkFederationKeys, type SignerPublicParts } from '../../src/crypto/verify-federation.ts';
import { defaultLimits, type Federation } from '../../src/messages/federation.ts';
import { curveKeys, identityKey, identitySignature, take } from './bls-points.ts';

const names = ['Paris', 'Oslo', 'Rome', 'Bern'];

function federation(
  provider: SchemeProvider = blstProvider,
  change: Record<number, Partial<SignerPublicParts>> = {},
): Federation {
  return {
    name: 'test',
    signers: names.map((name, i) => ({
      name,
      address: `host${i}:7000`,
      url: `http://host${i}:8000`,
      region: '',
      ...publicKeysOf(new Uint8Array(32).fill(i + 1), provider),
      ...change[i],
    })),
    byzantine: 1,
    faulty: 1,
    scheme: provider.name,
    fanout: 2,
    shape: 'balanced',
    regions: [],
    latencyMs: [],
    clientSignatures: 'optional',
    limits: defaultLimits,
  };
}

const refusal = (change: Record<number, Partial<SignerPublicParts>>): string => {
  const result = checkFederationKeys(federation(blstProvider, change), blstProvider);
  return result.ok ? 'accepted' : `${result.error.code}: ${result.error.message}`;
};

const sound = federation().signers;

describe('checkFederationKeys', () => {
  it.each([
    ['blst', blstProvider],
    ['noble', nobleProvider],
    ['list (node)', nodeListProvider],
    ['list (noble)', nobleListProvider],
  ])('accepts sound keys and gives the scheme over them (%s)', (_, provider) => {
    const result = checkFederationKeys(federation(provider), provider);
    expect(result.ok && result.value.size).toBe(4);
  });

  it('refuses the simulated scheme, unless told that it is a simulation', () => {
    const provider = createSimulatedProvider();
    const simulated = federation(provider);
    expect(checkFederationKeys(simulated, provider)).toMatchObject({ error: { code: 'SCHEME_SIMULATED' } });
    expect(checkFederationKeys(simulated, blstProvider)).toMatchObject({
      error: { code: 'SCHEME_SIMULATED' },
    });
    expect(checkFederationKeys(simulated, provider, { allowSimulated: true }).ok).toBe(true);
  });

  it('refuses keys that are sound one by one and do not go together', () => {
    const unfit: SchemeProvider = {
      ...nodeListProvider,
      scheme: (keys) => {
        if (keys.length > 1) throw new Error('voting key of signer 1: starts like another');
        return nodeListProvider.scheme(keys);
      },
    };
    expect(checkFederationKeys(federation(nodeListProvider), unfit)).toEqual({
      ok: false,
      error: { code: 'KEYS_UNFIT', message: 'voting key of signer 1: starts like another' },
    });
  });

  it('refuses another scheme, and no signers', () => {
    const other = checkFederationKeys({ ...federation(), scheme: 'rsa' }, blstProvider);
    expect(other).toMatchObject({
      error: { code: 'SCHEME_UNKNOWN', message: expect.stringContaining('"rsa"') },
    });
    const none = checkFederationKeys({ ...federation(), signers: [] }, blstProvider);
    expect(none).toMatchObject({ error: { code: 'SIGNERS_NONE' } });
  });

  it.each([
    ['votingKey', 48],
    ['possessionProof', 96],
    ['signingKey', 32],
    ['transportKey', 32],
  ] as const)('names a %s of the wrong length', (field, bytes) => {
    const short = sound[2]![field].subarray(1);
    expect(refusal({ 2: { [field]: short } })).toBe(
      `KEY_LENGTH: signer 2 (Rome): ${field} has ${bytes - 1} bytes, expected ${bytes}`,
    );
  });

  it('refuses a proof of another key, of nothing, and the identity', () => {
    const expected =
      'POSSESSION_INVALID: signer 1 (Oslo): possessionProof does not prove possession of votingKey';
    for (const possessionProof of [sound[0]!.possessionProof, new Uint8Array(96), identitySignature()])
      expect(refusal({ 1: { possessionProof } })).toBe(expected);
  });

  it('refuses a rogue key', () => {
    const [victim, attacker] = sound;
    const rogue = aggregatePublicKeys([
      PublicKey.fromBytes(attacker!.votingKey, true),
      PublicKey.fromBytes(negateEncoding(victim!.votingKey), true),
    ]).toBytes();
    expect(refusal({ 1: { votingKey: rogue } })).toMatch(/^POSSESSION_INVALID: signer 1/);
  });

  it('refuses voting keys that are the identity, outside the subgroup, or no points', () => {
    const [outside] = take(1, curveKeys());
    for (const votingKey of [identityKey(), outside!, new Uint8Array(48)])
      expect(refusal({ 3: { votingKey } })).toBe(
        'KEY_MALFORMED: signer 3 (Bern): votingKey is not a bls12-381 key',
      );
  });

  it('refuses signing and transport keys of small order', () => {
    const one = new Uint8Array(32);
    one[0] = 1;
    for (const key of [one, new Uint8Array(32)]) {
      expect(refusal({ 0: { signingKey: key } })).toMatch(/^KEY_MALFORMED: signer 0 \(Paris\): signingKey/);
      expect(refusal({ 0: { transportKey: key } })).toMatch(
        /^KEY_MALFORMED: signer 0 \(Paris\): transportKey/,
      );
    }
  });

  it.each(['signingKey', 'transportKey'] as const)('refuses a %s that two signers share', (field) => {
    expect(refusal({ 3: { [field]: sound[1]![field] } })).toBe(
      `KEY_REPEATED: signer 3 (Bern): ${field} is also that of signer 1 (Oslo)`,
    );
  });

  it('refuses a voting key that two signers share, proof and all', () => {
    const { votingKey, possessionProof } = sound[1]!;
    expect(refusal({ 3: { votingKey, possessionProof } })).toBe(
      'KEY_REPEATED: signer 3 (Bern): votingKey is also that of signer 1 (Oslo)',
    );
  });
});
