/**
 * Memory and disk use while a long run is measured: each server's and the learner's, sampled every few
 * seconds, and a verdict. Memory is flat when a line through the second half of the samples, the first half
 * being warm-up, rises by less than a twentieth, or by less than what a garbage collector leaves about.
 */

import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from './clock.ts';
import type { WindowHooks } from './measure.ts';
import type { Child } from './processes/child.ts';
import { heapUse } from './processes/probed.ts';
import { sampleProcess } from './processes/proc.ts';
import { slopeOf } from './statistics.ts';

/** A process to watch. */
export interface Watched {
  readonly child: Child;
  readonly dataDirectory: string;
  readonly statusUrl: string;
  readonly learner: boolean;
}

export interface ProcessUse {
  readonly name: string;
  readonly rssAnonBytes: number;
  readonly heapUsedBytes: number;
  readonly arrayBuffersBytes: number;
  readonly dataBytes: number;
  readonly height: number;
  /** In its committed order; of a learner, applied. */
  readonly transactions: number;
}

export interface MemorySample {
  /** From the opening of the window. */
  readonly atSeconds: number;
  readonly processes: readonly ProcessUse[];
}

export interface MemoryTrend {
  readonly name: string;
  readonly rssAnonBytesFirst: number;
  readonly rssAnonBytesLast: number;
  readonly rssAnonBytesMax: number;
  /** Of the second half. */
  readonly bytesPerMinute: number;
  readonly dataBytesLast: number;
  /** Undefined when there are too few samples to say. */
  readonly flat: boolean | undefined;
}

export interface LearnerTrend {
  /** Transactions that the signers had committed and the learner had not applied when the load ended. */
  readonly behind: number;
  /** Until it had applied them; undefined when that took more than a minute. */
  readonly caughtUpSeconds: number | undefined;
}

export interface MemoryResult {
  readonly everySeconds: number;
  readonly samples: readonly MemorySample[];
  readonly trends: readonly MemoryTrend[];
  readonly learner: LearnerTrend | undefined;
}

const samplesMin = 8;
const flatShare = 0.05;
const flatBytes = 8 << 20;
const catchUpMsMax = 60_000;
const catchUpPollMs = 100;

/** Bytes of all files below a directory; a file that goes away meanwhile counts nothing. */
function bytesBelow(directory: string): number {
  let bytes = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) bytes += bytesBelow(path);
    else bytes += statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  }
  return bytes;
}

/** What is used of `/v1/status` of a signer and of a learner. */
interface Status {
  readonly height: number;
  readonly engine?: { readonly transactions: number };
  readonly transactions?: { readonly score: number; readonly order: number };
}

async function progressOf(url: string): Promise<{ readonly height: number; readonly transactions: number }> {
  const { height, engine, transactions } = (await (await fetch(`${url}/v1/status`)).json()) as Status;
  return {
    height,
    transactions: engine?.transactions ?? (transactions?.score ?? 0) + (transactions?.order ?? 0),
  };
}

async function useOf({ child, dataDirectory, statusUrl }: Watched): Promise<ProcessUse> {
  const [heap, progress] = await Promise.all([heapUse(child), progressOf(statusUrl)]);
  return {
    name: child.name,
    rssAnonBytes: sampleProcess(child.pid)?.rssAnonBytes ?? 0,
    heapUsedBytes: heap.heapUsed,
    arrayBuffersBytes: heap.arrayBuffers,
    dataBytes: bytesBelow(dataDirectory),
    ...progress,
  };
}

/** What the samples of one process say. */
export function trendOf(samples: readonly MemorySample[], name: string): MemoryTrend {
  const points = samples.flatMap(({ atSeconds, processes }) => {
    const use = processes.find((one) => one.name === name);
    return use ? [{ atSeconds, use }] : [];
  });
  const second = points
    .slice(Math.floor(points.length / 2))
    .map(({ atSeconds, use }) => ({ x: atSeconds, y: use.rssAnonBytes }));
  const slope = slopeOf(second);
  const rises = slope * ((second.at(-1)?.x ?? 0) - (second[0]?.x ?? 0));
  const mean = second.reduce((sum, { y }) => sum + y, 0) / Math.max(1, second.length);
  return {
    name,
    rssAnonBytesFirst: points[0]?.use.rssAnonBytes ?? 0,
    rssAnonBytesLast: points.at(-1)?.use.rssAnonBytes ?? 0,
    rssAnonBytesMax: Math.max(0, ...points.map(({ use }) => use.rssAnonBytes)),
    bytesPerMinute: Math.round(60 * slope),
    dataBytesLast: points.at(-1)?.use.dataBytes ?? 0,
    flat: points.length < samplesMin ? undefined : rises < Math.max(flatBytes, flatShare * mean),
  };
}

/** Hooks of a measurement that watch it, and the result after it. */
export class MemoryWatch implements WindowHooks {
  readonly #watched: readonly Watched[];
  readonly #everySeconds: number;
  readonly #say: (text: string) => void;
  readonly #samples: MemorySample[] = [];
  #watching: Promise<void> = Promise.resolve();
  #open = false;
  #learner: LearnerTrend | undefined;

  constructor(watched: readonly Watched[], everySeconds: number, say: (text: string) => void) {
    this.#watched = watched;
    this.#everySeconds = everySeconds;
    this.#say = say;
  }

  async opened(): Promise<void> {
    this.#open = true;
    this.#watching = this.#watch();
  }

  async closed(): Promise<void> {
    this.#open = false;
    await this.#watching;
    this.#learner = await this.#catchUp();
  }

  result(): MemoryResult {
    const names = this.#watched.map(({ child }) => child.name);
    return {
      everySeconds: this.#everySeconds,
      samples: this.#samples,
      trends: names.map((name) => trendOf(this.#samples, name)),
      learner: this.#learner,
    };
  }

  async #watch(): Promise<void> {
    const startMs = nowMs();
    for (let due = 0; this.#open; due += 1000 * this.#everySeconds) {
      const restMs = startMs + due - nowMs();
      if (restMs > 0) await sleep(restMs);
      if (!this.#open) return;
      const sample: MemorySample = {
        atSeconds: (nowMs() - startMs) / 1000,
        processes: await Promise.all(this.#watched.map(useOf)),
      };
      this.#samples.push(sample);
      this.#tell(sample);
    }
  }

  #tell({ atSeconds, processes }: MemorySample): void {
    const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);
    const each = processes.map(
      ({ name, rssAnonBytes, heapUsedBytes, dataBytes }) =>
        `${name} ${megabytes(rssAnonBytes)}/${megabytes(heapUsedBytes)}/${megabytes(dataBytes)}`,
    );
    const most = Math.max(...processes.map(({ transactions }) => transactions));
    this.#say(
      `  ${atSeconds.toFixed(0).padStart(5)} s, ${most} ordered, MB resident/heap/disk: ${each.join(', ')}`,
    );
  }

  /** How far the learner is behind, and how long it takes to be there. */
  async #catchUp(): Promise<LearnerTrend | undefined> {
    const learner = this.#watched.find((one) => one.learner);
    const signer = this.#watched.find((one) => !one.learner);
    if (!learner || !signer) return undefined;
    const goal = (await progressOf(signer.statusUrl)).transactions;
    const startMs = nowMs();
    const first = (await progressOf(learner.statusUrl)).transactions;
    const behind = Math.max(0, goal - first);
    for (
      let at = first;
      nowMs() < startMs + catchUpMsMax;
      at = (await progressOf(learner.statusUrl)).transactions
    ) {
      if (at >= goal) return { behind, caughtUpSeconds: (nowMs() - startMs) / 1000 };
      await sleep(catchUpPollMs);
    }
    return { behind, caughtUpSeconds: undefined };
  }
}
