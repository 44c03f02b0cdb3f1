/**
 * One simulation: a federation drawn from a seed, clients, faults, liars; then everything heals except
 * the liars, progress is demanded, and the checkers read the history. The same options give the same run,
 * byte for byte. A report says how to run it again.
 */

import { allSigners } from '../src/base/ids.ts';
import { must } from '../src/base/result.ts';
import type { FederationLimits } from '../src/messages/federation.ts';
import { quorumOf } from '../src/ordering/quorum.ts';
import { allCheckers } from './checkers/all.ts';
import { HeldStatements } from './checkers/blame-held.ts';
import { runCheckers } from './checkers/checker.ts';
import { Recorder } from './checkers/history.ts';
import { free, measured } from './costs/costs.ts';
import { measuredWork } from './costs/work.ts';
import { convicts } from './evidence.ts';
import { FaultInjector } from './fault-injector.ts';
import { type FaultPlan, isCalm, noFaults, planFaults } from './faults.ts';
import { realProvider } from './federation.ts';
import { Learners, type LearnersWanted } from './learners/learners.ts';
import { placeLiars, planLiars } from './liars.ts';
import type { Drawn, SimulationOptions } from './options.ts';
import { demandProgress } from './progress.ts';
import { Random } from './random.ts';
import { votesNeeded } from './rules/source/order.ts';
import { type Report, reportOf } from './run-report.ts';
import { checkBody, planWorkload, scheduleSubmissions } from './workload.ts';
import { World } from './world.ts';

export const defaults = { transactions: 60, durationMs: 3000, progressMs: 120_000 } as const;

/** Everything has left the wires when faults end. */
const settleMs = 200;

export function simulate(options: SimulationOptions): Report {
  const { world, recorder, learners, drawn, faults } = stage(options);
  const durationMs = options.durationMs ?? defaults.durationMs;
  options.watch?.(world);
  // Without liars nobody contradicts itself; whoever is blamed then is blamed wrongly, and another checker says so.
  const held = world.byzantine.size > 0 ? new HeldStatements(world) : undefined;
  world.start();
  world.run(durationMs + settleMs);
  faults.healAll();
  const boundMs = options.progressMs ?? defaults.progressMs;
  const probe = drawn.liars.length > 0 || !isCalm(drawn.faults);
  const progress = demandProgress(world, recorder, { boundMs, probe });
  const history = recorder.history(progress, {
    learners: learners.records(),
    held: held?.contradictions ?? [],
  });
  const findings = runCheckers(options.checkers ?? allCheckers, history);
  return reportOf(options, world, history, findings, drawn);
}

/** What the options leave to the seed, as data: with it in their place they give the same run. */
export const draw = (options: SimulationOptions): Drawn => stage(options).drawn;

/** Measurements of a calm network do without learners, which cost about a third. */
const learnersOf = ({ learners, adversaries, faults }: SimulationOptions): LearnersWanted =>
  learners ?? (adversaries === 'none' && faults === 'none' ? 'none' : 'some');

interface Staged {
  readonly world: World;
  readonly recorder: Recorder;
  readonly learners: Learners;
  readonly faults: FaultInjector;
  readonly drawn: Drawn;
}

/** A world with everything in place, not started. */
function stage(options: SimulationOptions): Staged {
  const setup = new Random(`${options.seed}/setup`);
  const limits = { ...drawLimits(setup, options), ...options.limits };
  const fanout = options.fanout ?? setup.pick([2, 2, 3]);
  const world = worldFor(options, limits, fanout);
  const durationMs = options.durationMs ?? defaults.durationMs;
  const liars = planLiars(world, options, setup);
  placeLiars(world, liars);
  const recorder = new Recorder(world, (evidence) => convicts(evidence, world.federation.verifier));
  const learners = new Learners(world, learnersOf(options));
  const plan = drawFaults(world, options, durationMs);
  const faults = new FaultInjector(world, plan);
  faults.schedule();
  const submissions =
    options.submissions ??
    planWorkload(world.random.stream('workload'), {
      signers: options.signers,
      transactions: options.transactions ?? defaults.transactions,
      durationMs,
      conflict: options.conflict,
    });
  scheduleSubmissions(world, submissions);
  return {
    world,
    recorder,
    learners,
    faults,
    drawn: { limits, fanout, liars, faults: plan, submissions, learners: learnersOf(options) },
  };
}

function worldFor(options: SimulationOptions, limits: Drawn['limits'], fanout: number): World {
  const { signers, network, rttMs, bandwidthMbps, uplinkMbps, wire, countBytes } = options;
  const slack = slackOf(options);
  const provider = realProvider(options.crypto, options.schemes);
  const world = new World({
    seed: options.seed,
    signers,
    byzantine: options.byzantine,
    faulty: options.faulty,
    fanout,
    limits,
    check: checkBody,
    ...(options.costs === 'measured' ? { costs: measured, work: measuredWork } : { costs: free }),
    ...(network && { network }),
    ...(rttMs !== undefined && { rttMs }),
    ...(bandwidthMbps !== undefined && { bandwidthMbps }),
    ...(uplinkMbps !== undefined && { uplinkMbps }),
    ...(wire !== undefined && { wire }),
    ...(countBytes !== undefined && { countBytes }),
    ...(provider && { provider }),
    ...(slack !== undefined && { slack }),
  });
  for (const { from, to, latencyMs } of options.links ?? []) world.network.setLatency(from, to, latencyMs);
  return world;
}

/** Below this round trip in ms the short limits suspect nobody for its distance. */
const nearRttMs = 10;

/** Limits that find faults on a LAN, short and odd; on wide networks such that nobody is suspected for its distance. */
function drawLimits(random: Random, { network, rttMs }: SimulationOptions): Partial<FederationLimits> {
  const drawn = {
    checkpointAfterMs: random.pick([200, 800]),
    viewTimeoutMs: 300,
    levelTimeoutMs: 40,
    freezeAfterMs: random.pick([500, 2000]),
    leaderTerm: random.pick([2, 3, 8, 32]),
    window: random.pick([4, 16, 1024]),
    checkpointBatches: random.pick([3, 16, 64]),
  };
  const near = rttMs === undefined ? (network ?? 'lan') === 'lan' : rttMs < nearRttMs;
  return near ? drawn : { viewTimeoutMs: 4000, levelTimeoutMs: 500, checkpointAfterMs: 4000 };
}

/** The slack of an experiment; undefined for the engine's own. */
function slackOf(options: SimulationOptions): number | undefined {
  const { signers, byzantine, faulty, extraSlack = 0, threshold } = options;
  if (threshold !== undefined) return signers - votesNeeded(threshold, signers);
  return extraSlack === 0 ? undefined : must(quorumOf(signers, byzantine, faulty)).slack + extraSlack;
}

function drawFaults(world: World, options: SimulationOptions, durationMs: number): FaultPlan {
  const wanted = options.faults ?? 'random';
  if (wanted === 'none') return noFaults;
  if (wanted !== 'random') return wanted;
  const mayCrash = allSigners(options.signers).filter((id) => !world.byzantine.has(id));
  return planFaults(world.random.stream('faults'), { n: options.signers, durationMs, mayCrash });
}
