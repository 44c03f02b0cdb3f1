/**
 * What a person can choose: everything that a run depends on, as plain data that fits a URL. The limits keep
 * a run at a few seconds in a browser.
 */

import type { ParameterValue } from '../../sim/attacks/attack.ts';
import { type NetworkName, networkNames } from '../../sim/network/names.ts';
import { type RuleName, ruleNames } from '../../sim/rules/rule.ts';
import { quorumOf } from '../../src/ordering/quorum.ts';

/** An attack as the page knows it: what `Attack` says of itself, without its code. */
export interface AttackCard {
  readonly name: string;
  readonly group: number;
  readonly about: string;
  readonly goal: string;
  readonly rules: readonly RuleName[];
  readonly parameters: readonly {
    readonly name: string;
    readonly initial: ParameterValue;
    readonly about: string;
    readonly values?: readonly string[];
    readonly min?: number;
    readonly max?: number;
  }[];
}

export interface Choices {
  /** Name of a ready-made story, which fixes all but the seed; empty for one's own experiment. */
  readonly story: string;
  readonly signers: number;
  readonly byzantine: number;
  readonly faulty: number;
  readonly network: NetworkName;
  readonly transactions: number;
  /** Percent of the transactions that touch a shared key; the rest touch one of their own. */
  readonly conflict: number;
  /** Shared keys. */
  readonly keys: number;
  readonly rule: RuleName;
  /** Name of an attack; empty for none. */
  readonly attack: string;
  readonly liars: number;
  /** Percent of n that a score must reach; 0 leaves it to the rule. */
  readonly threshold: number;
  /** Parameters of the attack that differ from their initial values. */
  readonly parameters: Readonly<Record<string, ParameterValue>>;
  readonly seed: string;
}

export const defaultChoices: Choices = {
  story: '',
  signers: 7,
  byzantine: 1,
  faulty: 1,
  network: 'aws',
  transactions: 5,
  conflict: 60,
  keys: 1,
  rule: 'engine',
  attack: '',
  liars: 0,
  threshold: 0,
  parameters: {},
  seed: '1',
};

export interface NumberField {
  readonly name:
    | 'signers'
    | 'byzantine'
    | 'faulty'
    | 'transactions'
    | 'conflict'
    | 'keys'
    | 'liars'
    | 'threshold';
  readonly low: number;
  readonly high: number;
}

export const numberFields: readonly NumberField[] = [
  { name: 'signers', low: 3, high: 31 },
  { name: 'byzantine', low: 0, high: 10 },
  { name: 'faulty', low: 0, high: 15 },
  { name: 'transactions', low: 1, high: 24 },
  { name: 'conflict', low: 0, high: 100 },
  { name: 'keys', low: 1, high: 8 },
  { name: 'liars', low: 0, high: 15 },
  { name: 'threshold', low: 0, high: 100 },
];

export const seedLengthMax = 40;

/** What is wrong with choices, a sentence for each, naming the field; none when they can be run. */
export function problemsOf(choices: Choices, attacks: readonly AttackCard[]): string[] {
  const problems: string[] = [];
  for (const { name, low, high } of numberFields) {
    const value = choices[name];
    if (!Number.isInteger(value) || value < low || value > high)
      problems.push(`${name}: must be a whole number from ${low} to ${high}, not ${value}`);
  }
  if (!networkNames.includes(choices.network))
    problems.push(`network: must be one of ${networkNames.join(', ')}, not "${choices.network}"`);
  if (!ruleNames.includes(choices.rule))
    problems.push(`rule: must be one of ${ruleNames.join(', ')}, not "${choices.rule}"`);
  if (choices.seed === '' || choices.seed.length > seedLengthMax)
    problems.push(`seed: must have from 1 to ${seedLengthMax} characters`);
  if (problems.length > 0) return problems;
  const quorum = quorumOf(choices.signers, choices.byzantine, choices.faulty);
  if (!quorum.ok) problems.push(`signers, byzantine, faulty: ${quorum.error.message}`);
  if (choices.liars >= choices.signers) problems.push('liars: at least one signer must be honest');
  return [...problems, ...attackProblems(choices, attacks)];
}

function attackProblems(choices: Choices, attacks: readonly AttackCard[]): string[] {
  if (choices.attack === '')
    return choices.rule === 'engine'
      ? []
      : [`rule: "${choices.rule}" can only be shown under an attack; choose one`];
  const attack = attacks.find((one) => one.name === choices.attack);
  if (!attack) return [`attack: "${choices.attack}" is none of ${attacks.map((one) => one.name).join(', ')}`];
  const problems: string[] = [];
  if (!attack.rules.includes(choices.rule))
    problems.push(`rule: the attack ${attack.name} is for ${attack.rules.join(', ')}, not "${choices.rule}"`);
  for (const [name, value] of Object.entries(choices.parameters)) {
    const known = attack.parameters.find((one) => one.name === name);
    if (!known) problems.push(`${name}: the attack ${attack.name} has no such parameter`);
    else if (typeof value !== typeof known.initial)
      problems.push(`${name}: must be a ${typeof known.initial}, not "${value}"`);
    else if (known.values && !known.values.some((one) => one === value))
      problems.push(`${name}: must be one of ${known.values.join(', ')}, not "${value}"`);
    else if (Number(value) < (known.min ?? Number(value)) || Number(value) > (known.max ?? Number(value)))
      problems.push(`${name}: must be from ${known.min ?? 'any'} to ${known.max ?? 'any'}, not ${value}`);
  }
  return problems;
}

/** A parameter's value from its text, of the type of its initial value; undefined when it is none. */
export function parseParameter(text: string, initial: ParameterValue): ParameterValue | undefined {
  if (typeof initial === 'string') return text;
  if (typeof initial === 'boolean') return text === 'true' ? true : text === 'false' ? false : undefined;
  return /^-?\d{1,9}(\.\d{1,9})?$/.test(text) ? Number(text) : undefined;
}
