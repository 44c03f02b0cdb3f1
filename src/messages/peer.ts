/**
 * Messages between signers: one type each, the union last. A frame on the wire holds the messages that
 * one turn sent to one peer: a msgpack array of byte strings, each a type byte and a canonical body.
 * Decoding bounds every length and gives a reason when it refuses; signatures are checked later.
 */

import { Packr } from 'msgpackr';
import { bitmapBytes, parseBitmap, type SignerSet } from '../base/bitmap.ts';
import {
  bytesMax,
  type Codec,
  decode,
  digest,
  listMax,
  optional,
  P,
  sortedDigests,
  u16,
  u53,
} from '../base/codec.ts';
import type {
  Attempt,
  BatchId,
  BlockDigest,
  CertificateDigest,
  Height,
  SignerId,
  View,
} from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { type Batch, decodeBatch } from './batch.ts';
import {
  type Block,
  decodeBlock,
  decodeProposal,
  decodeQc,
  encodeBlock,
  encodeProposal,
  encodeQc,
  type Proposal,
  type QuorumCertificate,
} from './block.ts';
import { aggregateBytesMax, fetchIdsMax, frameBytesMax, frameMessagesMax } from './limits.ts';
import {
  decodeTc,
  encodeTc,
  type SignedTimeout,
  signedTimeoutCodec,
  type TimeoutCertificate,
} from './timeout.ts';
import { type Certificate, decodeCertificate, encodeCertificate } from './vote.ts';

/** Which tree a message of phases 1 and 2 travels (section 3). */
export interface Route {
  readonly root: SignerId;
  readonly attempt: Attempt;
}

/** 1a, down: the batch. */
export interface AnnounceMessage extends Route {
  readonly type: 'announce';
  readonly batch: Batch;
}
/** 1b, up: votes of a part of the tree, in the form of a certificate without a quorum. */
export interface VotesMessage extends Route {
  readonly type: 'votes';
  readonly votes: Certificate;
}
/** 2, down: the certificate; or straight to whoever lacks it. */
export interface CertificateMessage extends Route {
  readonly type: 'certificate';
  readonly certificate: Certificate;
}
/** The root asks a signer directly for its single vote (section 3, bypass). */
export interface VoteRequestMessage extends Route {
  readonly type: 'voteRequest';
  readonly batch: BatchId;
}
/** Asks for what the sender was seen to refer to. */
export interface FetchMessage {
  readonly type: 'fetch';
  readonly batches: readonly BatchId[];
  readonly certificates: readonly CertificateDigest[];
  readonly blocks: readonly BlockDigest[];
}
/** Answer to a fetch. */
export interface CopyMessage {
  readonly type: 'copy';
  readonly batches: readonly Batch[];
  readonly certificates: readonly Certificate[];
  readonly blocks: readonly Block[];
}
/** 3a, down: a leader's block; the TC is there when `justify` is not for the view before. */
export interface ProposalMessage {
  readonly type: 'proposal';
  readonly proposal: Proposal;
  readonly tc: TimeoutCertificate | undefined;
}
/** 3a, up: aggregated signatures on a block. */
export interface BlockVotesMessage {
  readonly type: 'blockVotes';
  readonly view: View;
  readonly block: BlockDigest;
  readonly signers: SignerSet;
  readonly signature: Uint8Array;
}
/** 3b, down when it goes alone; also the answer to a message of a lower view, with the sender's height. */
export interface ViewMessage {
  readonly type: 'view';
  readonly high: QuorumCertificate;
  readonly tc: TimeoutCertificate | undefined;
  readonly committed: Height;
}
/** To everyone: a term is given up. `high` is the QC that the timeout names; `entry` how the term was entered. */
export interface TimeoutMessage {
  readonly type: 'timeout';
  readonly timeout: SignedTimeout;
  readonly high: QuorumCertificate;
  readonly entry: TimeoutCertificate | undefined;
}
/** Certificates that the sender wants ordered; to the leader, and to everyone with a timeout. */
export interface WantedMessage {
  readonly type: 'wanted';
  readonly certificates: readonly Certificate[];
}
/** Asks for committed blocks from a height on. */
export interface CatchUpMessage {
  readonly type: 'catchUp';
  readonly from: Height;
}
/**
 * Committed blocks by ascending height with their entries' certificates. `proof` are the blocks after
 * the last of them up to one that commits it, and `qc` certifies the last block of all.
 */
export interface BlocksMessage {
  readonly type: 'blocks';
  readonly blocks: readonly Block[];
  readonly certificates: readonly Certificate[];
  readonly proof: readonly Block[];
  readonly qc: QuorumCertificate;
}

export type PeerMessage =
  | AnnounceMessage
  | VotesMessage
  | CertificateMessage
  | VoteRequestMessage
  | FetchMessage
  | CopyMessage
  | ProposalMessage
  | BlockVotesMessage
  | ViewMessage
  | TimeoutMessage
  | WantedMessage
  | CatchUpMessage
  | BlocksMessage;

const typeCodes = {
  announce: 1,
  votes: 2,
  certificate: 3,
  voteRequest: 4,
  fetch: 5,
  copy: 6,
  proposal: 7,
  blockVotes: 8,
  view: 9,
  timeout: 10,
  wanted: 11,
  catchUp: 12,
  blocks: 13,
} as const satisfies Record<PeerMessage['type'], number>;

/** Most blocks or certificates in one answer. */
export const copiesMax = 4096;

const part = bytesMax(frameBytesMax, 'part');
const route = { root: u16<SignerId>(), attempt: u53<Attempt>() };
const parts = listMax(part, copiesMax, 'parts');

const bodies = {
  announce: P.struct({ ...route, batch: part }),
  votes: P.struct({ ...route, votes: part }),
  certificate: P.struct({ ...route, certificate: part }),
  voteRequest: P.struct({ ...route, batch: digest<BatchId>() }),
  fetch: P.struct({
    batches: sortedDigests<BatchId>(fetchIdsMax, 'batches'),
    certificates: sortedDigests<CertificateDigest>(fetchIdsMax, 'certificates'),
    blocks: sortedDigests<BlockDigest>(fetchIdsMax, 'blocks'),
  }),
  copy: P.struct({ batches: parts, certificates: parts, blocks: parts }),
  proposal: P.struct({ proposal: part, tc: optional(part) }),
  blockVotes: P.struct({
    view: u53<View>(),
    block: digest<BlockDigest>(),
    signers: bytesMax(512, 'signers'),
    signature: bytesMax(aggregateBytesMax, 'signature'),
  }),
  view: P.struct({ high: part, tc: optional(part), committed: u53<Height>() }),
  timeout: P.struct({ timeout: signedTimeoutCodec, high: part, entry: optional(part) }),
  wanted: P.struct({ certificates: parts }),
  catchUp: P.struct({ from: u53<Height>() }),
  blocks: P.struct({ blocks: parts, certificates: parts, proof: parts, qc: part }),
} as unknown as { readonly [T in PeerMessage['type']]: Codec<Record<string, unknown>> };

/** Fields as the body codec takes them: inner objects in their own canonical bytes. */
function toBody(message: PeerMessage, n: number): object {
  const certificates = (list: readonly Certificate[]) => list.map((one) => encodeCertificate(one, n));
  const blocks = (list: readonly Block[]) => list.map((one) => encodeBlock(one, n));
  switch (message.type) {
    case 'announce':
      return { ...message, batch: message.batch.bytes };
    case 'votes':
      return { ...message, votes: encodeCertificate(message.votes, n) };
    case 'certificate':
      return { ...message, certificate: encodeCertificate(message.certificate, n) };
    case 'copy':
      return {
        batches: message.batches.map((batch) => batch.bytes),
        certificates: certificates(message.certificates),
        blocks: blocks(message.blocks),
      };
    case 'proposal':
      return { proposal: encodeProposal(message.proposal, n), tc: message.tc && encodeTc(message.tc, n) };
    case 'blockVotes':
      return { ...message, signers: bitmapBytes(message.signers, n) };
    case 'view':
      return { ...message, high: encodeQc(message.high, n), tc: message.tc && encodeTc(message.tc, n) };
    case 'timeout':
      return {
        timeout: message.timeout,
        high: encodeQc(message.high, n),
        entry: message.entry && encodeTc(message.entry, n),
      };
    case 'wanted':
      return { certificates: certificates(message.certificates) };
    case 'blocks':
      return {
        blocks: blocks(message.blocks),
        certificates: certificates(message.certificates),
        proof: blocks(message.proof),
        qc: encodeQc(message.qc, n),
      };
    case 'voteRequest':
    case 'fetch':
    case 'catchUp':
      return message;
  }
}

/** A message with its type in front, written in one go: batches are most of what is sent. */
const messageCodec = P.codecOf<{ readonly message: PeerMessage; readonly n: number }>(
  (writer, { message, n }) => {
    P.U8.write(writer, typeCodes[message.type]);
    bodies[message.type].write(writer, toBody(message, n) as Record<string, unknown>);
  },
  () => {
    throw new Error('messages are read by `decodePeerMessage`');
  },
);

/** Encodes a message among `n` signers. */
export const encodePeerMessage = (message: PeerMessage, n: number): Uint8Array =>
  messageCodec.encode({ message, n });

type Decoder = (value: unknown, n: number) => Result<unknown>;

const one =
  (decoder: (bytes: Uint8Array, n: number) => Result<unknown>): Decoder =>
  (value, n) =>
    decoder(value as Uint8Array, n);

const each =
  (decoder: (bytes: Uint8Array, n: number) => Result<unknown>): Decoder =>
  (list, n) => {
    const values: unknown[] = [];
    for (const bytes of list as Uint8Array[]) {
      const value = decoder(bytes, n);
      if (!value.ok) return value;
      values.push(value.value);
    }
    return accept(values);
  };

/** The fields of a body that are objects in their own canonical bytes, in the order in which they are read. */
const decoders: Readonly<Record<PeerMessage['type'], readonly (readonly [field: string, Decoder])[]>> = {
  announce: [['batch', one(decodeBatch)]],
  votes: [['votes', one(decodeCertificate)]],
  certificate: [['certificate', one(decodeCertificate)]],
  voteRequest: [],
  fetch: [],
  copy: [
    ['batches', each(decodeBatch)],
    ['certificates', each(decodeCertificate)],
    ['blocks', each(decodeBlock)],
  ],
  proposal: [
    ['proposal', one(decodeProposal)],
    ['tc', one(decodeTc)],
  ],
  blockVotes: [['signers', one(parseBitmap)]],
  view: [
    ['high', one(decodeQc)],
    ['tc', one(decodeTc)],
  ],
  timeout: [
    ['high', one(decodeQc)],
    ['entry', one(decodeTc)],
  ],
  wanted: [['certificates', each(decodeCertificate)]],
  catchUp: [],
  blocks: [
    ['blocks', each(decodeBlock)],
    ['certificates', each(decodeCertificate)],
    ['proof', each(decodeBlock)],
    ['qc', one(decodeQc)],
  ],
};

const typeOfCode = new Map(
  Object.entries(typeCodes).map(([type, code]) => [code as number, type as PeerMessage['type']]),
);

/** Decodes one message among `n` signers. */
export function decodePeerMessage(bytes: Uint8Array, n: number): Result<PeerMessage> {
  const type = typeOfCode.get(bytes[0] ?? 0);
  if (!type) return refuse('MESSAGE_TYPE', `unknown message type ${bytes[0] ?? 'none'}`);
  const body = decode(bodies[type], bytes.subarray(1), type);
  if (!body.ok) return body;
  // What was read is nobody else's: its fields are replaced by what they mean, the first refusal ends it.
  for (const [field, decoder] of decoders[type]) {
    if (body.value[field] === undefined) continue;
    const value = decoder(body.value[field], n);
    if (!value.ok) return value;
    body.value[field] = value.value;
  }
  body.value.type = type;
  const message = body.value as unknown as PeerMessage;
  if ('root' in message && message.root >= n)
    return refuse('MESSAGE_ROOT', `${type} names root ${message.root} of ${n} signers`);
  if (message.type === 'timeout' && message.timeout.signer >= n)
    return refuse('MESSAGE_SIGNER', `timeout names signer ${message.timeout.signer} of ${n}`);
  return accept(message);
}

const packr = new Packr({ useRecords: false });

/** One frame from the encoded messages of a turn. */
export const encodeFrame = (messages: readonly Uint8Array[]): Uint8Array => packr.pack(messages);

/** Length that a msgpack header states (`short` bits in its first byte, else 1, 2 or 4 bytes), and where its content starts. */
function headerAt(
  frame: DataView,
  at: number,
  short: { readonly base: number; readonly limit: number } | undefined,
  long: Readonly<Record<number, 1 | 2 | 4>>,
): { readonly length: number; readonly start: number } | undefined {
  if (at >= frame.byteLength) return undefined;
  const first = frame.getUint8(at);
  if (short && first >= short.base && first < short.base + short.limit)
    return { length: first - short.base, start: at + 1 };
  const width = long[first];
  if (width === undefined || at + 1 + width > frame.byteLength) return undefined;
  const length =
    width === 1 ? frame.getUint8(at + 1) : width === 2 ? frame.getUint16(at + 1) : frame.getUint32(at + 1);
  return { length, start: at + 1 + width };
}

const listHeader = { base: 0x90, limit: 16 } as const;
const listWidths = { 220: 2, 221: 4 } as const;
const bytesWidths = { 196: 1, 197: 2, 198: 4 } as const;

/**
 * The encoded messages of a frame. Read by hand: of msgpack only a list of byte strings is understood, so
 * that a stranger's frame reaches no extension, no object and no allocation beyond its own size. The
 * messages are copies: what is kept of one does not hold the whole frame in memory.
 */
export function decodeFrame(frame: Uint8Array): Result<Uint8Array[]> {
  if (frame.length > frameBytesMax) return refuse('FRAME_SIZE', `frame has ${frame.length} bytes`);
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const list = headerAt(view, 0, listHeader, listWidths);
  if (!list) return refuse('FRAME_MALFORMED', 'frame is not a list');
  if (list.length > frameMessagesMax)
    return refuse('FRAME_MESSAGES', `frame has ${list.length} messages, at most ${frameMessagesMax}`);
  const messages: Uint8Array[] = [];
  let at = list.start;
  for (let i = 0; i < list.length; i++) {
    const item = headerAt(view, at, undefined, bytesWidths);
    if (!item) return refuse('FRAME_MALFORMED', 'frame holds something else than bytes');
    if (item.length === 0) return refuse('FRAME_MALFORMED', 'frame holds an empty message');
    at = item.start + item.length;
    if (at > frame.length) return refuse('FRAME_MALFORMED', 'frame ends inside a message');
    messages.push(new Uint8Array(frame.subarray(item.start, at)));
  }
  if (at !== frame.length) return refuse('FRAME_MALFORMED', `frame has ${frame.length - at} bytes too many`);
  return accept(messages);
}
