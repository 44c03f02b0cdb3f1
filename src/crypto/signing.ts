/** The port of single signatures (ed25519): batches, proposals, timeouts, client transactions. */
export interface SingleSignatures {
  /** False on bad bytes; never throws. Strict: refuses small-order keys where the library can. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** The same under one key that is known to be valid. */
export type SignatureCheck = (message: Uint8Array, signature: Uint8Array) => boolean;

export interface SingleSigner {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}
