/**
 * One measurement of one fresh start: load processes connect, load it for the warm-up, and count through a
 * window that all processes know by the shared clock. Processor time is what the kernel charged the
 * processes in that window, all their threads and system calls included.
 */

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { nowMs } from './clock.ts';
import { Histogram } from './histogram.ts';
import type { FromLoad, LoadPlan, ToLoad } from './load/plan.ts';
import { compiled } from './paths.ts';
import { Child } from './processes/child.ts';
import { probeArguments } from './processes/probed.ts';
import { type ProcessSample, sampleProcess } from './processes/proc.ts';
import type { SystemUnderTest } from './systems/system.ts';

export interface Load {
  readonly clients: number;
  /** Of all load processes together. */
  readonly outstanding: number;
  readonly ratePerSecond: number | undefined;
  readonly poisson: boolean;
  readonly bytes: number;
  readonly keys: LoadPlan['keys'];
  readonly conflictPercent: number;
  readonly awaited: 'score' | 'order';
  readonly documents: boolean;
  readonly etcdClient: LoadPlan['etcdClient'];
  readonly seconds: number;
  readonly warmupSeconds: number;
}

interface NamedLoad {
  readonly outstanding: number;
  readonly ratePerSecond?: number | undefined;
}

/** What a load is called where people read. */
export const loadName = ({ outstanding, ratePerSecond }: NamedLoad): string =>
  ratePerSecond === undefined ? `${outstanding} outstanding` : `${ratePerSecond} a second`;

/** Of a group of processes, over the window. */
export interface Usage {
  readonly userSeconds: number;
  readonly systemSeconds: number;
  readonly contextSwitches: number;
  readonly bytesWritten: number;
  /** At the end, the largest of the processes. */
  readonly rssAnonBytesMax: number;
}

export interface Measurement {
  /** Those whose latency counts. */
  readonly transactions: number;
  /** Confirmed in the window: the same in a closed loop. */
  readonly confirmed: number;
  readonly seconds: number;
  readonly latency: Histogram;
  readonly score: number;
  readonly order: number;
  readonly rejected: number;
  readonly failed: number;
  readonly failures: readonly string[];
  readonly servers: Usage;
  readonly clients: Usage;
  /** Every server that runs synced its disk in the window. */
  readonly synced: boolean;
  /** Every server checked signatures, and receipts were verified once more offline. */
  readonly verified: boolean;
}

/** Time for the word to start to reach everybody. */
const leadMs = 50;

const loadProcess = (directory: string, index: number): Child =>
  new Child({
    name: `load process ${index}`,
    command: process.execPath,
    args: [...probeArguments(), compiled('bench', 'load', 'worker.js')],
    log: join(directory, `load-${index}.log`),
  });

const tell = (child: Child, message: ToLoad): void => child.send(message);

/** For what a load process says at once, and for the last answers of an open loop. */
const answerMsMax = 90_000;

/**
 * The next message of a load process of this type. @param inMs when it is due.
 * @throws what it reports instead, that it ended, or that it said nothing in time.
 */
async function told<T extends FromLoad['type']>(
  child: Child,
  type: T,
  inMs = 0,
): Promise<Extract<FromLoad, { type: T }>> {
  const late = new AbortController();
  const tooLate = sleep(inMs + answerMsMax, undefined, { signal: late.signal }).then((): never => {
    throw new Error(`${child.name} does not answer`);
  });
  // Called off below.
  tooLate.catch(() => undefined);
  try {
    const message = await Promise.race([child.next<FromLoad>(type, 'error'), tooLate]);
    if (message.type === 'error') throw new Error(`${child.name}: ${message.message}`);
    return message as Extract<FromLoad, { type: T }>;
  } finally {
    late.abort();
  }
}

/** Part `index` of a whole dealt over `count`. */
const share = (whole: number, count: number, index: number): number =>
  Math.floor(whole / count) + (index < whole % count ? 1 : 0);

function planOf(system: SystemUnderTest, load: Load, index: number): LoadPlan {
  const { clients, seconds: _s, warmupSeconds: _w, ...rest } = load;
  // Each process has another home, or begins at another place: few outstanding writes spread too.
  const turn = index % system.at.length;
  const places = [...system.at.slice(turn), ...system.at.slice(0, turn)];
  return {
    ...rest,
    system: system.name,
    at: system.dealt ? places : places.slice(0, 1),
    all: system.all,
    federation: system.federation,
    outstanding: share(load.outstanding, clients, index),
    ratePerSecond: load.ratePerSecond === undefined ? undefined : load.ratePerSecond / clients,
    seed: `client-${index}`,
  };
}

function usageOf(
  before: readonly (ProcessSample | undefined)[],
  after: readonly (ProcessSample | undefined)[],
): Usage {
  const usage = { userSeconds: 0, systemSeconds: 0, contextSwitches: 0, bytesWritten: 0, rssAnonBytesMax: 0 };
  for (const [i, end] of after.entries()) {
    const start = before[i];
    if (!start || !end) continue;
    usage.userSeconds += end.userSeconds - start.userSeconds;
    usage.systemSeconds += end.systemSeconds - start.systemSeconds;
    usage.contextSwitches += end.contextSwitches - start.contextSwitches;
    usage.bytesWritten += end.bytesWritten - start.bytesWritten;
    usage.rssAnonBytesMax = Math.max(usage.rssAnonBytesMax, end.rssAnonBytes);
  }
  return usage;
}

/** Called when the window opens and when it closes. */
export interface WindowHooks {
  opened?(loaders: readonly Child[]): Promise<void>;
  closed?(loaders: readonly Child[]): Promise<void>;
}

/** Loads a running system. @throws with one line when a process of either side ends. */
export async function measure(
  system: SystemUnderTest,
  load: Load,
  directory: string,
  hooks: WindowHooks = {},
): Promise<Measurement> {
  const loaders = Array.from({ length: load.clients }, (_, i) => loadProcess(directory, i));
  const failed = Promise.race([...system.servers, ...loaders].map((one) => one.failed));
  failed.catch(() => undefined);
  try {
    return await Promise.race([measureWith(loaders, system, load, hooks), failed]);
  } finally {
    await Promise.all(loaders.map((child) => child.end('SIGKILL')));
  }
}

async function measureWith(
  loaders: readonly Child[],
  system: SystemUnderTest,
  load: Load,
  hooks: WindowHooks,
): Promise<Measurement> {
  await Promise.all(loaders.map((loader) => told(loader, 'listening')));
  for (const [i, loader] of loaders.entries()) tell(loader, { type: 'plan', plan: planOf(system, load, i) });
  await Promise.all(loaders.map((loader) => told(loader, 'ready')));
  const countersBefore = await system.counters();
  const fromMs = nowMs() + leadMs + 1000 * load.warmupSeconds;
  const toMs = fromMs + 1000 * load.seconds;
  for (const loader of loaders) tell(loader, { type: 'go', fromMs, toMs });

  const sample = () => ({
    servers: system.servers.map(({ pid }) => sampleProcess(pid)),
    clients: loaders.map(({ pid }) => sampleProcess(pid)),
    atMs: nowMs(),
  });
  await sleep(fromMs - nowMs());
  const before = sample();
  await hooks.opened?.(loaders);
  await sleep(toMs - nowMs());
  const after = sample();
  await hooks.closed?.(loaders);

  for (const loader of loaders) tell(loader, { type: 'report' });
  const results = await Promise.all(
    loaders.map(async (loader) => (await told(loader, 'result', toMs - nowMs())).result),
  );
  const countersAfter = await system.counters();
  const grew = (of: 'syncs' | 'signatureChecks'): boolean =>
    countersAfter.length > 0 &&
    countersAfter.every((counters, i) => counters[of] > (countersBefore[i]?.[of] ?? 0));
  const sum = (of: 'confirmed' | 'score' | 'order' | 'rejected' | 'failed' | 'verifiedAgain'): number =>
    results.reduce((total, result) => total + result[of], 0);
  const latency = new Histogram();
  for (const result of results) latency.merge(result.latency);
  // Processor time was read a moment early or late: it is scaled to the window.
  const stretch = (1000 * load.seconds) / (after.atMs - before.atMs);
  return {
    transactions: latency.count,
    confirmed: sum('confirmed'),
    seconds: load.seconds,
    latency,
    score: sum('score'),
    order: sum('order'),
    rejected: sum('rejected'),
    failed: sum('failed'),
    failures: results.flatMap((result) => result.failures),
    servers: scaled(usageOf(before.servers, after.servers), stretch),
    clients: scaled(usageOf(before.clients, after.clients), stretch),
    synced: grew('syncs'),
    verified: grew('signatureChecks') && sum('verifiedAgain') > 0,
  };
}

const scaled = (usage: Usage, factor: number): Usage => ({
  ...usage,
  userSeconds: usage.userSeconds * factor,
  systemSeconds: usage.systemSeconds * factor,
});
