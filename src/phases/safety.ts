/**
 * What a signer may sign in phase 3, and the record that must survive a crash (protocol sections 6 and
 * 9). Every signature is preceded by a durable record that forbids the contradicting one.
 *
 * Invariants, checked before each signature:
 * 1. Blocks are signed in strictly ascending views, at most one for each view.
 * 2. After a timeout for `end` no block of a view up to `end` is signed.
 * 3. A block of view w is signed only when its `justify` is for view w-1, or a timeout certificate for
 *    w-1 is attached and `justify` is at least as high as the highest QC in it.
 * 4. The highest QC never falls, and is at least the `justify` of every block signed.
 * 5. One timeout for each `end`, and `end` ascends.
 */

import { type Codec, digest, optional, P, u53 } from '../base/codec.ts';
import { type BlockDigest, type SignerId, type View, view } from '../base/ids.ts';
import { must } from '../base/result.ts';
import { type Block, decodeQc, encodeQc, type QuorumCertificate } from '../messages/block.ts';
import {
  type SignedTimeout,
  signedTimeoutCodec,
  type TimeoutCertificate,
  type TimeoutStatement,
} from '../messages/timeout.ts';

export interface SafetyRecord {
  readonly lastSigned: View;
  readonly lastBlock: BlockDigest;
  /** The last timeout signed, to be resent unchanged. */
  readonly timeout: SignedTimeout | undefined;
  /** The QC that the last timeout names; it travels with it. */
  readonly timeoutHigh: QuorumCertificate | undefined;
  readonly high: QuorumCertificate;
}

interface WireRecord {
  lastSigned: View;
  lastBlock: BlockDigest;
  timeout: SignedTimeout | undefined;
  timeoutHigh: Uint8Array | undefined;
  high: Uint8Array;
}

const recordCodec = P.struct({
  lastSigned: u53<View>(),
  lastBlock: digest<BlockDigest>(),
  timeout: optional(signedTimeoutCodec),
  timeoutHigh: optional(P.bytes(P.U32BE) as Codec<Uint8Array>),
  high: P.bytes(P.U32BE),
}) as unknown as Codec<WireRecord>;

export const encodeSafety = (record: SafetyRecord, n: number): Uint8Array =>
  recordCodec.encode({
    ...record,
    timeoutHigh: record.timeoutHigh && encodeQc(record.timeoutHigh, n),
    high: encodeQc(record.high, n),
  });

/** @throws when the stored record is damaged: a signer must not run on a guess. */
export function decodeSafety(bytes: Uint8Array, n: number): SafetyRecord {
  const wire = recordCodec.decode(bytes);
  const timeoutHigh = wire.timeoutHigh && must(decodeQc(wire.timeoutHigh, n));
  return { ...wire, timeoutHigh, high: must(decodeQc(wire.high, n)) };
}

export class Safety {
  #record: SafetyRecord;

  constructor(record: SafetyRecord) {
    this.#record = record;
  }

  /** What must be durable before any signature made so far leaves. */
  get record(): SafetyRecord {
    return this.#record;
  }
  get high(): QuorumCertificate {
    return this.#record.high;
  }
  /** Last view of the highest term given up, 0 for none. */
  get timedOut(): View {
    return this.#record.timeout?.end ?? view(0);
  }

  /** Raises the highest QC; false when it is not higher. The QC was verified. */
  raise(qc: QuorumCertificate): boolean {
    if (qc.view <= this.#record.high.view) return false;
    this.#record = { ...this.#record, high: qc };
    return true;
  }

  /** Whether a block may be signed by a signer whose current view is `current`; the reason if not. */
  refuses(block: Block, tc: TimeoutCertificate | undefined, current: View): string | undefined {
    if (block.view !== current) return 'not the current view';
    if (block.view <= this.#record.lastSigned) return 'signed in this view or a later one';
    if (block.view <= this.timedOut) return 'timed out of its term';
    if (block.justify.view === block.view - 1) return undefined;
    if (!tc || tc.end !== block.view - 1)
      return 'neither justify nor a timeout certificate is for the view before';
    if (block.justify.view < tc.high.view)
      return 'justify is below the highest QC of the timeout certificate';
    return undefined;
  }

  /** The very block that was signed last: signing it again, after a restart, says nothing new. */
  signedAlready(block: Block, digestOfBlock: BlockDigest): boolean {
    const { lastSigned, lastBlock } = this.#record;
    return block.view === lastSigned && digestOfBlock === lastBlock && block.view > this.timedOut;
  }

  /** Records the signature of a block. Call only when `refuses` has no objection. */
  signBlock(block: Block, digestOfBlock: BlockDigest): void {
    this.raise(block.justify);
    this.#record = { ...this.#record, lastSigned: block.view, lastBlock: digestOfBlock };
  }

  /** What a timeout for `end` states, or undefined when one for it or a later term was signed. */
  timeoutStatement(end: View): TimeoutStatement | undefined {
    if (end <= this.timedOut) return undefined;
    const { lastSigned, high } = this.#record;
    return { end, lastSigned, highView: high.view, highBlock: high.block };
  }

  /** Records a signed timeout. */
  signTimeout(statement: TimeoutStatement, signer: SignerId, signature: Uint8Array): SignedTimeout {
    const timeout: SignedTimeout = { ...statement, signer, signature };
    this.#record = { ...this.#record, timeout, timeoutHigh: this.#record.high };
    return timeout;
  }
}
