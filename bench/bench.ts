/**
 * `musig-paxos bench`: each load is measured on fresh starts in fresh directories, and the median of the
 * starts is reported with its spread. With `--against` the other system's starts come in between, one of ours
 * and one of theirs in turn, so that what the machine does meanwhile happens to both.
 */

import { defaultParent, isInMemory, makeDirectory, removeDirectory } from './directory.ts';
import { etcdVersion } from './etcd/program.ts';
import { describeMachine, type Machine } from './machine.ts';
import { type Load, loadName, type Measurement, measure, type WindowHooks } from './measure.ts';
import { MemoryWatch } from './memory.ts';
import type { BenchOptions } from './options.ts';
import { Profiling } from './profile/collect.ts';
import { type BenchResult, comparedWith, resultOf } from './result.ts';
import { EtcdCluster, etcdServers } from './systems/etcd.ts';
import { MusigFederation } from './systems/musig.ts';
import type { SystemUnderTest } from './systems/system.ts';

/** Says what happens, on stderr: stdout is for the figures. */
export type Say = (text: string) => void;

interface Contestant {
  readonly name: BenchResult['system'];
  readonly servers: number;
  start(directory: string, load: Load): Promise<SystemUnderTest>;
}

/** What is kept of one load: results for programs, measurements for the report. */
export interface LoadOutcome {
  readonly load: Load;
  readonly results: readonly BenchResult[];
  /** As the results: of each system, one for each start. */
  readonly measured: readonly (readonly Measurement[])[];
  readonly profiling: Profiling | undefined;
}

function contestants(options: BenchOptions): Contestant[] {
  const own: Contestant = {
    name: 'musig-paxos',
    servers: options.signers,
    start: (directory, { outstanding, documents }) =>
      MusigFederation.start(directory, { ...options, outstanding, documents }),
  };
  const etcd: Contestant = { name: 'etcd', servers: etcdServers, start: EtcdCluster.start };
  return options.etcd ? [own, etcd] : [own];
}

class Bench {
  readonly #options: BenchOptions;
  readonly #say: Say;
  /** Where the directories of the starts are made. */
  readonly parent: string;

  constructor(options: BenchOptions, say: Say) {
    this.#options = options;
    this.#say = say;
    this.parent = options.directory ?? defaultParent();
  }

  get onDisk(): boolean {
    return !isInMemory(this.parent);
  }

  async load(outstanding: number): Promise<LoadOutcome> {
    const load: Load = { ...this.#options, outstanding, documents: this.#options.learner };
    const all = contestants(this.#options);
    const measured = all.map((): Measurement[] => []);
    const watches: MemoryWatch[] = [];
    const watching = ({ watched }: SystemUnderTest): WindowHooks => {
      const { memoryEverySeconds } = this.#options;
      if (memoryEverySeconds === undefined || watched.length === 0) return {};
      const watch = new MemoryWatch(watched, memoryEverySeconds, this.#say);
      watches.push(watch);
      return watch;
    };
    for (let start = 0; start < this.#options.starts; start++)
      for (const [i, one] of all.entries()) {
        const figures = await this.#fresh(one, load, watching);
        measured[i]!.push(figures);
        this.#tell(one, load, `start ${start + 1} of ${this.#options.starts}`, figures);
      }
    const profile = this.#options.profile ? await this.#profiled(all[0]!, load) : undefined;
    const [own, ...others] = all.map(({ name, servers }, i) =>
      resultOf({ system: name, servers, load, onDisk: this.onDisk }, measured[i]!),
    );
    const other = others[0];
    const memory = watches.at(-1)?.result();
    const whole: BenchResult = {
      ...own!,
      ...(other && { against: comparedWith(own!, other) }),
      ...(profile && { profile: profile.result() }),
      ...(memory && { memory }),
    };
    return { load, results: [whole, ...others], measured, profiling: profile };
  }

  /** Starts a system, measures it, and leaves nothing behind. */
  async #fresh(
    contestant: Contestant,
    load: Load,
    hooks: (system: SystemUnderTest) => WindowHooks,
  ): Promise<Measurement> {
    const directory = makeDirectory(this.parent);
    try {
      const system = await contestant.start(directory, load);
      try {
        return await measure(system, load, directory, hooks(system));
      } finally {
        await system.stop();
      }
    } finally {
      if (this.#options.keep) this.#say(`kept: ${directory}`);
      else removeDirectory(directory);
    }
  }

  async #profiled(contestant: Contestant, load: Load): Promise<Profiling> {
    let profiling: Profiling | undefined;
    const figures = await this.#fresh(contestant, load, (system) => {
      profiling = new Profiling(system.servers);
      return profiling;
    });
    this.#tell(contestant, load, 'profiled, not counted', figures);
    return profiling!;
  }

  #tell({ name }: Contestant, load: Load, what: string, one: Measurement): void {
    const rate = Math.round(one.confirmed / one.seconds);
    this.#say(
      `${name}, ${loadName(load)}, ${what}: ${rate}/s, p50 ${one.latency.quantile(0.5).toFixed(2)} ms`,
    );
    if (one.failed > 0) this.#say(`  ${one.failed} failed, the first: ${one.failures[0]}`);
  }
}

export interface BenchOutcome {
  readonly machine: Machine;
  readonly loads: readonly LoadOutcome[];
}

/** Runs all loads. @throws with one line when a process ends or a system does not start. */
export async function runBench(options: BenchOptions, say: Say): Promise<BenchOutcome> {
  const etcd = options.etcd ? etcdVersion(say) : undefined;
  const bench = new Bench(options, say);
  if (!bench.onDisk)
    say(
      'warning: the directory for data is kept in memory, nothing is durable there; name another with --dir',
    );
  const machine = describeMachine(bench.parent, etcd);
  const loads: LoadOutcome[] = [];
  for (const outstanding of options.outstanding) loads.push(await bench.load(outstanding));
  return { machine, loads };
}
