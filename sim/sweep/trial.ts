/**
 * One trial of a sweep: the settings of a cell become the options of an attack or a run, and what came of
 * it becomes one record of plain data. A trial that throws is a record too: unknown, with its message.
 */

import type { AdversaryName } from '../adversaries/catalog.ts';
import type { Attack, AttackOptions, ParameterValue, Trial } from '../attacks/attack.ts';
import type { NetworkName } from '../network/names.ts';
import type { SimulationOptions } from '../options.ts';
import { needsScenario, replayCommand } from '../replay-command.ts';
import type { RuleName } from '../rules/rule.ts';
import { simulate } from '../run.ts';
import type { Report } from '../run-report.ts';
import { encodeScenario } from '../scenario.ts';
import { limitFields } from './fields.ts';
import type { FindAttack } from './file.ts';
import { type Cell, type Settings, type Sweep, sizesOf, trialSeed } from './plan.ts';
import { attackReplay } from './replay.ts';

/** `succeeded` and `failed` are of attacks, `passed` and `violated` of runs. */
export type Outcome = 'succeeded' | 'failed' | 'passed' | 'violated' | 'unknown';

export interface TrialRecord {
  readonly cell: number;
  readonly trial: number;
  readonly seed: string;
  /** Labels of the cell, so that a line can be read by itself. */
  readonly levels: Settings;
  readonly outcome: Outcome;
  readonly reason: string;
  readonly violated: readonly string[];
  readonly blamed: readonly number[];
  readonly liars: readonly number[];
  readonly figures: Readonly<Record<string, number>>;
  readonly traceHash: string;
  readonly replay: string;
}

/** What a worker is asked; plain data. */
export interface TrialTask {
  readonly kind: Sweep['kind'];
  readonly attack: string | undefined;
  readonly cell: Cell;
  readonly trial: number;
  readonly seed: string;
}

export interface TrialResult {
  readonly record: TrialRecord;
  /** The scenario file that the record's replay command names, for a run that no flags describe. */
  readonly scenario: string | undefined;
}

export const taskOf = ({ kind, attack, seed }: Sweep, cell: Cell, trial: number): TrialTask => ({
  kind,
  attack,
  cell,
  trial,
  seed: trialSeed(seed, trial),
});

/** Where the scenario of a trial lies in the sweep's folder. */
export const scenarioPath = ({ cell, trial }: Pick<TrialRecord, 'cell' | 'trial'>): string =>
  `scenarios/cell-${cell}-trial-${trial}.json`;

type Found = Pick<
  TrialRecord,
  'outcome' | 'reason' | 'violated' | 'blamed' | 'liars' | 'figures' | 'traceHash'
>;

interface Prepared {
  readonly work: () => Found;
  readonly replay: string;
  /** Text of the scenario file that the replay command needs. */
  readonly scenario: () => string | undefined;
}

function prepared(task: TrialTask, findAttack: FindAttack): Prepared {
  const { kind, cell, seed } = task;
  if (kind === 'attack') {
    const attack = findAttack(task.attack ?? '');
    if (!attack) throw new Error(`there is no attack "${task.attack}"`);
    const options = attackOptionsOf(cell.settings, seed, attack);
    return {
      work: () => foundByTrial(attack.trial(options)),
      replay: attackReplay(attack.name, options),
      scenario: () => undefined,
    };
  }
  const options = runOptionsOf(cell.settings, seed);
  const work = (): Found => foundByRun(simulate(options));
  if (!needsScenario(options)) return { work, replay: replayCommand(options), scenario: () => undefined };
  const path = scenarioPath({ cell: cell.index, trial: task.trial });
  return {
    work,
    replay: `npx musig-paxos sim run --scenario ${path}`,
    scenario: () => encodeScenario(options),
  };
}

export function runTrial(task: TrialTask, findAttack: FindAttack): TrialResult {
  const { work, replay, scenario } = prepared(task, findAttack);
  const found = guarded(work);
  const dull = found.outcome === 'passed' || found.outcome === 'failed';
  return { record: recordOf(task, found, replay), scenario: dull ? undefined : scenario() };
}

/** The result of a trial whose worker ended before it answered. */
export function lostTrial(task: TrialTask, findAttack: FindAttack, error: unknown): TrialResult {
  const { replay, scenario } = prepared(task, findAttack);
  return { record: recordOf(task, undecided(error), replay), scenario: scenario() };
}

/** What is wrong with a trial that could not be decided. */
const undecided = (error: unknown): Found => ({
  outcome: 'unknown',
  reason: error instanceof Error ? error.message : String(error),
  violated: [],
  blamed: [],
  liars: [],
  figures: {},
  traceHash: '',
});

function guarded(work: () => Found): Found {
  try {
    return work();
  } catch (error) {
    return undecided(error);
  }
}

const recordOf = (task: TrialTask, found: Found, replay: string): TrialRecord => ({
  cell: task.cell.index,
  trial: task.trial,
  seed: task.seed,
  levels: task.cell.levels,
  ...found,
  replay,
});

const foundByTrial = ({ outcome, reason, violated, blamed, liars, figures, traceHash }: Trial): Found => ({
  outcome,
  reason,
  violated,
  blamed,
  liars,
  figures,
  traceHash,
});

function foundByRun(report: Report): Found {
  const named = (wanted: string): string[] =>
    Object.entries(report.checks)
      .filter(([, verdict]) => verdict === wanted)
      .map(([name]) => name);
  const violated = named('violated');
  const outcome = violated.length > 0 ? 'violated' : named('unknown').length > 0 ? 'unknown' : 'passed';
  const [name, objections] = Object.entries(report.objections)[0] ?? [];
  return {
    outcome,
    reason: name === undefined ? '' : `${name}: ${objections?.[0] ?? 'no reason given'}`,
    violated,
    blamed: report.blamed,
    liars: report.liars.map(({ signer }) => signer),
    figures: figuresOf(report),
    traceHash: report.traceHash,
  };
}

/** The figures of a run by the names that plots use. */
export function figuresOf(report: Report): Record<string, number> {
  const { finality, latencyMs, perSigner, transactions } = report;
  const all = Math.max(1, finality.score + finality.order + finality.open);
  return {
    latencyP50Ms: latencyMs.p50,
    latencyP90Ms: latencyMs.p90,
    latencyP99Ms: latencyMs.p99,
    shareByScore: finality.score / all,
    shareByOrder: finality.order / all,
    shareOpen: finality.open / all,
    transactions,
    height: report.height,
    events: report.events,
    virtualMs: report.virtualMs,
    messagesPerSigner: perSigner.messagesMean,
    bytesPerSigner: perSigner.bytesMean,
    messagesPerSignerMax: perSigner.messagesMax,
    bytesPerSignerMax: perSigner.bytesMax,
    cpuMsPerSigner: perSigner.cpuMsMean,
    messagesPerTransaction: perSigner.messagesMean / Math.max(1, transactions),
    bytesPerTransaction: perSigner.bytesMean / Math.max(1, transactions),
  };
}

/** Options of an attack from the settings of a cell; what is no field is a parameter. */
export function attackOptionsOf(settings: Settings, seed: string, attack: Attack): AttackOptions {
  const sizes = sizesOf(settings);
  const { rule, network, threshold, extraSlack, liars } = settings;
  const known = attack.parameters.filter(({ name }) => settings[name] !== undefined);
  return {
    seed,
    ...sizes,
    rule: (rule ?? attack.rules[0] ?? 'engine') as RuleName,
    liars: Number(liars ?? sizes.byzantine),
    network: (network ?? 'lan') as NetworkName,
    ...(threshold !== undefined && { threshold: Number(threshold) }),
    ...(extraSlack !== undefined && { extraSlack: Number(extraSlack) }),
    parameters: Object.fromEntries(known.map(({ name }) => [name, settings[name]!])),
  };
}

const plainFields = [
  'network',
  'rttMs',
  'bandwidthMbps',
  'uplinkMbps',
  'costs',
  'crypto',
  'wire',
  'countBytes',
  'extraSlack',
  'threshold',
  'liars',
  'faults',
  'fanout',
  'transactions',
  'conflict',
  'durationMs',
  'progressMs',
] as const satisfies readonly (keyof SimulationOptions)[];

/** Those of the names that are set. */
const chosen = (settings: Settings, names: readonly string[]): Record<string, ParameterValue> =>
  Object.fromEntries(names.flatMap((name) => (settings[name] === undefined ? [] : [[name, settings[name]]])));

/** Options of a run from the settings of a cell, which were checked when the file was read. */
export function runOptionsOf(settings: Settings, seed: string): SimulationOptions {
  const sizes = sizesOf(settings);
  const { adversaries } = settings;
  const limits = chosen(settings, limitFields);
  return {
    seed,
    ...sizes,
    ...chosen(settings, plainFields),
    ...(Object.keys(limits).length > 0 && { limits }),
    ...(adversaries !== undefined && { adversaries: adversariesOf(String(adversaries)) }),
  };
}

const adversariesOf = (text: string): NonNullable<SimulationOptions['adversaries']> =>
  text === 'random' || text === 'none' ? text : (text.split(',') as AdversaryName[]);
