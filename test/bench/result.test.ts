import { describe, expect, it } from 'vitest';
import { Histogram } from '../../bench/histogram.ts';
import type { Load, Measurement } from '../../bench/measure.ts';
import { comparedWith, resultOf } from '../../bench/result.ts';
import { formatBench } from '../../bench/text.ts';

const load: Load = {
  clients: 2,
  outstanding: 10,
  ratePerSecond: undefined,
  poisson: true,
  bytes: 100,
  keys: { kind: 'distinct' },
  conflictPercent: 5,
  awaited: 'score',
  documents: false,
  etcdClient: 'grpc',
  seconds: 2,
  warmupSeconds: 1,
};

const usage = { userSeconds: 0, systemSeconds: 0, contextSwitches: 0, bytesWritten: 0, rssAnonBytesMax: 0 };

function measured(count: number, latencyMs: number, cpuSeconds: number): Measurement {
  const latency = new Histogram();
  for (let i = 0; i < count; i++) latency.add(latencyMs);
  return {
    transactions: count,
    confirmed: count,
    seconds: 2,
    latency,
    score: count - 1,
    order: 1,
    rejected: 0,
    failed: 0,
    failures: [],
    servers: {
      ...usage,
      userSeconds: cpuSeconds / 2,
      systemSeconds: cpuSeconds / 2,
      bytesWritten: 500 * count,
    },
    clients: { ...usage, userSeconds: 1 },
    synced: true,
    verified: true,
  };
}

const own = (starts: readonly Measurement[], onDisk = true) =>
  resultOf({ system: 'musig-paxos', servers: 4, load, onDisk }, starts);

describe('a result', () => {
  it('has medians and spreads of the starts, and counts of all of them', () => {
    const result = own([measured(100, 4, 1), measured(400, 1, 1), measured(200, 2, 1)]);
    expect(result).toMatchObject({
      signers: 4,
      clients: 2,
      outstanding: 10,
      bytes: 100,
      conflict: 5,
      seconds: 2,
      throughputPerSecond: 100,
      latencyMs: { p50: 2, max: 2 },
      finality: { score: 697, order: 3 },
      cpuSecondsPerThousand: 5,
      transactions: 700,
      durable: true,
      verified: true,
      spread: { throughputPerSecond: { median: 100, low: 50, high: 200 } },
      perTransaction: { bytesWritten: 500 },
    });
    expect(result.starts.map((start) => start.throughputPerSecond)).toEqual([50, 200, 100]);
  });

  it('is durable only on a disk that every start synced, and verified only when every start was', () => {
    const good = measured(10, 1, 1);
    expect(own([good], false).durable).toBe(false);
    expect(own([good, { ...good, synced: false }]).durable).toBe(false);
    expect(own([good, { ...good, verified: false }]).verified).toBe(false);
  });

  it('of nothing at all has figures, not gaps', () => {
    const result = own([measured(0, 1, 1)]);
    expect(JSON.parse(JSON.stringify(result))).toMatchObject({
      throughputPerSecond: 0,
      cpuSecondsPerThousand: 0,
    });
  });

  it('is compared start by start', () => {
    const ours = own([measured(100, 4, 1), measured(300, 6, 1)]);
    const theirs = own([measured(50, 2, 1), measured(100, 2, 1)]);
    expect(comparedWith(ours, theirs)).toMatchObject({
      throughput: { median: 2.5, low: 2, high: 3 },
      p50: { low: 2, high: 3 },
    });
  });

  it('is one line of the table, and says what is wrong', () => {
    const text = formatBench([own([measured(100, 4, 1)], false)]);
    expect(text).toMatch(/^system +load .*\nmusig-paxos +10 outstanding +50\.0 +4\.0 +4\.0 /);
    expect(text).toContain('10 outstanding: not every signer synced a disk');
  });
});
