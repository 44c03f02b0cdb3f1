/**
 * The rules by which both ed25519 verifiers (`ed25519-node.ts`, `ed25519-noble.ts`) accept a signature.
 * RFC 8032 leaves room, libraries use it differently, and a signature that one signer accepts and
 * another refuses would split them. So the set of accepted signatures is pinned down here:
 *
 * 1. The key is 32 bytes, the canonical encoding of a curve point (y < p) that is not of small order.
 * 2. R does not encode a point of small order, and S < L, little-endian.
 * 3. The equation without cofactor: the canonical encoding of `S*B - k*A` equals R byte for byte, with
 *    k = SHA-512(R, A, M) mod L over the bytes as received.
 *
 * 1 and 2 are checked here, before either library is asked. 3 is what OpenSSL computes; the noble side
 * computes the same, because that library's own `verify` multiplies by the cofactor and so accepts
 * crafted signatures that OpenSSL refuses. No difference between the two is known to remain. libsodium
 * refuses R of small order and OpenSSL does not; with that rule it accepts the same set too, and the tests
 * ask it as a third opinion. Protocol sections 1 and 4.
 */

export const signingKeyBytes = 32;
export const signatureBytes = 64;
export const seedBytes = 32;

/** Little-endian integer. */
export function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
  return value;
}

/** The field's prime and the order of the base point. */
const fieldPrime = 2n ** 255n - 19n;
export const baseOrder = 2n ** 252n + 27742317777372353535851937790883648493n;

/**
 * The y coordinates of the eight points of order 1, 2, 4 and 8. Points with the same y are each other's
 * negative, so the sign bit does not matter. Two of them, with x = 0, have a second encoding with the
 * sign bit set; it falls under this check as well.
 */
const smallOrderY: ReadonlySet<bigint> = new Set([
  1n,
  fieldPrime - 1n,
  0n,
  2707385501144840649318225287225658788936804267575313519463743609750303402022n,
  55188659117513257062467267217118295137698188065244968500265048394206261417927n,
]);

const withoutSign = 2n ** 255n - 1n;

/** The lowest byte of each of them: rules nearly every other point out at the cost of one look-up. */
const smallOrderStarts: ReadonlySet<number> = new Set([...smallOrderY].map((y) => Number(y & 0xffn)));

/** True when 32 bytes encode a point of small order, with either sign. */
const encodesSmallOrder = (point: Uint8Array): boolean =>
  smallOrderStarts.has(point[0]!) && smallOrderY.has(littleEndian(point) & withoutSign);

/** True when the bytes can be a key: the right length, canonical, not of small order (rule 1). */
export const admissibleKey = (publicKey: Uint8Array): boolean =>
  publicKey.length === signingKeyBytes &&
  (littleEndian(publicKey) & withoutSign) < fieldPrime &&
  !encodesSmallOrder(publicKey);

/** True when the bytes can be a signature: the right length, R not of small order and S < L (rule 2). */
export function admissibleSignature(signature: Uint8Array): boolean {
  if (signature.length !== signatureBytes || encodesSmallOrder(signature.subarray(0, 32))) return false;
  // Below 2^252 without looking further, which nearly every honest S is: L is barely above 2^252.
  if (signature[63]! < 0x10) return true;
  return littleEndian(signature.subarray(32)) < baseOrder;
}

/** @throws when it is not a seed. */
export function checkSigningSeed(seed: Uint8Array): void {
  if (seed.length !== seedBytes)
    throw new Error(`signing seed has ${seed.length} bytes, expected ${seedBytes}`);
}
