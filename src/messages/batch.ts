/**
 * A batch: transactions that one signer, the ingress, accepted in this order (protocol section 2). It
 * is what travels the tree. Its id is the digest of its header, and the header holds the root of the tree
 * over its transactions, so that a receipt can prove one transaction without the others.
 *
 * Invariants of a decoded batch:
 * 1. `number >= 1`, and every number in `after` is smaller and in strictly ascending order.
 * 2. `transactions` is not empty and has `header.count` members under `header.root`.
 * 3. No transaction id stands in it twice.
 *
 * A batch is held until a block with it is committed, but its transactions are read only when it is checked
 * and accepted. So a host may let go of them: whoever asks again gets them read from the bytes again.
 */

import { concat, toHex } from '../base/bytes.ts';
import { type Codec, decode, digest, P, repeatedDigest, sortedList, u16, u32, u53 } from '../base/codec.ts';
import { domainPrefix, hash } from '../base/hash.ts';
import {
  type BatchId,
  type BatchNumber,
  type Digest,
  digestAs,
  type Epoch,
  type SignerId,
  type TransactionId,
} from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { batchRoot, putLeaf } from './batch-tree.ts';
import { afterMax, batchTransactionsMax } from './limits.ts';
import {
  type EncodedTransaction,
  encodedTransaction,
  idOfCanonical,
  type Transaction,
  transactionCodec,
} from './transaction.ts';

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
  /** Root over its transactions (`batch-tree.ts`), hex. */
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
    epoch: repeatedDigest<Epoch>(),
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

const signatureBytes = 64;

/** A batch as it is read; its count, its root and repetitions are checked afterwards. */
interface Read {
  readonly header: BatchHeader;
  readonly id: BatchId;
  readonly transactions: readonly Transaction[];
  readonly transactionIds: readonly TransactionId[];
  readonly signature: Uint8Array;
}

const batchIdOfBytes = (header: Uint8Array): BatchId => digestAs<BatchId>(hash('batch', header));

function readTransactions(
  reader: P.Reader,
  transactions: Transaction[],
  transactionIds: TransactionId[],
): void {
  const count = P.U32BE.read(reader);
  if (count > batchTransactionsMax)
    throw new Error(`transactions has ${count} items, at most ${batchTransactionsMax}`);
  try {
    while (transactions.length < count) {
      const start = reader.at;
      const transaction = transactionCodec.read(reader);
      transactions.push(transaction);
      transactionIds.push(idOfCanonical(reader.bytes, start, reader.at, transaction));
    }
  } catch (error) {
    throw P.inField(transactions.length, error);
  }
}

/** Header, transactions and signature, in one pass over the bytes: what is hashed is hashed where it stands. */
const batchCodec: Codec<Read> = P.codecOf(
  () => {
    throw new Error('batches are put together by `assembleBatch`');
  },
  (reader) => {
    let field = 'header';
    try {
      const start = reader.at;
      const header = batchHeaderCodec.read(reader);
      const id = batchIdOfBytes(reader.bytes.subarray(start, reader.at));
      field = 'transactions';
      const transactions: Transaction[] = [];
      const transactionIds: TransactionId[] = [];
      readTransactions(reader, transactions, transactionIds);
      field = 'signature';
      const at = reader.take(signatureBytes);
      const signature = reader.bytes.subarray(at, at + signatureBytes);
      return { header, id, transactions, transactionIds, signature };
    } catch (error) {
      throw P.inField(field, error);
    }
  },
);

/** Leaves of the tree over a batch's transactions, one after the other. */
export function batchLeaves(batch: Pick<Batch, 'transactions' | 'transactionIds'>): Uint8Array {
  const { transactionIds } = batch;
  const transactions = contents.get(batch)?.signed === false ? undefined : batch.transactions;
  const leaves = new Uint8Array(32 * transactionIds.length);
  for (let i = 0; i < transactionIds.length; i++)
    putLeaf(transactionIds[i]!, transactions && transactions[i]!.signature, leaves, 32 * i);
  return leaves;
}

/** What a batch made or decoded here has of its transactions. */
interface Content {
  transactions: readonly Transaction[] | undefined;
  /** Some transaction has a signature. */
  readonly signed: boolean;
}
const contents = new WeakMap<object, Content>();

function batchOf({ header, id, transactions, transactionIds, signature }: Read, bytes: Uint8Array): Batch {
  const content: Content = { transactions, signed: transactions.some((one) => one.signature !== undefined) };
  const batch: Batch = {
    id,
    header,
    transactionIds,
    signature,
    bytes,
    get transactions() {
      content.transactions ??= batchCodec.decode(bytes).transactions;
      return content.transactions;
    },
  };
  contents.set(batch, content);
  ids.set(header, id);
  return batch;
}

/** Lets go of the decoded transactions of a batch that is held on to; reading them again costs a decoding. */
export function letGoOfTransactions(batch: Batch): void {
  const content = contents.get(batch);
  if (content) content.transactions = undefined;
}

/** Ids of headers: whoever checks a batch computes it again, and nothing changes a header. */
const ids = new WeakMap<BatchHeader, BatchId>();

export function batchIdOf(header: BatchHeader): BatchId {
  let id = ids.get(header);
  if (id === undefined) {
    id = batchIdOfBytes(batchHeaderCodec.encode(header));
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
export const makeBatch = (
  content: Omit<BatchHeader, 'root' | 'count'>,
  transactions: readonly Transaction[],
  sign: (bytes: Uint8Array) => Uint8Array,
): Batch => assembleBatch(content, transactions.map(encodedTransaction), sign);

/** The same of transactions that were encoded already: their bytes are only joined. */
export function assembleBatch(
  content: Omit<BatchHeader, 'root' | 'count'>,
  encoded: readonly EncodedTransaction[],
  sign: (bytes: Uint8Array) => Uint8Array,
): Batch {
  const count = encoded.length;
  const transactions = encoded.map((one) => one.transaction);
  const transactionIds = encoded.map((one) => one.id);
  const root = toHex(batchRoot(batchLeaves({ transactions, transactionIds }))) as Digest;
  const header: BatchHeader = { ...content, root, count };
  const headerBytes = batchHeaderCodec.encode(header);
  const id = batchIdOfBytes(headerBytes);
  const signature = sign(batchSigningBytes(id));
  const bytes = concat(headerBytes, u32().encode(count), ...encoded.map((one) => one.raw), signature);
  return batchOf({ header, id, transactions, transactionIds, signature }, bytes);
}

/** Decodes a batch and checks its invariants; the signatures are not checked here. */
export function decodeBatch(bytes: Uint8Array): Result<Batch> {
  const decoded = decode(batchCodec, bytes, 'batch');
  if (!decoded.ok) return decoded;
  const { header, transactions, transactionIds } = decoded.value;
  if (header.count !== transactions.length)
    return refuse('BATCH_COUNT', `batch says ${header.count} transactions and holds ${transactions.length}`);
  if (new Set(transactionIds).size !== transactionIds.length)
    return refuse('BATCH_REPEATS', 'a transaction stands in the batch twice');
  if (toHex(batchRoot(batchLeaves(decoded.value))) !== header.root)
    return refuse('BATCH_ROOT', 'the transactions do not hash to the root of the header');
  return accept(batchOf(decoded.value, bytes));
}
