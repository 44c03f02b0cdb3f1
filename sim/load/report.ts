/** What a load found, as figures; all times are virtual. */

import { phases, type Time, totalOf } from '../costs/work.ts';
import type { Load } from './load.ts';
import { depthOf, type LoadOptions } from './options.ts';
import type { Used } from './readings.ts';

export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

export interface LoadReport {
  readonly options: LoadOptions;
  /** Levels of a tree below its root. */
  readonly depth: number;
  /** Transactions a second that became final at the slowest signer, and at the middle one. */
  readonly throughputPerSecond: number;
  readonly throughputMedianPerSecond: number;
  /** The middle signer kept up with what was sent. */
  readonly sustained: boolean;
  /** Transactions sent and not final everywhere when the time was over. */
  readonly open: number;
  readonly finality: { readonly score: number; readonly order: number };
  readonly batches: number;
  readonly transactionsPerBatch: number;
  /** From submission to finality at the client's own signer, and at the last signer. */
  readonly latencyMs: Percentiles;
  readonly latencyAtAllMs: Percentiles;
  /** Three times the way from a batch's root to the farthest leaf, without anything but latency; mean of the batches. */
  readonly hopsMs: number;
  /** For one signer and one batch, everything included. */
  readonly perSignerAndBatch: {
    readonly bytes: number;
    /** Of these, all but the bodies on their way down. */
    readonly bytesWithoutBodies: number;
    readonly messages: number;
    readonly cpuMs: number;
  };
  readonly perSignerAndTransaction: { readonly bytes: number; readonly cpuMs: number };
  /** Shares of the time, of the mean and of the busiest signer. */
  readonly cpu: { readonly mean: number; readonly max: number; readonly phases: Readonly<Time> };
  readonly uplink: { readonly mean: number; readonly max: number };
  readonly messages: Readonly<Record<string, { readonly count: number; readonly bytes: number }>>;
  readonly blocks: number;
  /** Transactions a second at which the mean signer has no processor, or no uplink, left. */
  readonly bounds: { readonly cpu: number; readonly uplink: number };
  readonly virtualMs: number;
  readonly events: number;
  readonly traceHash: string;
}

/** Whole batches are counted, so a little may fall outside of the time. */
const sustainedShare = 0.95;

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

export function loadReport(load: Load, used: Used): LoadReport {
  const { options, counts, world } = load;
  const { signers, uplinkMbps } = options;
  const { forMs } = used;
  const seconds = forMs / 1000;
  const depth = depthOf(options);
  const delivered = [...counts.delivered].sort((a, b) => a - b);
  const transactions = counts.finality.score + counts.finality.order;
  const batches = Math.max(1, counts.batches);
  const cpuMs = used.times.map(totalOf);
  const bodies = counts.messages.get('announce')?.bytes ?? 0;
  const cpu = {
    mean: mean(cpuMs) / forMs,
    max: Math.max(...cpuMs) / forMs,
    phases: Object.fromEntries(
      phases.map((phase) => [phase, mean(used.times.map((time) => time[phase])) / forMs]),
    ) as unknown as Time,
  };
  const uplinkBytes = (uplinkMbps * 1e6 * seconds) / 8;
  const uplink = { mean: mean(used.bytes) / uplinkBytes, max: Math.max(...used.bytes) / uplinkBytes };
  const perSecond = mean(delivered) / seconds;
  return {
    options,
    depth,
    throughputPerSecond: delivered[0]! / seconds,
    throughputMedianPerSecond: delivered[Math.floor(signers / 2)]! / seconds,
    sustained: delivered[Math.floor(signers / 2)]! / seconds >= sustainedShare * options.rate,
    open: load.open,
    finality: { ...counts.finality },
    batches: counts.batches,
    transactionsPerBatch: transactions / batches,
    latencyMs: percentiles(counts.atIngressMs),
    latencyAtAllMs: percentiles(counts.atAllMs),
    hopsMs: mean(counts.hopsMs),
    perSignerAndBatch: {
      bytes: mean(used.bytes) / batches,
      bytesWithoutBodies: mean(used.bytes) / batches - bodies / signers / batches,
      messages: mean(used.messages) / batches,
      cpuMs: mean(cpuMs) / batches,
    },
    perSignerAndTransaction: {
      bytes: mean(used.bytes) / Math.max(1, transactions),
      cpuMs: mean(cpuMs) / Math.max(1, transactions),
    },
    cpu,
    uplink,
    messages: Object.fromEntries([...counts.messages].sort(([a], [b]) => (a < b ? -1 : 1))),
    blocks: counts.blocks,
    bounds: { cpu: perSecond / cpu.mean, uplink: perSecond / uplink.mean },
    virtualMs: world.now,
    events: world.schedule.count,
    traceHash: world.traceHash(),
  };
}
