/**
 * A block of the chain that signs the global order, and its order certificate (protocol section 6).
 * A block holds the QC of its parent (`justify`), so a run of blocks carries its own proofs: block B is
 * committed when a child in the next view holds B's QC and has a QC itself.
 *
 * Invariants of a decoded block:
 * 1. `parent` is the block that `justify` certifies; `view` is above `justify.view`.
 * 2. `entries` are strictly ascending by batch id (unique, one encoding).
 */

import { bitmapBytes, parseBitmap, type SignerSet } from '../base/bitmap.ts';
import { compareText, concat } from '../base/bytes.ts';
import { bytesMax, type Codec, decode, digest, fixedBytes, P, sortedList, u53 } from '../base/codec.ts';
import { domainPrefix, hash } from '../base/hash.ts';
import {
  type BatchId,
  type BlockDigest,
  type CertificateDigest,
  type Digest,
  digestAs,
  type Epoch,
  type Height,
  type View,
} from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { aggregateBytesMax, entriesMax } from './limits.ts';

/** Order certificate: a quorum's aggregated signature on a block digest. */
export interface QuorumCertificate {
  readonly view: View;
  readonly block: BlockDigest;
  readonly signers: SignerSet;
  readonly signature: Uint8Array;
}

export interface BlockEntry {
  readonly batch: BatchId;
  readonly certificate: CertificateDigest;
}

export interface Block {
  readonly epoch: Epoch;
  readonly height: Height;
  readonly view: View;
  readonly parent: BlockDigest;
  readonly justify: QuorumCertificate;
  readonly entries: readonly BlockEntry[];
  /** RFC 6962 root over the leaves of the whole order up to and including this block. */
  readonly orderRoot: Digest;
}

/** A block with its leader's ed25519 signature over the digest. */
export interface Proposal {
  readonly block: Block;
  readonly signature: Uint8Array;
}

export const genesisDigest = (epoch: Epoch): BlockDigest =>
  digestAs<BlockDigest>(hash('genesis', digest().encode(epoch)));

/** The QC that everybody holds from the start: no signers, view 0, the genesis block. */
export const genesisCertificate = (epoch: Epoch): QuorumCertificate => ({
  view: 0 as View,
  block: genesisDigest(epoch),
  signers: [],
  signature: new Uint8Array(0),
});

interface WireQuorumCertificate {
  view: View;
  block: BlockDigest;
  signers: Uint8Array;
  signature: Uint8Array;
}

/** Form of a QC inside other structures; `signers` is a bitmap over `n`, or empty at genesis. */
export const wireQuorumCertificate = P.struct({
  view: u53<View>(),
  block: digest<BlockDigest>(),
  signers: bytesMax(512, 'signers'),
  signature: bytesMax(aggregateBytesMax, 'signature'),
}) as unknown as Codec<WireQuorumCertificate>;

export const toWireQc = (qc: QuorumCertificate, n: number): WireQuorumCertificate => ({
  view: qc.view,
  block: qc.block,
  signers: qc.signers.length === 0 ? new Uint8Array(0) : bitmapBytes(qc.signers, n),
  signature: qc.signature,
});

export function fromWireQc(wire: WireQuorumCertificate, n: number): Result<QuorumCertificate> {
  const signers = wire.signers.length === 0 ? accept<SignerSet>([]) : parseBitmap(wire.signers, n);
  if (!signers.ok) return signers;
  if (wire.signers.length > 0 && signers.value.length === 0)
    return refuse('QC_EMPTY', 'an order certificate has an empty bitmap');
  return accept({ view: wire.view, block: wire.block, signers: signers.value, signature: wire.signature });
}

const entryCodec = P.struct({
  batch: digest<BatchId>(),
  certificate: digest<CertificateDigest>(),
}) as unknown as Codec<BlockEntry>;

const wireBlock = P.struct({
  epoch: digest<Epoch>(),
  height: u53<Height>(),
  view: u53<View>(),
  parent: digest<BlockDigest>(),
  justify: wireQuorumCertificate,
  entries: sortedList(entryCodec, entriesMax, 'entries', (a, b) => compareText(a.batch, b.batch)),
  orderRoot: digest(),
}) as unknown as Codec<Omit<Block, 'justify'> & { justify: WireQuorumCertificate }>;

const wireProposal = P.struct({ block: bytesMax(16 << 20, 'block'), signature: fixedBytes(64) });

/** Bytes and digest of blocks: several parts of a signer ask for them, and nothing changes them. */
const encoded = new WeakMap<Block, { readonly n: number; bytes: Uint8Array; digest?: BlockDigest }>();

function encodedOnce(block: Block, n: number) {
  let known = encoded.get(block);
  if (known?.n !== n) {
    known = { n, bytes: wireBlock.encode({ ...block, justify: toWireQc(block.justify, n) }) };
    encoded.set(block, known);
  }
  return known;
}

export const encodeBlock = (block: Block, n: number): Uint8Array => encodedOnce(block, n).bytes;

export function decodeBlock(bytes: Uint8Array, n: number): Result<Block> {
  const decoded = decode(wireBlock, bytes, 'block');
  if (!decoded.ok) return decoded;
  const justify = fromWireQc(decoded.value.justify, n);
  if (!justify.ok) return justify;
  const block: Block = { ...decoded.value, justify: justify.value };
  if (block.parent !== block.justify.block)
    return refuse('BLOCK_PARENT', 'the parent is not the block that justify certifies');
  if (block.view <= block.justify.view) return refuse('BLOCK_VIEW', 'the view is not above that of justify');
  if (block.height < 1) return refuse('BLOCK_HEIGHT', 'height starts at 1');
  encoded.set(block, { n, bytes });
  return accept(block);
}

export function blockDigest(block: Block, n: number): BlockDigest {
  const known = encodedOnce(block, n);
  known.digest ??= digestAs<BlockDigest>(hash('block', known.bytes));
  return known.digest;
}

/**
 * What signers sign with the voting key for a block (3a). The view stands beside the digest, so that
 * two signatures in one view convict without the blocks themselves (section 10).
 */
export const blockSigningBytes = (epoch: Epoch, view: View, block: BlockDigest): Uint8Array =>
  concat(domainPrefix('block'), digest().encode(epoch), u53().encode(view), digest().encode(block));

/** What the leader signs with its signing key for a proposal. */
export const proposalSigningBytes = (epoch: Epoch, view: View, block: BlockDigest): Uint8Array =>
  concat(domainPrefix('proposal'), digest().encode(epoch), u53().encode(view), digest().encode(block));

export const encodeProposal = (proposal: Proposal, n: number): Uint8Array =>
  wireProposal.encode({ block: encodeBlock(proposal.block, n), signature: proposal.signature });

export function decodeProposal(bytes: Uint8Array, n: number): Result<Proposal> {
  const decoded = decode(
    wireProposal as unknown as Codec<{ block: Uint8Array; signature: Uint8Array }>,
    bytes,
    'proposal',
  );
  if (!decoded.ok) return decoded;
  const block = decodeBlock(decoded.value.block, n);
  return block.ok ? accept({ block: block.value, signature: decoded.value.signature }) : block;
}

export const encodeQc = (qc: QuorumCertificate, n: number): Uint8Array =>
  wireQuorumCertificate.encode(toWireQc(qc, n));

export function decodeQc(bytes: Uint8Array, n: number): Result<QuorumCertificate> {
  const decoded = decode(wireQuorumCertificate, bytes, 'order certificate');
  return decoded.ok ? fromWireQc(decoded.value, n) : decoded;
}
