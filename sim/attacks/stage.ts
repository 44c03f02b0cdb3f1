/**
 * A stage for attacks on the real engine: one simulation with the attack's federation and network, a goal
 * that is asked once it is over, and the checkers as witnesses. What the goal says decides; a checker, or
 * a goal, that could not decide makes the trial `unknown`.
 */

import type { SignerId, TransactionId } from '../../src/base/ids.ts';
import { accept } from '../../src/base/result.ts';
import { defaultLimits } from '../../src/messages/federation.ts';
import type { VerifyRequest } from '../../src/verify/verifier.ts';
import type { Chosen } from '../adversaries/catalog.ts';
import { allCheckers } from '../checkers/all.ts';
import type { Checker } from '../checkers/checker.ts';
import type { History } from '../checkers/history.ts';
import type { NetworkName } from '../network/names.ts';
import type { LiarPlan, SimulationOptions, Submission } from '../options.ts';
import { simulate } from '../run.ts';
import type { Report } from '../run-report.ts';
import { TraceRecorder } from '../trace/recorder.ts';
import type { World } from '../world.ts';
import type { AttackOptions, ParameterValue, Trial } from './attack.ts';

/** What a goal is judged by. */
export interface StagedRun {
  readonly report: Report;
  readonly history: History;
  /** As it is when the run is over. */
  readonly world: World;
}

export interface Judgement {
  readonly reached: boolean;
  /** One sentence: what was reached, or why not. */
  readonly reason: string;
  readonly figures?: Readonly<Record<string, number>>;
}

/** The simulation that an attack's options ask for; no faults and no liars unless the attack adds them. */
export function sceneOf(options: AttackOptions): SimulationOptions {
  const { seed, signers, byzantine, faulty, network, threshold, extraSlack } = options;
  return {
    seed,
    signers,
    byzantine,
    faulty,
    network,
    faults: 'none',
    adversaries: 'none',
    ...(threshold !== undefined && { threshold }),
    ...(extraSlack !== undefined && { extraSlack }),
  };
}

/** The first `options.liars` signers, all with the same strategies. */
export const liarsWith = (options: AttackOptions, strategies: readonly Chosen[]): readonly LiarPlan[] =>
  Array.from({ length: options.liars }, (_, i) => ({ signer: i as LiarPlan['signer'], strategies }));

/**
 * Runs one simulation and judges it.
 * @param title what the trace is called.
 * @param goal asked once, after the run; when it throws the trial is `unknown`.
 */
export function judged(
  options: AttackOptions,
  simulation: SimulationOptions,
  goal: (run: StagedRun) => Judgement,
  title = 'an attack',
): Trial {
  let history: History | undefined;
  let world: World | undefined;
  let recorder: TraceRecorder | undefined;
  const grab: Checker = {
    name: 'grab',
    check: (one) => {
      history = one;
      return [];
    },
  };
  const report = simulate({
    ...simulation,
    checkers: [...(simulation.checkers ?? allCheckers), grab],
    watch: (one) => {
      simulation.watch?.(one);
      world = one;
      if (options.traced) recorder = new TraceRecorder(one);
    },
  });
  if (!history || !world) throw new Error('the run left no history');
  const liars = [...world.byzantine].sort((a, b) => a - b);
  const named = (verdict: string): string[] =>
    Object.keys(report.checks).filter((name) => report.checks[name] === verdict);
  const judgement = ask(goal, { report, history, world });
  const undecided = named('unknown');
  const { reached, reason, figures } = judgement;
  const unknown = reached === undefined || undecided.length > 0;
  return {
    outcome: unknown ? 'unknown' : reached ? 'succeeded' : 'failed',
    reason: undecided.length > 0 ? `${undecided.join(', ')} could not decide; ${reason}` : reason,
    blamed: report.blamed,
    liars,
    violated: named('violated'),
    figures: { ...figures, wronglyBlamed: report.blamed.filter((id) => !world!.byzantine.has(id)).length },
    traceHash: report.traceHash,
    ...(recorder && { trace: recorder.trace({ title, rule: 'engine' }) }),
  };
}

function ask(
  goal: (run: StagedRun) => Judgement,
  run: StagedRun,
): Omit<Judgement, 'reached'> & { readonly reached: boolean | undefined } {
  try {
    return goal(run);
  } catch (error) {
    return { reached: undefined, reason: `the goal could not be decided: ${(error as Error).message}` };
  }
}

/** Objections that are no contradiction: a bound on time, and a slack that the experiment itself changed. */
const noContradiction: readonly string[] = ['progress', 'score'];

/** The names of the checks that found honest signers to contradict each other, themselves or the rules. */
export const broken = ({ report }: StagedRun): string[] =>
  Object.keys(report.checks).filter(
    (name) => report.checks[name] === 'violated' && !noContradiction.includes(name),
  );

/** Checks that object when two honest signers, or a learner, hold different orders or verdicts. */
const disagreements: readonly string[] = [
  'delivery order',
  'agreement',
  'prefixes',
  'delivered stays',
  'verdicts',
  'learners',
];

/** The names of the checks that found two orders, or two verdicts, among honest signers and learners. */
export const disagreeing = (run: StagedRun): string[] =>
  broken(run).filter((name) => disagreements.includes(name));

/** A goal of safety that was not reached is decided only when everything was ordered: throws when it was not. */
export function demandOrdered({ history }: StagedRun): void {
  const { progress } = history;
  if (progress?.reached === false)
    throw new Error(`not everything was ordered within ${progress.boundMs} ms: ${progress.open[0]}`);
}

/** Virtual time in ms from a submission to its delivery at the signer that it was sent to, where it is honest. */
function delaysMs({ history, world }: StagedRun): Map<TransactionId, number> {
  const delays = new Map<TransactionId, number>();
  for (const entry of history.entries)
    if (entry.kind === 'event' && entry.event.type === 'delivered' && !entry.event.delivery.void)
      for (const id of entry.event.delivery.batch.transactionIds) {
        const sent = world.submitted.get(id);
        if (sent?.to === entry.node && !delays.has(id)) delays.set(id, entry.at - sent.at);
      }
  return delays;
}

/** The longest delay of what was sent to a signer before a moment; infinite when some of it is still open. */
function worstDelayMs(run: StagedRun, to: SignerId, sentBeforeMs: number): number {
  const delays = delaysMs(run);
  let worst = 0;
  for (const [id, sent] of run.world.submitted)
    if (sent.to === to && sent.at < sentBeforeMs)
      worst = Math.max(worst, delays.get(id) ?? Number.POSITIVE_INFINITY);
  return worst;
}

/** A scene whose end is known: what is sent later only asks whether the federation still works. */
export type Scene = SimulationOptions & { readonly durationMs: number };

/** Limit of the scenes with a victim, which their bounds are made of; as `simulate` has it by default. */
export const viewTimeoutMs: Readonly<Record<NetworkName, number>> = { lan: 300, aws: 4000, cities: 4000 };

/** Bound on the victim's delay: as given, or 0 for so many times the time that a view has. */
export const boundOf = ({ network }: AttackOptions, givenMs: number, views: number): number =>
  givenMs > 0 ? givenMs : views * viewTimeoutMs[network];

/** The bound of an attack that delays a victim. @param views its default, in times of a view. */
export const delayBound = (views: number) => ({
  name: 'boundMs',
  initial: 0,
  min: 0,
  about: `longest delay in ms that the victim may suffer; 0: ${views} times that of a view`,
});

/**
 * The scene of attacks on one victim: it gets a transaction now and then, and so do the other honest
 * signers, on one key and on keys of their own. The victim is the last signer.
 */
export function victimScene(options: AttackOptions, transactions: number, everyMs: number): Scene {
  const { signers, liars } = options;
  const victim = (signers - 1) as SignerId;
  const honest = Math.max(1, signers - liars);
  const submissions = Array.from({ length: transactions }, (_, i): Submission[] => [
    { at: i * everyMs, to: victim, dependencies: [i % 2 === 0 ? 'shared' : `own ${i}`] },
    { at: i * everyMs, to: (signers - 1 - (i % honest)) as SignerId, dependencies: ['shared'] },
  ]).flat();
  const viewMs = viewTimeoutMs[options.network];
  return {
    ...sceneOf(options),
    limits: { viewTimeoutMs: viewMs, levelTimeoutMs: Math.min(defaultLimits.levelTimeoutMs, viewMs / 3) },
    submissions,
    durationMs: transactions * everyMs,
  };
}

/** Whether the victim of a scene waited longer than a bound for anything, and how much it was hurt. */
export function victimDelayed(options: AttackOptions, scene: Scene, boundMs: number) {
  const calmMs = undisturbedMs(options, scene);
  return (run: StagedRun): Judgement => {
    const worst = worstDelayMs(run, (options.signers - 1) as SignerId, scene.durationMs);
    const open = !Number.isFinite(worst);
    const delayMs = open ? boundMs : worst;
    return {
      reached: open || worst > boundMs,
      reason: open
        ? `a transaction of the victim was never delivered`
        : `the victim waited ${worst.toFixed(1)} ms at most, ${calmMs.toFixed(1)} ms undisturbed, bound ${boundMs} ms`,
      figures: { delayMs, undisturbedMs: calmMs, boundMs, times: delayMs / Math.max(calmMs, 0.001) },
    };
  };
}

/** The longest delay of the victim when nobody lies. */
function undisturbedMs(options: AttackOptions, scene: Scene): number {
  let worst = 0;
  const honest = { ...options, traced: false };
  judged(honest, { ...scene, checkers: [] }, (run) => {
    worst = worstDelayMs(run, (options.signers - 1) as SignerId, scene.durationMs);
    return { reached: false, reason: 'undisturbed' };
  });
  return worst;
}

/** A parameter of an attack, as given or as it is by default. */
export function parameterOf<T extends ParameterValue>(
  { parameters }: AttackOptions,
  { name, initial }: { readonly name: string; readonly initial: T },
): T {
  const given = parameters[name] ?? initial;
  if (typeof given !== typeof initial)
    throw new Error(`parameter ${name} must be a ${typeof initial}, not ${JSON.stringify(given)}`);
  return given as T;
}

/** The knob that switches `believing` on. @param what honest signers then do not check. */
export const uncheckedKnob = (what: string) => ({
  name: 'unchecked',
  initial: false,
  about: `honest signers do not check ${what}: shows what the check is for`,
});

/** Signers that believe what a request of one of these kinds asks about, without a check: shows what it is for. */
export const believing =
  (...kinds: readonly VerifyRequest['kind'][]) =>
  ({ federation: { verifier } }: World): void => {
    const check = verifier.check.bind(verifier);
    verifier.check = (request) => (kinds.includes(request.kind) ? accept(undefined) : check(request));
  };
