/** The figures of one load on one system, over all its starts, in the form that `bench --json` prints. */

import type { LoadPlan } from './load/plan.ts';
import type { Load, Measurement, Usage } from './measure.ts';
import type { MemoryResult } from './memory.ts';
import type { ProfileResult } from './profile/collect.ts';
import { type Spread, spreadOf } from './statistics.ts';

interface Latency {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** Figures of one start. */
export interface StartFigures {
  readonly throughputPerSecond: number;
  readonly latencyMs: Latency;
  /** Processor time of all servers, for a thousand transactions. */
  readonly cpuSecondsPerThousand: number;
}

/** The names that interfaces.md fixes come first; each figure is the median of the starts. */
export interface BenchResult extends StartFigures {
  /** Servers, for another system. */
  readonly signers: number;
  readonly clients: number;
  readonly outstanding: number;
  readonly bytes: number;
  readonly conflict: number;
  readonly seconds: number;
  /** Of all starts together. */
  readonly finality: { readonly score: number; readonly order: number };
  /** Every server synced its disk while it was measured, and its data was on one. */
  readonly durable: boolean;
  /** Every server checked signatures, and receipts were verified by the clients and again after the run. */
  readonly verified: boolean;

  readonly system: LoadPlan['system'];
  /** Of the open loop, offered; undefined for a closed one. */
  readonly ratePerSecond?: number;
  /** Transactions whose latency counts, of all starts. */
  readonly transactions: number;
  /** Transactions with a receipt that says rejected. */
  readonly rejected: number;
  /** Transactions that ended without one. */
  readonly failed: number;
  readonly failures: readonly string[];
  /** Least and greatest of the starts. */
  readonly spread: {
    readonly throughputPerSecond: Spread;
    readonly p50: Spread;
    readonly p99: Spread;
  };
  /** Processor time of the load processes, for a thousand transactions. */
  readonly clientCpuSecondsPerThousand: number;
  readonly perTransaction: {
    readonly bytesWritten: number;
    readonly contextSwitches: number;
  };
  /** Of the largest server at the end of the window. */
  readonly rssAnonBytes: number;
  readonly starts: readonly StartFigures[];
  /** Of ours to the other system's at the same load, start by start. */
  readonly against?: {
    readonly system: LoadPlan['system'];
    readonly throughput: Spread;
    readonly p50: Spread;
    readonly p99: Spread;
    readonly cpu: Spread;
  };
  readonly profile?: ProfileResult;
  /** Of the last start. */
  readonly memory?: MemoryResult;
}

const cpuSeconds = ({ userSeconds, systemSeconds }: Usage): number => userSeconds + systemSeconds;

/** Digits that mean something. */
const rounded = (value: number): number => (Number.isFinite(value) ? Number(value.toPrecision(5)) : 0);

function figuresOf(one: Measurement): StartFigures {
  const { latency, confirmed, seconds, servers } = one;
  const at = (share: number): number => rounded(latency.quantile(share));
  return {
    throughputPerSecond: rounded(confirmed / seconds),
    latencyMs: { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: rounded(latency.maxMs) },
    cpuSecondsPerThousand: rounded((1000 * cpuSeconds(servers)) / confirmed),
  };
}

export interface ResultOf {
  readonly system: LoadPlan['system'];
  readonly servers: number;
  readonly load: Load;
  readonly onDisk: boolean;
}

/** @param measured one for each start, at least one. */
export function resultOf(
  { system, servers, load, onDisk }: ResultOf,
  measured: readonly Measurement[],
): BenchResult {
  const starts = measured.map(figuresOf);
  const spread = (of: (figures: StartFigures) => number): Spread => spreadOf(starts.map(of));
  const median = (of: (one: Measurement) => number): number => rounded(spreadOf(measured.map(of)).median);
  const sum = (of: (one: Measurement) => number): number =>
    measured.reduce((total, one) => total + of(one), 0);
  const latency = (name: keyof Latency): number => rounded(spread(({ latencyMs }) => latencyMs[name]).median);
  return {
    system,
    signers: servers,
    clients: load.clients,
    outstanding: load.outstanding,
    ...(load.ratePerSecond !== undefined && { ratePerSecond: load.ratePerSecond }),
    bytes: load.bytes,
    conflict: load.conflictPercent,
    seconds: load.seconds,
    throughputPerSecond: rounded(spread((one) => one.throughputPerSecond).median),
    latencyMs: { p50: latency('p50'), p90: latency('p90'), p99: latency('p99'), max: latency('max') },
    finality: { score: sum((one) => one.score), order: sum((one) => one.order) },
    cpuSecondsPerThousand: rounded(spread((one) => one.cpuSecondsPerThousand).median),
    durable: onDisk && measured.every(({ synced }) => synced),
    verified: measured.every(({ verified }) => verified),
    transactions: sum((one) => one.transactions),
    rejected: sum((one) => one.rejected),
    failed: sum((one) => one.failed),
    failures: measured.flatMap(({ failures }) => failures).slice(0, 3),
    spread: {
      throughputPerSecond: spread((one) => one.throughputPerSecond),
      p50: spread(({ latencyMs }) => latencyMs.p50),
      p99: spread(({ latencyMs }) => latencyMs.p99),
    },
    clientCpuSecondsPerThousand: median((one) => (1000 * cpuSeconds(one.clients)) / one.confirmed),
    perTransaction: {
      bytesWritten: median((one) => one.servers.bytesWritten / one.confirmed),
      contextSwitches: median((one) => one.servers.contextSwitches / one.confirmed),
    },
    rssAnonBytes: median((one) => one.servers.rssAnonBytesMax),
    starts,
  };
}

/** How ours compares: the ratio of each pair of starts that were measured next to each other. */
export function comparedWith(own: BenchResult, other: BenchResult): NonNullable<BenchResult['against']> {
  const ratio = (of: (figures: StartFigures) => number): Spread => {
    const { median, low, high } = spreadOf(own.starts.map((one, i) => of(one) / of(other.starts[i] ?? one)));
    return { median: rounded(median), low: rounded(low), high: rounded(high) };
  };
  return {
    system: other.system,
    throughput: ratio((one) => one.throughputPerSecond),
    p50: ratio(({ latencyMs }) => latencyMs.p50),
    p99: ratio(({ latencyMs }) => latencyMs.p99),
    cpu: ratio((one) => one.cpuSecondsPerThousand),
  };
}
