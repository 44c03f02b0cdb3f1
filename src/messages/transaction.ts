/**
 * A transaction, as a client makes it (protocol section 2). Its id is the digest of everything but the
 * signature, so an id is executed once however often and wherever it was sent, signed or not.
 *
 * Invariants of a decoded transaction:
 * 1. `dependencies`, when present, are strictly ascending (a set with one encoding).
 * 2. A signature is present only when `client` is a 32-byte ed25519 key.
 */

import { concat } from '../base/bytes.ts';
import { bytesMax, type Codec, digest, fixedBytes, optional, P, sortedBytes, u53 } from '../base/codec.ts';
import { domainPrefix, hash } from '../base/hash.ts';
import { digestAs, type Epoch, type Height, type TransactionId } from '../base/ids.ts';
import { bodyBytesMax, clientIdBytesMax, dependenciesMax, dependencyBytesMax } from './limits.ts';

export interface Transaction {
  readonly epoch: Epoch;
  /** Who sends: any 1 to 64 bytes, or an ed25519 public key when the transaction is signed. */
  readonly client: Uint8Array;
  /** Makes otherwise equal transactions of one client different. */
  readonly nonce: number;
  /** Signers reject the transaction once their committed height is above this. */
  readonly expires: Height;
  /** Absent: depends on everything. Empty: independent of all. Else strictly ascending. */
  readonly dependencies: readonly Uint8Array[] | undefined;
  readonly body: Uint8Array;
  /** ed25519 over the id, by `client`. */
  readonly signature: Uint8Array | undefined;
}

/** A height that is never reached: the transaction does not expire. */
export const neverExpires = Number.MAX_SAFE_INTEGER as Height;

const unsignedFields = {
  epoch: digest<Epoch>(),
  client: bytesMax(clientIdBytesMax, 'client'),
  nonce: u53(),
  expires: u53<Height>(),
  dependencies: optional(
    sortedBytes(bytesMax(dependencyBytesMax, 'dependency'), dependenciesMax, 'dependencies'),
  ),
  body: bytesMax(bodyBytesMax, 'body'),
};

const unsignedCodec = P.struct(unsignedFields) as unknown as Codec<Omit<Transaction, 'signature'>>;

export const transactionCodec: Codec<Transaction> = P.validate(
  P.struct({ ...unsignedFields, signature: optional(fixedBytes(64)) }) as unknown as Codec<Transaction>,
  (transaction) => {
    if (transaction.client.length === 0) throw new Error('client is empty');
    if (transaction.signature && transaction.client.length !== 32)
      throw new Error('a signed transaction needs a 32-byte ed25519 key as client');
    return transaction;
  },
);

/** Idempotency key of a transaction: the digest of everything but the signature. */
export const transactionId = (transaction: Omit<Transaction, 'signature'>): TransactionId =>
  digestAs<TransactionId>(hash('transaction', unsignedCodec.encode(transaction as Transaction)));

/** What a client signs: the transaction's id under its own domain. */
export const transactionSigningBytes = (id: TransactionId): Uint8Array =>
  concat(domainPrefix('transaction-signed'), digest().encode(id));
