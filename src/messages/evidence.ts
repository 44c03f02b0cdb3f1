/**
 * Evidence: a self-contained object that proves to anybody that a signer is faulty (protocol section
 * 10). Each kind holds two statements by the same signer that an honest one never makes both of.
 * Whether the signatures in it hold is checked by `verify/evidence.ts`.
 */

import { bytesMax, type Codec, decode, digest, fixedBytes, listMax, P, u16, u53 } from '../base/codec.ts';
import { hash } from '../base/hash.ts';
import type { BlockDigest, Digest, SignerId, View } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { type BatchHeader, batchHeaderCodec } from './batch.ts';
import { type Block, decodeBlock, decodeQc, encodeBlock, encodeQc, type QuorumCertificate } from './block.ts';
import { type SignedTimeout, signedTimeoutCodec } from './timeout.ts';
import { type Certificate, decodeCertificate, encodeCertificate } from './vote.ts';

/** A batch header with its ingress's signature. */
export interface SignedHeader {
  readonly header: BatchHeader;
  readonly signature: Uint8Array;
}

export interface SignedProposal {
  readonly view: View;
  readonly block: BlockDigest;
  readonly signature: Uint8Array;
}

export type Evidence =
  /** Two different votes on one batch: the signer stands in classes of different content. */
  | {
      readonly kind: 'votes';
      readonly signer: SignerId;
      readonly first: Certificate;
      readonly second: Certificate;
    }
  /** Votes on T and on U that list each other. */
  | {
      readonly kind: 'mutual';
      readonly signer: SignerId;
      readonly first: Certificate;
      readonly second: Certificate;
    }
  /** Signatures on two block digests in one view. */
  | {
      readonly kind: 'blocks';
      readonly signer: SignerId;
      readonly first: QuorumCertificate;
      readonly second: QuorumCertificate;
    }
  /** Two timeouts for one term that differ. */
  | {
      readonly kind: 'timeouts';
      readonly signer: SignerId;
      readonly first: SignedTimeout;
      readonly second: SignedTimeout;
    }
  /** A block signature in a view that the signer's timeout gave up without having signed it. */
  | {
      readonly kind: 'signedAfterTimeout';
      readonly signer: SignerId;
      readonly timeout: SignedTimeout;
      readonly signed: QuorumCertificate;
    }
  /** A timeout whose highest QC is below the `justify` of a block that its sender signed. */
  | {
      readonly kind: 'hiddenQc';
      readonly signer: SignerId;
      readonly timeout: SignedTimeout;
      readonly block: Block;
      readonly signed: QuorumCertificate;
    }
  /** Proposals of two blocks in one view. */
  | {
      readonly kind: 'proposals';
      readonly signer: SignerId;
      readonly first: SignedProposal;
      readonly second: SignedProposal;
    }
  /** Two batches with one number. */
  | {
      readonly kind: 'batches';
      readonly signer: SignerId;
      readonly first: SignedHeader;
      readonly second: SignedHeader;
    };

export type EvidenceKind = Evidence['kind'];

const kinds: readonly EvidenceKind[] = [
  'votes',
  'mutual',
  'blocks',
  'timeouts',
  'signedAfterTimeout',
  'hiddenQc',
  'proposals',
  'batches',
];

const headerCodec = P.struct({
  header: batchHeaderCodec,
  signature: fixedBytes(64),
}) as unknown as Codec<SignedHeader>;
const proposalCodec = P.struct({
  view: u53<View>(),
  block: digest<BlockDigest>(),
  signature: fixedBytes(64),
}) as unknown as Codec<SignedProposal>;

const envelope = P.struct({
  kind: P.U8,
  signer: u16<SignerId>(),
  parts: listMax(bytesMax(16 << 20, 'part'), 3, 'parts'),
}) as unknown as Codec<{ kind: number; signer: SignerId; parts: Uint8Array[] }>;

function partsOf(evidence: Evidence, n: number): Uint8Array[] {
  switch (evidence.kind) {
    case 'votes':
    case 'mutual':
      return [encodeCertificate(evidence.first, n), encodeCertificate(evidence.second, n)];
    case 'blocks':
      return [encodeQc(evidence.first, n), encodeQc(evidence.second, n)];
    case 'timeouts':
      return [signedTimeoutCodec.encode(evidence.first), signedTimeoutCodec.encode(evidence.second)];
    case 'signedAfterTimeout':
      return [signedTimeoutCodec.encode(evidence.timeout), encodeQc(evidence.signed, n)];
    case 'hiddenQc':
      return [
        signedTimeoutCodec.encode(evidence.timeout),
        encodeBlock(evidence.block, n),
        encodeQc(evidence.signed, n),
      ];
    case 'proposals':
      return [proposalCodec.encode(evidence.first), proposalCodec.encode(evidence.second)];
    case 'batches':
      return [headerCodec.encode(evidence.first), headerCodec.encode(evidence.second)];
  }
}

export const encodeEvidence = (evidence: Evidence, n: number): Uint8Array =>
  envelope.encode({
    kind: kinds.indexOf(evidence.kind),
    signer: evidence.signer,
    parts: partsOf(evidence, n),
  });

/** Names one piece of evidence. */
export const evidenceDigest = (evidence: Evidence, n: number): Digest =>
  hash('evidence', encodeEvidence(evidence, n));

function named(
  names: readonly string[],
  parts: readonly Uint8Array[],
  decoders: readonly ((bytes: Uint8Array) => Result<unknown>)[],
): Result<Record<string, unknown>> {
  if (parts.length !== names.length)
    return refuse('EVIDENCE_PARTS', `evidence has ${parts.length} parts, expected ${names.length}`);
  const values: Record<string, unknown> = {};
  for (let i = 0; i < names.length; i++) {
    const value = decoders[i]!(parts[i]!);
    if (!value.ok) return value;
    values[names[i]!] = value.value;
  }
  return accept(values);
}

function decodeParts(
  kind: EvidenceKind,
  parts: readonly Uint8Array[],
  n: number,
): Result<Record<string, unknown>> {
  const certificate = (bytes: Uint8Array) => decodeCertificate(bytes, n);
  const qc = (bytes: Uint8Array) => decodeQc(bytes, n);
  const timeout = (bytes: Uint8Array) => decode(signedTimeoutCodec, bytes, 'timeout');
  const proposal = (bytes: Uint8Array) => decode(proposalCodec, bytes, 'proposal');
  const header = (bytes: Uint8Array) => decode(headerCodec, bytes, 'batch header');
  switch (kind) {
    case 'votes':
    case 'mutual':
      return named(['first', 'second'], parts, [certificate, certificate]);
    case 'blocks':
      return named(['first', 'second'], parts, [qc, qc]);
    case 'timeouts':
      return named(['first', 'second'], parts, [timeout, timeout]);
    case 'signedAfterTimeout':
      return named(['timeout', 'signed'], parts, [timeout, qc]);
    case 'hiddenQc':
      return named(['timeout', 'block', 'signed'], parts, [timeout, (bytes) => decodeBlock(bytes, n), qc]);
    case 'proposals':
      return named(['first', 'second'], parts, [proposal, proposal]);
    case 'batches':
      return named(['first', 'second'], parts, [header, header]);
  }
}

export function decodeEvidence(bytes: Uint8Array, n: number): Result<Evidence> {
  const decoded = decode(envelope, bytes, 'evidence');
  if (!decoded.ok) return decoded;
  const kind = kinds[decoded.value.kind];
  if (!kind) return refuse('EVIDENCE_KIND', `unknown kind of evidence ${decoded.value.kind}`);
  if (decoded.value.signer >= n)
    return refuse('EVIDENCE_SIGNER', `evidence names signer ${decoded.value.signer} of ${n}`);
  const parts = decodeParts(kind, decoded.value.parts, n);
  return parts.ok
    ? accept({ kind, signer: decoded.value.signer, ...parts.value } as unknown as Evidence)
    : parts;
}
