/**
 * A federation of real signers on loopback, made and started by the same commands that a user types
 * (`musig-paxos testnet`, `musig-paxos start`), so that what is measured is what is shipped. Two lines of
 * each `signer.toml` differ: bodies are opaque unless a learner applies them, and one client may have as
 * much under way as the load asks for.
 */

import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Watched } from '../memory.ts';
import { compiled, program } from '../paths.ts';
import { Child } from '../processes/child.ts';
import { freePorts } from '../processes/ports.ts';
import { probeArguments } from '../processes/probed.ts';
import { answers } from '../processes/ready.ts';
import { metricSum } from './metrics.ts';
import type { ServerCounters, SystemUnderTest } from './system.ts';

export interface MusigOptions {
  readonly signers: number;
  readonly byzantine: number;
  readonly faulty: number;
  readonly fanout: number | undefined;
  /** Signers killed before the measurement: the last ones. */
  readonly dead: number;
  /** Signers that lie in every vote: the first ones. */
  readonly liars: number;
  /** Signers that the load goes to; all that live when undefined. */
  readonly at: readonly number[] | undefined;
  readonly documents: boolean;
  readonly learner: boolean;
  /** At one signer, by one client. */
  readonly outstanding: number;
}

/** What is used of `testnet --json`. */
interface Testnet {
  readonly federation: string;
  readonly homes: readonly {
    readonly name: string;
    readonly home: string;
    readonly url: string;
    readonly metrics: string;
  }[];
  readonly learner: { readonly home: string; readonly url: string };
}

const portStride = 100;

async function makeTestnet(directory: string, options: MusigOptions): Promise<Testnet> {
  const { signers } = options;
  const stride = Math.ceil(signers / portStride) * portStride;
  const each = (block: number): number[] => Array.from({ length: signers }, (_, i) => block * stride + i);
  const basePort = await freePorts([...each(0), ...each(1), ...each(2), 3 * stride]);
  const flag = (name: string, value: number | undefined): string[] =>
    value === undefined ? [] : [name, String(value)];
  const args = [
    program(),
    'testnet',
    ...flag('--signers', signers),
    ...flag('--byzantine', options.byzantine),
    ...flag('--faulty', options.faulty),
    ...flag('--fanout', options.fanout),
    ...flag('--base-port', basePort),
    ...['--out', join(directory, 'testnet'), '--json'],
  ];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args);
    return JSON.parse(stdout) as Testnet;
  } catch (error) {
    throw new Error(`testnet: ${(error as { stderr?: string }).stderr?.trim() || String(error)}`);
  }
}

/** Sets one field of a configuration file. @throws when the file has no such line. */
async function setField(path: string, name: string, value: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  const line = new RegExp(`^${name} = .*$`, 'm');
  if (!line.test(text)) throw new Error(`${path}: there is no line for ${name}`);
  await writeFile(path, text.replace(line, `${name} = ${value}`));
}

export class MusigFederation implements SystemUnderTest {
  readonly name = 'musig-paxos';
  readonly all: readonly string[];
  readonly at: readonly string[];
  readonly dealt: boolean;
  readonly federation: string;
  readonly servers: readonly Child[];
  readonly watched: readonly Watched[];
  readonly #learner: Child | undefined;
  readonly #metrics: readonly string[];

  private constructor(
    testnet: Testnet,
    federation: string,
    options: MusigOptions,
    signers: readonly Child[],
    learner: Child | undefined,
  ) {
    const live = options.signers - options.dead;
    this.federation = federation;
    this.all = testnet.homes.map(({ url }) => url);
    this.at = (options.at ?? Array.from({ length: live }, (_, i) => i)).map((i) => this.all[i]!);
    this.dealt = options.at !== undefined;
    this.servers = signers.slice(0, live);
    this.#learner = learner;
    this.watched = [
      ...this.servers.map((child, i) => {
        const { home, url } = testnet.homes[i]!;
        return { child, dataDirectory: join(home, 'data'), statusUrl: url, learner: false };
      }),
      ...(learner ? [{ child: learner, ...learnerPlaces(testnet) }] : []),
    ];
    this.#metrics = testnet.homes.slice(0, live).map(({ metrics }) => metrics);
  }

  /** Makes and starts a federation in an empty directory. @throws with one line. */
  static async start(directory: string, options: MusigOptions): Promise<MusigFederation> {
    const testnet = await makeTestnet(directory, options);
    for (const { home } of testnet.homes) {
      const path = join(home, 'signer.toml');
      await setField(path, 'check', options.documents ? '"documents"' : '"none"');
      await setField(path, 'outstanding_per_client_max', String(Math.max(4096, 2 * options.outstanding)));
    }
    const children = testnet.homes.map(({ name, home }, i) => {
      const main =
        i < options.liars ? [compiled('bench', 'systems', 'liar.js')] : [program(), 'start', '--home'];
      return new Child({
        name,
        command: process.execPath,
        args: [...probeArguments(), ...main, home],
        log: join(home, 'log.jsonl'),
      });
    });
    await Promise.all(children.map((child, i) => answers(child, `${testnet.homes[i]!.metrics}/readyz`)));
    const learner = options.learner ? await startLearner(testnet) : undefined;
    for (const child of children.slice(options.signers - options.dead)) await child.end('SIGKILL');
    return new MusigFederation(
      testnet,
      await readFile(testnet.federation, 'utf8'),
      options,
      children,
      learner,
    );
  }

  async counters(): Promise<readonly ServerCounters[]> {
    return Promise.all(
      this.#metrics.map(async (url) => {
        const text = await (await fetch(`${url}/metrics`)).text();
        return {
          syncs: metricSum(text, 'musig_paxos_flush_seconds_count'),
          signatureChecks: metricSum(text, 'musig_paxos_verify_seconds_count'),
        };
      }),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(
      [...this.servers, ...(this.#learner ? [this.#learner] : [])].map((child) => child.end('SIGKILL')),
    );
  }
}

const learnerPlaces = ({ learner }: Testnet) => ({
  dataDirectory: join(learner.home, 'data'),
  statusUrl: learner.url,
  learner: true,
});

async function startLearner({ learner }: Testnet): Promise<Child> {
  const child = new Child({
    name: 'learner',
    command: process.execPath,
    args: [...probeArguments(), program(), 'peer', '--home', learner.home],
    log: join(learner.home, 'log.jsonl'),
  });
  await answers(child, `${learner.url}/livez`);
  return child;
}
