/**
 * The JSON form of a receipt: its schema, with a bound on every length. Canonical binary objects stand in
 * it as hex; chains of blocks stand once each, and place proofs name them by their index.
 */

import { z } from 'zod';
import { aggregateBytesMax, batchTransactionsMax } from './limits.ts';

/** Ancestors of a score receipt; one that would need more is given by order later. */
export const ancestorsMax = 64;
/** Blocks of one commit proof: the views of one may time out many times before it is certified. */
const chainBlocksMax = 1024;

const hexMax = (bytesMax: number) =>
  z
    .string()
    .max(2 * bytesMax)
    .regex(/^(?:[0-9a-f]{2})+$/, 'expected lower-case hex');
const hexBytes = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`), `expected ${2 * bytes} lower-case hex digits`);

const digest = hexBytes(32);
const count = z.int().min(0);
const path = z.array(digest).max(64);
const header = hexMax(1 << 20);
const certificate = hexMax(16 << 20);
const verdict = z.enum(['executed', 'rejected', 'duplicate']);

export const proofJson = z.strictObject({
  batch: digest,
  /** Digest of the deciding certificate. */
  certificate: digest,
  void: z.boolean(),
  verdicts: z.array(verdict).max(batchTransactionsMax),
  position: count,
  size: count,
  path,
  /** Index into `chains`. */
  chain: z.int().min(0).max(ancestorsMax),
});
export type ProofJson = z.output<typeof proofJson>;

const chainJson = z.strictObject({
  blocks: z
    .array(hexMax(16 << 20))
    .min(1)
    .max(chainBlocksMax),
  qc: hexMax(aggregateBytesMax + (1 << 13)),
});

const common = {
  kind: z.literal('receipt'),
  version: z.literal(1),
  epoch: digest,
  transaction: digest,
  clientSignature: hexBytes(64).nullable(),
  header,
  ingressSignature: hexBytes(64),
  path,
  certificate,
  chains: z.array(chainJson).max(ancestorsMax + 1),
};
const place = { ingress: count, number: count, index: count };

const scoreJson = z.strictObject({
  ...common,
  finality: z.literal('score'),
  verdict: z.enum(['executed', 'rejected']),
  place: z.strictObject(place),
  ancestors: z
    .array(
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('score'), header, certificate }),
        z.strictObject({ kind: z.literal('order'), header, proof: proofJson }),
      ]),
    )
    .max(ancestorsMax),
});

const orderJson = z.strictObject({
  ...common,
  finality: z.literal('order'),
  verdict,
  place: z.strictObject({ ...place, height: count, position: count }),
  proof: proofJson,
});

export const receiptJson = z.discriminatedUnion('finality', [scoreJson, orderJson]);
export type ReceiptJson = z.output<typeof receiptJson>;
