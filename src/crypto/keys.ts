/**
 * A signer's three keys from one 32-byte root seed, so that a signer's secret is one file. Each key comes
 * from its own HKDF-SHA256 output under its own label: knowing one key tells nothing about the root or
 * the other keys. Protocol section 1.
 */

import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8 } from '../base/bytes.ts';
import type { SchemeProvider } from './scheme.ts';

export const rootSeedBytes = 32;

/** A signer's secrets. */
export interface SignerKeys {
  /** Secret key of the multi-signature scheme, for `SchemeProvider.signer`. */
  readonly votingSecret: Uint8Array;
  /** ed25519 seed, 32 bytes, for `nodeSignerFromSeed` and `nobleSignerFromSeed`. */
  readonly signingSeed: Uint8Array;
  /** x25519 secret key, 32 bytes, for the Noise handshake. */
  readonly transportSecret: Uint8Array;
}

/** What the federation file says of a signer's keys; field names as in `SignerInfo`. */
export interface SignerPublicKeys {
  readonly votingKey: Uint8Array;
  readonly possessionProof: Uint8Array;
  readonly signingKey: Uint8Array;
  readonly transportKey: Uint8Array;
}

const derive = (root: Uint8Array, label: string): Uint8Array =>
  hkdf(sha256, root, utf8('musig-paxos/1/signer-keys'), utf8(label), 32);

/** @throws when the root seed is not 32 bytes. */
export function deriveSignerKeys(root: Uint8Array, provider: SchemeProvider): SignerKeys {
  if (root.length !== rootSeedBytes)
    throw new Error(`root seed has ${root.length} bytes, expected ${rootSeedBytes}`);
  return {
    votingSecret: provider.keyFromSeed(derive(root, `voting/${provider.name}`)).secretKey,
    signingSeed: derive(root, 'signing/ed25519'),
    transportSecret: derive(root, 'transport/x25519'),
  };
}

/** The public parts, the proof of possession included. */
export function publicKeysOf(root: Uint8Array, provider: SchemeProvider): SignerPublicKeys {
  const keys = deriveSignerKeys(root, provider);
  return {
    votingKey: provider.keyFromSeed(derive(root, `voting/${provider.name}`)).publicKey,
    possessionProof: provider.provePossession(keys.votingSecret),
    signingKey: ed25519.getPublicKey(keys.signingSeed),
    transportKey: x25519.getPublicKey(keys.transportSecret),
  };
}
