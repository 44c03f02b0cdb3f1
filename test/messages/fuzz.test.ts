/**
 * Every decoder against bytes from strangers: nothing throws, nothing is slow or large, and one value has
 * one encoding, so whatever is accepted encodes to the very bytes that were read.
 */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { equalBytes } from '../../src/base/bytes.ts';
import type { Result } from '../../src/base/result.ts';
import { decodeBatch } from '../../src/messages/batch.ts';
import {
  decodeBlock,
  decodeProposal,
  decodeQc,
  encodeBlock,
  encodeProposal,
  encodeQc,
} from '../../src/messages/block.ts';
import { decodeEvidence, encodeEvidence } from '../../src/messages/evidence.ts';
import { decodePeerMessage, encodePeerMessage } from '../../src/messages/peer.ts';
import {
  decodeCredit,
  decodeStreamEvent,
  encodeCredit,
  encodeStreamEvent,
} from '../../src/messages/stream.ts';
import { decodeTc, encodeTc } from '../../src/messages/timeout.ts';
import { decodeCertificate, encodeCertificate } from '../../src/messages/vote.ts';
import * as plain from './plain-encoder.ts';
import { batches, blocks, certificates, events, evidence, genesis, messages, n, qc, tc } from './samples.ts';

interface Form {
  readonly name: string;
  readonly valid: readonly Uint8Array[];
  readonly values: readonly unknown[];
  decode(bytes: Uint8Array): Result<unknown>;
  encode(value: never): Uint8Array;
}

const form = <T>(
  name: string,
  values: readonly T[],
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => Result<T>,
): Form => ({ name, values, valid: values.map(encode), decode, encode: encode as Form['encode'] });

const signature = messages.find((one) => one.type === 'proposal')!.proposal.signature;
const forms: readonly Form[] = [
  // `bytes` of a decoded batch are what was read, so the independent encoder says what they should be.
  form('batch', Object.values(batches), (one) => plain.batch(one), decodeBatch),
  form(
    'certificate',
    Object.values(certificates),
    (one) => encodeCertificate(one, n),
    (bytes) => decodeCertificate(bytes, n),
  ),
  form(
    'order certificate',
    [qc, genesis],
    (one) => encodeQc(one, n),
    (bytes) => decodeQc(bytes, n),
  ),
  form(
    'timeout certificate',
    [tc],
    (one) => encodeTc(one, n),
    (bytes) => decodeTc(bytes, n),
  ),
  form(
    'block',
    Object.values(blocks),
    (one) => encodeBlock(one, n),
    (bytes) => decodeBlock(bytes, n),
  ),
  form(
    'proposal',
    Object.values(blocks).map((block) => ({ block, signature })),
    (one) => encodeProposal(one, n),
    (bytes) => decodeProposal(bytes, n),
  ),
  form(
    'evidence',
    evidence,
    (one) => encodeEvidence(one, n),
    (bytes) => decodeEvidence(bytes, n),
  ),
  form(
    'message',
    messages,
    (one) => encodePeerMessage(one, n),
    (bytes) => decodePeerMessage(bytes, n),
  ),
  form(
    'stream event',
    events,
    (one) => encodeStreamEvent(one, n),
    (bytes) => decodeStreamEvent(bytes, n),
  ),
  form(
    'credit',
    [{ type: 'credit' as const, events: 258 }],
    (one) => encodeCredit(one.events),
    (bytes) => decodeCredit(bytes),
  ),
];

/** Decodes; what is accepted must encode to what was read. @returns whether it was accepted. */
function probe({ name, decode, encode }: Form, bytes: Uint8Array): boolean {
  const copy = bytes.slice();
  const result = decode(bytes);
  if (!equalBytes(bytes, copy)) throw new Error(`${name}: the decoder wrote into its input`);
  if (!result.ok) {
    expect(result.error.code).toMatch(/^[A-Z][A-Z_]+$/);
    expect(result.error.message.length).toBeLessThan(500);
    return false;
  }
  const again = encode(result.value as never);
  if (!equalBytes(again, bytes))
    throw new Error(`${name}: two encodings of one value\n${plain.hex(bytes)}\n${plain.hex(again)}`);
  return true;
}

/** Every kind of a form is probed at all of these offsets at most. */
const offsets = (length: number): number[] => {
  const step = Math.max(1, Math.floor(length / 400));
  return Array.from({ length: Math.ceil(length / step) }, (_, i) => i * step);
};

const withInteger = (bytes: Uint8Array, at: number, value: number): Uint8Array => {
  const changed = bytes.slice();
  new DataView(changed.buffer).setUint32(at, value);
  return changed;
};

describe.each(forms)('$name', (one) => {
  it('decodes what it encodes, to the same value', () => {
    one.valid.forEach((bytes, i) => {
      const result = one.decode(bytes);
      expect(result).toEqual({ ok: true, value: one.values[i] });
      expect(probe(one, bytes)).toBe(true);
    });
  });

  it('refuses every truncation, and bytes at the end', () => {
    for (const bytes of one.valid) {
      for (let length = 0; length < bytes.length; length++)
        if (probe(one, bytes.subarray(0, length))) throw new Error(`accepted ${length} of ${bytes.length}`);
      expect(probe(one, Uint8Array.of(...bytes, 0))).toBe(false);
      expect(probe(one, Uint8Array.of(...bytes, ...bytes))).toBe(false);
    }
  });

  it('accepts a flipped bit only as another value', () => {
    for (const bytes of one.valid)
      for (const at of offsets(bytes.length))
        for (let bit = 0; bit < 8; bit++) {
          const changed = bytes.slice();
          changed[at]! ^= 1 << bit;
          probe(one, changed);
        }
  });

  it('refuses a huge length anywhere, at once', () => {
    const started = performance.now();
    let tried = 0;
    for (const bytes of one.valid)
      for (const at of offsets(bytes.length - 4))
        for (const value of [0xffffffff, 0x7fffffff, 0x00ffffff, 0x00010001]) {
          probe(one, withInteger(bytes, at, value));
          tried += 1;
        }
    expect((performance.now() - started) / Math.max(1, tried)).toBeLessThan(5);
  });

  it('survives random bytes, and random bytes after a good start', () => {
    const run = { numRuns: 300 };
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        probe(one, bytes);
      }),
      run,
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...one.valid),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.uint8Array({ minLength: 1, maxLength: 40 }),
        (bytes, part, tail) => {
          const changed = bytes.slice();
          changed.set(
            tail.subarray(0, Math.min(tail.length, bytes.length)),
            Math.floor(part * Math.max(0, bytes.length - tail.length)),
          );
          probe(one, changed);
        },
      ),
      run,
    );
  });

  it('says little about a lot of bytes too many', () => {
    for (const bytes of one.valid) {
      const long = new Uint8Array(bytes.length + (4 << 20));
      long.set(bytes);
      const started = performance.now();
      expect(probe(one, long)).toBe(false);
      expect(performance.now() - started).toBeLessThan(500);
    }
  });
});

it('every type of message is among the samples', () => {
  expect(new Set(messages.map((one) => one.type)).size).toBe(13);
  expect(new Set(messages.map((one) => encodePeerMessage(one, n)[0])).size).toBe(13);
  expect(decodePeerMessage(Uint8Array.of(14, 0), n)).toMatchObject({ error: { code: 'MESSAGE_TYPE' } });
  expect(decodePeerMessage(new Uint8Array(0), n)).toMatchObject({ error: { code: 'MESSAGE_TYPE' } });
});
