/**
 * One simulation: a federation drawn from a seed, clients, faults, liars; then everything heals except
 * the liars, progress is demanded, and the checkers read the history. The same options give the same run,
 * byte for byte. A report says how to run it again.
 */

import { allSigners, type SignerId, type TransactionId } from '../src/base/ids.ts';
import type { FederationLimits } from '../src/messages/federation.ts';
import {
  type AdversaryName,
  adversaryNames,
  buildStrategies,
  type Chosen,
  choose,
} from './adversaries/catalog.ts';
import { corrupt, Liar } from './adversaries/liar.ts';
import { allCheckers } from './checkers/all.ts';
import { type Checker, type Finding, runCheckers, type Verdict } from './checkers/checker.ts';
import { type History, type Progress, Recorder } from './checkers/history.ts';
import { convicts } from './evidence.ts';
import { type FaultPlan, Faults, noFaults, planFaults } from './faults.ts';
import { Random } from './random.ts';
import { checkBody, scheduleWorkload } from './workload.ts';
import { World } from './world.ts';

export interface SimulationOptions {
  readonly seed: string;
  readonly signers: number;
  /** `f` and `t` of the federation. */
  readonly byzantine: number;
  readonly faulty: number;
  /** Signers that lie; default 1 if the federation stands one and there are adversaries, else 0. */
  readonly liars?: number;
  /** Strategies of every liar; default `random`: one to three, drawn from the seed. */
  readonly adversaries?: 'random' | 'none' | readonly AdversaryName[];
  readonly faults?: 'random' | 'none' | FaultPlan;
  readonly transactions?: number;
  /** Virtual time with faults, in ms. */
  readonly durationMs?: number;
  /** Virtual time in ms within which everything must be ordered once faults end. */
  readonly progressMs?: number;
  readonly checkers?: readonly Checker[];
  /** Called with the world before it starts, to watch it or to stage something in it. */
  readonly watch?: (world: World) => void;
}

export interface Report {
  readonly seed: string;
  readonly signers: number;
  readonly byzantine: number;
  readonly faulty: number;
  readonly liars: readonly { readonly signer: SignerId; readonly strategies: readonly Chosen[] }[];
  readonly faults: FaultPlan;
  readonly limits: Partial<FederationLimits>;
  readonly events: number;
  readonly messages: number;
  readonly virtualMs: number;
  readonly traceHash: string;
  readonly height: number;
  /** Transactions that clients sent. */
  readonly transactions: number;
  /** How each became final first, at any honest signer; `open`: not at all. */
  readonly finality: { readonly score: number; readonly order: number; readonly open: number };
  readonly checks: Readonly<Record<string, Verdict>>;
  /** Why a check is not ok. */
  readonly objections: Readonly<Record<string, readonly string[]>>;
  /** Signers that some evidence names. */
  readonly blamed: readonly SignerId[];
  /** Virtual time from submission to the first delivery at an honest signer. */
  readonly latencyMs: { readonly p50: number; readonly p90: number; readonly p99: number };
  /** The command that runs this again. */
  readonly replay: string;
}

export const defaults = { transactions: 60, durationMs: 3000, progressMs: 120_000 } as const;

/** Every check is ok. */
export const passed = (report: Report): boolean =>
  Object.values(report.checks).every((verdict) => verdict === 'ok');

export function simulate(options: SimulationOptions): Report {
  const setup = new Random(`${options.seed}/setup`);
  const limits = drawLimits(setup);
  const world = new World({
    seed: options.seed,
    signers: options.signers,
    byzantine: options.byzantine,
    faulty: options.faulty,
    fanout: setup.pick([2, 2, 3]),
    limits,
    check: checkBody,
  });
  const durationMs = options.durationMs ?? defaults.durationMs;
  const liars = drawLiars(world, options, setup);
  const recorder = new Recorder(world, (evidence) => convicts(evidence, world.federation.verifier));
  const plan = drawFaults(world, options, durationMs);
  const faults = new Faults(world, plan);
  faults.schedule();
  const transactions = options.transactions ?? defaults.transactions;
  scheduleWorkload(world, world.random.stream('workload'), { transactions, durationMs });
  options.watch?.(world);
  world.start();
  world.run(durationMs + 200);
  faults.healAll();
  const progress = demandProgress(world, recorder, options.progressMs ?? defaults.progressMs);
  const history = recorder.history(progress);
  const findings = runCheckers(options.checkers ?? allCheckers, history);
  return reportOf(options, world, history, findings, { liars, faults: plan, limits });
}

function drawLimits(random: Random): Partial<FederationLimits> {
  return {
    checkpointAfterMs: random.pick([200, 800]),
    viewTimeoutMs: 300,
    levelTimeoutMs: 40,
    freezeAfterMs: random.pick([500, 2000]),
    leaderTerm: random.pick([2, 3, 8, 32]),
    window: random.pick([4, 16, 1024]),
    checkpointBatches: random.pick([3, 16, 64]),
  };
}

function drawLiars(world: World, options: SimulationOptions, random: Random): Report['liars'] {
  const wanted = options.adversaries ?? 'random';
  const count = wanted === 'none' ? 0 : (options.liars ?? Math.min(1, options.byzantine));
  const ids = random
    .shuffled(allSigners(options.signers))
    .slice(0, count)
    .sort((a, b) => a - b);
  return ids.map((id) => {
    const drawn = world.random.stream(`liar ${id}`);
    const names =
      typeof wanted === 'string' ? drawn.shuffled(adversaryNames).slice(0, drawn.integer(1, 4)) : wanted;
    const strategies = names.map((name) => choose(name, drawn));
    const liar = new Liar(world, id, drawn.stream('acts'));
    corrupt(liar, buildStrategies(liar, strategies), Number.POSITIVE_INFINITY);
    return { signer: id, strategies };
  });
}

function drawFaults(world: World, options: SimulationOptions, durationMs: number): FaultPlan {
  const wanted = options.faults ?? 'random';
  if (wanted === 'none') return noFaults;
  if (wanted !== 'random') return wanted;
  const mayCrash = allSigners(options.signers).filter((id) => !world.byzantine.has(id));
  return planFaults(world.random.stream('faults'), { n: options.signers, durationMs, mayCrash });
}

/** New transactions at every honest signer, and a bound for them and for all that was accepted before. */
function demandProgress(world: World, recorder: Recorder, boundMs: number): Progress {
  const honest = world.nodes.filter((node) => !world.byzantine.has(node.signer.id));
  for (const { signer } of honest) world.submit(signer.id, world.transaction(['after the faults']));
  const until = world.now + boundMs;
  let open = openWork(world, recorder);
  while (open.length > 0 && world.now < until && world.failures.length === 0) {
    world.run(world.now + 25);
    open = openWork(world, recorder);
  }
  return { boundMs, reached: open.length === 0, open };
}

/** What is not finished yet, in words; a few pieces are enough. */
function openWork(world: World, recorder: Recorder): string[] {
  const accepted = new Set<TransactionId>();
  for (const entry of recorder.entries)
    if (entry.kind === 'event' && entry.event.type === 'accepted')
      for (const id of entry.event.transactions) accepted.add(id);
  const open: string[] = [];
  const heights = new Set<number>();
  for (const { engine, signer } of world.nodes) {
    if (world.byzantine.has(signer.id)) continue;
    if (!engine) {
      open.push(`s${signer.id} is down`);
      continue;
    }
    const { committed, ahead } = engine.order;
    heights.add(committed.height);
    const { queued } = engine.status();
    if (queued > 0) open.push(`s${signer.id} has ${queued} transactions queued`);
    if (ahead.size > 0) open.push(`s${signer.id} has ${ahead.size} batches that are in no block`);
    const missing = [...accepted].filter((id) => !committed.transactionSeen(id));
    if (missing.length > 0)
      open.push(`s${signer.id} lacks ${missing.length} of ${accepted.size} accepted transactions`);
  }
  if (heights.size > 1) open.push(`heights differ: ${[...heights].join()}`);
  return open;
}

/** The first delivery of each transaction at any honest signer. */
function firstDeliveries(history: History): Map<TransactionId, { at: number; finality: 'score' | 'order' }> {
  const first = new Map<TransactionId, { at: number; finality: 'score' | 'order' }>();
  for (const entry of history.entries)
    if (entry.kind === 'event' && entry.event.type === 'delivered') {
      const { batch, finality, void: isVoid } = entry.event.delivery;
      for (const id of isVoid ? [] : batch.transactionIds)
        if (!first.has(id)) first.set(id, { at: entry.at, finality });
    }
  return first;
}

const quantile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;

function reportOf(
  options: SimulationOptions,
  world: World,
  history: History,
  findings: readonly Finding[],
  drawn: Pick<Report, 'liars' | 'faults' | 'limits'>,
): Report {
  const first = firstDeliveries(history);
  const latencies: number[] = [];
  const finality = { score: 0, order: 0, open: 0 };
  for (const [id, { at }] of world.submitted) {
    const delivered = first.get(id);
    finality[delivered?.finality ?? 'open'] += 1;
    if (delivered) latencies.push(delivered.at - at);
  }
  latencies.sort((a, b) => a - b);
  const blamed = new Set<SignerId>();
  for (const entry of history.entries)
    if (entry.kind === 'event' && entry.event.type === 'evidence') blamed.add(entry.event.evidence.signer);
  return {
    seed: options.seed,
    signers: options.signers,
    byzantine: options.byzantine,
    faulty: options.faulty,
    ...drawn,
    events: world.schedule.count,
    messages: world.network.sent,
    virtualMs: world.now,
    traceHash: world.traceHash(),
    height: Math.max(0, ...history.finals.map((one) => one.blocks.length)),
    transactions: world.submitted.size,
    finality,
    checks: Object.fromEntries(findings.map(({ name, verdict }) => [name, verdict])),
    objections: Object.fromEntries(
      findings.filter(({ details }) => details.length > 0).map(({ name, details }) => [name, details]),
    ),
    blamed: [...blamed].sort((a, b) => a - b),
    latencyMs: {
      p50: quantile(latencies, 0.5),
      p90: quantile(latencies, 0.9),
      p99: quantile(latencies, 0.99),
    },
    replay: replayCommand(options),
  };
}

/** The command line that gives these options; a fault plan of one's own has none. */
export function replayCommand(options: SimulationOptions): string {
  const { seed, signers, byzantine, faulty, liars, adversaries, faults, transactions, durationMs } = options;
  const flags: [string, string | number | undefined][] = [
    ['seed', seed],
    ['signers', signers],
    ['byzantine', byzantine],
    ['faulty', faulty],
    ['liars', liars],
    ['adversaries', Array.isArray(adversaries) ? adversaries.join() : (adversaries as string | undefined)],
    ['faults', typeof faults === 'object' ? undefined : faults],
    ['transactions', transactions],
    ['duration', durationMs],
    ['progress', options.progressMs],
  ];
  const text = flags.filter(([, value]) => value !== undefined).map(([name, value]) => `--${name} ${value}`);
  return `npx tsx sim/main.ts ${text.join(' ')}`;
}
