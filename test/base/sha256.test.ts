import { createHash } from 'node:crypto';
import { sha256 as noble } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, toHex, utf8 } from '../../src/base/bytes.ts';
import { sha256 } from '../../src/base/sha256.ts';

const ofNode = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

describe('sha256', () => {
  it('gives the published digests', () => {
    expect(toHex(sha256())).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(toHex(sha256(utf8('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('agrees with two other implementations at every length around the blocks', () => {
    for (let length = 0; length <= 260; length++) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 31 + length * 7) & 255);
      const digest = toHex(sha256(bytes));
      expect(digest).toBe(ofNode(bytes));
      expect(digest).toBe(toHex(noble(bytes)));
    }
  });

  it('joins its parts, wherever they are cut', () => {
    const part = fc.uint8Array({ maxLength: 150 });
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        expect(toHex(sha256(...parts))).toBe(ofNode(concat(...parts)));
      }),
    );
  });

  it('takes a message of several megabytes', () => {
    const bytes = new Uint8Array(3_000_001).fill(0x5a);
    expect(toHex(sha256(bytes.subarray(0, 1_000_000), bytes.subarray(1_000_000)))).toBe(ofNode(bytes));
  });
});
