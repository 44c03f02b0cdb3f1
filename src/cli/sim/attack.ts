/** `sim attack NAME`: stages an attack over many seeds and reports how often it reached its goal. */

import type {
  Attack,
  AttackOptions,
  AttackParameter,
  ParameterValue,
  Trial,
} from '../../../sim/attacks/attack.ts';
import { attacks, findAttack } from '../../../sim/attacks/catalog.ts';
import { type NetworkName, networkNames } from '../../../sim/network/names.ts';
import { type RuleName, ruleNames } from '../../../sim/rules/rule.ts';
import { trialSeed } from '../../../sim/sweep/plan.ts';
import type { SignerId } from '../../base/ids.ts';
import { accept, type Result, refuse } from '../../base/result.ts';
import { faultsOf, quorumOf } from '../../ordering/quorum.ts';
import { nearestTo } from './nearest.ts';

export interface AttackFlags {
  readonly rule?: string;
  readonly threshold?: number;
  readonly extraSlack?: number;
  readonly signers?: number;
  readonly byzantine?: number;
  readonly faulty?: number;
  readonly liars?: number;
  readonly trials?: number;
  readonly seed?: string;
  readonly network?: string;
  /** `name=value`, once for each parameter. */
  readonly set?: readonly string[];
  readonly out?: string;
}

/** What `sim attack --json` prints; the names are fixed. */
export interface AttackSummary {
  readonly attack: string;
  readonly rule: RuleName;
  readonly threshold: number | null;
  readonly signers: number;
  readonly byzantine: number;
  readonly faulty: number;
  readonly liars: number;
  /** What was added to the engine's slack. */
  readonly extraSlack: number;
  readonly network: NetworkName;
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly trials: number;
  readonly succeeded: number;
  readonly unknown: number;
  /** Seed of the first success, to look at it. */
  readonly firstSeed: string | null;
  /** Trials in which evidence named a liar, and an honest signer. */
  readonly blamedCorrectly: number;
  readonly blamedWrongly: number;
  /** Checks that objected, and in how many trials: harm that the attack did not aim at counts too. */
  readonly violated: Readonly<Record<string, number>>;
  /** Mean of each figure over the trials that have it. */
  readonly figures: Readonly<Record<string, number>>;
  /** Why the first trial of each outcome ended so. */
  readonly reasons: Readonly<Partial<Record<Trial['outcome'], string>>>;
}

const usage = (message: string): Result<never> => refuse('USAGE', message);

function oneOf<T extends string>(flag: string, text: string, names: readonly T[]): Result<T> {
  const found = names.find((name) => name === text);
  return found ? accept(found) : usage(`${flag}: "${text}" is not one of ${names.join(', ')}`);
}

/** A value of the type of the parameter's initial one. */
function parameterValue(attack: Attack, text: string): Result<readonly [string, ParameterValue]> {
  const at = text.indexOf('=');
  const name = text.slice(0, Math.max(0, at));
  const parameter = attack.parameters.find((one) => one.name === name);
  const known = attack.parameters.map((one) => one.name).join(', ') || 'none';
  if (!parameter)
    return usage(`--set ${text}: expected NAME=VALUE with a parameter of ${attack.name}: ${known}`);
  const value = text.slice(at + 1);
  switch (typeof parameter.initial) {
    case 'number':
      return numberOf(parameter, value);
    case 'boolean':
      if (value !== 'true' && value !== 'false')
        return usage(`--set ${name}: expected true or false, not "${value}"`);
      return accept([name, value === 'true']);
    default:
      if (parameter.values && !parameter.values.includes(value))
        return usage(`--set ${name}: "${value}" is not one of ${parameter.values.join(', ')}`);
      return accept([name, value]);
  }
}

function numberOf(
  { name, min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: AttackParameter,
  text: string,
): Result<readonly [string, ParameterValue]> {
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number))
    return usage(`--set ${name}: expected a number, not "${text}"`);
  if (number < min || number > max)
    return usage(`--set ${name}: expected a number from ${min} to ${max}, not ${number}`);
  return accept([name, number]);
}

function parametersOf(attack: Attack, set: readonly string[]): Result<Record<string, ParameterValue>> {
  const parameters: Record<string, ParameterValue> = Object.fromEntries(
    attack.parameters.map(({ name, initial }) => [name, initial]),
  );
  for (const text of set) {
    const value = parameterValue(attack, text);
    if (!value.ok) return value;
    parameters[value.value[0]] = value.value[1];
  }
  return accept(parameters);
}

/** Checks the flags of an attack. */
export function attackOptions(
  name: string,
  flags: AttackFlags,
): Result<{ attack: Attack; options: AttackOptions }> {
  const attack = findAttack(name);
  if (!attack) {
    const near = nearestTo(
      name,
      attacks.map((one) => one.name),
    );
    return usage(`attack "${name}" is unknown${near ? `; did you mean ${near}?` : ''} (sim list shows all)`);
  }
  const rule = oneOf('--rule', flags.rule ?? 'engine', ruleNames);
  if (!rule.ok) return rule;
  if (!attack.rules.includes(rule.value))
    return usage(`--rule: ${attack.name} is staged against ${attack.rules.join(', ')}, not ${rule.value}`);
  const network = oneOf('--network', flags.network ?? 'lan', networkNames);
  if (!network.ok) return network;
  const signers = flags.signers ?? 4;
  const { byzantine, faulty } = faultsOf(signers, flags.byzantine, flags.faulty);
  const quorum = quorumOf(signers, byzantine, faulty);
  if (!quorum.ok) return usage(quorum.error.message);
  const { threshold, extraSlack } = flags;
  if (threshold !== undefined && !(threshold > 0 && threshold <= 1))
    return usage(`--threshold: expected a share above 0, at most 1, not ${threshold}`);
  const liars = flags.liars ?? byzantine;
  if (liars >= signers) return usage(`--liars: ${liars} of ${signers} signers; one must be honest`);
  const parameters = parametersOf(attack, flags.set ?? []);
  if (!parameters.ok) return parameters;
  const options: AttackOptions = {
    seed: flags.seed ?? '1',
    rule: rule.value,
    signers,
    byzantine,
    faulty,
    liars,
    network: network.value,
    parameters: parameters.value,
    ...(threshold !== undefined && { threshold }),
    ...(extraSlack !== undefined && { extraSlack }),
  };
  return accept({ attack, options });
}

/** Counts the outcomes of trials. */
export class Tally {
  #succeeded = 0;
  #unknown = 0;
  #trials = 0;
  #firstSeed: string | null = null;
  #blamedCorrectly = 0;
  #blamedWrongly = 0;
  readonly #sums = new Map<string, { sum: number; count: number }>();
  readonly #violated = new Map<string, number>();
  readonly #reasons: Partial<Record<Trial['outcome'], string>> = {};

  add(seed: string, trial: Trial): void {
    const liars = new Set<SignerId>(trial.liars);
    this.#trials += 1;
    if (trial.outcome === 'succeeded') {
      this.#succeeded += 1;
      this.#firstSeed ??= seed;
    }
    if (trial.outcome === 'unknown') this.#unknown += 1;
    if (trial.blamed.some((id) => liars.has(id))) this.#blamedCorrectly += 1;
    if (trial.blamed.some((id) => !liars.has(id))) this.#blamedWrongly += 1;
    this.#reasons[trial.outcome] ??= trial.reason;
    for (const name of trial.violated) this.#violated.set(name, (this.#violated.get(name) ?? 0) + 1);
    for (const [name, value] of Object.entries(trial.figures)) {
      const { sum, count } = this.#sums.get(name) ?? { sum: 0, count: 0 };
      this.#sums.set(name, { sum: sum + value, count: count + 1 });
    }
  }

  summary(attack: Attack, options: AttackOptions): AttackSummary {
    const { rule, signers, byzantine, faulty, liars, network, parameters } = options;
    return {
      attack: attack.name,
      rule,
      threshold: options.threshold ?? null,
      signers,
      byzantine,
      faulty,
      liars,
      extraSlack: options.extraSlack ?? 0,
      network,
      parameters,
      trials: this.#trials,
      succeeded: this.#succeeded,
      unknown: this.#unknown,
      firstSeed: this.#firstSeed,
      blamedCorrectly: this.#blamedCorrectly,
      blamedWrongly: this.#blamedWrongly,
      violated: Object.fromEntries([...this.#violated].sort()),
      figures: Object.fromEntries([...this.#sums].map(([name, { sum, count }]) => [name, sum / count])),
      reasons: this.#reasons,
    };
  }
}

/** @returns what to print, and whether all trials were decided and nobody honest was blamed. */
export async function attackCommand(
  name: string,
  flags: AttackFlags,
): Promise<Result<{ text: string; json: AttackSummary; sound: boolean }>> {
  const checked = attackOptions(name, flags);
  if (!checked.ok) return checked;
  const { attack, options } = checked.value;
  const tally = new Tally();
  for (let i = 0; i < (flags.trials ?? 20); i++) {
    const seed = trialSeed(options.seed, i);
    try {
      tally.add(seed, attack.trial({ ...options, seed }));
    } catch (error) {
      // An attack refuses options that it cannot play with a plain Error; anything else is a fault of ours.
      if ((error as Error).constructor !== Error) throw error;
      return usage(`${attack.name}: ${(error as Error).message}`);
    }
  }
  const json = tally.summary(attack, options);
  if (flags.out !== undefined)
    await writeTrial(flags.out, attack, { ...options, seed: json.firstSeed ?? options.seed });
  return accept({
    text: summaryText(attack, json),
    json,
    sound: isSound(json, options),
  });
}

/**
 * Whether what was seen is what the protocol promises: all trials decided, nobody honest blamed, and, where the engine
 * runs with its own numbers and at most `f` liars, no check that objects.
 */
function isSound(
  json: AttackSummary,
  { rule, byzantine, liars, threshold, extraSlack }: AttackOptions,
): boolean {
  if (json.unknown > 0 || json.blamedWrongly > 0) return false;
  const experiment = liars > byzantine || threshold !== undefined || (extraSlack ?? 0) !== 0;
  const undefended = json.parameters.unchecked === true || json.parameters.possession === false;
  return rule !== 'engine' || experiment || undefended || Object.keys(json.violated).length === 0;
}

/** The first success, or the first trial, as pictures. */
async function writeTrial(dir: string, attack: Attack, options: AttackOptions): Promise<void> {
  const { writeTrialFolder } = await import('../../../sim/report/trial-folder.ts');
  writeTrialFolder(dir, attack, options, attack.trial({ ...options, traced: true }));
}

const figureText = (value: number): string => (Number.isInteger(value) ? `${value}` : value.toFixed(3));

export function summaryText(attack: Attack, json: AttackSummary): string {
  const { rule, signers, byzantine, faulty, liars, trials, succeeded, unknown } = json;
  const parameters = Object.entries(json.parameters).map(([name, value]) => `${name}=${value}`);
  const objected = Object.entries(json.violated).map(([name, count]) => `${name} in ${count}`);
  const lines = [
    `${attack.name} (class ${attack.group}): ${attack.about}`,
    `  goal      ${attack.goal}`,
    `  against   rule ${rule}${json.threshold === null ? '' : ` at threshold ${json.threshold}`}${json.extraSlack === 0 ? '' : ` with ${json.extraSlack} more slack`}, n=${signers} f=${byzantine} t=${faulty}, ${liars} liars, ${json.network}`,
    ...(parameters.length > 0 ? [`  with      ${parameters.join(' ')}`] : []),
    `  succeeded ${succeeded} of ${trials}${unknown > 0 ? `, ${unknown} undecided` : ''}${json.firstSeed ? `, first with seed ${json.firstSeed}` : ''}`,
    `  blamed    a liar in ${json.blamedCorrectly} trials, somebody honest in ${json.blamedWrongly}`,
    ...(objected.length > 0 ? [`  objected  ${objected.join(', ')}`] : []),
    ...Object.entries(json.figures).map(([name, value]) => `  ${name.padEnd(9)} ${figureText(value)}`),
    ...Object.entries(json.reasons).map(([outcome, reason]) => `  ${outcome}: ${reason}`),
  ];
  return lines.join('\n');
}

/** The attacks as `sim list` prints them. */
export function attackList(): { text: string; json: unknown } {
  const byGroup = [...attacks].sort((a, b) => a.group - b.group);
  const json = byGroup.map(({ name, group, about, goal, rules, parameters }) => ({
    name,
    group,
    about,
    goal,
    rules,
    parameters,
  }));
  const lines = json.flatMap((one) => [
    `${String(one.group).padStart(2)}  ${one.name}: ${one.about} [${one.rules.join(' ')}]`,
    ...one.parameters.map(
      ({ name, initial, about, values }) =>
        `      --set ${name}=${initial}  ${about}${values ? ` (${values.join(', ')})` : ''}`,
    ),
  ]);
  return { text: lines.join('\n'), json };
}
