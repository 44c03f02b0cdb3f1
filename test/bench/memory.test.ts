import { describe, expect, it } from 'vitest';
import { type MemorySample, trendOf } from '../../bench/memory.ts';

const megabyte = 1 << 20;

/** Samples a second apart. */
const samples = (bytes: readonly number[]): MemorySample[] =>
  bytes.map((rssAnonBytes, atSeconds) => ({
    atSeconds,
    processes: [
      {
        name: 'other',
        rssAnonBytes: 1,
        heapUsedBytes: 1,
        arrayBuffersBytes: 1,
        dataBytes: 1,
        height: 1,
        transactions: 1,
      },
      {
        name: 'signer',
        rssAnonBytes,
        heapUsedBytes: 0,
        arrayBuffersBytes: 0,
        dataBytes: 7 * atSeconds,
        height: 0,
        transactions: 0,
      },
    ],
  }));

const line = (count: number, of: (i: number) => number): number[] =>
  Array.from({ length: count }, (_, i) => of(i));

describe('memory', () => {
  it('that grows at first and then stays is flat', () => {
    const trend = trendOf(
      samples(line(40, (i) => 100 * megabyte + Math.min(i, 15) * 20 * megabyte)),
      'signer',
    );
    expect(trend).toMatchObject({
      flat: true,
      bytesPerMinute: 0,
      rssAnonBytesFirst: 100 * megabyte,
      rssAnonBytesLast: 400 * megabyte,
      rssAnonBytesMax: 400 * megabyte,
      dataBytesLast: 273,
    });
  });

  it('that swings without rising is flat', () => {
    const trend = trendOf(samples(line(40, (i) => (200 + (i % 2) * 60) * megabyte)), 'signer');
    expect(trend.flat).toBe(true);
  });

  it('that rises to the end is not', () => {
    const trend = trendOf(samples(line(40, (i) => (100 + i) * megabyte)), 'signer');
    expect(trend.flat).toBe(false);
    expect(trend.bytesPerMinute).toBe(60 * megabyte);
  });

  it('of a few samples is not judged', () => {
    expect(trendOf(samples([1, 2, 3]), 'signer').flat).toBeUndefined();
    expect(trendOf([], 'signer')).toMatchObject({ flat: undefined, rssAnonBytesMax: 0 });
  });
});
