/**
 * BLS12-381 multi-signatures in plain JavaScript: the provider of browsers, and the cross-check of
 * `bls-blst-node.ts`, whose bytes and answers it repeats exactly. `bls.ts` has the shared rules. The
 * library accepts the identity and takes uncompressed points, and has another default tag; all three are
 * dealt with here. Key derivation is KeyGen of the IETF draft (HKDF modulo the group's order), as in blst.
 * Protocol sections 1, 4 and 10.
 */

import { bls12_381 } from '@noble/curves/bls12-381.js';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, fromHex, toHex, utf8 } from '../base/bytes.ts';
import {
  blsDomainTag,
  blsKeyBytes,
  blsName,
  blsSecretBytes,
  blsSignatureBytes,
  checkSeed,
  encodesIdentity,
  malformedKey,
  possessionMessage,
} from './bls.ts';
import { mergeGroups } from './groups.ts';
import type { MultiSignatureScheme, SchemeProvider, SignedGroup } from './scheme.ts';

const { fields, longSignatures: bls, pairingBatch } = bls12_381;
const G1 = bls12_381.G1.Point;
const G2 = bls12_381.G2.Point;
type KeyPoint = typeof G1.BASE;
type SignaturePoint = typeof G2.BASE;

const hashToCurve = (message: Uint8Array): SignaturePoint => bls.hash(message, blsDomainTag);

/** @throws when malformed, off the curve, outside the subgroup, or the identity. */
function parseKey(bytes: Uint8Array): KeyPoint {
  if (bytes.length !== blsKeyBytes) throw new Error(`has ${bytes.length} bytes, expected ${blsKeyBytes}`);
  const key = G1.fromBytes(bytes);
  if (key.is0()) throw new Error('is the identity');
  key.assertValidity(); // on the curve and in the subgroup; not left to what a parse happens to check
  return key;
}

/** A point of the signature group, the identity included. @throws when it is none. */
function parsePart(bytes: Uint8Array): SignaturePoint {
  if (bytes.length !== blsSignatureBytes)
    throw new Error(`signature has ${bytes.length} bytes, expected ${blsSignatureBytes}`);
  const point = G2.fromBytes(bytes);
  point.assertValidity(); // on the curve and in the subgroup; not left to what a parse happens to check
  return point;
}

/** The library refuses to encode an identity that came out of a computation, other than `ZERO` itself. */
const encode = (point: SignaturePoint): Uint8Array => (point.is0() ? G2.ZERO : point).toBytes();

/** A signature that can stand for signers, or undefined. */
function parseSignature(bytes: Uint8Array): SignaturePoint | undefined {
  try {
    const point = parsePart(bytes);
    return point.is0() ? undefined : point;
  } catch {
    return undefined; // Rule 3 of the port: bad bytes answer false, whatever the library says.
  }
}

function parseSecret(bytes: Uint8Array): bigint {
  if (bytes.length !== blsSecretBytes)
    throw new Error(`secret key has ${bytes.length} bytes, expected ${blsSecretBytes}`);
  const secret = BigInt(`0x${toHex(bytes)}`);
  // The library's own parse reduces modulo the order, which would give one key two encodings.
  if (secret === 0n || secret >= fields.Fr.ORDER) throw new Error('secret key is out of range');
  return secret;
}

const signWith = (secret: bigint, message: Uint8Array): Uint8Array =>
  hashToCurve(message).multiply(secret).toBytes();

/** KeyGen of draft-irtf-cfrg-bls-signature: the salt is hashed until the result is not zero. */
function secretFromSeed(seed: Uint8Array): Uint8Array {
  let salt: Uint8Array = utf8('BLS-SIG-KEYGEN-SALT-');
  for (;;) {
    salt = sha256(salt);
    const pseudoRandom = extract(sha256, concat(seed, Uint8Array.of(0)), salt);
    const wide = expand(sha256, pseudoRandom, Uint8Array.of(0, 48), 48);
    const secret = BigInt(`0x${toHex(wide)}`) % fields.Fr.ORDER;
    if (secret !== 0n) return fromHex(secret.toString(16).padStart(64, '0'));
  }
}

/** e(key1, H(message1)) * ... = e(base, signature), for keys that are not the identity. */
function pairingsHold(
  pairs: readonly { key: KeyPoint; message: Uint8Array }[],
  signature: SignaturePoint,
): boolean {
  const product = pairingBatch([
    ...pairs.map(({ key, message }) => ({ g1: key, g2: hashToCurve(message) })),
    { g1: G1.BASE.negate(), g2: signature },
  ]);
  return fields.Fp12.eql(product, fields.Fp12.ONE);
}

function nobleScheme(publicKeys: readonly Uint8Array[]): MultiSignatureScheme {
  const keys = publicKeys.map((bytes, signer) => {
    try {
      return parseKey(bytes);
    } catch (error) {
      return malformedKey(signer, error instanceof Error ? error.message : String(error));
    }
  });
  const sumOf = (points: readonly KeyPoint[]): KeyPoint =>
    points.reduce((sum, point) => sum.add(point), G1.ZERO);
  let everybody: KeyPoint | undefined;
  const keyOf = (signers: readonly number[]): KeyPoint => {
    if (signers.length < keys.length) return sumOf(signers.map((signer) => keys[signer]!));
    everybody ??= sumOf(keys);
    return everybody;
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
      const pairs = merged
        .map(({ signers, message }) => ({ key: keyOf(signers), message }))
        .filter(({ key }) => !key.is0()); // bls.ts: keys that cancel
      return pairs.length > 0 && pairingsHold(pairs, point);
    },
    aggregate(parts: readonly Uint8Array[]): Uint8Array {
      if (parts.length === 0) throw new Error('nothing to aggregate');
      return encode(parts.map(parsePart).reduce((sum, part) => sum.add(part)));
    },
    subtract: (aggregate: Uint8Array, part: Uint8Array): Uint8Array =>
      encode(parsePart(aggregate).subtract(parsePart(part))),
    wellFormed: (signature: Uint8Array): boolean => parseSignature(signature) !== undefined,
  };
}

export const nobleProvider: SchemeProvider = {
  name: blsName,
  keyFromSeed(seed) {
    checkSeed(seed);
    const secretKey = secretFromSeed(seed);
    return { secretKey, publicKey: G1.BASE.multiply(parseSecret(secretKey)).toBytes() };
  },
  signer(secretKey) {
    const secret = parseSecret(secretKey);
    return { sign: (message) => signWith(secret, message) };
  },
  provePossession(secretKey) {
    const secret = parseSecret(secretKey);
    return signWith(secret, possessionMessage(G1.BASE.multiply(secret).toBytes()));
  },
  verifyPossession(publicKey, proof) {
    const signature = parseSignature(proof);
    if (!signature || publicKey.length !== blsKeyBytes || encodesIdentity(publicKey)) return false;
    try {
      return pairingsHold([{ key: parseKey(publicKey), message: possessionMessage(publicKey) }], signature);
    } catch {
      return false; // A key that does not parse: rule 3 of the port.
    }
  },
  scheme: nobleScheme,
};
