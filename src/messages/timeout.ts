/**
 * Timeouts end a leader's term, and a quorum of them admits the next one (protocol section 6). A
 * timeout binds: afterwards its signer signs no block of a view up to `end`. The signed bytes name the
 * highest QC by view and block only; the QC itself travels beside them.
 *
 * Invariants of a decoded timeout certificate:
 * 1. Its votes are by distinct signers, in ascending order, all for one `end`.
 * 2. `high` is a QC of the highest `highView` among them.
 */

import { concat } from '../base/bytes.ts';
import { type Codec, decode, digest, fixedBytes, P, sortedList, u16, u53 } from '../base/codec.ts';
import { domainPrefix } from '../base/hash.ts';
import type { BlockDigest, Epoch, SignerId, View } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { fromWireQc, type QuorumCertificate, toWireQc, wireQuorumCertificate } from './block.ts';
import { signersMax } from './limits.ts';

/** What one signer signs, with its ed25519 key. */
export interface TimeoutStatement {
  /** `e`: the last view of the term that is given up. */
  readonly end: View;
  /** The last view in which the signer signed a block, 0 for none. */
  readonly lastSigned: View;
  /** The signer's highest QC. */
  readonly highView: View;
  readonly highBlock: BlockDigest;
}

export interface SignedTimeout extends TimeoutStatement {
  readonly signer: SignerId;
  readonly signature: Uint8Array;
}

/** `q` timeouts for one `end`, with the highest QC they name. */
export interface TimeoutCertificate {
  readonly end: View;
  readonly votes: readonly SignedTimeout[];
  readonly high: QuorumCertificate;
}

const statementFields = {
  end: u53<View>(),
  lastSigned: u53<View>(),
  highView: u53<View>(),
  highBlock: digest<BlockDigest>(),
};
const statementCodec = P.struct(statementFields) as unknown as Codec<TimeoutStatement>;

export const signedTimeoutCodec = P.struct({
  ...statementFields,
  signer: u16<SignerId>(),
  signature: fixedBytes(64),
}) as unknown as Codec<SignedTimeout>;

export const timeoutSigningBytes = (epoch: Epoch, statement: TimeoutStatement): Uint8Array =>
  concat(domainPrefix('timeout'), digest().encode(epoch), statementCodec.encode(statement));

const wireTimeoutCertificate = P.struct({
  end: u53<View>(),
  votes: sortedList(signedTimeoutCodec, signersMax, 'timeouts', (a, b) => a.signer - b.signer),
  high: wireQuorumCertificate,
}) as unknown as Codec<Omit<TimeoutCertificate, 'high'> & { high: ReturnType<typeof toWireQc> }>;

export const encodeTc = (tc: TimeoutCertificate, n: number): Uint8Array =>
  wireTimeoutCertificate.encode({ ...tc, high: toWireQc(tc.high, n) });

export function decodeTc(bytes: Uint8Array, n: number): Result<TimeoutCertificate> {
  const decoded = decode(wireTimeoutCertificate, bytes, 'timeout certificate');
  if (!decoded.ok) return decoded;
  const high = fromWireQc(decoded.value.high, n);
  if (!high.ok) return high;
  const tc: TimeoutCertificate = { ...decoded.value, high: high.value };
  if (tc.votes.some((vote) => vote.end !== tc.end))
    return refuse('TC_END', 'a timeout certificate mixes terms');
  const highest = Math.max(0, ...tc.votes.map((vote) => vote.highView));
  if (
    tc.high.view !== highest ||
    !tc.votes.some((v) => v.highView === highest && v.highBlock === tc.high.block)
  )
    return refuse('TC_HIGH', 'the highest order certificate is not the one that the timeouts name');
  return accept(tc);
}
