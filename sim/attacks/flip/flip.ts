/**
 * Attack 1, vote flip: liars cast two different votes on one batch and show each to another half of the
 * signers, with colluding roots that choose which votes each half sees. It is the attack that tells the
 * source's threshold of 75% from `n - c`.
 */

import { Random } from '../../random.ts';
import { comparisons, sourceThreshold } from '../../rules/source/order.ts';
import type { Attack, AttackOptions, ParameterValue } from '../attack.ts';
import { flipEngine } from './engine.ts';
import { flipSource } from './source.ts';

const arrivals = ['worst', 'random'] as const;
const blocks = ['pair', 'alone', 'either'] as const;

/** One of the values that a parameter may have. */
function oneOf<T extends ParameterValue>(options: AttackOptions, name: string, values: readonly T[]): T {
  const value = options.parameters[name] ?? values[0]!;
  const known = values.find((one) => one === value);
  if (known === undefined) throw new Error(`${name} must be one of ${values.join(', ')}, not ${value}`);
  return known;
}

function trial(options: AttackOptions): ReturnType<Attack['trial']> {
  const { liars, signers, rule, threshold = sourceThreshold } = options;
  if (!Number.isInteger(liars) || liars < 0 || liars > signers - 2)
    throw new Error(
      `liars must be an integer from 0 to ${signers - 2}, not ${liars}: two signers must be honest`,
    );
  if (!(threshold > 0 && threshold <= 1))
    throw new Error(`threshold must be a share above 0 and at most 1, not ${threshold}`);
  const when = oneOf(options, 'arrivals', arrivals);
  const block = oneOf(options, 'block', blocks);
  const comparison = oneOf(options, 'comparison', comparisons);
  const drift = oneOf(options, 'drift', [false, true]);
  if (rule === 'source') return flipSource(options, { threshold, comparison, arrivals: when, drift });
  if (rule !== 'engine') throw new Error(`rule must be engine or source, not ${rule}`);
  // Both ask for as many liars; half of the seeds play each, so that a sweep sees both.
  const drawn = new Random(`${options.seed}/block`).pick(['alone', 'pair'] as const);
  return flipEngine(options, { arrivals: when, block: block === 'either' ? drawn : block });
}

export const flip: Attack = {
  name: 'flip',
  group: 1,
  about: 'two different votes on one batch, shown to two halves by colluding roots',
  goal: 'two honest signers deliver two conflicting batches in different orders',
  rules: ['engine', 'source'],
  parameters: [
    {
      name: 'arrivals',
      initial: arrivals[0],
      values: arrivals,
      about:
        'worst: clients time what they send so that arrivals favour the liars; random: a coin for each signer',
    },
    {
      name: 'comparison',
      initial: comparisons[0],
      values: comparisons,
      about:
        "source only; sorted: positions, as written; per-signer: the source's threshold with the engine's votes",
    },
    {
      name: 'drift',
      initial: false,
      about:
        'source only; whether other transactions arrive first, so that positions of signers are far apart',
    },
    {
      name: 'block',
      initial: blocks[0],
      values: blocks,
      about:
        'engine only; pair: liars show two votes on one batch; alone: one vote of each liar on each batch, and a block that leaves out the batch that is final by score, which is no vote flip; either: drawn',
    },
  ],
  trial,
};
