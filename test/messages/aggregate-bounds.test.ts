/** Aggregates may be lists with an entry for each signer: decoders take the longest one, and no longer one. */

import { describe, expect, it } from 'vitest';
import { allSigners, type BatchId, type BlockDigest, type Height, type View } from '../../src/base/ids.ts';
import type { Result } from '../../src/base/result.ts';
import { decodeQc, encodeQc, type QuorumCertificate } from '../../src/messages/block.ts';
import { aggregateBytesMax, signersMax } from '../../src/messages/limits.ts';
import { decodePeerMessage, encodePeerMessage } from '../../src/messages/peer.ts';
import { type Certificate, decodeCertificate, encodeCertificate } from '../../src/messages/vote.ts';
import { digestOf } from './samples.ts';

const n = signersMax;
const signers = allSigners(n);
const view = 3 as View;
const block = digestOf<BlockDigest>('block');
const votes = (signature: Uint8Array): Certificate => ({
  batch: digestOf<BatchId>('batch'),
  classes: [{ base: 0 as Height, before: [], rejects: [], signers }],
  signature,
});

const roundTrips: readonly (readonly [string, (signature: Uint8Array) => Result<unknown>])[] = [
  ['certificate', (signature) => decodeCertificate(encodeCertificate(votes(signature), n), n)],
  [
    'order certificate',
    (signature) => decodeQc(encodeQc({ view, block, signers, signature } satisfies QuorumCertificate, n), n),
  ],
  [
    'block votes',
    (signature) =>
      decodePeerMessage(encodePeerMessage({ type: 'blockVotes', view, block, signers, signature }, n), n),
  ],
];

describe('bounds of aggregates', () => {
  it.each(roundTrips)('%s', (_, roundTrip) => {
    expect(aggregateBytesMax).toBe(signersMax * 68);
    expect(roundTrip(new Uint8Array(aggregateBytesMax))).toMatchObject({ ok: true });
    // Encoders have the same bounds, so that nobody sends what others refuse.
    expect(() => roundTrip(new Uint8Array(aggregateBytesMax + 1))).toThrow(/at most 278528/);
  });
});
