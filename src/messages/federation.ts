/**
 * The federation: who the signers are and which bounds they agreed on (protocol section 1). Its digest
 * is the epoch, and every signed object carries the epoch, so nothing signed under one federation
 * means anything under another. The digest is over these canonical values, not over a file's bytes:
 * comments and formatting may differ.
 */

import { type Codec, fixedBytes, P, u16, u32, u53 } from '../base/codec.ts';
import { hash } from '../base/hash.ts';
import type { Epoch } from '../base/ids.ts';
import { digestAs } from '../base/ids.ts';
import { signersMax } from './limits.ts';

/** One signer as everybody knows it. Keys are raw bytes. */
export interface SignerInfo {
  readonly name: string;
  /** `host:port` where other signers connect. */
  readonly address: string;
  /** Base URL for clients and learners, `http://host:port`. */
  readonly url: string;
  /** Name of a row in the latency matrix, or empty. */
  readonly region: string;
  /** Key of the multi-signature scheme: votes, blocks. */
  readonly votingKey: Uint8Array;
  readonly possessionProof: Uint8Array;
  /** ed25519, 32 bytes: batches, proposals, timeouts. */
  readonly signingKey: Uint8Array;
  /** x25519, 32 bytes: the Noise handshake. */
  readonly transportKey: Uint8Array;
}

/** Bounds and timing that all signers must agree on. */
export interface FederationLimits {
  /** `W`: uncommitted batch numbers per ingress. */
  readonly window: number;
  readonly batchBytesMax: number;
  readonly batchTransactionsMax: number;
  readonly bodyBytesMax: number;
  readonly dependenciesMax: number;
  /** Views a leader has. */
  readonly leaderTerm: number;
  /** Accepted batches are in a committed block after this many milliseconds at the latest, or pending. */
  readonly checkpointAfterMs: number;
  /** `K`: uncommitted batches on one dependency that make a checkpoint due. */
  readonly checkpointBatches: number;
  /** An ingress forms no batch on a dependency that has not become final for this many milliseconds. */
  readonly freezeAfterMs: number;
  /** First length of the timer of phase 3, and of a tree level, in milliseconds. */
  readonly viewTimeoutMs: number;
  readonly levelTimeoutMs: number;
}

export interface Federation {
  /** Free text, tells federations apart. */
  readonly name: string;
  readonly signers: readonly SignerInfo[];
  /** `f`: at most this many signers are Byzantine. */
  readonly byzantine: number;
  /** `t >= f`: at most this many are faulty in any way. */
  readonly faulty: number;
  /** Multi-signature scheme of `votingKey`. */
  readonly scheme: string;
  /** Children of a tree node. */
  readonly fanout: number;
  readonly shape: 'balanced' | 'geographic';
  /** Regions and their round-trip times in whole milliseconds, row by row; may be empty. */
  readonly regions: readonly string[];
  readonly latencyMs: readonly (readonly number[])[];
  /** Whether every transaction must carry a client signature. */
  readonly clientSignatures: 'optional' | 'required';
  readonly limits: FederationLimits;
}

export const defaultLimits: FederationLimits = {
  window: 1024,
  batchBytesMax: 1 << 20,
  batchTransactionsMax: 2048,
  bodyBytesMax: 256 << 10,
  dependenciesMax: 256,
  leaderTerm: 32,
  checkpointAfterMs: 400,
  checkpointBatches: 64,
  freezeAfterMs: 5000,
  viewTimeoutMs: 1000,
  levelTimeoutMs: 300,
};

const text = P.string(P.U16BE) as Codec<string>;
const shortBytes = P.bytes(P.U16BE) as Codec<Uint8Array>;

const signerInfo: Codec<SignerInfo> = P.struct({
  name: text,
  address: text,
  url: text,
  region: text,
  votingKey: shortBytes,
  possessionProof: shortBytes,
  signingKey: fixedBytes(32),
  transportKey: fixedBytes(32),
}) as unknown as Codec<SignerInfo>;

const limits: Codec<FederationLimits> = P.struct({
  window: u32(),
  batchBytesMax: u32(),
  batchTransactionsMax: u32(),
  bodyBytesMax: u32(),
  dependenciesMax: u32(),
  leaderTerm: u32(),
  checkpointAfterMs: u32(),
  checkpointBatches: u32(),
  freezeAfterMs: u32(),
  viewTimeoutMs: u32(),
  levelTimeoutMs: u32(),
}) as unknown as Codec<FederationLimits>;

const federationCodec: Codec<Federation> = P.struct({
  name: text,
  signers: P.array(P.U16BE, signerInfo),
  byzantine: u16(),
  faulty: u16(),
  scheme: text,
  fanout: u16(),
  shape: text,
  regions: P.array(P.U16BE, text),
  latencyMs: P.array(P.U16BE, P.array(P.U16BE, u53())),
  clientSignatures: text,
  limits,
}) as unknown as Codec<Federation>;

/** The epoch of a federation: the digest of its canonical form. @throws when it exceeds `signersMax`. */
export function epochOf(federation: Federation): Epoch {
  if (federation.signers.length > signersMax) throw new Error(`more than ${signersMax} signers`);
  return digestAs<Epoch>(hash('federation', federationCodec.encode(federation)));
}
