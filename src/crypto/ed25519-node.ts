/**
 * ed25519 on Node's OpenSSL, about ten times as fast as JavaScript: the signatures of daemons. It accepts
 * exactly what `ed25519-noble.ts` accepts; `ed25519.ts` has the rules. Imported keys are kept in a bounded
 * map, because importing one costs about as much as verifying with it. Clients' keys go through the same
 * map: a flood of them evicts signers' keys, which come back at their next use. Protocol sections 1 and 4.
 */

import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { concat, fromHex, toHex } from '../base/bytes.ts';
import { BoundedMap } from './bounded-map.ts';
import { admissibleKey, admissibleSignature, checkSigningSeed } from './ed25519.ts';
import type { SingleSignatures, SingleSigner } from './signing.ts';

/** DER of a SubjectPublicKeyInfo and of a PKCS #8 key, up to the 32 bytes that differ (RFC 8410). */
const publicPrefix = fromHex('302a300506032b6570032100');
const privatePrefix = fromHex('302e020100300506032b657004220420');

const cachedKeys = new BoundedMap<string, KeyObject>(8192);

function keyObject(publicKey: Uint8Array): KeyObject {
  const id = toHex(publicKey);
  let key = cachedKeys.get(id);
  if (key) return key;
  key = createPublicKey({
    key: Buffer.from(concat(publicPrefix, publicKey)),
    format: 'der',
    type: 'spki',
  });
  cachedKeys.set(id, key);
  return key;
}

export const nodeSignatures: SingleSignatures = {
  verify(publicKey, message, signature) {
    if (!admissibleKey(publicKey) || !admissibleSignature(signature)) return false;
    try {
      return verify(null, message, keyObject(publicKey), signature);
    } catch {
      return false; // OpenSSL may refuse to import a key: the port answers false to bad bytes.
    }
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
