/**
 * ed25519 on Node's OpenSSL, about ten times as fast as JavaScript: the signatures of daemons. It accepts
 * exactly what `ed25519-noble.ts` accepts; `ed25519.ts` has the rules. Imported keys are kept in a bounded
 * map, because importing one costs about as much as verifying with it. Clients' keys go through the same
 * map: a flood of them evicts signers' keys, which come back at their next use. Protocol sections 1 and 4.
 */

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { concat, fromHex, toHex } from '../base/bytes.ts';
import { BoundedMap } from './bounded-map.ts';
import { admissibleKey, admissibleSignature, checkSigningSeed, signingKeyBytes } from './ed25519.ts';
import type { SignatureCheck, SingleSignatures, SingleSigner } from './signing.ts';

/** DER of a SubjectPublicKeyInfo and of a PKCS #8 key, up to the 32 bytes that differ (RFC 8410). */
const publicPrefix = fromHex('302a300506032b6570032100');
const privatePrefix = fromHex('302e020100300506032b657004220420');

const cachedChecks = new BoundedMap<string, SignatureCheck>(8192);

/**
 * The check of signatures under one key.
 * @throws when OpenSSL does not import the key; it imports some that nothing verifies with.
 */
export function nodeCheckUnder(publicKey: Uint8Array): SignatureCheck {
  const key: KeyObject = createPublicKey({
    key: Buffer.from(concat(publicPrefix, publicKey)),
    format: 'der',
    type: 'spki',
  });
  return (message, signature) => admissibleSignature(signature) && verify(null, message, key, signature);
}

const refuseAll: SignatureCheck = () => false;

/** Whatever is no key has a check that refuses everything: finding out again would cost as much. */
function importCheck(publicKey: Uint8Array): SignatureCheck {
  if (!admissibleKey(publicKey)) return refuseAll;
  try {
    return nodeCheckUnder(publicKey);
  } catch {
    return refuseAll; // OpenSSL may refuse to import a key: the port answers false to bad bytes.
  }
}

export const nodeSignatures: SingleSignatures = {
  verify(publicKey, message, signature) {
    if (publicKey.length !== signingKeyBytes) return false;
    const id = toHex(publicKey);
    let check = cachedChecks.get(id);
    if (!check) {
      check = importCheck(publicKey);
      cachedChecks.set(id, check);
    }
    return check(message, signature);
  },
};

/** @throws when the seed is not 32 bytes. */
export function nodeSignerFromSeed(seed: Uint8Array): SingleSigner {
  checkSigningSeed(seed);
  const secret = createPrivateKey({
    key: Buffer.from(concat(privatePrefix, seed)),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = createPublicKey(secret).export({ format: 'der', type: 'spki' });
  return {
    publicKey: new Uint8Array(spki.subarray(publicPrefix.length)),
    sign: (message) => new Uint8Array(sign(null, message, secret)),
  };
}
