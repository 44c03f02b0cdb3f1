/**
 * X25519 key pairs and key agreement on `node:crypto`, with raw 32-byte keys at the edges. Node only
 * takes keys in containers, so raw keys get the fixed DER prefixes of RFC 8410 and lose them again.
 *
 * Rule: an agreement whose output is all zero is refused. Such an output means that the remote key is a
 * point of small order, and then the "secret" does not depend on ours (RFC 7748, section 6.1).
 */

import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject, randomBytes } from 'node:crypto';
import { accept, type Result, refuse } from '../base/result.ts';

export const keyBytes = 32;

/** A secret key that is ready for use, with its raw public key. */
export interface KeyPair {
  readonly publicKey: Uint8Array;
  readonly secret: KeyObject;
}

const secretPrefix = Buffer.from('302e020100300506032b656e04220420', 'hex');
const publicPrefix = Buffer.from('302a300506032b656e032100', 'hex');

/** The key pair of a raw secret key. @throws when it is not 32 bytes. */
export function keyPairFrom(secretKey: Uint8Array): KeyPair {
  if (secretKey.length !== keyBytes)
    throw new Error(`x25519 secret key has ${secretKey.length} bytes, expected ${keyBytes}`);
  const secret = createPrivateKey({
    key: Buffer.concat([secretPrefix, secretKey]),
    format: 'der',
    type: 'pkcs8',
  });
  const exported = createPublicKey(secret).export({ format: 'der', type: 'spki' });
  return { publicKey: new Uint8Array(exported.subarray(-keyBytes)), secret };
}

export const generateKeyPair = (): KeyPair => keyPairFrom(randomBytes(keyBytes));

/** A fresh raw key pair for a federation file and a signer's key file. */
export function generateTransportKeys(): { secretKey: Uint8Array; publicKey: Uint8Array } {
  const secretKey = new Uint8Array(randomBytes(keyBytes));
  return { secretKey, publicKey: keyPairFrom(secretKey).publicKey };
}

/** The shared secret, 32 bytes. Refuses a malformed key and an all-zero output. */
export function agree(own: KeyPair, remote: Uint8Array): Result<Uint8Array> {
  if (remote.length !== keyBytes)
    return refuse('KEY_LENGTH', `x25519 public key has ${remote.length} bytes, expected ${keyBytes}`);
  const publicKey = createPublicKey({
    key: Buffer.concat([publicPrefix, remote]),
    format: 'der',
    type: 'spki',
  });
  let shared: Buffer;
  try {
    shared = diffieHellman({ privateKey: own.secret, publicKey });
  } catch (error) {
    // OpenSSL itself reports a point of small order as a failed derivation.
    return refuse('KEY_WEAK', `x25519 refused the public key: ${(error as Error).message}`);
  }
  if (shared.every((byte) => byte === 0)) return refuse('KEY_WEAK', 'x25519 output is all zero');
  return accept(shared);
}
