/**
 * A federation of real processes on loopback, for the demo and for tests that pull plugs: one process a
 * signer and one a learner, each with its home directory, started, killed and restarted at will.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { orFail } from '../fail.ts';
import { type TestnetSummary, testnetCommand } from '../testnet/testnet.ts';

/** One program under our control. */
interface Managed {
  readonly name: string;
  readonly args: readonly string[];
  readonly ready: string;
  readonly log: string;
  child: ChildProcess | undefined;
  /** We ended it; an exit without this is a failure. */
  expected: boolean;
}

/**
 * How long a process may take until it answers, and one look. A look counts this much at most: on a machine so busy
 * that we get no turn ourselves, or that stood still, the process had no turn either.
 */
const answerMs = 30_000;
const lookMs = 2000;
const lookCountsMs = 100;

/** The compiled program, whether we run from `dist` or from `src`. */
export function programPath(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) directory = dirname(directory);
  return join(directory, 'dist', 'src', 'cli', 'main.js');
}

async function portFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** First port of a range that is free on loopback; below the ephemeral ports. */
async function freeBase(signers: number): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const base = 10_000 + 500 * Math.floor(Math.random() * 40);
    const ports = [0, 100, 200].flatMap((block) =>
      Array.from({ length: signers }, (_, i) => base + block + i),
    );
    const free = await Promise.all([...ports, base + 300].map(portFree));
    if (free.every(Boolean)) return base;
  }
  throw new Error('no free range of ports on loopback');
}

export class Cluster {
  readonly summary: TestnetSummary;
  readonly #signers: Managed[];
  readonly #learner: Managed;
  readonly #failures: string[] = [];

  private constructor(summary: TestnetSummary, peerArguments: readonly string[]) {
    this.summary = summary;
    this.#signers = summary.homes.map((home) => ({
      name: home.name,
      args: ['start', '--home', home.home],
      ready: `${home.metrics}/livez`,
      log: join(home.home, 'log.jsonl'),
      child: undefined,
      expected: false,
    }));
    this.#learner = {
      name: 'learner',
      args: ['peer', '--home', summary.learner.home, ...peerArguments],
      ready: `${summary.learner.url}/livez`,
      log: join(summary.learner.home, 'log.jsonl'),
      child: undefined,
      expected: false,
    };
  }

  /** Makes the homes in `directory`, which must be new or empty. @throws CommandFailure */
  static async create(options: {
    readonly directory: string;
    readonly signers: number;
    readonly byzantine?: number;
    readonly faulty?: number;
    readonly peerArguments?: readonly string[];
  }): Promise<Cluster> {
    const { directory, peerArguments = [], ...rest } = options;
    const basePort = await freeBase(options.signers);
    const made = orFail(await testnetCommand({ ...rest, out: directory, basePort, host: '127.0.0.1' }));
    return new Cluster(made.json, peerArguments);
  }

  get urls(): string[] {
    return this.summary.homes.map((home) => home.url);
  }

  /** Processes that ended without being told to, one line each. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  async federationText(): Promise<string> {
    return readFile(this.summary.federation, 'utf8');
  }

  async start(): Promise<void> {
    await Promise.all([...this.#signers, this.#learner].map((one) => this.#start(one)));
  }

  async startSigner(index: number): Promise<void> {
    await this.#start(this.#signers[index]!);
  }

  async startLearner(): Promise<void> {
    await this.#start(this.#learner);
  }

  /** SIGKILL: no chance to write or say anything. */
  async killSigner(index: number): Promise<void> {
    await this.#end(this.#signers[index]!, 'SIGKILL');
  }

  async killLearner(): Promise<void> {
    await this.#end(this.#learner, 'SIGKILL');
  }

  /** Resident memory of each running process in bytes. */
  async memory(): Promise<Record<string, number>> {
    const sizes: Record<string, number> = {};
    for (const one of [...this.#signers, this.#learner]) {
      const text =
        one.child?.pid && (await readFile(`/proc/${one.child.pid}/status`, 'utf8').catch(() => ''));
      const kilobytes = text && /VmRSS:\s+(\d+)/.exec(text)?.[1];
      if (kilobytes) sizes[one.name] = Number(kilobytes) * 1024;
    }
    return sizes;
  }

  /** Ends everything in an orderly way; what does not end in 10 s is killed. */
  async stop(): Promise<void> {
    await Promise.all([...this.#signers, this.#learner].map((one) => this.#end(one, 'SIGTERM')));
  }

  async #start(one: Managed): Promise<void> {
    const log = openSync(one.log, 'a');
    const child = spawn(process.execPath, [programPath(), ...one.args], { stdio: ['ignore', log, log] });
    closeSync(log);
    one.child = child;
    one.expected = false;
    child.once('exit', (code, signal) => {
      if (one.child === child) one.child = undefined;
      if (!one.expected)
        this.#failures.push(`${one.name} ended by itself (${signal ?? code}); see ${one.log}`);
    });
    await this.#answers(one, child);
  }

  async #answers(one: Managed, child: ChildProcess): Promise<void> {
    for (let waitedMs = 0; waitedMs < answerMs; ) {
      if (child.exitCode !== null || child.signalCode !== null) break;
      const lookedAt = Date.now();
      const ok = await fetch(one.ready, { signal: AbortSignal.timeout(lookMs) }).then(
        (response) => response.ok,
        () => false,
      );
      if (ok) return;
      await sleep(25);
      waitedMs += Math.min(Date.now() - lookedAt, lookCountsMs);
    }
    const tail = (await readFile(one.log, 'utf8')).trim().split('\n').slice(-3).join('\n');
    throw new Error(`${one.name} does not answer at ${one.ready}:\n${tail}`);
  }

  async #end(one: Managed, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const { child } = one;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    one.expected = true;
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.kill(signal);
    const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(timer);
  }
}
