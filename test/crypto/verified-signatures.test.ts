import { describe, expect, it } from 'vitest';
import { VerifiedSignatures } from '../../src/crypto/verified-signatures.ts';

const bytes = (value: number) => new Uint8Array(64).fill(value);

describe('signatures known to be valid', () => {
  it('are known by message, key and every byte', () => {
    const known = new VerifiedSignatures(10);
    known.add('m', 'a', bytes(1));
    expect(known.has('m', 'a', bytes(1))).toBe(true);
    expect(known.has('m', 'a', bytes(2))).toBe(false);
    expect(known.has('m', 'a', bytes(1).subarray(1))).toBe(false);
    expect(known.has('m', 'b', bytes(1))).toBe(false);
    expect(known.has('l', 'a', bytes(1))).toBe(false);
  });

  it('are copies', () => {
    const known = new VerifiedSignatures(10);
    const frame = bytes(1);
    known.add('m', 'a', frame);
    frame[5] = 9;
    expect(known.has('m', 'a', bytes(1))).toBe(true);
  });

  it('are the last of each key on a message', () => {
    const known = new VerifiedSignatures(10);
    known.add('m', 'a', bytes(1));
    known.add('m', 'a', bytes(2));
    expect(known.size).toBe(1);
    expect(known.has('m', 'a', bytes(1))).toBe(false);
    expect(known.has('m', 'a', bytes(2))).toBe(true);
  });

  it('are forgotten, the oldest messages first', () => {
    const known = new VerifiedSignatures(4);
    for (const message of ['m1', 'm2', 'm3']) for (const key of ['a', 'b']) known.add(message, key, bytes(1));
    expect(known.size).toBe(4);
    expect(known.has('m1', 'a', bytes(1))).toBe(false);
    expect(known.has('m2', 'a', bytes(1))).toBe(true);
    expect(known.has('m3', 'b', bytes(1))).toBe(true);
  });
});
