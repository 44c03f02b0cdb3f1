import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/base/bytes.ts';
import { attempt, type BatchId, type Epoch, view } from '../../src/base/ids.ts';
import {
  batchSeed,
  batchSeedFromBytes,
  below,
  leaderOf,
  shuffle,
  viewSeed,
  wordStream,
} from '../../src/tree/shuffle.ts';

/** 00 01 02 ... 1f */
const seed = Uint8Array.from({ length: 32 }, (_, i) => i);
const batch = '11'.repeat(32) as BatchId;
const epoch = '22'.repeat(32) as Epoch;

/** A second implementation, from the definition alone: big integers, the whole stream up front. */
function oracleShuffle(seed: Uint8Array, n: number): number[] {
  const words: bigint[] = [];
  for (let k = 0; k < n + 8; k++) {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(k);
    const block = createHash('sha256').update(seed).update(counter).digest('hex');
    for (const word of block.match(/.{8}/g)!) words.push(BigInt(`0x${word}`));
  }
  const order = Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i >= 1; i--) {
    const bound = BigInt(i + 1);
    let word = words.shift()!;
    while (word >= (2n ** 32n / bound) * bound) word = words.shift()!;
    const j = Number(word % bound);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** Pearson's statistic against equal frequencies. */
function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((a, b) => a + b, 0) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe('shuffle', () => {
  // Made once by a separate program in another language. A change here forks every federation.
  it.each([
    ['00', 2, [1, 0]],
    ['', 7, [4, 2, 3, 6, 5, 1, 0]],
    ['ab', 16, [10, 5, 8, 11, 12, 1, 14, 0, 3, 13, 15, 9, 2, 6, 4, 7]],
    [toHex(seed), 1, [0]],
    [toHex(seed), 2, [0, 1]],
    [toHex(seed), 4, [0, 2, 3, 1]],
    [toHex(seed), 7, [0, 6, 5, 2, 4, 1, 3]],
    [toHex(seed), 16, [10, 1, 14, 15, 9, 0, 5, 8, 2, 11, 12, 4, 6, 3, 7, 13]],
    [
      toHex(seed),
      100,
      [
        34, 72, 71, 38, 10, 85, 79, 99, 63, 27, 76, 25, 13, 93, 23, 21, 96, 56, 88, 32, 55, 42, 73, 90, 59,
        19, 80, 52, 65, 18, 81, 53, 35, 98, 74, 49, 20, 28, 68, 75, 2, 3, 22, 61, 70, 36, 1, 12, 57, 62, 47,
        15, 77, 39, 95, 48, 41, 9, 4, 11, 78, 60, 92, 84, 66, 50, 7, 82, 54, 91, 64, 24, 29, 5, 87, 44, 83,
        14, 45, 67, 89, 33, 31, 6, 46, 43, 8, 51, 69, 0, 26, 58, 86, 40, 30, 16, 97, 17, 94, 37,
      ],
    ],
  ])('frozen: seed %s, n = %i', (hex, n, order) => {
    expect(shuffle(fromHex(hex), n)).toEqual(order);
  });

  it('frozen: words of the stream, across the first block', () => {
    const words = wordStream(seed);
    expect(Array.from({ length: 9 }, words)).toEqual([
      1895039037, 1387719427, 3666161299, 627792262, 3050604592, 2562423155, 3159562444, 1717795460, 78025994,
    ]);
  });

  it('equals the oracle and permutes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 1, max: 150 }), (bytes, n) => {
        const order = shuffle(bytes, n);
        expect(order).toEqual(oracleShuffle(bytes, n));
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
      { numRuns: 60 },
    );
  });

  it('gives every permutation of 4 about as often as any other', () => {
    const counts = new Map<string, number>();
    for (let i = 0; i < 4800; i++) {
      const key = shuffle(Uint8Array.of(i >> 8, i & 255), 4).join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(24);
    // 23 degrees of freedom: 49.7 is exceeded once in a thousand honest shuffles; the seeds are fixed.
    expect(chiSquare([...counts.values()])).toBeLessThan(49.7);
  });

  it('refuses no signers', () => {
    expect(() => shuffle(seed, 0)).toThrow('no shuffle of 0 signers');
    expect(() => shuffle(seed, 1.5)).toThrow('no shuffle of 1.5 signers');
  });
});

describe('below', () => {
  const from = (...words: number[]) => {
    const left = [...words];
    return { next: () => left.shift()!, left };
  };

  it('refuses the words of the incomplete last cycle and uses them up', () => {
    // 2^32 mod 3 = 1, so exactly the last word is refused; 2^32 mod 7 = 4.
    const three = from(0xffffffff, 0xfffffffe, 9);
    expect(below(3, three.next)).toBe(0xfffffffe % 3);
    expect(three.left).toEqual([9]);
    const seven = from(0xfffffffc, 0xfffffffd, 0xffffffff, 0xfffffffb, 9);
    expect(below(7, seven.next)).toBe(0xfffffffb % 7);
    expect(seven.left).toEqual([9]);
  });

  it('refuses nothing when the bound divides 2^32', () => {
    for (const bound of [1, 2, 1024, 2 ** 32]) {
      const words = from(0xffffffff);
      expect(below(bound, words.next)).toBe(bound - 1);
    }
  });

  it('is unbiased where a bare remainder is far off', () => {
    // Under 3 * 2^30 a bare remainder hits the first third twice as often as the others.
    const bound = 3 * 2 ** 30;
    const words = wordStream(seed);
    const thirds = [0, 0, 0];
    for (let i = 0; i < 3000; i++) thirds[Math.floor(below(bound, words) / 2 ** 30)]! += 1;
    // 2 degrees of freedom: 13.8 is exceeded once in a thousand.
    expect(chiSquare(thirds)).toBeLessThan(13.8);
  });

  it('is unbiased for small bounds', () => {
    const words = wordStream(Uint8Array.of(7));
    const counts = new Array<number>(10).fill(0);
    for (let i = 0; i < 5000; i++) counts[below(10, words)]! += 1;
    expect(chiSquare(counts)).toBeLessThan(27.9);
  });

  it('has no value below 1', () => {
    expect(() => below(0, () => 0)).toThrow('no draw below 0');
  });
});

describe('seeds', () => {
  it('frozen: batch trees', () => {
    expect(toHex(batchSeed(batch, attempt(0)))).toBe(
      '6dcea28ab16fc1038dee8c28aea5c2d259047f7fef010b1041aee716bc007e2c',
    );
    expect(toHex(batchSeed(batch, attempt(3)))).toBe(
      'e54b353738a70115e481ae71751278c418f85b42cab1d9ab35eb473121b18ed6',
    );
    expect(batchSeedFromBytes(fromHex(batch), attempt(3))).toEqual(batchSeed(batch, attempt(3)));
  });

  it('frozen: trees of views', () => {
    expect(toHex(viewSeed(epoch, view(1)))).toBe(
      '7701c2f5fc1d0bbdd9011cbeb8e52633ebfc4ec9349ab3d32b11153e0491c3e9',
    );
    expect(toHex(viewSeed(epoch, view(Number.MAX_SAFE_INTEGER)))).toBe(
      'b96619dea35d15236446235ed3f975add09da7a278642b6a51b33bd946942d5d',
    );
  });
});

describe('leaderOf', () => {
  it.each([
    [1, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    [4, [3, 0, 3, 0, 1, 0, 2, 3, 2, 0, 1, 3]],
    [7, [1, 4, 5, 6, 3, 2, 5, 1, 4, 3, 0, 1]],
    [100, [99, 16, 31, 24, 77, 8, 46, 55, 30, 60, 97, 91]],
  ])('frozen: terms 0 to 11 of %i signers', (n, leaders) => {
    expect(leaders.map((_, term) => leaderOf(epoch, term, n))).toEqual(leaders);
  });

  it('is fair', () => {
    const counts = new Array<number>(7).fill(0);
    for (let term = 0; term < 2100; term++) counts[leaderOf(epoch, term, 7)]! += 1;
    // 6 degrees of freedom: 22.5 is exceeded once in a thousand.
    expect(chiSquare(counts)).toBeLessThan(22.5);
  });
});
