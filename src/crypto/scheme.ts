/**
 * The port of a multi-signature scheme: what the phases need of one, and nothing about curves. A
 * scheme aggregates signatures on equal and on different messages into one, verifies such an
 * aggregate, and can take a known signature out of it again (protocol sections 4 and 10).
 *
 * Rules for implementations:
 * 1. `parsePublicKey` and every verification refuse identity keys, identity signatures and points
 *    outside the subgroup; nothing that comes from outside is used before that check.
 * 2. Signatures are unique: one key and one message have exactly one valid signature.
 * 3. Verification of bad bytes answers false; it never throws.
 */

/** Signers' public keys, and a message that all of them signed. */
export interface SignedGroup {
  /** Indices into the scheme's key table. */
  readonly signers: readonly number[];
  readonly message: Uint8Array;
}

export interface MultiSignatureScheme {
  /** Name in the federation file. */
  readonly name: string;
  readonly signatureBytes: number;
  readonly publicKeyBytes: number;
  /** Number of signers in the key table. */
  readonly size: number;
  /** True when `signature` is the aggregate of exactly one signature by each signer of each group. */
  verify(groups: readonly SignedGroup[], signature: Uint8Array): boolean;
  /** Sum of signatures. @throws when a part is malformed: verify parts, or their sender, before. */
  aggregate(parts: readonly Uint8Array[]): Uint8Array;
  /** The aggregate without a part that it contains. */
  subtract(aggregate: Uint8Array, part: Uint8Array): Uint8Array;
  /** True when the bytes are a well-formed signature: right length, on the curve, in the subgroup, not the identity. */
  wellFormed(signature: Uint8Array): boolean;
}

/** A secret key of the scheme. */
export interface SchemeSigner {
  sign(message: Uint8Array): Uint8Array;
}

/** Makes keys, proofs of possession, and a scheme over a table of verified keys. */
export interface SchemeProvider {
  readonly name: string;
  /** Deterministic key from at least 32 bytes of secret seed. */
  keyFromSeed(seed: Uint8Array): { secretKey: Uint8Array; publicKey: Uint8Array };
  signer(secretKey: Uint8Array): SchemeSigner;
  /** Signature over the public key under the domain `possession`. */
  provePossession(secretKey: Uint8Array): Uint8Array;
  verifyPossession(publicKey: Uint8Array, proof: Uint8Array): boolean;
  /** @throws naming the signer whose key is malformed, the identity, or outside the subgroup. */
  scheme(publicKeys: readonly Uint8Array[]): MultiSignatureScheme;
}
