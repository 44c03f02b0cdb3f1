/**
 * A batch: transactions that one signer, the ingress, accepted in this order (protocol section 2). It
 * is what travels the tree. Its id is the digest of its header, and the header holds the Merkle root
 * of its transactions, so that a receipt can prove one transaction without the others.
 *
 * Invariants of a decoded batch:
 * 1. `number >= 1`, and every number in `after` is smaller and in strictly ascending order.
 * 2. `transactions` is not empty and has `header.count` members under `header.root`.
 * 3. No transaction id stands in it twice.
 */

import { concat, toHex } from '../base/bytes.ts';
import {
  type Codec,
  decode,
  digest,
  fixedBytes,
  listMax,
  P,
  sortedList,
  u16,
  u32,
  u53,
} from '../base/codec.ts';
import { domainPrefix, hash, hashBytes } from '../base/hash.ts';
import {
  type BatchId,
  type BatchNumber,
  type Digest,
  digestAs,
  type Epoch,
  type SignerId,
  type TransactionId,
} from '../base/ids.ts';
import { merkleRoot } from '../base/merkle.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { afterMax, batchTransactionsMax } from './limits.ts';
import { type Transaction, transactionCodec, transactionId } from './transaction.ts';

/** An own earlier batch of the same ingress that must be accepted first. */
export interface AfterEntry {
  readonly number: BatchNumber;
  readonly id: BatchId;
}

export interface BatchHeader {
  readonly epoch: Epoch;
  readonly ingress: SignerId;
  readonly number: BatchNumber;
  readonly after: readonly AfterEntry[];
  /** Merkle root over `transactionLeaf` of each transaction, hex. */
  readonly root: Digest;
  readonly count: number;
}

export interface Batch {
  readonly id: BatchId;
  readonly header: BatchHeader;
  readonly transactions: readonly Transaction[];
  /** The ids of `transactions`, in the same order. */
  readonly transactionIds: readonly TransactionId[];
  /** ed25519 over the id, by the ingress. */
  readonly signature: Uint8Array;
  /** The canonical bytes this batch was decoded from, or encodes to. */
  readonly bytes: Uint8Array;
}

const afterEntry = P.struct({ number: u53<BatchNumber>(), id: digest<BatchId>() }) as Codec<AfterEntry>;

export const batchHeaderCodec: Codec<BatchHeader> = P.validate(
  P.struct({
    epoch: digest<Epoch>(),
    ingress: u16<SignerId>(),
    number: u53<BatchNumber>(),
    after: sortedList(afterEntry, afterMax, 'after', (a, b) => a.number - b.number),
    root: digest(),
    count: u32(),
  }) as unknown as Codec<BatchHeader>,
  (header) => {
    if (header.number < 1) throw new Error('batch number starts at 1');
    const last = header.after[header.after.length - 1];
    if (last && last.number >= header.number) throw new Error('after names a number that is not smaller');
    if (header.after[0] && header.after[0].number < 1) throw new Error('after names a number below 1');
    if (header.count < 1) throw new Error('batch is empty');
    return header;
  },
);

const batchCodec = P.struct({
  header: batchHeaderCodec,
  transactions: listMax(transactionCodec, batchTransactionsMax, 'transactions'),
  signature: fixedBytes(64),
});

/** Merkle leaf of a transaction: its id and its signature, so that the batch id covers every byte. */
export function transactionLeaf(transaction: Transaction, id: TransactionId): Uint8Array {
  const signature = transaction.signature ?? new Uint8Array(0);
  return hashBytes('transaction-signed', digest().encode(id), signature);
}

/** Ids of headers: whoever checks a batch computes it again, and nothing changes a header. */
const ids = new WeakMap<BatchHeader, BatchId>();

export function batchIdOf(header: BatchHeader): BatchId {
  let id = ids.get(header);
  if (id === undefined) {
    id = digestAs<BatchId>(hash('batch', batchHeaderCodec.encode(header)));
    ids.set(header, id);
  }
  return id;
}

/** What the ingress signs: the batch id under its own domain. */
export const batchSigningBytes = (id: BatchId): Uint8Array =>
  concat(domainPrefix('batch'), digest().encode(id));

/**
 * Makes a batch.
 * @param sign ed25519 of the ingress over the given bytes.
 * @throws when the content breaks an invariant above.
 */
export function makeBatch(
  content: Omit<BatchHeader, 'root' | 'count'>,
  transactions: readonly Transaction[],
  sign: (bytes: Uint8Array) => Uint8Array,
): Batch {
  const transactionIds = transactions.map(transactionId);
  const leaves = transactions.map((transaction, i) => transactionLeaf(transaction, transactionIds[i]!));
  const header: BatchHeader = {
    ...content,
    root: toHex(merkleRoot(leaves)) as Digest,
    count: transactions.length,
  };
  const id = batchIdOf(header);
  const signature = sign(batchSigningBytes(id));
  const bytes = batchCodec.encode({ header, transactions: [...transactions], signature });
  return { id, header, transactions, transactionIds, signature, bytes };
}

/** Decodes a batch and checks its invariants; the signatures are not checked here. */
export function decodeBatch(bytes: Uint8Array): Result<Batch> {
  const decoded = decode(
    batchCodec as unknown as Codec<Pick<Batch, 'header' | 'transactions' | 'signature'>>,
    bytes,
    'batch',
  );
  if (!decoded.ok) return decoded;
  const { header, transactions, signature } = decoded.value;
  if (header.count !== transactions.length)
    return refuse('BATCH_COUNT', `batch says ${header.count} transactions and holds ${transactions.length}`);
  const transactionIds = transactions.map(transactionId);
  if (new Set(transactionIds).size !== transactionIds.length)
    return refuse('BATCH_REPEATS', 'a transaction stands in the batch twice');
  const leaves = transactions.map((transaction, i) => transactionLeaf(transaction, transactionIds[i]!));
  if (toHex(merkleRoot(leaves)) !== header.root)
    return refuse('BATCH_ROOT', 'the transactions do not hash to the root of the header');
  return accept({ id: batchIdOf(header), header, transactions, transactionIds, signature, bytes });
}
