/**
 * BLS12-381 multi-signatures on blst, native code: the provider of daemons. `bls.ts` has the rules that
 * it shares with `bls-noble.ts`. blst checks nothing unless told to, so every parse here asks for the
 * curve, subgroup and identity checks, and lengths are checked first (blst also takes uncompressed points,
 * which would give one signature two encodings). Protocol sections 1, 4 and 10.
 */

import {
  aggregatePublicKeys,
  aggregateSignatures,
  aggregateVerify,
  PublicKey,
  SecretKey,
  Signature,
} from '@chainsafe/blst';
import {
  blsKeyBytes,
  blsName,
  blsSignatureBytes,
  checkSeed,
  encodesIdentity,
  malformedKey,
  negateEncoding,
  possessionMessage,
} from './bls.ts';
import { mergeGroups } from './groups.ts';
import type { MultiSignatureScheme, SchemeProvider, SignedGroup } from './scheme.ts';

/** @throws when malformed, off the curve, outside the subgroup, or the identity. */
function parseKey(bytes: Uint8Array): PublicKey {
  if (bytes.length !== blsKeyBytes) throw new Error(`has ${bytes.length} bytes, expected ${blsKeyBytes}`);
  const key = PublicKey.fromBytes(bytes, true);
  if (encodesIdentity(bytes)) throw new Error('is the identity');
  return key;
}

/** A point of the signature group, the identity included. @throws when it is none. */
function parsePart(bytes: Uint8Array): Signature {
  if (bytes.length !== blsSignatureBytes)
    throw new Error(`signature has ${bytes.length} bytes, expected ${blsSignatureBytes}`);
  return Signature.fromBytes(bytes, true, false);
}

/** A signature that can stand for signers, or undefined. */
function parseSignature(bytes: Uint8Array): Signature | undefined {
  try {
    const signature = parsePart(bytes);
    return encodesIdentity(bytes) ? undefined : signature;
  } catch {
    return undefined; // Rule 3 of the port: bad bytes answer false, whatever blst says about them.
  }
}

function blstScheme(publicKeys: readonly Uint8Array[]): MultiSignatureScheme {
  const keys = publicKeys.map((bytes, signer) => {
    try {
      return parseKey(bytes);
    } catch (error) {
      return malformedKey(signer, error instanceof Error ? error.message : String(error));
    }
  });
  let everybody: PublicKey | undefined;
  const keyOf = (signers: readonly number[]): PublicKey => {
    if (signers.length === 1) return keys[signers[0]!]!;
    if (signers.length === keys.length) {
      everybody ??= aggregatePublicKeys(keys);
      return everybody;
    }
    return aggregatePublicKeys(signers.map((signer) => keys[signer]!));
  };
  return {
    name: blsName,
    signatureBytes: blsSignatureBytes,
    publicKeyBytes: blsKeyBytes,
    size: keys.length,
    verify(groups: readonly SignedGroup[], signature: Uint8Array): boolean {
      const merged = mergeGroups(groups, keys.length);
      const point = merged && parseSignature(signature);
      if (!merged || !point) return false;
      const messages: Uint8Array[] = [];
      const sums: PublicKey[] = [];
      for (const group of merged) {
        const sum = keyOf(group.signers);
        if (encodesIdentity(sum.toBytes(false))) continue; // bls.ts: keys that cancel
        messages.push(group.message);
        sums.push(sum);
      }
      // The group check was done by the parse, the keys are sums of checked ones.
      return messages.length > 0 && aggregateVerify(messages, sums, point, false, false);
    },
    aggregate(parts: readonly Uint8Array[]): Uint8Array {
      if (parts.length === 0) throw new Error('nothing to aggregate');
      return aggregateSignatures(parts.map(parsePart), false).toBytes();
    },
    subtract: (aggregate: Uint8Array, part: Uint8Array): Uint8Array =>
      aggregateSignatures([parsePart(aggregate), parsePart(negateEncoding(part))], false).toBytes(),
    wellFormed: (signature: Uint8Array): boolean => parseSignature(signature) !== undefined,
  };
}

export const blstProvider: SchemeProvider = {
  name: blsName,
  keyFromSeed(seed) {
    checkSeed(seed);
    const secret = SecretKey.fromKeygen(seed);
    return { secretKey: secret.toBytes(), publicKey: secret.toPublicKey().toBytes() };
  },
  signer(secretKey) {
    const secret = SecretKey.fromBytes(secretKey);
    return { sign: (message) => secret.sign(message).toBytes() };
  },
  provePossession(secretKey) {
    const secret = SecretKey.fromBytes(secretKey);
    return secret.sign(possessionMessage(secret.toPublicKey().toBytes())).toBytes();
  },
  verifyPossession(publicKey, proof) {
    const signature = parseSignature(proof);
    if (!signature) return false;
    try {
      return aggregateVerify([possessionMessage(publicKey)], [parseKey(publicKey)], signature, false, false);
    } catch {
      return false; // A key that does not parse: rule 3 of the port.
    }
  },
  scheme: blstScheme,
};
