/**
 * A vote: the immutable fact of which conflicting batches a signer had accepted before this one
 * (protocol section 4). It does not name the signer, so signers that saw the same sign the same bytes
 * and a class of equal votes verifies like a single signature.
 *
 * Invariants of a decoded class or certificate:
 * 1. `before` and `rejects` are strictly ascending; classes are strictly ascending by
 *    (base, before, rejects); every id of the wire's union list is used by some class.
 * 2. Signer sets are not empty and disjoint.
 */

import { bitmapBytes, parseBitmap, type SignerSet } from '../base/bitmap.ts';
import { compareText, concat } from '../base/bytes.ts';
import {
  bytesMax,
  type Codec,
  decode,
  digest,
  listMax,
  P,
  sortedDigests,
  sortedNumbers,
  u53,
} from '../base/codec.ts';
import { domainPrefix, hash } from '../base/hash.ts';
import {
  type BatchId,
  type CertificateDigest,
  digestAs,
  type Epoch,
  type Height,
  type SignerId,
} from '../base/ids.ts';
import { accept, must, type Result, refuse } from '../base/result.ts';
import { aggregateBytesMax, batchTransactionsMax, beforeMax, classesMax } from './limits.ts';

/** What a vote says about its batch. */
export interface VoteContent {
  /** Height of the last committed block known that holds a conflicting batch, else 0. */
  readonly base: Height;
  /** Conflicting batches accepted earlier and not in the order up to the signer's committed height. */
  readonly before: readonly BatchId[];
  /** Indices of the transactions that the signer's checks refuse. */
  readonly rejects: readonly number[];
}

export interface Vote extends VoteContent {
  readonly epoch: Epoch;
  readonly batch: BatchId;
}

/** A set of signers that cast the same vote. */
export interface VoteClass extends VoteContent {
  readonly signers: SignerSet;
}

/** Votes on one batch under one aggregated signature. With a quorum it is the certificate. */
export interface Certificate {
  readonly batch: BatchId;
  readonly classes: readonly VoteClass[];
  /** Aggregate over every signer's vote. */
  readonly signature: Uint8Array;
}

/** Fields of what a vote says, in every form it has. */
export const voteContentFields = {
  base: u53<Height>(),
  before: sortedDigests<BatchId>(beforeMax, 'before'),
  rejects: sortedNumbers(batchTransactionsMax, 'rejects'),
};

const voteCodec = P.struct({
  epoch: digest<Epoch>(),
  batch: digest<BatchId>(),
  ...voteContentFields,
}) as unknown as Codec<Vote>;

/** What a signer signs for a vote. */
export const voteSigningBytes = (vote: Vote): Uint8Array =>
  concat(domainPrefix('vote'), voteCodec.encode(vote));

/** The vote that each member of a class signed. */
export const voteOfClass = (epoch: Epoch, batch: BatchId, content: VoteContent): Vote => ({
  epoch,
  batch,
  base: content.base,
  before: content.before,
  rejects: content.rejects,
});

function compareLists<T>(a: readonly T[], b: readonly T[], compare: (x: T, y: T) => number): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compare(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Order of classes in a certificate: by base, then `before`, then `rejects`. 0 when equal. */
export const compareContent = (a: VoteContent, b: VoteContent): number =>
  a.base - b.base ||
  compareLists(a.before, b.before, compareText) ||
  compareLists(a.rejects, b.rejects, (x, y) => x - y);

/** All signers in the classes. */
export const signersOf = (classes: readonly VoteClass[]): SignerId[] =>
  classes.flatMap((one) => [...one.signers]);

/** Number of votes in the classes. */
export const voteCount = (classes: readonly VoteClass[]): number =>
  classes.reduce((sum, one) => sum + one.signers.length, 0);

/** Ids that some class lists, ascending. */
export function listedIn(classes: readonly VoteClass[]): BatchId[] {
  if (classes.length === 1) return [...classes[0]!.before];
  return [...new Set(classes.flatMap((one) => one.before))].sort(compareText);
}

const wireClass = P.struct({
  base: u53<Height>(),
  before: bytesMax(Math.ceil(beforeMax / 8), 'before'),
  rejects: sortedNumbers(batchTransactionsMax, 'rejects'),
  signers: bytesMax(512, 'signers'),
});

const wireVotes = P.struct({
  batch: digest<BatchId>(),
  union: sortedDigests<BatchId>(beforeMax, 'union'),
  classes: listMax(
    wireClass as unknown as Codec<{
      base: Height;
      before: Uint8Array;
      rejects: number[];
      signers: Uint8Array;
    }>,
    classesMax,
    'classes',
  ),
  signature: bytesMax(aggregateBytesMax, 'signature'),
}) as unknown as Codec<{
  batch: BatchId;
  union: BatchId[];
  classes: { base: Height; before: Uint8Array; rejects: number[]; signers: Uint8Array }[];
  signature: Uint8Array;
}>;

/** Bits of `before` in the union list, in the form of a bitmap over positions. */
function positions(before: readonly BatchId[], union: readonly BatchId[]): SignerId[] {
  const index = new Map(union.map((id, i) => [id, i]));
  return before.map((id) => index.get(id)! as SignerId);
}

/** Bytes and digest of certificates: several parts of a signer ask for them, and nothing changes them. */
const encoded = new WeakMap<
  Certificate,
  { readonly n: number; bytes: Uint8Array; digest?: CertificateDigest }
>();

function encodedOnce(certificate: Certificate, n: number) {
  let known = encoded.get(certificate);
  if (known?.n !== n) {
    known = { n, bytes: encodeVotes(certificate, n) };
    encoded.set(certificate, known);
  }
  return known;
}

/** Canonical bytes of a certificate, or of a partial aggregate, among `n` signers. */
export const encodeCertificate = (certificate: Certificate, n: number): Uint8Array =>
  encodedOnce(certificate, n).bytes;

function encodeVotes(certificate: Certificate, n: number): Uint8Array {
  const union = listedIn(certificate.classes);
  return wireVotes.encode({
    batch: certificate.batch,
    union,
    classes: certificate.classes.map((one) => ({
      base: one.base,
      before: bitmapBytes(positions(one.before, union), union.length),
      rejects: [...one.rejects],
      signers: bitmapBytes(one.signers, n),
    })),
    signature: certificate.signature,
  });
}

/** Decodes votes among `n` signers and checks the invariants above; signatures are not checked. */
export function decodeCertificate(bytes: Uint8Array, n: number): Result<Certificate> {
  const decoded = decode(wireVotes, bytes, 'votes');
  if (!decoded.ok) return decoded;
  const { batch, union, signature } = decoded.value;
  const classes: VoteClass[] = [];
  const used = new Set<number>();
  const seen = new Set<SignerId>();
  for (const one of decoded.value.classes) {
    const before = parseBitmap(one.before, union.length);
    if (!before.ok) return before;
    const signers = parseBitmap(one.signers, n);
    if (!signers.ok) return signers;
    if (signers.value.length === 0) return refuse('CLASS_EMPTY', 'a class has no signer');
    for (const signer of signers.value) {
      if (seen.has(signer)) return refuse('CLASS_OVERLAP', `signer ${signer} stands in two classes`);
      seen.add(signer);
    }
    for (const position of before.value) used.add(position);
    const previous = classes[classes.length - 1];
    const next: VoteClass = {
      base: one.base,
      before: before.value.map((position) => union[position]!),
      rejects: one.rejects,
      signers: signers.value,
    };
    if (previous && compareContent(previous, next) >= 0)
      return refuse('CLASS_ORDER', 'classes are not strictly ascending');
    classes.push(next);
  }
  if (classes.length === 0) return refuse('CLASS_NONE', 'there is no class');
  if (used.size !== union.length)
    return refuse('UNION_UNUSED', 'the union lists a batch that no class lists');
  const certificate: Certificate = { batch, classes, signature };
  encoded.set(certificate, { n, bytes });
  return accept(certificate);
}

/** Digest that names this certificate: its batch, classes, bitmaps and signature. */
export function certificateDigest(certificate: Certificate, n: number): CertificateDigest {
  const known = encodedOnce(certificate, n);
  known.digest ??= digestAs<CertificateDigest>(hash('certificate', known.bytes));
  return known.digest;
}

/** Decodes a certificate that we encoded ourselves. @throws when it is damaged. */
export const storedCertificate = (bytes: Uint8Array, n: number): Certificate =>
  must(decodeCertificate(bytes, n));
