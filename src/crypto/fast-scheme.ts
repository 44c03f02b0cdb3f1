/**
 * THIS IS NOT CRYPTOGRAPHY. It is the simulator's declared fast mode: a stand-in for a multi-signature
 * scheme whose provider knows every secret and verifies by computing the signatures again. Whoever holds
 * the provider can sign as anybody. `checkFederationKeys` refuses federations that name this scheme unless
 * told that it is a simulation.
 *
 * What it keeps of the real thing, so that the engine cannot tell the difference: a signature is
 * SHA-256(secret, message) as an integer modulo 2^256, unique for key and message; an aggregate is the
 * sum, so parts can be added and taken out again; without a call to a signer nobody can compute one.
 * Zero is the identity, refused as a signature but neutral in sums (`bls.ts`). Protocol sections 4, 10.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { concat, equalBytes, fromHex, toHex, utf8 } from '../base/bytes.ts';
import { checkSeed, malformedKey, possessionMessage } from './bls.ts';
import { BoundedMap } from './bounded-map.ts';
import { mergeGroups } from './groups.ts';
import type { MultiSignatureScheme, SchemeProvider, SignedGroup } from './scheme.ts';

/** Name of the scheme in the federation file of a simulation. */
export const simulatedName = 'simulated';

const size = 32;
const modulus = 1n << 256n;
const labels = { secret: utf8('simulated secret'), key: utf8('simulated public key') };
/** Messages whose signatures are remembered; only saves time. */
const rememberedMax = 2048;

const toBytes = (value: bigint): Uint8Array => fromHex(value.toString(16).padStart(2 * size, '0'));

/** @throws when it is not 32 bytes. */
function toValue(part: Uint8Array): bigint {
  if (part.length !== size) throw new Error(`signature has ${part.length} bytes, expected ${size}`);
  return BigInt(`0x${toHex(part)}`);
}

const wellFormed = (signature: Uint8Array): boolean =>
  signature.length === size && signature.some((byte) => byte !== 0);

/** A provider with its own, empty table of secrets: keys of another provider mean nothing to it. */
export function createSimulatedProvider(): SchemeProvider {
  /** Public key in hex -> secret in hex. What makes this a simulation. */
  const secrets = new Map<string, string>();
  /** Message in hex -> secret in hex -> signature. All signers of a simulation see the same messages. */
  const remembered = new BoundedMap<string, Map<string, bigint>>(rememberedMax);

  function signaturesOn(message: Uint8Array): (secret: string) => bigint {
    const id = toHex(message);
    let values = remembered.get(id);
    if (!values) {
      values = new Map();
      remembered.set(id, values);
    }
    const known = values;
    return (secret) => {
      let value = known.get(secret);
      if (value === undefined) {
        value = toValue(sha256(concat(fromHex(secret), message)));
        known.set(secret, value);
      }
      return value;
    };
  }

  function register(secretKey: Uint8Array): { secret: string; publicKey: Uint8Array } {
    if (secretKey.length !== size)
      throw new Error(`secret key has ${secretKey.length} bytes, expected ${size}`);
    const publicKey = sha256(concat(labels.key, secretKey));
    const secret = toHex(secretKey);
    secrets.set(toHex(publicKey), secret);
    return { secret, publicKey };
  }

  const sign = (secret: string, message: Uint8Array): Uint8Array => toBytes(signaturesOn(message)(secret));

  return {
    name: simulatedName,
    keyFromSeed(seed) {
      checkSeed(seed);
      const secretKey = sha256(concat(labels.secret, seed));
      return { secretKey, publicKey: register(secretKey).publicKey };
    },
    signer(secretKey) {
      const { secret } = register(secretKey);
      return { sign: (message) => sign(secret, message) };
    },
    provePossession(secretKey) {
      const { secret, publicKey } = register(secretKey);
      return sign(secret, possessionMessage(publicKey));
    },
    verifyPossession(publicKey, proof) {
      const secret = secrets.get(toHex(publicKey));
      return secret !== undefined && equalBytes(sign(secret, possessionMessage(publicKey)), proof);
    },
    scheme: (publicKeys) => simulatedScheme(publicKeys, secrets, signaturesOn),
  };
}

function simulatedScheme(
  publicKeys: readonly Uint8Array[],
  secrets: ReadonlyMap<string, string>,
  signaturesOn: (message: Uint8Array) => (secret: string) => bigint,
): MultiSignatureScheme {
  const table = publicKeys.map(
    (key, signer) => secrets.get(toHex(key)) ?? malformedKey(signer, 'was not made by this simulation'),
  );
  return {
    name: simulatedName,
    signatureBytes: size,
    publicKeyBytes: size,
    size: table.length,
    verify(groups: readonly SignedGroup[], signature: Uint8Array): boolean {
      const merged = mergeGroups(groups, table.length);
      if (!merged || !wellFormed(signature)) return false;
      let sum = 0n;
      for (const { signers, message } of merged) {
        const signatureOf = signaturesOn(message);
        for (const signer of signers) sum += signatureOf(table[signer]!);
      }
      return sum % modulus === toValue(signature);
    },
    aggregate(parts: readonly Uint8Array[]): Uint8Array {
      if (parts.length === 0) throw new Error('nothing to aggregate');
      return toBytes(parts.reduce((sum, part) => sum + toValue(part), 0n) % modulus);
    },
    subtract: (aggregate: Uint8Array, part: Uint8Array): Uint8Array =>
      toBytes((toValue(aggregate) - toValue(part) + modulus) % modulus),
    wellFormed,
  };
}
