/**
 * The receipt: what a client keeps as proof of what became of its transaction (protocol sections 5, 6
 * and 11). It verifies offline against the federation file (`verify/receipt.ts`), and holds just enough
 * for that: the batch header with the transaction's Merkle path, the certificate, and either
 *
 * - `score`: the batches that must be known to come first (`ancestors`, in delivery order), each with a
 *   certificate that makes it final by score in turn, or with a proof of its place; or
 * - `order`: a proof of the batch's place in the signed order.
 *
 * Invariants of a decoded receipt:
 * 1. `duplicate` stands only in an order receipt: no score can prove what is earlier in the order.
 * 2. Every chain of a place proof begins with the block under whose `orderRoot` the place is.
 */

import { fromHex, toHex } from '../base/bytes.ts';
import { decode } from '../base/codec.ts';
import type { BatchId, CertificateDigest, Epoch, TransactionId } from '../base/ids.ts';
import type { MerklePath } from '../base/merkle.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { type BatchHeader, batchHeaderCodec } from './batch.ts';
import { type Block, decodeBlock, decodeQc, encodeBlock, encodeQc, type QuorumCertificate } from './block.ts';
import type { SignedHeader } from './evidence.ts';
import { checkJson } from './http.ts';
import { type ProofJson, type ReceiptJson, receiptJson } from './receipt-json.ts';
import { type Certificate, decodeCertificate, encodeCertificate } from './vote.ts';

/** What became of one transaction at its place (section 8). */
export type ReceiptVerdict = 'executed' | 'rejected' | 'duplicate';

/** A block and its descendants up to one that commits it; `qc` certifies the last. */
export interface CommitProof {
  readonly blocks: readonly Block[];
  readonly qc: QuorumCertificate;
}

/** What stands at a place of the order. */
export interface PlaceLeaf {
  readonly batch: BatchId;
  readonly certificate: CertificateDigest;
  readonly void: boolean;
  readonly verdicts: readonly ReceiptVerdict[];
}

/** Proof that a batch stands in the order up to the first block of `chain`. */
export interface PlaceProof {
  readonly leaf: PlaceLeaf;
  /** From 0. */
  readonly position: number;
  /** Places in the order up to that block. */
  readonly size: number;
  readonly path: MerklePath;
  readonly chain: CommitProof;
}

/** A batch that must be known to come before, for the score to hold. */
export type Ancestor =
  | { readonly kind: 'score'; readonly header: BatchHeader; readonly certificate: Certificate }
  | { readonly kind: 'order'; readonly header: BatchHeader; readonly proof: PlaceProof };

interface Claim {
  readonly epoch: Epoch;
  readonly transaction: TransactionId;
  /** The client's, which the batch covers too. */
  readonly clientSignature: Uint8Array | undefined;
  readonly batch: SignedHeader;
  /** Place of the transaction in the batch, from 0. */
  readonly index: number;
  /** From the transaction's leaf to `batch.header.root`. */
  readonly path: MerklePath;
  readonly certificate: Certificate;
}

export interface ScoreReceipt extends Claim {
  readonly finality: 'score';
  readonly verdict: Exclude<ReceiptVerdict, 'duplicate'>;
  readonly ancestors: readonly Ancestor[];
}

export interface OrderReceipt extends Claim {
  readonly finality: 'order';
  readonly verdict: ReceiptVerdict;
  readonly proof: PlaceProof;
}

export type Receipt = ScoreReceipt | OrderReceipt;

/** What the receipts of one batch have in common: all but the transaction and its path. */
export type BatchProof =
  | Pick<ScoreReceipt, 'finality' | 'batch' | 'certificate' | 'ancestors'>
  | Pick<OrderReceipt, 'finality' | 'batch' | 'certificate' | 'proof'>;

/** What the receipts of one batch do not have in common. */
export type ReceiptMember = Pick<Claim, 'transaction' | 'clientSignature' | 'index' | 'path'> & {
  readonly verdict: ReceiptVerdict;
};

/** The receipt of one transaction of a batch; undefined for a duplicate by score, which no receipt proves. */
export function receiptOf(shared: BatchProof, member: ReceiptMember): Receipt | undefined {
  const { transaction, clientSignature, index, path, verdict } = member;
  const { batch, certificate } = shared;
  const { epoch } = batch.header;
  // Made at once, field by field: it is made for every transaction.
  if (shared.finality === 'order') {
    const { finality, proof } = shared;
    return { epoch, transaction, clientSignature, batch, index, path, certificate, finality, verdict, proof };
  }
  if (verdict === 'duplicate') return undefined;
  const { finality, ancestors } = shared;
  return {
    epoch,
    transaction,
    clientSignature,
    batch,
    index,
    path,
    certificate,
    finality,
    verdict,
    ancestors,
  };
}

/** Where a receipt says the transaction is. */
export interface ReceiptPlace {
  readonly ingress: number;
  readonly number: number;
  readonly index: number;
  /** Of the block that orders the batch, and the batch's position in the whole order from 0. */
  readonly height?: number;
  readonly position?: number;
}

const batchPlace = ({ batch, index }: Claim) => ({
  ingress: batch.header.ingress,
  number: batch.header.number,
  index,
});

const orderPlace = (receipt: OrderReceipt) => ({
  ...batchPlace(receipt),
  height: receipt.proof.chain.blocks[0]!.height,
  position: receipt.proof.position,
});

export const placeOfReceipt = (receipt: Receipt): ReceiptPlace =>
  receipt.finality === 'score' ? batchPlace(receipt) : orderPlace(receipt);

/** Remembers decoded parts by their text: the receipts of one batch share nearly everything. */
export interface PartMemo {
  get(text: string): object | undefined;
  set(text: string, part: object): unknown;
}

/** Hex of objects that stand in many receipts; they are immutable. */
const hexOf = new WeakMap<object, { readonly n: number; readonly hex: string }>();

function memoizedHex(part: object, n: number, encode: () => Uint8Array): string {
  const known = hexOf.get(part);
  if (known?.n === n) return known.hex;
  const hex = toHex(encode());
  hexOf.set(part, { n, hex });
  return hex;
}

const headerHex = (header: BatchHeader): string =>
  memoizedHex(header, 0, () => batchHeaderCodec.encode(header));
const certificateHex = (certificate: Certificate, n: number): string =>
  memoizedHex(certificate, n, () => encodeCertificate(certificate, n));
const blockHex = (block: Block, n: number): string => memoizedHex(block, n, () => encodeBlock(block, n));

/**
 * The JSON form, for `JSON.stringify`.
 * @param n signers of the federation.
 */
export function encodeReceiptJson(receipt: Receipt, n: number): ReceiptJson {
  const chains: ReceiptJson['chains'] = [];
  const known = new Map<string, number>();
  const chainIndex = ({ blocks, qc }: CommitProof): number => {
    const chain = { blocks: blocks.map((block) => blockHex(block, n)), qc: toHex(encodeQc(qc, n)) };
    const key = `${chain.blocks.join()},${chain.qc}`;
    const index = known.get(key) ?? chains.push(chain) - 1;
    known.set(key, index);
    return index;
  };
  const proofJson = ({ leaf, position, size, path, chain }: PlaceProof): ProofJson => ({
    batch: leaf.batch,
    certificate: leaf.certificate,
    void: leaf.void,
    verdicts: [...leaf.verdicts],
    position,
    size,
    path: path.map(toHex),
    chain: chainIndex(chain),
  });
  const common = {
    kind: 'receipt' as const,
    version: 1 as const,
    epoch: receipt.epoch,
    transaction: receipt.transaction,
    clientSignature: receipt.clientSignature ? toHex(receipt.clientSignature) : null,
    header: headerHex(receipt.batch.header),
    ingressSignature: toHex(receipt.batch.signature),
    path: receipt.path.map(toHex),
    certificate: certificateHex(receipt.certificate, n),
    chains,
  };
  if (receipt.finality === 'order') {
    const { verdict, proof } = receipt;
    return { ...common, finality: 'order', verdict, place: orderPlace(receipt), proof: proofJson(proof) };
  }
  const ancestors = receipt.ancestors.map((ancestor) => {
    const header = headerHex(ancestor.header);
    return ancestor.kind === 'order'
      ? { kind: 'order' as const, header, proof: proofJson(ancestor.proof) }
      : { kind: 'score' as const, header, certificate: certificateHex(ancestor.certificate, n) };
  });
  return { ...common, finality: 'score', verdict: receipt.verdict, place: batchPlace(receipt), ancestors };
}

/** Decodes the parts of receipts from their hex, through the memo when there is one. */
export class ReceiptParts {
  readonly #n: number;
  readonly #memo: PartMemo | undefined;

  constructor(n: number, memo: PartMemo | undefined) {
    this.#n = n;
    this.#memo = memo;
  }

  #remembered<T extends object>(key: string, make: () => Result<T>): Result<T> {
    const known = this.#memo?.get(key);
    if (known) return accept(known as T);
    const made = make();
    if (made.ok) this.#memo?.set(key, made.value);
    return made;
  }

  header(hex: string): Result<BatchHeader> {
    return this.#remembered(`header/${hex}`, () => decode(batchHeaderCodec, fromHex(hex), 'batch header'));
  }

  signedHeader(hex: string, signature: string): Result<SignedHeader> {
    return this.#remembered(`signed/${hex}/${signature}`, () => {
      const header = this.header(hex);
      return header.ok ? accept({ header: header.value, signature: fromHex(signature) }) : header;
    });
  }

  certificate(hex: string): Result<Certificate> {
    return this.#remembered(`certificate/${hex}`, () => decodeCertificate(fromHex(hex), this.#n));
  }

  chain(json: ReceiptJson['chains'][number]): Result<CommitProof> {
    return this.#remembered(`chain/${json.blocks.join()}/${json.qc}`, () => {
      const blocks: Block[] = [];
      for (const hex of json.blocks) {
        const block = decodeBlock(fromHex(hex), this.#n);
        if (!block.ok) return block;
        blocks.push(block.value);
      }
      const qc = decodeQc(fromHex(json.qc), this.#n);
      return qc.ok ? accept({ blocks, qc: qc.value }) : qc;
    });
  }

  chains(list: ReceiptJson['chains']): Result<CommitProof[]> {
    const chains: CommitProof[] = [];
    for (const json of list) {
      const chain = this.chain(json);
      if (!chain.ok) return chain;
      chains.push(chain.value);
    }
    return accept(chains);
  }
}

function toProof(json: ProofJson, chains: readonly CommitProof[], used: Set<number>): Result<PlaceProof> {
  const chain = chains[json.chain];
  if (!chain) return refuse('RECEIPT_CHAIN', `there is no chain ${json.chain}`);
  used.add(json.chain);
  return accept({
    leaf: {
      batch: json.batch as BatchId,
      certificate: json.certificate as CertificateDigest,
      void: json.void,
      verdicts: json.verdicts,
    },
    position: json.position,
    size: json.size,
    path: json.path.map(fromHex),
    chain,
  });
}

function toAncestors(
  list: Extract<ReceiptJson, { finality: 'score' }>['ancestors'],
  parts: ReceiptParts,
  chains: readonly CommitProof[],
  used: Set<number>,
): Result<Ancestor[]> {
  const ancestors: Ancestor[] = [];
  for (const json of list) {
    const header = parts.header(json.header);
    if (!header.ok) return header;
    if (json.kind === 'order') {
      const proof = toProof(json.proof, chains, used);
      if (!proof.ok) return proof;
      ancestors.push({ kind: 'order', header: header.value, proof: proof.value });
      continue;
    }
    const certificate = parts.certificate(json.certificate);
    if (!certificate.ok) return certificate;
    ancestors.push({ kind: 'score', header: header.value, certificate: certificate.value });
  }
  return accept(ancestors);
}

/** The fields that are for people must say what the proof says, and nothing may stand idle. */
function checkRedundant(receipt: Receipt, json: ReceiptJson, used: ReadonlySet<number>): Result<Receipt> {
  if (used.size !== json.chains.length) return refuse('RECEIPT_CHAIN', 'a chain is used by no proof');
  const place = placeOfReceipt(receipt);
  const stated: ReceiptPlace = json.place;
  for (const field of ['ingress', 'number', 'index', 'height', 'position'] as const)
    if (stated[field] !== place[field])
      return refuse(
        'RECEIPT_PLACE',
        `place.${field} is ${stated[field] ?? 'missing'}, the proof says ${place[field] ?? 'nothing'}`,
      );
  return accept(receipt);
}

/**
 * Reads the JSON form strictly: every length is bounded, unknown fields are refused. What it proves is
 * checked by `verifyReceipt`.
 * @param n signers of the federation.
 * @param memo shares decoded parts between the receipts of one client; identical text gives the same object.
 */
export function decodeReceiptJson(value: unknown, n: number, memo?: PartMemo): Result<Receipt> {
  const checked = checkJson<ReceiptJson>(receiptJson, value, 'RECEIPT_MALFORMED');
  if (!checked.ok) return checked;
  const json = checked.value;
  const parts = new ReceiptParts(n, memo);
  const batch = parts.signedHeader(json.header, json.ingressSignature);
  if (!batch.ok) return batch;
  const certificate = parts.certificate(json.certificate);
  if (!certificate.ok) return certificate;
  const chains = parts.chains(json.chains);
  if (!chains.ok) return chains;
  const claim: Claim = {
    epoch: json.epoch as Epoch,
    transaction: json.transaction as TransactionId,
    clientSignature: json.clientSignature === null ? undefined : fromHex(json.clientSignature),
    batch: batch.value,
    index: json.place.index,
    path: json.path.map(fromHex),
    certificate: certificate.value,
  };
  const used = new Set<number>();
  if (json.finality === 'order') {
    const proof = toProof(json.proof, chains.value, used);
    if (!proof.ok) return proof;
    const { verdict } = json;
    return checkRedundant({ ...claim, finality: 'order', verdict, proof: proof.value }, json, used);
  }
  const ancestors = toAncestors(json.ancestors, parts, chains.value, used);
  if (!ancestors.ok) return ancestors;
  const { verdict } = json;
  return checkRedundant({ ...claim, finality: 'score', verdict, ancestors: ancestors.value }, json, used);
}
