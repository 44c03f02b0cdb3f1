/**
 * CPU profiles of all processes over the window of one start, which does not count for the figures. The
 * profiler sees the main thread of each; what the other threads cost (syncs, garbage collection, the
 * compiler) is read from the kernel and stated apart.
 */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { WindowHooks } from '../measure.ts';
import type { Child } from '../processes/child.ts';
import type { CpuProfile } from '../processes/probe.ts';
import { startProfile, stopProfile } from '../processes/probed.ts';
import { processorSeconds } from '../processes/proc.ts';
import { type Breakdown, breakdownOf, meanBreakdown } from './phases.ts';

export interface ProfileResult {
  readonly servers: Breakdown;
  readonly clients: Breakdown;
  /** Of the servers' processor time, what threads other than the main one took, 0 to 1. */
  readonly otherThreads: number;
}

interface ThreadSeconds {
  readonly main: number;
  readonly all: number;
}

const secondsOf = (path: string): number => {
  const { user, system } = processorSeconds(readFileSync(path, 'utf8'));
  return user + system;
};

function threadSeconds(pid: number): ThreadSeconds {
  const tasks = readdirSync(`/proc/${pid}/task`);
  return {
    main: secondsOf(`/proc/${pid}/task/${pid}/stat`),
    all: tasks.reduce((sum, task) => sum + secondsOf(`/proc/${pid}/task/${task}/stat`), 0),
  };
}

/** Hooks of a measurement that profile it, and the result after it. */
export class Profiling implements WindowHooks {
  readonly #servers: readonly Child[];
  readonly #profiles: { name: string; profile: CpuProfile; server: boolean }[] = [];
  #before: ThreadSeconds[] = [];
  #after: ThreadSeconds[] = [];

  constructor(servers: readonly Child[]) {
    this.#servers = servers;
  }

  async opened(loaders: readonly Child[]): Promise<void> {
    this.#before = this.#servers.map(({ pid }) => threadSeconds(pid));
    await Promise.all([...this.#servers, ...loaders].map(startProfile));
  }

  async closed(loaders: readonly Child[]): Promise<void> {
    this.#after = this.#servers.map(({ pid }) => threadSeconds(pid));
    const all = [...this.#servers, ...loaders];
    const profiles = await Promise.all(all.map(stopProfile));
    for (const [i, profile] of profiles.entries())
      this.#profiles.push({ name: all[i]!.name, profile, server: i < this.#servers.length });
  }

  result(): ProfileResult {
    const of = (server: boolean): Breakdown =>
      meanBreakdown(
        this.#profiles.filter((one) => one.server === server).map(({ profile }) => breakdownOf(profile)),
      );
    const grown = (which: keyof ThreadSeconds): number =>
      this.#after.reduce((sum, seconds, i) => sum + seconds[which] - this.#before[i]![which], 0);
    const all = grown('all');
    return { servers: of(true), clients: of(false), otherThreads: all === 0 ? 0 : 1 - grown('main') / all };
  }

  /** Writes the profiles as files that browsers' developer tools open. @returns their paths. */
  write(directory: string, prefix: string): string[] {
    return this.#profiles.map(({ name, profile }) => {
      const path = join(directory, `${prefix}${name.replaceAll(' ', '-')}.cpuprofile`);
      writeFileSync(path, JSON.stringify(profile));
      return path;
    });
  }
}
