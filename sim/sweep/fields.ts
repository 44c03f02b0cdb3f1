/** What a sweep may set, and what each value must be. Parameters of an attack are checked against the attack. */

import type { Attack, ParameterValue } from '../attacks/attack.ts';
import { cryptographies } from '../federation.ts';
import { networkNames } from '../network/names.ts';
import { ruleNames } from '../rules/rule.ts';

interface Kind {
  readonly expected: string;
  readonly test: (value: ParameterValue) => boolean;
}

const whole = (min: number, max: number): Kind => ({
  expected: `a whole number from ${min} to ${max}`,
  test: (value) => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
});
const number = (min: number, max: number): Kind => ({
  expected: `a number from ${min} to ${max}`,
  test: (value) => typeof value === 'number' && value >= min && value <= max,
});
const oneOf = (...choices: readonly string[]): Kind => ({
  expected: choices.map((choice) => `"${choice}"`).join(' or '),
  test: (value) => choices.includes(value as string),
});
const text: Kind = { expected: 'text', test: (value) => typeof value === 'string' };
const truth: Kind = { expected: 'true or false', test: (value) => typeof value === 'boolean' };

const common: Readonly<Record<string, Kind>> = {
  signers: whole(1, 1000),
  byzantine: whole(0, 999),
  faulty: whole(0, 999),
  liars: whole(0, 1000),
  network: oneOf(...networkNames),
  extraSlack: whole(-1000, 1000),
  threshold: number(0, 1),
};

export const attackFields: Readonly<Record<string, Kind>> = {
  ...common,
  rule: oneOf(...ruleNames),
};

const milliseconds = whole(0, 86_400_000);

/** Federation limits that a sweep of runs may set. */
export const limitFields = [
  'window',
  'leaderTerm',
  'checkpointAfterMs',
  'checkpointBatches',
  'freezeAfterMs',
  'viewTimeoutMs',
  'levelTimeoutMs',
  'batchTransactionsMax',
] as const;

export const runFields: Readonly<Record<string, Kind>> = {
  ...common,
  rttMs: number(0, 86_400_000),
  bandwidthMbps: number(0.001, 1_000_000),
  uplinkMbps: number(0.001, 1_000_000),
  costs: oneOf('free', 'measured'),
  crypto: oneOf(...cryptographies),
  wire: truth,
  countBytes: truth,
  fanout: whole(2, 1000),
  adversaries: text,
  faults: oneOf('random', 'none'),
  transactions: whole(0, 1_000_000),
  durationMs: milliseconds,
  progressMs: milliseconds,
  conflict: number(0, 1),
  ...Object.fromEntries(limitFields.map((name) => [name, whole(1, 86_400_000)])),
};

/** Why a value cannot be set, or undefined. */
export function whyNot(name: string, value: ParameterValue, attack: Attack | undefined): string | undefined {
  const known = (attack ? attackFields : runFields)[name];
  if (known) {
    if (attack && name === 'rule' && !attack.rules.some((rule) => rule === value))
      return `expected ${attack.rules.map((rule) => `"${rule}"`).join(' or ')} for attack ${attack.name}, found ${JSON.stringify(value)}`;
    return known.test(value) ? undefined : `expected ${known.expected}, found ${JSON.stringify(value)}`;
  }
  const parameter = attack?.parameters.find((one) => one.name === name);
  if (parameter) {
    const { initial, about, values, min, max } = parameter;
    const found = `found ${JSON.stringify(value)}`;
    if (typeof value !== typeof initial) return `expected a ${typeof initial} (${about}), ${found}`;
    if (values && !values.some((one) => one === value))
      return `expected one of ${values.join(', ')}, ${found}`;
    if (min !== undefined && Number(value) < min) return `expected a number from ${min}, ${found}`;
    return max !== undefined && Number(value) > max ? `expected a number up to ${max}, ${found}` : undefined;
  }
  const names = [
    ...Object.keys(attack ? attackFields : runFields),
    ...(attack?.parameters.map((one) => one.name) ?? []),
  ];
  return `unknown field, expected one of ${names.join(', ')}`;
}
