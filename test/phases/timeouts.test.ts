/** Timeouts received, against a plain recount. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BlockDigest, SignerId, View } from '../../src/base/ids.ts';
import type { QuorumCertificate } from '../../src/messages/block.ts';
import { decodeTc, encodeTc, type SignedTimeout } from '../../src/messages/timeout.ts';
import { TimeoutCollector } from '../../src/phases/timeouts.ts';
import { digestOf } from '../messages/samples.ts';

const quorum = { n: 7, q: 5, t: 2 };
const high = (view: number): QuorumCertificate => ({
  view: view as View,
  block: digestOf<BlockDigest>(`block ${view}`),
  signers: view === 0 ? [] : ([0, 1, 2, 3, 4] as SignerId[]),
  signature: new Uint8Array(96),
});
const timeout = (signer: number, end: number, highView: number): SignedTimeout => ({
  end: end as View,
  lastSigned: 0 as View,
  highView: highView as View,
  highBlock: high(highView).block,
  signer: signer as SignerId,
  signature: new Uint8Array(64).fill(signer),
});

describe('timeouts', () => {
  it('answers like a recount of the latest timeout of each signer', () => {
    const any = fc.record({ signer: fc.nat(6), end: fc.constantFrom(2, 4, 6), high: fc.nat(5) });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 25 }), (received) => {
        const collector = new TimeoutCollector(quorum);
        const latest = new Map<number, { end: number; high: number }>();
        for (const { signer, end, high: view } of received) {
          const newer = (latest.get(signer)?.end ?? 0) < end;
          expect(collector.add(timeout(signer, end, view), high(view))).toBe(newer);
          if (newer) latest.set(signer, { end, high: view });
          expect(collector.latest(signer as SignerId)?.end).toBe(latest.get(signer)?.end);
          const joinable = [6, 4, 2].find(
            (one) => [...latest.values()].filter((each) => each.end >= one).length >= quorum.t + 1,
          );
          expect(collector.joinable()).toBe(joinable);
          for (const one of [2, 4, 6]) {
            const there = [...latest].filter(([, each]) => each.end === one);
            const tc = collector.certificate(one as View);
            expect(tc !== undefined).toBe(there.length >= quorum.q);
            if (!tc) continue;
            expect(tc.votes.map((vote) => vote.signer)).toEqual(
              there.map(([id]) => id).sort((a, b) => a - b),
            );
            expect(tc.high.view).toBe(Math.max(...there.map(([, each]) => each.high)));
            // What is assembled is what a decoder takes.
            expect(decodeTc(encodeTc(tc, quorum.n), quorum.n)).toEqual({ ok: true, value: tc });
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('t + 1 are needed to join, q to go on', () => {
    const collector = new TimeoutCollector(quorum);
    const ends: (number | undefined)[] = [];
    for (let signer = 0; signer < 5; signer++) {
      collector.add(timeout(signer, 4, 0), high(0));
      ends.push(collector.joinable());
      expect(collector.certificate(4 as View) !== undefined).toBe(signer === 4);
    }
    expect(ends).toEqual([undefined, undefined, 4, 4, 4]);
    expect(collector.certificate(2 as View)).toBeUndefined();
  });
});
