/**
 * What the two BLS12-381 providers (`bls-blst-node.ts`, `bls-noble.ts`) have in common: minimal public
 * keys (48-byte keys in G1, 96-byte signatures in G2), compressed encodings only, the proof-of-possession
 * ciphersuite of the IETF draft. Both give the same bytes and the same answers for every input; they are
 * tested against each other. Protocol sections 1, 4 and 10.
 *
 * The identity. A single key or signature that is the identity is refused wherever it would stand for a
 * signer. A *sum* of signatures, however, may pass through the identity: two liars with opposite keys,
 * each with a valid proof of possession, sign one message, and their signatures cancel. An honest tree
 * node that adds up such parts must neither throw nor send what others refuse, so `aggregate` and
 * `subtract` work in the whole group, and `verify` skips a message whose signers' keys cancel (its pairing
 * is 1). Nothing honest is forged by that: keys of an honest signer never cancel, and whoever can cancel
 * knows all the keys involved.
 */

import { concat } from '../base/bytes.ts';
import { domainPrefix } from '../base/hash.ts';

/** Name of the scheme in the federation file. */
export const blsName = 'bls12-381';
export const blsKeyBytes = 48;
export const blsSignatureBytes = 96;
export const blsSecretBytes = 32;
/** Every signature of both providers is under this tag. blst's JavaScript interface has it built in. */
export const blsDomainTag = 'BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_';

const infinityFlag = 0x40;
const signFlag = 0x20;

/**
 * What a proof of possession signs. blst's JavaScript interface does not let us choose the possession
 * tag of the IETF draft, so the separation is in the message: all that is signed under this key starts
 * with a length-prefixed domain name, hence no vote or block has these bytes, and no proof can be had by
 * asking a signer to vote.
 */
export const possessionMessage = (publicKey: Uint8Array): Uint8Array =>
  concat(domainPrefix('possession'), publicKey);

/** True when a well-formed encoding, compressed or not, is the identity. */
export const encodesIdentity = (encoding: Uint8Array): boolean => (encoding[0]! & infinityFlag) !== 0;

/**
 * The encoding of `-P`, from the compressed encoding of `P`. The negative of (x, y) is (x, -y), and the
 * compressed form is x with one flag that tells which of y and -y is the larger. They differ, since
 * y = 0 would have order 2 and the subgroup's order is odd. So flipping the flag negates. The identity
 * is its own negative and must have the flag clear.
 */
export function negateEncoding(encoding: Uint8Array): Uint8Array {
  const negated = encoding.slice();
  if (!encodesIdentity(encoding)) negated[0]! ^= signFlag;
  return negated;
}

/** @throws when the seed is too short to hold the key's strength. */
export function checkSeed(seed: Uint8Array): void {
  if (seed.length < 32) throw new Error(`key seed has ${seed.length} bytes, expected at least 32`);
}

/** @throws naming the signer whose key is at fault. */
export function malformedKey(signer: number, reason: string): never {
  throw new Error(`voting key of signer ${signer}: ${reason}`);
}
