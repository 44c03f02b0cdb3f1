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

import { equalBytes, toHex, utf8 } from '../base/bytes.ts';
import { sha256 } from '../base/sha256.ts';
import { checkSeed, malformedKey, possessionMessage } from './bls.ts';
import { BoundedMap } from './bounded-map.ts';
import { mergeGroups } from './groups.ts';
import type { MultiSignatureScheme, SchemeProvider, SignedGroup } from './scheme.ts';

/** Name of the scheme in the federation file of a simulation. */
export const simulatedName = 'simulated';

const size = 32;
/** A value modulo 2^256 is eight words of 32 bits, the most significant first. */
const wordsEach = 8;
const wordRange = 2 ** 32;
const labels = { secret: utf8('simulated secret'), key: utf8('simulated public key') };
/** Messages whose signatures are remembered; only saves time. */
const rememberedMax = 1024;

/** Eight words that are added up without carrying: 2^21 signatures fit. */
type Sum = Float64Array;

/** @throws when it is not 32 bytes. */
function addTo(sum: Sum, signature: Uint8Array, sign: 1 | -1): void {
  if (signature.length !== size) throw new Error(`signature has ${signature.length} bytes, expected ${size}`);
  for (let i = 0, at = 0; i < wordsEach; i++, at += 4) {
    const low = (signature[at + 1]! << 16) | (signature[at + 2]! << 8) | signature[at + 3]!;
    sum[i] = sum[i]! + sign * (signature[at]! * 2 ** 24 + low);
  }
}

/** The sum modulo 2^256 as a signature. */
function toBytes(sum: Sum): Uint8Array {
  const bytes = new Uint8Array(size);
  let carry = 0;
  for (let i = wordsEach - 1; i >= 0; i--) {
    const word = sum[i]! + carry;
    carry = Math.floor(word / wordRange);
    const rest = word - carry * wordRange;
    bytes[4 * i] = rest >>> 24;
    bytes[4 * i + 1] = rest >>> 16;
    bytes[4 * i + 2] = rest >>> 8;
    bytes[4 * i + 3] = rest;
  }
  return bytes;
}

const wellFormed = (signature: Uint8Array): boolean =>
  signature.length === size && signature.some((byte) => byte !== 0);

/** The signatures on one message, each made when it is first asked for. */
class Signatures {
  readonly #message: Uint8Array;
  readonly #secrets: readonly Uint8Array[];
  #words: Uint32Array;
  #made: Uint8Array;

  constructor(message: Uint8Array, secrets: readonly Uint8Array[]) {
    this.#message = message.slice();
    this.#secrets = secrets;
    this.#words = new Uint32Array(wordsEach * secrets.length);
    this.#made = new Uint8Array(secrets.length);
  }

  /** @param secret number of the secret that signs. */
  addTo(sum: Sum, secret: number): void {
    if (this.#made[secret] !== 1) this.#make(secret);
    for (let i = 0, at = wordsEach * secret; i < wordsEach; i++, at++) sum[i] = sum[i]! + this.#words[at]!;
  }

  #make(secret: number): void {
    if (secret >= this.#made.length) {
      const made = new Uint8Array(this.#secrets.length);
      made.set(this.#made);
      this.#made = made;
      const words = new Uint32Array(wordsEach * this.#secrets.length);
      words.set(this.#words);
      this.#words = words;
    }
    const signature = sha256(this.#secrets[secret]!, this.#message);
    const view = new DataView(signature.buffer);
    for (let i = 0; i < wordsEach; i++) this.#words[wordsEach * secret + i] = view.getUint32(4 * i);
    this.#made[secret] = 1;
  }
}

/** The key pairs of a provider. What makes this a simulation. */
class KeyPairs {
  readonly #secrets: Uint8Array[] = [];
  /** Public key in hex -> number of its secret. */
  readonly #numbers = new Map<string, number>();
  /** By the message in hex. All signers of a simulation see the same messages. */
  readonly #remembered = new BoundedMap<string, Signatures>(rememberedMax);

  /** The number of a public key's secret, if the key was made here. */
  numberOf(publicKey: Uint8Array): number | undefined {
    return this.#numbers.get(toHex(publicKey));
  }

  register(secretKey: Uint8Array): { secret: number; publicKey: Uint8Array } {
    if (secretKey.length !== size)
      throw new Error(`secret key has ${secretKey.length} bytes, expected ${size}`);
    const publicKey = sha256(labels.key, secretKey);
    const known = this.numberOf(publicKey);
    if (known !== undefined) return { secret: known, publicKey };
    const secret = this.#secrets.push(secretKey.slice()) - 1;
    this.#numbers.set(toHex(publicKey), secret);
    return { secret, publicKey };
  }

  on(message: Uint8Array): Signatures {
    const id = toHex(message);
    let signatures = this.#remembered.get(id);
    if (!signatures) {
      signatures = new Signatures(message, this.#secrets);
      this.#remembered.set(id, signatures);
    }
    return signatures;
  }

  sign(secret: number, message: Uint8Array): Uint8Array {
    const sum = new Float64Array(wordsEach);
    this.on(message).addTo(sum, secret);
    return toBytes(sum);
  }
}

/** A provider with its own, empty table of secrets: keys of another provider mean nothing to it. */
export function createSimulatedProvider(): SchemeProvider {
  const keys = new KeyPairs();
  return {
    name: simulatedName,
    keyFromSeed(seed) {
      checkSeed(seed);
      const secretKey = sha256(labels.secret, seed);
      return { secretKey, publicKey: keys.register(secretKey).publicKey };
    },
    signer(secretKey) {
      const { secret } = keys.register(secretKey);
      return { sign: (message) => keys.sign(secret, message) };
    },
    provePossession(secretKey) {
      const { secret, publicKey } = keys.register(secretKey);
      return keys.sign(secret, possessionMessage(publicKey));
    },
    verifyPossession(publicKey, proof) {
      const secret = keys.numberOf(publicKey);
      return secret !== undefined && equalBytes(keys.sign(secret, possessionMessage(publicKey)), proof);
    },
    scheme: (publicKeys) => simulatedScheme(publicKeys, keys),
  };
}

function simulatedScheme(publicKeys: readonly Uint8Array[], keys: KeyPairs): MultiSignatureScheme {
  const table = publicKeys.map(
    (key, signer) => keys.numberOf(key) ?? malformedKey(signer, 'was not made by this simulation'),
  );
  return {
    name: simulatedName,
    signatureBytes: size,
    publicKeyBytes: size,
    size: table.length,
    verify(groups: readonly SignedGroup[], signature: Uint8Array): boolean {
      const merged = mergeGroups(groups, table.length);
      if (!merged || !wellFormed(signature)) return false;
      const sum = new Float64Array(wordsEach);
      for (const { signers, message } of merged) {
        const signatures = keys.on(message);
        for (const signer of signers) signatures.addTo(sum, table[signer]!);
      }
      return equalBytes(toBytes(sum), signature);
    },
    aggregate(parts: readonly Uint8Array[]): Uint8Array {
      if (parts.length === 0) throw new Error('nothing to aggregate');
      const sum = new Float64Array(wordsEach);
      for (const part of parts) addTo(sum, part, 1);
      return toBytes(sum);
    },
    subtract(aggregate: Uint8Array, part: Uint8Array): Uint8Array {
      const sum = new Float64Array(wordsEach);
      addTo(sum, aggregate, 1);
      addTo(sum, part, -1);
      return toBytes(sum);
    },
    wellFormed,
  };
}
