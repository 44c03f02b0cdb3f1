/**
 * ed25519 on libsodium, native code: the signatures of daemons. Half again as fast as Node's OpenSSL, and it
 * needs no imported keys. It accepts exactly what `ed25519-noble.ts` accepts; `ed25519.ts` has the rules.
 * Protocol sections 1 and 4.
 */

import { createRequire } from 'node:module';
import {
  admissibleKey,
  admissibleSignature,
  checkSigningSeed,
  signatureBytes,
  signingKeyBytes,
} from './ed25519.ts';
import type { SignatureCheck, SingleSignatures, SingleSigner } from './signing.ts';

/** The part of the package that is used here; it has no types. */
interface Sodium {
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
  crypto_sign_detached(signature: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
  crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
}

const sodium = createRequire(import.meta.url)('sodium-native') as Sodium;
const secretKeyBytes = 64;

/** The check of signatures under one valid key. */
export function nodeCheckUnder(publicKey: Uint8Array): SignatureCheck {
  const key = publicKey.slice();
  return (message, signature) =>
    admissibleSignature(signature) && sodium.crypto_sign_verify_detached(signature, message, key);
}

export const nodeSignatures: SingleSignatures = {
  verify: (publicKey, message, signature) =>
    admissibleKey(publicKey) &&
    admissibleSignature(signature) &&
    sodium.crypto_sign_verify_detached(signature, message, publicKey),
};

/** @throws when the seed is not 32 bytes. */
export function nodeSignerFromSeed(seed: Uint8Array): SingleSigner {
  checkSigningSeed(seed);
  const publicKey = new Uint8Array(signingKeyBytes);
  const secretKey = new Uint8Array(secretKeyBytes);
  sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed);
  return {
    publicKey,
    sign(message) {
      const signature = new Uint8Array(signatureBytes);
      sodium.crypto_sign_detached(signature, message, secretKey);
      return signature;
    },
  };
}
