/**
 * A transaction, as a client makes it (protocol section 2). Its id is the digest of everything but the
 * signature, so an id is executed once however often and wherever it was sent, signed or not.
 *
 * Invariants of a decoded transaction:
 * 1. `dependencies`, when present, are strictly ascending (a set with one encoding).
 * 2. A signature is present only when `client` is a 32-byte ed25519 key.
 *
 * The signature is the last field. So the bytes that the id covers are one run of the canonical bytes, and
 * whoever read or wrote those need not encode anything again to hash it. Reading is by hand, because batches
 * of thousands are read at every signer; the tests hold it against the same fields read by `packed.ts`.
 */

import { compareBytes, concat } from '../base/bytes.ts';
import {
  bytesMax,
  type Codec,
  decode,
  digest,
  fixedBytes,
  optional,
  P,
  repeatedDigest,
  sortedBytes,
  u53,
} from '../base/codec.ts';
import { domainPrefix, hash } from '../base/hash.ts';
import { digestAs, type Epoch, type Height, type TransactionId } from '../base/ids.ts';
import { accept, type Result } from '../base/result.ts';
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

/** A transaction with what follows from it. */
export interface EncodedTransaction {
  readonly transaction: Transaction;
  readonly id: TransactionId;
  /** Its canonical bytes, signature and all. */
  readonly raw: Uint8Array;
}

/** A height that is never reached: the transaction does not expire. */
export const neverExpires = Number.MAX_SAFE_INTEGER as Height;

const signatureBytes = 64;
const epochCodec = repeatedDigest<Epoch>();

const unsignedCodec = P.struct({
  epoch: digest<Epoch>(),
  client: bytesMax(clientIdBytesMax, 'client'),
  nonce: u53(),
  expires: u53<Height>(),
  dependencies: optional(
    sortedBytes(bytesMax(dependencyBytesMax, 'dependency'), dependenciesMax, 'dependencies'),
  ),
  body: bytesMax(bodyBytesMax, 'body'),
}) as unknown as Codec<Omit<Transaction, 'signature'>>;

const signatureCodec = optional(fixedBytes(signatureBytes));

function checkClient({ client, signature }: Pick<Transaction, 'client' | 'signature'>): void {
  if (client.length === 0) throw new Error('client is empty');
  if (signature && client.length !== 32)
    throw new Error('a signed transaction needs a 32-byte ed25519 key as client');
}

function lengthWithin(reader: P.Reader, max: number, what: string, unit: 'bytes' | 'items'): number {
  const length = P.U32BE.read(reader);
  if (length > max) throw new Error(`${what} has ${length} ${unit}, at most ${max}`);
  return length;
}

function bytesWithin(reader: P.Reader, max: number, what: string): Uint8Array {
  const length = lengthWithin(reader, max, what, 'bytes');
  const at = reader.take(length);
  return reader.bytes.subarray(at, at + length);
}

function readDependencies(reader: P.Reader): Uint8Array[] | undefined {
  if (!P.bool.read(reader)) return undefined;
  const count = lengthWithin(reader, dependenciesMax, 'dependencies', 'items');
  const dependencies = new Array<Uint8Array>(count);
  for (let i = 0; i < count; i++) {
    const dependency = bytesWithin(reader, dependencyBytesMax, 'dependency');
    if (i > 0 && compareBytes(dependencies[i - 1]!, dependency) >= 0)
      throw new Error('dependencies is not strictly ascending');
    dependencies[i] = dependency;
  }
  return dependencies;
}

function readTransaction(reader: P.Reader): Transaction {
  let field = 'epoch';
  try {
    const epoch = epochCodec.read(reader);
    field = 'client';
    const client = bytesWithin(reader, clientIdBytesMax, field);
    field = 'nonce';
    const nonce = P.U53BE.read(reader);
    field = 'expires';
    const expires = P.U53BE.read(reader) as Height;
    field = 'dependencies';
    const dependencies = readDependencies(reader);
    field = 'body';
    const body = bytesWithin(reader, bodyBytesMax, field);
    field = 'signature';
    const signature = signatureCodec.read(reader);
    field = 'client';
    const transaction = { epoch, client, nonce, expires, dependencies, body, signature };
    checkClient(transaction);
    return transaction;
  } catch (error) {
    throw P.inField(field, error);
  }
}

export const transactionCodec: Codec<Transaction> = P.codecOf((writer, transaction) => {
  checkClient(transaction);
  unsignedCodec.write(writer, transaction);
  signatureCodec.write(writer, transaction.signature);
}, readTransaction);

const idOfUnsigned = (unsigned: Uint8Array): TransactionId =>
  digestAs<TransactionId>(hash('transaction', unsigned));

/** The id of the transaction whose canonical bytes are those from `start` up to `end`. */
export const idOfCanonical = (
  bytes: Uint8Array,
  start: number,
  end: number,
  { signature }: Transaction,
): TransactionId => idOfUnsigned(bytes.subarray(start, end - (signature ? 1 + signatureBytes : 1)));

/** Idempotency key of a transaction: the digest of everything but the signature. */
export const transactionId = (transaction: Omit<Transaction, 'signature'>): TransactionId =>
  idOfUnsigned(unsignedCodec.encode(transaction));

/** Decodes a transaction from its canonical bytes. It keeps views of them: they must not change. */
export function decodeTransaction(bytes: Uint8Array): Result<EncodedTransaction> {
  const decoded = decode(transactionCodec, bytes, 'transaction');
  if (!decoded.ok) return decoded;
  const transaction = decoded.value;
  return accept({ transaction, id: idOfCanonical(bytes, 0, bytes.length, transaction), raw: bytes });
}

/** @throws when the transaction breaks an invariant above or a bound. */
export function encodedTransaction(transaction: Transaction): EncodedTransaction {
  const raw = transactionCodec.encode(transaction);
  return { transaction, id: idOfCanonical(raw, 0, raw.length, transaction), raw };
}

/** What a client signs: the transaction's id under its own domain. */
export const transactionSigningBytes = (id: TransactionId): Uint8Array =>
  concat(domainPrefix('transaction-signed'), digest().encode(id));
