/** What a bench is asked for, checked: a mistake is one line that names the flag. */

import { accept, type Result, refuse } from '../src/base/result.ts';
import { defaultFaults, quorumOf } from '../src/ordering/quorum.ts';
import { isWritable } from './directory.ts';
import type { EtcdClient } from './etcd/connection.ts';
import type { KeyPlan } from './load/plan.ts';

/** As the command line gives them: numbers are numbers already. */
export interface BenchFlags {
  readonly signers?: number;
  readonly byzantine?: number;
  readonly faulty?: number;
  readonly fanout?: number;
  readonly clients?: number;
  readonly outstanding?: string;
  readonly rate?: number;
  readonly schedule?: string;
  readonly size?: number;
  readonly conflict?: number;
  readonly keys?: string;
  readonly seconds?: number;
  readonly warmup?: number;
  readonly starts?: number;
  readonly dead?: number;
  readonly liars?: number;
  readonly at?: string;
  readonly finality?: string;
  readonly against?: string;
  readonly etcdClient?: string;
  readonly profile?: boolean;
  readonly memory?: boolean;
  readonly every?: number;
  readonly learner?: boolean;
  readonly html?: string;
  readonly out?: string;
  readonly dir?: string;
  readonly keep?: boolean;
  readonly json?: boolean;
}

export interface BenchOptions {
  readonly signers: number;
  readonly byzantine: number;
  readonly faulty: number;
  readonly fanout: number | undefined;
  readonly clients: number;
  /** One load each; the same for both systems. */
  readonly outstanding: readonly number[];
  readonly ratePerSecond: number | undefined;
  readonly poisson: boolean;
  readonly bytes: number;
  readonly conflictPercent: number;
  readonly keys: KeyPlan;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly starts: number;
  readonly dead: number;
  readonly liars: number;
  readonly at: readonly number[] | undefined;
  readonly awaited: 'score' | 'order';
  /** Interleaves an etcd at the same load. */
  readonly etcd: boolean;
  readonly etcdClient: EtcdClient;
  /** One more start of each load, with a CPU profile of every process. */
  readonly profile: boolean;
  /** Seconds between two samples of memory; undefined for none. */
  readonly memoryEverySeconds: number | undefined;
  readonly learner: boolean;
  readonly directory: string | undefined;
  readonly keep: boolean;
}

const bad = (flag: string, expected: string, found: unknown): Result<never> =>
  refuse('BAD_OPTION', `--${flag}: expected ${expected}, found ${JSON.stringify(found)}`);

/** The loads of the table in docs/performance.md. */
const tableOutstanding = [1, 10, 50, 2000] as const;
/** Under way at most in an open loop: what is beyond waits in the load process, and its time runs. */
const openLoopOutstanding = 20_000;
const keysDefault = 10_000;
const zipfExponentDefault = 0.99;
const memoryEverySecondsDefault = 5;

function numbers(flag: string, text: string, min: number, max: number): Result<number[]> {
  const list = text.split(',').map((part) => (/^\d{1,9}$/.test(part.trim()) ? Number(part) : Number.NaN));
  return list.every((value) => value >= min && value <= max)
    ? accept(list)
    : bad(flag, `whole numbers from ${min} to ${max}, separated by commas`, text);
}

function keysOf(text: string): Result<KeyPlan> {
  const [kind, parameter, count, ...rest] = text.split(':');
  const expected = 'distinct, uniform[:COUNT] or zipf[:EXPONENT[:COUNT]]';
  const whole = (part: string | undefined): number => (part === undefined ? keysDefault : Number(part));
  if (kind === 'distinct' && parameter === undefined) return accept({ kind });
  if (kind === 'uniform' && count === undefined && isCount(whole(parameter)))
    return accept({ kind, count: whole(parameter) });
  const exponent = parameter === undefined ? zipfExponentDefault : Number(parameter);
  if (kind === 'zipf' && rest.length === 0 && exponent > 0 && exponent <= 10 && isCount(whole(count)))
    return accept({ kind, count: whole(count), exponent });
  return bad('keys', expected, text);
}

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 1 && value <= 10_000_000;

function inRange(flags: BenchFlags): Result<undefined> {
  const ranges: readonly (readonly [keyof BenchFlags, number, number])[] = [
    ['signers', 1, 400],
    ['clients', 1, 256],
    ['size', 0, 1 << 20],
    ['conflict', 0, 100],
    ['seconds', 1, 86_400],
    ['warmup', 0, 3600],
    ['starts', 1, 100],
    ['rate', 1, 10_000_000],
    ['every', 1, 3600],
  ];
  for (const [flag, min, max] of ranges) {
    const value = flags[flag] as number | undefined;
    if (value !== undefined && !(value >= min && value <= max))
      return bad(flag, `a number from ${min} to ${max}`, value);
  }
  return accept(undefined);
}

/** Which signers the load goes to. */
function placesOf({ at }: BenchFlags, signers: number, dead: number): Result<readonly number[] | undefined> {
  if (at === undefined) return accept(undefined);
  const places = numbers('at', at, 0, signers - 1);
  if (!places.ok) return places;
  const killed = places.value.find((place) => place >= signers - dead);
  return killed === undefined
    ? places
    : bad('at', `signers that --dead leaves alive, below ${signers - dead}`, at);
}

function oneOf<T extends string>(
  flag: string,
  found: string | undefined,
  choices: readonly [T, ...T[]],
): Result<T> {
  if (found === undefined) return accept(choices[0]);
  return choices.includes(found as T) ? accept(found as T) : bad(flag, choices.join(' or '), found);
}

/** @returns a refusal that names the flag at fault. */
/**
 * Seconds until the functions of all signers are optimised: each has its own compiler, and they share the cores.
 * By size of the federation.
 */
const warmupDefault = (signers: number): number => Math.max(8, Math.ceil(1.5 * signers));

export function benchOptions(flags: BenchFlags): Result<BenchOptions> {
  const ranges = inRange(flags);
  if (!ranges.ok) return ranges;
  const { signers = 4, dead = 0, liars = 0, rate } = flags;
  if (dead + liars >= signers)
    return bad('dead', `fewer dead and lying signers than ${signers}`, dead + liars);
  const { faulty = defaultFaults(signers), byzantine = Math.min(faulty, defaultFaults(signers)) } = flags;
  const quorum = quorumOf(signers, byzantine, faulty);
  if (!quorum.ok) return refuse('BAD_OPTION', `--byzantine, --faulty: ${quorum.error.message}`);
  if (flags.dir !== undefined && !isWritable(flags.dir))
    return bad('dir', 'a directory that can be written to', flags.dir);
  const outstanding =
    flags.outstanding === undefined
      ? accept(defaultOutstanding(flags))
      : numbers('outstanding', flags.outstanding, 1, 1_000_000);
  if (!outstanding.ok) return outstanding;
  const keys = keysOf(flags.keys ?? 'distinct');
  if (!keys.ok) return keys;
  const at = placesOf(flags, signers, dead);
  if (!at.ok) return at;
  const awaited = oneOf('finality', flags.finality, ['score', 'order']);
  if (!awaited.ok) return awaited;
  const schedule = oneOf('schedule', flags.schedule, ['poisson', 'fixed']);
  if (!schedule.ok) return schedule;
  const against = oneOf<'' | 'etcd'>('against', flags.against, ['', 'etcd']);
  if (!against.ok || flags.against === '') return bad('against', 'etcd', flags.against);
  const etcdClient = oneOf<EtcdClient>('etcd-client', flags.etcdClient, ['grpc', 'lean']);
  if (!etcdClient.ok) return etcdClient;
  return accept({
    signers,
    byzantine,
    faulty,
    fanout: flags.fanout,
    clients: flags.clients ?? 1,
    outstanding: outstanding.value,
    ratePerSecond: rate,
    poisson: schedule.value === 'poisson',
    bytes: flags.size ?? 100,
    conflictPercent: flags.conflict ?? 0,
    keys: keys.value,
    seconds: flags.seconds ?? 5,
    warmupSeconds: flags.warmup ?? warmupDefault(signers),
    starts: flags.starts ?? 3,
    dead,
    liars,
    at: at.value,
    awaited: awaited.value,
    etcd: against.value === 'etcd',
    etcdClient: etcdClient.value,
    profile: flags.profile ?? false,
    memoryEverySeconds: flags.memory || flags.every ? (flags.every ?? memoryEverySecondsDefault) : undefined,
    learner: flags.learner ?? false,
    directory: flags.dir,
    keep: flags.keep ?? false,
  });
}

/** `--json` alone prints one object, so it measures one load: the last of the table. */
function defaultOutstanding({ rate, json, against }: BenchFlags): readonly number[] {
  if (rate !== undefined) return [openLoopOutstanding];
  return json && against === undefined ? tableOutstanding.slice(-1) : tableOutstanding;
}
