/** What a host lends gives the same as the JavaScript in its place, so that a trace depends on neither. */

import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { byteText, concat, hexAt, toHex } from '../../src/base/bytes.ts';
import { hash, hashBytes } from '../../src/base/hash.ts';
import { installNative, native } from '../../src/base/native.ts';
import { sha256, sha256Hex } from '../../src/base/sha256.ts';
import { installNodeNative } from '../../src/crypto/native-node.ts';

afterEach(() => installNative(undefined));

/** The result of JavaScript, after checking that Node's is the same. */
function both<T>(compute: () => T): T {
  installNative(undefined);
  const own = compute();
  installNodeNative();
  expect(native).toBeDefined();
  expect(compute()).toEqual(own);
  return own;
}

describe("Node's hash and texts", () => {
  it('agree with ours on any bytes in any parts', () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 });
    fc.assert(
      fc.property(parts, (list) => {
        expect(toHex(both(() => sha256(...list)))).toBe(both(() => sha256Hex(...list)));
        both(() => hash('vote', ...list));
        both(() => hashBytes('batch-node', ...list));
        both(() => toHex(concat(...list)));
        both(() => byteText(concat(...list)));
      }),
    );
  });

  it('agree at lengths beyond the scratch buffer, and inside a larger array', () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 31) & 255);
    for (const length of [0, 1, 63, 64, 4096, 4097, (1 << 14) - 1, 1 << 14, (1 << 14) + 1, 100_000]) {
      const part = bytes.subarray(0, length);
      both(() => sha256(part));
      both(() => sha256(part, Uint8Array.of(1)));
      both(() => sha256Hex(Uint8Array.of(1), part));
      both(() => byteText(part));
    }
    const inside = bytes.subarray(7, 77);
    expect(both(() => hexAt(inside, 3, 40))).toBe(both(() => toHex(bytes.slice(10, 50))));
    expect(both(() => byteText(inside)).length).toBe(70);
  });

  it('a result is not changed by the next one', () => {
    installNodeNative();
    const first = sha256(Uint8Array.of(1), Uint8Array.of(2));
    const copy = first.slice();
    sha256(Uint8Array.of(3), Uint8Array.of(4));
    expect(first).toEqual(copy);
  });
});
