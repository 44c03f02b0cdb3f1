/**
 * What became of transactions that came over the submission stream (`submission.ts` says what it means): one
 * message for many tickets, and one proof for all tickets of a batch.
 */

import { toHex } from '../base/bytes.ts';
import {
  bytesMax,
  type Codec,
  decode,
  digest,
  fixedBytes,
  listMax,
  optional,
  P,
  u53,
} from '../base/codec.ts';
import type { BatchId, CertificateDigest } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { batchHeaderCodec } from './batch.ts';
import { encodeBlock, encodeQc } from './block.ts';
import type { ErrorJson } from './http.ts';
import { batchTransactionsMax } from './limits.ts';
import {
  type Ancestor,
  type BatchProof,
  type CommitProof,
  type PartMemo,
  type PlaceProof,
  ReceiptParts,
  type ReceiptVerdict,
} from './receipt.ts';
import { ancestorsMax } from './receipt-json.ts';
import { submitOutstandingMax } from './submission.ts';
import { encodeCertificate } from './vote.ts';

/** Bytes of an `answers` message. */
export const answersBytesMax = 128 << 20;

/** A proof and the tickets it answers. */
export interface ProofAnswer {
  readonly proof: BatchProof;
  readonly tickets: readonly number[];
  /** Places of their transactions in the batch, strictly ascending. */
  readonly indices: readonly number[];
  readonly hashes: readonly Uint8Array[];
}

export interface ErrorAnswer {
  readonly tickets: readonly number[];
  readonly error: ErrorJson;
}

export interface Answers {
  readonly accepted: readonly number[];
  readonly open: readonly number[];
  readonly errors: readonly ErrorAnswer[];
  readonly proofs: readonly ProofAnswer[];
}

const answersCode = 2;

const part = bytesMax(16 << 20, 'part');
const verdicts: readonly ReceiptVerdict[] = ['executed', 'rejected', 'duplicate'];

/** Numbers of 32 bits in one piece. */
const numbers = (max: number, what: string): Codec<number[]> =>
  P.codecOf(
    (writer, list) => {
      P.U32BE.write(writer, list.length);
      let at = writer.reserve(4 * list.length);
      for (const number of list) {
        writer.bytes[at++] = number >>> 24;
        writer.bytes[at++] = number >>> 16;
        writer.bytes[at++] = number >>> 8;
        writer.bytes[at++] = number;
      }
    },
    (reader) => {
      const count = P.U32BE.read(reader);
      if (count > max) throw new P.CodecError(`${what} has ${count} items, at most ${max}`);
      let at = reader.take(4 * count);
      const { bytes } = reader;
      const list = new Array<number>(count);
      for (let i = 0; i < count; i++, at += 4)
        list[i] =
          ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
      return list;
    },
  );

const verdictList: Codec<ReceiptVerdict[]> = P.apply(bytesMax(batchTransactionsMax, 'verdicts'), {
  encode: (wire) =>
    Array.from(wire, (code) => {
      const verdict = verdicts[code];
      if (!verdict) throw new P.CodecError(`there is no verdict ${code}`);
      return verdict;
    }),
  decode: (list: ReceiptVerdict[]) => Uint8Array.from(list, (verdict) => verdicts.indexOf(verdict)),
});

const placeCodec = P.struct({
  batch: digest<BatchId>(),
  certificate: digest<CertificateDigest>(),
  void: P.bool,
  verdicts: verdictList,
  position: u53(),
  size: u53(),
  path: listMax(fixedBytes(32), 64, 'path'),
  chain: P.U16BE,
});
interface WirePlace {
  batch: BatchId;
  certificate: CertificateDigest;
  void: boolean;
  verdicts: ReceiptVerdict[];
  position: number;
  size: number;
  path: Uint8Array[];
  chain: number;
}
const place = placeCodec as unknown as Codec<WirePlace>;

interface WireAncestor {
  header: Uint8Array;
  certificate: Uint8Array | undefined;
  place: WirePlace | undefined;
}
const ancestorCodec = P.struct({
  header: part,
  certificate: optional(part),
  place: optional(place),
}) as unknown as Codec<WireAncestor>;

const ticketList = numbers(submitOutstandingMax, 'tickets');

interface WireProof {
  header: Uint8Array;
  signature: Uint8Array;
  certificate: Uint8Array;
  /** Of an order proof. */
  place: WirePlace | undefined;
  ancestors: WireAncestor[];
  tickets: number[];
  indices: number[];
  hashes: Uint8Array[];
}
const proofCodec = P.struct({
  header: part,
  signature: fixedBytes(64),
  certificate: part,
  place: optional(place),
  ancestors: listMax(ancestorCodec, ancestorsMax, 'ancestors'),
  tickets: ticketList,
  indices: numbers(batchTransactionsMax, 'indices'),
  hashes: listMax(fixedBytes(32), batchTransactionsMax, 'hashes'),
}) as unknown as Codec<WireProof>;

interface WireError {
  tickets: number[];
  code: string;
  message: string;
  retryable: boolean;
  retryAfterMs: number | undefined;
  unknown: boolean;
}
const errorCodec = P.struct({
  tickets: ticketList,
  code: P.string(P.U8),
  message: P.string(P.U16BE),
  retryable: P.bool,
  retryAfterMs: optional(P.U32BE),
  unknown: P.bool,
}) as unknown as Codec<WireError>;

interface WireChain {
  blocks: Uint8Array[];
  qc: Uint8Array;
}
const chainCodec = P.struct({
  blocks: listMax(part, 1024, 'blocks'),
  qc: part,
}) as unknown as Codec<WireChain>;

interface WireAnswers {
  accepted: number[];
  open: number[];
  errors: WireError[];
  chains: WireChain[];
  proofs: WireProof[];
}
const answersCodec = P.struct({
  accepted: ticketList,
  open: ticketList,
  errors: listMax(errorCodec, submitOutstandingMax, 'errors'),
  chains: listMax(chainCodec, 1 << 12, 'chains'),
  proofs: listMax(proofCodec, submitOutstandingMax, 'proofs'),
}) as unknown as Codec<WireAnswers>;

/** The chains of one message; proofs name them by their place. */
class Chains {
  readonly wire: WireChain[] = [];
  readonly #known = new Map<CommitProof, number>();
  readonly #n: number;

  constructor(n: number) {
    this.#n = n;
  }

  place({ leaf, position, size, path, chain }: PlaceProof): WirePlace {
    let index = this.#known.get(chain);
    if (index === undefined) {
      const blocks = chain.blocks.map((block) => encodeBlock(block, this.#n));
      index = this.wire.push({ blocks, qc: encodeQc(chain.qc, this.#n) }) - 1;
      this.#known.set(chain, index);
    }
    return { ...leaf, verdicts: [...leaf.verdicts], position, size, path: [...path], chain: index };
  }
}

function toWireProof({ proof, tickets, indices, hashes }: ProofAnswer, chains: Chains, n: number): WireProof {
  const ancestors = proof.finality === 'score' ? proof.ancestors : [];
  return {
    header: batchHeaderCodec.encode(proof.batch.header),
    signature: proof.batch.signature,
    certificate: encodeCertificate(proof.certificate, n),
    place: proof.finality === 'order' ? chains.place(proof.proof) : undefined,
    ancestors: ancestors.map((one) => ({
      header: batchHeaderCodec.encode(one.header),
      certificate: one.kind === 'score' ? encodeCertificate(one.certificate, n) : undefined,
      place: one.kind === 'order' ? chains.place(one.proof) : undefined,
    })),
    tickets: tickets as number[],
    indices: indices as number[],
    hashes: hashes as Uint8Array[],
  };
}

/** @param n signers of the federation. */
export function encodeAnswers({ accepted, open, errors, proofs }: Answers, n: number): Uint8Array {
  const chains = new Chains(n);
  const wireProofs = proofs.map((one) => toWireProof(one, chains, n));
  const body = answersCodec.encode({
    accepted: accepted as number[],
    open: open as number[],
    errors: errors.map(({ tickets, error: { code, message, retryable, retryAfterMs, outcome } }) => ({
      tickets: tickets as number[],
      code,
      message,
      retryable,
      retryAfterMs,
      unknown: outcome === 'unknown',
    })),
    chains: chains.wire,
    proofs: wireProofs,
  });
  const bytes = new Uint8Array(body.length + 1);
  bytes[0] = answersCode;
  bytes.set(body, 1);
  return bytes;
}

function fromWirePlace(wire: WirePlace, chains: readonly CommitProof[]): Result<PlaceProof> {
  const chain = chains[wire.chain];
  if (!chain) return refuse('RECEIPT_CHAIN', `there is no chain ${wire.chain}`);
  const { position, size, path, ...leaf } = wire;
  const { batch, certificate, verdicts: list } = leaf;
  return accept({
    leaf: { batch, certificate, void: leaf.void, verdicts: list },
    position,
    size,
    path,
    chain,
  });
}

function fromWireAncestor(
  wire: WireAncestor,
  chains: readonly CommitProof[],
  parts: ReceiptParts,
): Result<Ancestor> {
  const header = parts.header(toHex(wire.header));
  if (!header.ok) return header;
  if (wire.place) {
    if (wire.certificate) return refuse('MALFORMED', 'an ancestor has a place and a certificate');
    const proof = fromWirePlace(wire.place, chains);
    return proof.ok ? accept({ kind: 'order', header: header.value, proof: proof.value }) : proof;
  }
  if (!wire.certificate) return refuse('MALFORMED', 'an ancestor has neither place nor certificate');
  const certificate = parts.certificate(toHex(wire.certificate));
  return certificate.ok
    ? accept({ kind: 'score', header: header.value, certificate: certificate.value })
    : certificate;
}

function fromWireProof(
  wire: WireProof,
  chains: readonly CommitProof[],
  parts: ReceiptParts,
): Result<ProofAnswer> {
  const { tickets, indices, hashes } = wire;
  if (tickets.length === 0 || tickets.length !== indices.length)
    return refuse('MALFORMED', `a proof has ${tickets.length} tickets and ${indices.length} places`);
  const batch = parts.signedHeader(toHex(wire.header), toHex(wire.signature));
  if (!batch.ok) return batch;
  const certificate = parts.certificate(toHex(wire.certificate));
  if (!certificate.ok) return certificate;
  const common = { batch: batch.value, certificate: certificate.value };
  if (wire.place) {
    if (wire.ancestors.length > 0) return refuse('MALFORMED', 'an order proof has ancestors');
    const place = fromWirePlace(wire.place, chains);
    if (!place.ok) return place;
    return accept({ proof: { ...common, finality: 'order', proof: place.value }, tickets, indices, hashes });
  }
  const ancestors: Ancestor[] = [];
  for (const one of wire.ancestors) {
    const ancestor = fromWireAncestor(one, chains, parts);
    if (!ancestor.ok) return ancestor;
    ancestors.push(ancestor.value);
  }
  return accept({ proof: { ...common, finality: 'score', ancestors }, tickets, indices, hashes });
}

function toError({ tickets, code, message, retryable, retryAfterMs, unknown }: WireError): ErrorAnswer {
  const outcome = unknown ? 'unknown' : 'rejected';
  return {
    tickets,
    error: { code, message, retryable, outcome, ...(retryAfterMs !== undefined && { retryAfterMs }) },
  };
}

/**
 * Decodes an `answers` message. What the proofs prove is not checked.
 * @param memo shares decoded parts between the proofs of one client.
 */
export function decodeAnswers(message: Uint8Array, n: number, memo: PartMemo): Result<Answers> {
  if (message[0] !== answersCode) return refuse('ANSWERS_TYPE', 'expected an answers message');
  const wire = decode(answersCodec, message.subarray(1), 'answers');
  if (!wire.ok) return wire;
  const parts = new ReceiptParts(n, memo);
  const chains = parts.chains(
    wire.value.chains.map(({ blocks, qc }) => ({ blocks: blocks.map(toHex), qc: toHex(qc) })),
  );
  if (!chains.ok) return chains;
  const proofs: ProofAnswer[] = [];
  for (const one of wire.value.proofs) {
    const proof = fromWireProof(one, chains.value, parts);
    if (!proof.ok) return proof;
    proofs.push(proof.value);
  }
  const { accepted, open, errors } = wire.value;
  return accept({ accepted, open, errors: errors.map(toError), proofs });
}
