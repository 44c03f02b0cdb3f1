/**
 * The port of a multi-signature scheme: what the phases need of one, and nothing about curves. A
 * scheme aggregates signatures on equal and on different messages into one, verifies such an
 * aggregate, and can take a known signature out of it again (protocol sections 4 and 10). An aggregate may be
 * one signature (BLS) or a list of them (`ed25519-list.ts`).
 *
 * Rules for implementations:
 * 1. `parsePublicKey` and every verification refuse identity keys, identity signatures and points
 *    outside the subgroup; nothing that comes from outside is used before that check.
 * 2. Signatures need not be unique: a signer that lies may have several on one message. Nobody else can
 *    make another one of a signature. What is taken out of an aggregate is a signer, so the rest stays valid
 *    whichever of its signatures was in there.
 * 3. Verification of bad bytes answers false; it never throws. Nor does adding up or taking out what is
 *    well-formed, whoever signed it; the result is then valid for no claim that names a signer wrongly.
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
  /** Length of one signer's signature; an aggregate may be longer. */
  readonly signatureBytes: number;
  readonly publicKeyBytes: number;
  /** Number of signers in the key table. */
  readonly size: number;
  /** True when `signature` is the aggregate of exactly one signature by each signer of each group. */
  verify(groups: readonly SignedGroup[], signature: Uint8Array): boolean;
  /** Signatures as one, whatever the order of the parts. @throws when a part is malformed: verify parts, or their sender, before. */
  aggregate(parts: readonly Uint8Array[]): Uint8Array;
  /** The aggregate without a part that it contains. */
  subtract(aggregate: Uint8Array, part: Uint8Array): Uint8Array;
  /**
   * True when the bytes have the form of a signature or an aggregate over this key table: right length and
   * order, on the curve and in the subgroup where there is one, not the identity.
   */
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
