/**
 * The order, as signed by blocks: a sequence of places, each with a batch, its deciding certificate and
 * a verdict for every transaction. A prefix of it answers what block validity and verdicts ask
 * (protocol sections 6 and 8): is this batch in it, is this number used, was this transaction seen.
 *
 * `CommittedOrder` is the prefix up to the committed height, kept in the ledger; `DerivedBlock`
 * (derive.ts) extends a prefix by one block that is not committed yet.
 */

import { type Codec, digest, P, u53 } from '../base/codec.ts';
import { hashBytes } from '../base/hash.ts';
import type {
  BatchId,
  BatchNumber,
  BlockDigest,
  CertificateDigest,
  Height,
  SignerId,
  TransactionId,
} from '../base/ids.ts';
import type { Frontier } from '../base/merkle.ts';

/** What became of one transaction at its place. */
export type Verdict = 'executed' | 'rejected' | 'duplicate';
const verdictNames: readonly Verdict[] = ['executed', 'rejected', 'duplicate'];

/** One batch in the order. */
export interface Place {
  readonly batch: BatchId;
  readonly certificate: CertificateDigest;
  readonly ingress: SignerId;
  readonly number: BatchNumber;
  /** Another batch used its number first: nothing in it counts. */
  readonly void: boolean;
  /** One for each transaction of the batch; empty when void. */
  readonly verdicts: readonly Verdict[];
}

/** The order up to some block. */
export interface OrderPrefix {
  readonly height: Height;
  readonly block: BlockDigest;
  readonly frontier: Frontier;
  has(batch: BatchId): boolean;
  numberUsed(ingress: SignerId, number: BatchNumber): boolean;
  /** The transaction stands in the prefix in a batch that is not void. */
  transactionSeen(id: TransactionId): boolean;
}

const executedCode = 0;

/** Their number, and a byte each: 0 executed, 1 rejected, 2 duplicate. */
const verdictsCodec: Codec<readonly Verdict[]> = P.codecOf(
  (writer, verdicts) => {
    P.U32BE.write(writer, verdicts.length);
    const start = writer.reserve(verdicts.length);
    const { bytes } = writer;
    for (let i = 0; i < verdicts.length; i++) {
      const verdict = verdicts[i]!;
      const code = verdict === 'executed' ? executedCode : verdictNames.indexOf(verdict);
      if (code < 0) throw new P.CodecError(`unknown verdict ${verdict}`);
      bytes[start + i] = code;
    }
  },
  (reader) => {
    const count = P.U32BE.read(reader);
    const start = reader.take(count);
    const verdicts: Verdict[] = [];
    for (let i = 0; i < count; i++) {
      const name = verdictNames[reader.bytes[start + i]!];
      if (!name) throw new P.CodecError(`unknown verdict ${reader.bytes[start + i]}`);
      verdicts.push(name);
    }
    return verdicts;
  },
);

const leafFields = {
  batch: digest<BatchId>(),
  certificate: digest<CertificateDigest>(),
  void: P.bool,
  verdicts: verdictsCodec,
};

/** What a leaf of the order's Merkle tree commits to. */
export type OrderLeaf = Pick<Place, 'batch' | 'certificate' | 'void' | 'verdicts'>;
const leafCodec = P.struct({ position: u53(), ...leafFields }) as unknown as Codec<
  OrderLeaf & { position: number }
>;

/**
 * Leaf data of a place under `orderRoot`. A Merkle root does not say how many leaves it has, so the leaf
 * itself says which one it is.
 * @param position from 0.
 */
export const orderLeaf = (position: number, place: OrderLeaf): Uint8Array =>
  hashBytes(
    'order-leaf',
    leafCodec.encode({
      position,
      batch: place.batch,
      certificate: place.certificate,
      void: place.void,
      verdicts: place.verdicts,
    }),
  );

/** A place as the ledger keeps it, with the height of its block. */
export interface StoredPlace extends Place {
  readonly height: Height;
}

export const placeCodec = P.struct({
  ...leafFields,
  ingress: u53<SignerId>(),
  number: u53<BatchNumber>(),
  height: u53<Height>(),
}) as unknown as Codec<StoredPlace>;
