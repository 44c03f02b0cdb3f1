/**
 * Every state of the page as the hash of its address: `#n=7&f=1 ... &at=12.5`. What equals the default is
 * left out. A story's link holds its name alone, for the story fixes the rest. Reading never throws: what is
 * wrong is said in words, and the default stands in its place.
 */

import { networkNames } from '../../sim/network/names.ts';
import { ruleNames } from '../../sim/rules/rule.ts';
import {
  type AttackCard,
  type Choices,
  defaultChoices,
  numberFields,
  parseParameter,
  problemsOf,
} from './choices.ts';
import { findStory, stories } from './stories.ts';

export interface PageState {
  readonly choices: Choices;
  /** Virtual time in ms. */
  readonly at: number;
  /** Short name of the batch in the tree; empty for the first. */
  readonly batch: string;
}

export interface ReadState extends PageState {
  readonly problems: readonly string[];
}

const shortNames: ReadonlyMap<string, keyof Choices> = new Map(
  Object.entries({
    story: 'story',
    n: 'signers',
    f: 'byzantine',
    t: 'faulty',
    network: 'network',
    transactions: 'transactions',
    conflict: 'conflict',
    keys: 'keys',
    rule: 'rule',
    attack: 'attack',
    liars: 'liars',
    threshold: 'threshold',
    seed: 'seed',
  } as const),
);

export function writeHash({ choices, at, batch }: PageState): string {
  const query = new URLSearchParams();
  const base = baseOf(choices);
  for (const [key, field] of shortNames)
    if (field === 'story' ? choices.story !== '' : choices[field] !== base[field])
      query.set(key, String(choices[field]));
  if (choices.story === '')
    for (const [name, value] of Object.entries(choices.parameters)) query.set(`p.${name}`, String(value));
  if (at > 0) query.set('at', String(Number(at.toFixed(3))));
  if (batch !== '') query.set('batch', batch);
  return `#${query}`;
}

/** What an address need not say: under an attack of one's own as many signers lie as may. */
function baseOf({ story, attack, byzantine }: Choices): Choices {
  const known = findStory(story)?.choices;
  return known ?? (attack === '' ? defaultChoices : { ...defaultChoices, liars: byzantine });
}

/** The same moment and batch left out: what makes an experiment. */
export const experimentOf = (choices: Choices): string => writeHash({ choices, at: 0, batch: '' });

export function readHash(hash: string, attacks: readonly AttackCard[]): ReadState {
  const query = new URLSearchParams(hash.replace(/^#/, ''));
  const problems: string[] = [];
  const story = query.get('story') ?? '';
  const known = findStory(story);
  if (story !== '' && !known)
    problems.push(`story: "${story}" is none of ${stories.map((one) => one.name).join(', ')}`);
  const base = known?.choices ?? defaultChoices;
  const fields = readFields(query, base, problems);
  const read = query.has('liars') ? fields : { ...fields, liars: baseOf(fields).liars };
  const attack = attacks.find((one) => one.name === read.attack);
  const parameters = known ? base.parameters : readParameters(query, attack, problems);
  const choices: Choices = { ...read, story: known ? story : '', parameters };
  const at = readTime(query.get('at'), problems);
  const batch = /^[A-Z]\d{0,3}$/.test(query.get('batch') ?? '') ? query.get('batch')! : '';
  const wrong = problemsOf(choices, attacks);
  return { choices: wrong.length > 0 ? base : choices, at, batch, problems: [...problems, ...wrong] };
}

function readFields(query: URLSearchParams, base: Choices, problems: string[]): Choices {
  const choices: Record<string, unknown> = { ...base };
  for (const [key, value] of query) {
    if (key === 'story' || key === 'at' || key === 'batch' || key.startsWith('p.')) continue;
    const field = shortNames.get(key);
    const number = numberFields.find((one) => one.name === field);
    if (field === undefined) problems.push(`${key}: no such choice`);
    else if (number && !isWithin(value, number))
      problems.push(`${key}: must be a whole number from ${number.low} to ${number.high}, not "${value}"`);
    else if (field === 'network' && !networkNames.some((name) => name === value))
      problems.push(`network: must be one of ${networkNames.join(', ')}, not "${value}"`);
    else if (field === 'rule' && !ruleNames.some((name) => name === value))
      problems.push(`rule: must be one of ${ruleNames.join(', ')}, not "${value}"`);
    else choices[field] = number ? Number(value) : value;
  }
  return choices as unknown as Choices;
}

const isWithin = (text: string, { low, high }: { low: number; high: number }): boolean =>
  /^\d{1,4}$/.test(text) && Number(text) >= low && Number(text) <= high;

function readParameters(
  query: URLSearchParams,
  attack: AttackCard | undefined,
  problems: string[],
): Choices['parameters'] {
  const parameters: Record<string, string | number | boolean> = {};
  for (const [key, text] of query) {
    if (!key.startsWith('p.')) continue;
    const name = key.slice(2);
    const known = attack?.parameters.find((one) => one.name === name);
    const value = known && parseParameter(text, known.initial);
    if (value === undefined)
      problems.push(
        known
          ? `${name}: must be a ${typeof known.initial}, not "${text}"`
          : `${name}: no such parameter of the attack`,
      );
    else parameters[name] = value;
  }
  return parameters;
}

function readTime(text: string | null, problems: string[]): number {
  if (text === null) return 0;
  if (/^\d{1,9}(\.\d{1,6})?$/.test(text)) return Number(text);
  problems.push(`at: must be a time in ms, not "${text}"`);
  return 0;
}
