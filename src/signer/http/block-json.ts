/**
 * A committed block as JSON: readable fields beside the canonical bytes in hex, which are what verifies.
 * `order` is the sequence that the block adds to the signed order (protocol section 7).
 */

import { toHex } from '../../base/bytes.ts';
import type { BatchId, BlockDigest, CertificateDigest, Height, SignerId } from '../../base/ids.ts';
import { blockDigest, encodeBlock, encodeQc } from '../../messages/block.ts';
import { encodeCertificate } from '../../messages/vote.ts';
import type { CommittedOrder } from '../../ordering/committed.ts';
import type { Verdict } from '../../ordering/order.ts';
import type { ProvenBlock } from '../history.ts';

export interface BlockPlaceJson {
  /** In the whole order, from 0. */
  readonly position: number;
  readonly batch: BatchId;
  readonly certificate: CertificateDigest;
  readonly ingress: SignerId;
  readonly number: number;
  readonly void: boolean;
  readonly verdicts: readonly Verdict[];
}

export interface BlockJson {
  readonly height: Height;
  readonly view: number;
  readonly digest: BlockDigest;
  readonly parent: BlockDigest;
  readonly orderRoot: string;
  readonly order: readonly BlockPlaceJson[];
  /** Canonical bytes, hex. */
  readonly block: string;
  /** Of the entries, in their order. */
  readonly certificates: readonly string[];
  /** Blocks after this one up to one that commits it, and the order certificate of the last. */
  readonly proof: readonly string[];
  readonly qc: string;
}

/** @param n signers. */
export function blockJson(
  { block, certificates, proof, qc }: ProvenBlock,
  committed: Pick<CommittedOrder, 'positionOf' | 'placeAt'>,
  n: number,
): BlockJson {
  const order = block.entries
    .map((entry) => committed.positionOf(entry.batch))
    .filter((position) => position !== undefined)
    .sort((a, b) => a - b)
    .map((position): BlockPlaceJson => {
      const { height: _, ...place } = committed.placeAt(position)!;
      return { position, ...place };
    });
  return {
    height: block.height,
    view: block.view,
    digest: blockDigest(block, n),
    parent: block.parent,
    orderRoot: block.orderRoot,
    order,
    block: toHex(encodeBlock(block, n)),
    certificates: certificates.map((one) => toHex(encodeCertificate(one, n))),
    proof: proof.map((one) => toHex(encodeBlock(one, n))),
    qc: toHex(encodeQc(qc, n)),
  };
}
