/** Federations for simulations: real structure, keys from the seed, any scheme. */

import { concat, equalBytes, utf8 } from '../src/base/bytes.ts';
import { hashBytes } from '../src/base/hash.ts';
import type { SignerId } from '../src/base/ids.ts';
import { must } from '../src/base/result.ts';
import { blsName } from '../src/crypto/bls.ts';
import { listName } from '../src/crypto/ed25519-list.ts';
import { nobleSignerFromSeed } from '../src/crypto/ed25519-noble.ts';
import { createSimulatedProvider } from '../src/crypto/fast-scheme.ts';
import { deriveSignerKeys, publicKeysOf } from '../src/crypto/keys.ts';
import type { SchemeProvider, SchemeSigner } from '../src/crypto/scheme.ts';
import { providerOf } from '../src/crypto/schemes.ts';
import { nobleSchemes } from '../src/crypto/schemes-noble.ts';
import type { SingleSignatures, SingleSigner } from '../src/crypto/signing.ts';
import { checkFederationKeys } from '../src/crypto/verify-federation.ts';
import { defaultLimits, type Federation, type FederationLimits } from '../src/messages/federation.ts';
import { Verifier } from '../src/verify/verifier.ts';
import { free } from './costs/costs.ts';
import { Meter } from './costs/meter.ts';
import type { Geography } from './network/models.ts';

export interface SimSigner {
  readonly id: SignerId;
  readonly votingKey: SchemeSigner;
  readonly signingKey: SingleSigner;
}

export interface SimFederation {
  readonly federation: Federation;
  readonly signers: readonly SimSigner[];
  readonly verifier: Verifier;
}

export interface SimFederationOptions {
  readonly seed: string;
  readonly signers: number;
  readonly byzantine: number;
  readonly faulty: number;
  readonly fanout?: number;
  readonly limits?: Partial<FederationLimits>;
  /** A real scheme; by default the declared fast mode, in which nothing is cryptography. */
  readonly provider?: SchemeProvider;
  /** Charged for everything that is signed and checked. */
  readonly meter?: Meter;
  /** Place of each signer, for people. */
  readonly regions?: readonly string[];
  /** Makes trees geographic, over the places that signers are in. */
  readonly geography?: Geography;
}

/** The cryptography that a simulation may have: the declared fast mode, or a real scheme. */
export const cryptographies = ['fast', 'bls', 'list'] as const;
export type Cryptography = (typeof cryptographies)[number];

const realNames = { bls: blsName, list: listName } as const;

/** The real scheme asked for; undefined in fast mode. @param schemes implementations to choose from. */
export const realProvider = (
  cryptography: Cryptography = 'fast',
  schemes: readonly SchemeProvider[] = nobleSchemes,
): SchemeProvider | undefined =>
  cryptography === 'fast' ? undefined : must(providerOf(realNames[cryptography], schemes));

/** For people. */
export const describeCryptography = (cryptography: Cryptography = 'fast'): string =>
  cryptography === 'fast' ? 'fast mode: hashes stand for signatures' : realNames[cryptography];

/** Fast mode for single signatures: a hash over the key and the message. NOT CRYPTOGRAPHY. */
export const simulatedSingles: SingleSignatures = {
  verify: (publicKey, message, signature) => {
    const expected = simulatedSignature(publicKey, message);
    return equalBytes(expected, signature);
  },
};

const simulatedSignature = (publicKey: Uint8Array, message: Uint8Array): Uint8Array => {
  const half = hashBytes('possession', publicKey, message);
  return concat(half, half);
};

export function simFederation(options: SimFederationOptions): SimFederation {
  const provider = options.provider ?? createSimulatedProvider();
  const seeds = Array.from({ length: options.signers }, (_, i) =>
    hashBytes('possession', utf8(`${options.seed}/signer-${i}`)),
  );
  const federation: Federation = {
    name: `simulation ${options.seed}`,
    signers: seeds.map((seed, i) => ({
      name: `s${i}`,
      address: `s${i}.invalid:7100`,
      url: `http://s${i}.invalid:7200`,
      region: options.regions?.[i] ?? '',
      ...publicKeysOf(seed, provider),
    })),
    byzantine: options.byzantine,
    faulty: options.faulty,
    scheme: provider.name,
    fanout: options.fanout ?? 2,
    shape: options.geography ? 'geographic' : 'balanced',
    regions: options.geography?.regions ?? [],
    latencyMs: options.geography?.latencyMs ?? [],
    clientSignatures: 'optional',
    limits: { ...defaultLimits, ...options.limits },
  };
  const meter = options.meter ?? new Meter(free);
  const scheme = must(checkFederationKeys(federation, provider, { allowSimulated: true }));
  const charged = meter.scheme(scheme);
  const signers = seeds.map((seed, i): SimSigner => {
    const keys = deriveSignerKeys(seed, provider);
    const { publicKey } = nobleSignerFromSeed(keys.signingSeed);
    return {
      id: i as SignerId,
      votingKey: charged.signer(i, provider.signer(keys.votingSecret)),
      signingKey: meter.singleSigner({
        publicKey,
        sign: (message) => simulatedSignature(publicKey, message),
      }),
    };
  });
  return {
    federation,
    signers,
    verifier: new Verifier(federation, charged.scheme, meter.singles(simulatedSingles)),
  };
}
