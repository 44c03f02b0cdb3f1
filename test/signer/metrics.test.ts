/**
 * What a signer shows to Prometheus, read back by a parser of the text format that knows nothing of the library:
 * https://prometheus.io/docs/instrumenting/exposition_formats/.
 */

import { describe, expect, it } from 'vitest';
import { signerId } from '../../src/base/ids.ts';
import { SignerMetrics } from '../../src/signer/metrics.ts';
import type { SignerStatus } from '../../src/signer/status.ts';
import type { TransportStats } from '../../src/transport/options.ts';

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  type: string | undefined;
  help: string | undefined;
  readonly samples: Sample[];
}

const numberOf = (text: string): number => {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (/^nan$/i.test(text)) return Number.NaN; // the lag of an event loop that has not been measured yet
  expect(text).toMatch(/^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i);
  return Number(text);
};

/** Families by name. Refuses a line that is none of the format, and a sample outside its family. */
function parse(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  const familyOf = (name: string): Family => {
    const family = families.get(name) ?? { type: undefined, help: undefined, samples: [] };
    families.set(name, family);
    return family;
  };
  let current = '';
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line);
    if (comment) {
      const [, kind, name, rest] = comment;
      current = name!;
      const family = familyOf(name!);
      const key = kind === 'HELP' ? 'help' : 'type';
      expect(family[key], `${line}: twice`).toBeUndefined();
      expect(family.samples, `${line}: after samples`).toEqual([]);
      family[key] = rest!;
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    expect(sample, line).not.toBeNull();
    const [, name, inside, value] = sample!;
    expect(name!.startsWith(current), `${line}: in the family ${current}`).toBe(true);
    const labels: Record<string, string> = {};
    let rest = inside ?? '';
    while (rest !== '') {
      const label = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/.exec(rest);
      expect(label, line).not.toBeNull();
      expect(labels[label![1]!], `${line}: twice`).toBeUndefined();
      labels[label![1]!] = label![2]!;
      rest = rest.slice(label![0].length);
    }
    familyOf(current).samples.push({ name: name!, labels, value: numberOf(value!) });
  }
  return families;
}

/** The bounds, the cumulative counts, sum and count of one series of a histogram, checked to be one. */
function histogramOf({ type, samples }: Family, name: string, labels: Readonly<Record<string, string>> = {}) {
  expect(type).toBe('histogram');
  const own = samples.filter((one) =>
    Object.entries(labels).every(([key, value]) => one.labels[key] === value),
  );
  const buckets = own.filter((one) => one.name === `${name}_bucket`);
  const bounds = buckets.map((one) => numberOf(one.labels.le!));
  const counts = buckets.map((one) => one.value);
  for (const [i, bound] of bounds.entries()) {
    if (i === 0) continue;
    expect(bound).toBeGreaterThan(bounds[i - 1]!);
    expect(counts[i]).toBeGreaterThanOrEqual(counts[i - 1]!);
  }
  expect(bounds.at(-1)).toBe(Number.POSITIVE_INFINITY);
  const [sum, count] = ['sum', 'count'].map((what) => own.filter((one) => one.name === `${name}_${what}`));
  expect([sum!.length, count!.length, own.length]).toEqual([1, 1, buckets.length + 2]);
  expect(sum![0]!.labels.le).toBeUndefined();
  expect(count![0]!.value).toBe(counts.at(-1));
  return { bounds, counts, sum: sum![0]!.value, count: count![0]!.value };
}

const status = {
  height: 7,
  engine: {
    view: 9,
    orderSize: 5,
    transactions: 6,
    accepted: 1,
    ahead: 0,
    waiting: 0,
    queued: 2,
    suspected: [2],
  },
  queuedBytes: 1.5e-7,
  open: 3,
  waiting: 4,
  streams: 1,
  ready: true,
} as unknown as SignerStatus;
const stats = {
  connected: 3,
  queuedBytes: 0,
  framesDropped: 0,
  bytesIn: 1e21,
  bytesOut: 12,
} as unknown as TransportStats;
const shown = async (metrics: SignerMetrics) => parse(await metrics.registry.metrics());

describe('metrics', () => {
  it('are text that a stranger can read, from the start', async () => {
    const families = await shown(new SignerMetrics(() => [status, stats]));
    expect(families.size).toBeGreaterThan(30);
    for (const [name, { type, help }] of families) {
      expect(type, name).toMatch(/^(counter|gauge|histogram|summary)$/);
      expect(help, name).toBeTruthy();
    }
    expect(families.get('musig_paxos_height')!.samples[0]!.value).toBe(7);
    expect(families.get('musig_paxos_transport_bytes_in')!.samples[0]!.value).toBe(1e21);
    // Known from the start, so that a rate has something to begin with.
    const flushes = 'musig_paxos_flush_seconds';
    expect(histogramOf(families.get(flushes)!, flushes)).toMatchObject({ count: 0, sum: 0 });
  });

  it('count durations in cumulative buckets, bounds included', async () => {
    const metrics = new SignerMetrics(() => [status, stats]);
    const tookMs = [0, 0.04, 0.05, 0.051, 0.1, 0.5, 3, 100, 101, 5000];
    for (const ms of tookMs) metrics.step('message', ms);
    metrics.step('tick', 1);
    const name = 'musig_paxos_step_seconds';
    for (let asked = 0; asked < 2; asked++) {
      const family = (await shown(metrics)).get(name)!;
      const { bounds, counts, sum, count } = histogramOf(family, name, { input: 'message' });
      expect(counts).toEqual(bounds.map((bound) => tookMs.filter((ms) => ms / 1000 <= bound).length));
      expect(counts[0]).toBe(3);
      expect(count).toBe(tookMs.length);
      expect(sum).toBeCloseTo(5.204741, 9);
      expect(histogramOf(family, name, { input: 'tick' })).toMatchObject({ count: 1, sum: 0.001 });
    }
  });

  it('agree with what a plain count says (any durations)', async () => {
    const metrics = new SignerMetrics(() => [status, stats]);
    const tookMs = Array.from({ length: 500 }, (_, i) => ((i * 7919) % 1000) ** 2 / 200);
    for (const ms of tookMs) metrics.flushed(ms);
    const name = 'musig_paxos_flush_seconds';
    const { bounds, counts, sum } = histogramOf((await shown(metrics)).get(name)!, name);
    expect(counts).toEqual(bounds.map((bound) => tookMs.filter((ms) => ms / 1000 <= bound).length));
    expect(sum).toBeCloseTo(tookMs.reduce((a, b) => a + b, 0) / 1000, 6);
    expect(new Set(counts).size).toBeGreaterThan(5);
  });

  it('count by label, and count on after they were read', async () => {
    const metrics = new SignerMetrics(() => [status, stats]);
    const name = 'musig_paxos_refused_total';
    const refuse = (code: string) => metrics.refused(signerId(1), { code, message: '' });
    const counts = async () => {
      const { type, samples } = (await shown(metrics)).get(name)!;
      expect(type).toBe('counter');
      return Object.fromEntries(samples.map(({ labels, value }) => [labels.code, value]));
    };
    expect(await counts()).toEqual({});
    refuse('A');
    refuse('B');
    refuse('A');
    expect(await counts()).toEqual({ A: 2, B: 1 });
    refuse('A');
    expect(await counts()).toEqual({ A: 3, B: 1 });
    expect(await counts()).toEqual({ A: 3, B: 1 });
  });
});
