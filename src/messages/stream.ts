/**
 * What a signer streams to learners and clients (protocol section 11, interfaces `/v1/stream`). One
 * binary WebSocket message an event: a type byte and a canonical body. The receiver gives credit, one
 * for each event, and the sender never sends without.
 *
 * A stream opened after height H brings, in this order: the committed blocks from H+1 on, each with
 * every batch it orders; then the batches delivered by score that no block holds yet; then both as they
 * come. A block brings the bodies of those of its batches that this stream did not bring before.
 * Positions are heights: what was delivered by score above the last block comes again after a
 * reconnect, possibly in another order, and the receiver knows it by its id.
 */

import { bytesMax, type Codec, decode, digest, listMax, P, u32, u53 } from '../base/codec.ts';
import type { Epoch, Height } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { type Batch, decodeBatch } from './batch.ts';
import { type Block, decodeBlock, decodeQc, encodeBlock, encodeQc, type QuorumCertificate } from './block.ts';
import { frameBytesMax } from './limits.ts';
import { type Certificate, decodeCertificate, encodeCertificate } from './vote.ts';

/** First event of a stream. */
export interface HelloEvent {
  readonly type: 'hello';
  readonly epoch: Epoch;
  /** Committed height of the signer when the stream was opened. */
  readonly height: Height;
}
/** A batch that this signer delivered by its score, with the certificate that made it final. */
export interface BatchEvent {
  readonly type: 'batch';
  readonly batch: Batch;
  readonly certificate: Certificate;
}
/**
 * A committed block with the certificates of its entries (in the order of the entries) and the batches
 * that the stream did not bring yet. `proof` are the blocks after it up to one that commits it; `qc`
 * certifies the last of them.
 */
export interface BlockEvent {
  readonly type: 'block';
  readonly block: Block;
  readonly certificates: readonly Certificate[];
  readonly batches: readonly Batch[];
  readonly proof: readonly Block[];
  readonly qc: QuorumCertificate;
}
export type StreamEvent = HelloEvent | BatchEvent | BlockEvent;

/** Receiver to sender: that many more events may be sent. */
export interface CreditMessage {
  readonly type: 'credit';
  readonly events: number;
}

const codes = { hello: 1, batch: 2, block: 3, credit: 4 } as const;
const part = bytesMax(frameBytesMax, 'part');
const parts = listMax(part, 1 << 16, 'parts');

const helloCodec = P.struct({ epoch: digest<Epoch>(), height: u53<Height>() }) as unknown as Codec<
  Omit<HelloEvent, 'type'>
>;
const batchCodec = P.struct({ batch: part, certificate: part }) as unknown as Codec<{
  batch: Uint8Array;
  certificate: Uint8Array;
}>;
interface WireBlock {
  block: Uint8Array;
  certificates: Uint8Array[];
  batches: Uint8Array[];
  proof: Uint8Array[];
  qc: Uint8Array;
}
const blockCodec = P.struct({
  block: part,
  certificates: parts,
  batches: parts,
  proof: parts,
  qc: part,
}) as unknown as Codec<WireBlock>;
const creditCodec = P.struct({ events: u32() }) as unknown as Codec<Omit<CreditMessage, 'type'>>;

function tagged(code: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(body.length + 1);
  bytes[0] = code;
  bytes.set(body, 1);
  return bytes;
}

/** Encodes an event among `n` signers. */
export function encodeStreamEvent(event: StreamEvent, n: number): Uint8Array {
  switch (event.type) {
    case 'hello':
      return tagged(codes.hello, helloCodec.encode({ epoch: event.epoch, height: event.height }));
    case 'batch':
      return tagged(
        codes.batch,
        batchCodec.encode({ batch: event.batch.bytes, certificate: encodeCertificate(event.certificate, n) }),
      );
    case 'block':
      return tagged(
        codes.block,
        blockCodec.encode({
          block: encodeBlock(event.block, n),
          certificates: event.certificates.map((one) => encodeCertificate(one, n)),
          batches: event.batches.map((one) => one.bytes),
          proof: event.proof.map((one) => encodeBlock(one, n)),
          qc: encodeQc(event.qc, n),
        }),
      );
  }
}

function all<T>(list: readonly Uint8Array[], one: (bytes: Uint8Array) => Result<T>): Result<T[]> {
  const values: T[] = [];
  for (const bytes of list) {
    const value = one(bytes);
    if (!value.ok) return value;
    values.push(value.value);
  }
  return accept(values);
}

function decodeBlockEvent(body: Uint8Array, n: number): Result<BlockEvent> {
  const wire = decode(blockCodec, body, 'block event');
  if (!wire.ok) return wire;
  const block = decodeBlock(wire.value.block, n);
  if (!block.ok) return block;
  const certificates = all(wire.value.certificates, (bytes) => decodeCertificate(bytes, n));
  if (!certificates.ok) return certificates;
  const batches = all(wire.value.batches, decodeBatch);
  if (!batches.ok) return batches;
  const proof = all(wire.value.proof, (bytes) => decodeBlock(bytes, n));
  if (!proof.ok) return proof;
  const qc = decodeQc(wire.value.qc, n);
  if (!qc.ok) return qc;
  return accept({
    type: 'block',
    block: block.value,
    certificates: certificates.value,
    batches: batches.value,
    proof: proof.value,
    qc: qc.value,
  });
}

/** Decodes an event among `n` signers and checks its form; signatures are checked by the receiver. */
export function decodeStreamEvent(bytes: Uint8Array, n: number): Result<StreamEvent> {
  if (bytes.length > 4 * frameBytesMax) return refuse('EVENT_SIZE', `event has ${bytes.length} bytes`);
  const body = bytes.subarray(1);
  switch (bytes[0]) {
    case codes.hello: {
      const hello = decode(helloCodec, body, 'hello event');
      return hello.ok ? accept({ type: 'hello', ...hello.value }) : hello;
    }
    case codes.batch: {
      const wire = decode(batchCodec, body, 'batch event');
      if (!wire.ok) return wire;
      const batch = decodeBatch(wire.value.batch);
      if (!batch.ok) return batch;
      const certificate = decodeCertificate(wire.value.certificate, n);
      if (!certificate.ok) return certificate;
      return accept({ type: 'batch', batch: batch.value, certificate: certificate.value });
    }
    case codes.block:
      return decodeBlockEvent(body, n);
    default:
      return refuse('EVENT_TYPE', `unknown event type ${bytes[0] ?? 'none'}`);
  }
}

export const encodeCredit = (events: number): Uint8Array =>
  tagged(codes.credit, creditCodec.encode({ events }));

export function decodeCredit(bytes: Uint8Array): Result<CreditMessage> {
  if (bytes[0] !== codes.credit) return refuse('CREDIT_TYPE', 'expected a credit message');
  const credit = decode(creditCodec, bytes.subarray(1), 'credit');
  return credit.ok ? accept({ type: 'credit', ...credit.value }) : credit;
}
