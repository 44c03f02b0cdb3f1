import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { nowMs } from '../../../bench/clock.ts';
import { Histogram } from '../../../bench/histogram.ts';
import type { Confirmed, Driver } from '../../../bench/load/driver.ts';
import { Loop } from '../../../bench/load/loop.ts';
import type { LoadPlan } from '../../../bench/load/plan.ts';

const plan = (changes: Partial<LoadPlan>): LoadPlan => ({
  system: 'musig-paxos',
  at: ['a', 'b'],
  all: ['a', 'b'],
  federation: '',
  outstanding: 4,
  ratePerSecond: undefined,
  poisson: false,
  bytes: 1,
  keys: { kind: 'distinct' },
  conflictPercent: 0,
  awaited: 'score',
  documents: false,
  etcdClient: 'grpc',
  seed: 's',
  ...changes,
});

class FakeDriver implements Driver {
  readonly used: number[] = [];
  under = 0;
  underMax = 0;
  readonly #answer: (count: number) => Promise<Confirmed>;

  constructor(answer: (count: number) => Promise<Confirmed>) {
    this.#answer = answer;
  }

  async write(connection: number): Promise<Confirmed> {
    this.used.push(connection);
    this.under += 1;
    this.underMax = Math.max(this.underMax, this.under);
    try {
      return await this.#answer(this.used.length);
    } finally {
      this.under -= 1;
    }
  }
  audit = (): number => 0;
  close(): void {}
}

const loopOf = (driver: Driver, changes: Partial<LoadPlan> = {}): Loop =>
  new Loop(
    driver,
    plan(changes),
    () => 'key',
    () => new Uint8Array(1),
  );

const answered = async (ms: number, finality: Confirmed['finality'] = 'score'): Promise<Confirmed> => {
  await sleep(ms);
  return { finality, rejected: finality === 'order' };
};

describe('a closed loop', () => {
  it('keeps as many under way as asked, dealt over the connections, and counts each answer once', async () => {
    const driver = new FakeDriver((count) => answered(2, count % 2 ? 'score' : 'order'));
    const loop = loopOf(driver);
    const startMs = nowMs();
    await loop.closed(startMs, startMs + 100);
    const { score, order, rejected, failed, latency } = loop.result(0);
    expect(driver.underMax).toBe(4);
    expect(driver.used.filter((one) => one === 0).length).toBeGreaterThan(0);
    expect(driver.used.filter((one) => one === 1).length).toBeGreaterThan(0);
    expect(score + order).toBe(Histogram.from(latency).count);
    expect(rejected).toBe(order);
    expect(failed).toBe(0);
    expect(driver.used.length - (score + order)).toBeLessThanOrEqual(4);
  });

  it('does not count the warm-up', async () => {
    const driver = new FakeDriver(() => answered(1));
    const loop = loopOf(driver);
    const startMs = nowMs();
    await loop.closed(startMs + 1e9, startMs + 60);
    expect(driver.used.length).toBeGreaterThan(0);
    expect(Histogram.from(loop.result(0).latency).count).toBe(0);
  });

  it('goes on after a failure, and says what failed', async () => {
    const driver = new FakeDriver((count) =>
      count <= 2 ? Promise.reject(new Error('no luck')) : answered(1),
    );
    const loop = loopOf(driver);
    const startMs = nowMs();
    await loop.closed(startMs, startMs + 150);
    const { failed, failures, score } = loop.result(0);
    expect(failed).toBe(2);
    expect(failures).toEqual(['no luck', 'no luck']);
    expect(score).toBeGreaterThan(0);
  });
});

describe('an open loop', () => {
  it('counts from when a write was due: a stall is felt by all that were due meanwhile', async () => {
    // Ten writes are due a millisecond apart; the first answer of the only slot takes 80 ms.
    const driver = new FakeDriver((count) => answered(count === 1 ? 80 : 0));
    const loop = loopOf(driver, { outstanding: 1 });
    const startMs = nowMs();
    let due = 0;
    await loop.open(startMs, startMs + 10, { next: () => startMs + due++ });
    const latency = Histogram.from(loop.result(0).latency);
    expect(latency.count).toBe(10);
    expect(latency.quantile(0)).toBeGreaterThan(60);
  });

  it('waits for what was due in the window, and counts no other', async () => {
    const driver = new FakeDriver(() => answered(30));
    const loop = loopOf(driver, { outstanding: 100 });
    const startMs = nowMs();
    let due = 0;
    await loop.open(startMs + 5, startMs + 10, { next: () => startMs + due++ });
    expect(driver.used).toHaveLength(10);
    expect(Histogram.from(loop.result(0).latency).count).toBe(5);
  });
});
