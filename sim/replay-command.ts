/** The command line that gives a run again. What a flag cannot say is in a scenario file. */

import type { SimulationOptions } from './options.ts';

/** Fields that a flag of `sim run` can say when their value is plain. */
const flags = [
  ['seed', 'seed'],
  ['signers', 'signers'],
  ['byzantine', 'byzantine'],
  ['faulty', 'faulty'],
  ['network', 'network'],
  ['rttMs', 'rtt'],
  ['bandwidthMbps', 'bandwidth'],
  ['uplinkMbps', 'uplink'],
  ['costs', 'costs'],
  ['crypto', 'crypto'],
  ['extraSlack', 'extra-slack'],
  ['threshold', 'threshold'],
  ['liars', 'liars'],
  ['adversaries', 'adversaries'],
  ['faults', 'faults'],
  ['fanout', 'fanout'],
  ['learners', 'learners'],
  ['transactions', 'transactions'],
  ['conflict', 'conflict'],
  ['durationMs', 'duration'],
  ['progressMs', 'progress'],
] as const satisfies readonly (readonly [keyof SimulationOptions, string])[];

/** A value as a flag says it; undefined when only a file can. */
function flagText(value: unknown): string | undefined {
  if (typeof value === 'string')
    return /^[\w./:@-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'string'))
    return value.join();
  return undefined;
}

/** True when only a scenario file holds all of these options. */
export function needsScenario(options: SimulationOptions): boolean {
  if (options.links || options.submissions || options.limits) return true;
  return flags.some(([field]) => options[field] !== undefined && flagText(options[field]) === undefined);
}

export function replayCommand(options: SimulationOptions): string {
  const parts = flags.flatMap(([field, flag]) => {
    const text = options[field] === undefined ? undefined : flagText(options[field]);
    return text === undefined ? [] : [`--${flag} ${text}`];
  });
  if (options.wire === false) parts.push('--no-wire');
  if (options.countBytes) parts.push('--count-bytes');
  const scenario = needsScenario(options) ? ' --scenario SCENARIO.json' : '';
  return `npx musig-paxos sim run ${parts.join(' ')}${scenario}`;
}
