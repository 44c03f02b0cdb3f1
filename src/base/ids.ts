/**
 * Branded identifiers. Every number or digest that means something has its own type, so that a view
 * cannot be passed where a height is expected. Brands exist at compile time only.
 *
 * Digests are lower-case hex strings: they are map keys everywhere, and hex compares and prints the
 * same on every platform. They become bytes only inside a codec.
 */

declare const brand: unique symbol;
// One property per name: with one literal each, nested brands would intersect to `never`.
type Brand<T, Name extends string> = T & { readonly [brand]: { readonly [K in Name]: true } };

/** A SHA-256 digest as 64 lower-case hex digits. */
export type Digest = Brand<string, 'Digest'>;
/** The index of a signer in the federation file, from 0. */
export type SignerId = Brand<number, 'SignerId'>;
/** Digest of a batch header (protocol section 2). */
export type BatchId = Brand<Digest, 'BatchId'>;
/** Digest of a transaction without its signature; its idempotency key (section 2). */
export type TransactionId = Brand<Digest, 'TransactionId'>;
/** Digest of the federation; part of every signed object (section 1). */
export type Epoch = Brand<Digest, 'Epoch'>;
/** Digest of a block (section 6). */
export type BlockDigest = Brand<Digest, 'BlockDigest'>;
/** Digest of a certificate: classes, bitmaps and signature (section 4). */
export type CertificateDigest = Brand<Digest, 'CertificateDigest'>;
/** Number of a view, from 1; 0 is the genesis view (section 6). */
export type View = Brand<number, 'View'>;
/** Height of a block in the chain, from 1; 0 is the genesis (section 6). */
export type Height = Brand<number, 'Height'>;
/** Number an ingress gives its batch, from 1 (section 2). */
export type BatchNumber = Brand<number, 'BatchNumber'>;
/** Attempt of a batch's tree, 0 when its root is the ingress (section 3). */
export type Attempt = Brand<number, 'Attempt'>;

export const signerId = (value: number): SignerId => value as SignerId;
export const view = (value: number): View => value as View;
export const height = (value: number): Height => value as Height;
export const batchNumber = (value: number): BatchNumber => value as BatchNumber;
export const attempt = (value: number): Attempt => value as Attempt;
/** Brands a digest that was just computed as the kind of digest it is. */
export const digestAs = <T extends Digest>(value: Digest): T => value as T;

/** Signers 0 to n-1. */
export const allSigners = (n: number): SignerId[] => Array.from({ length: n }, (_, i) => signerId(i));
