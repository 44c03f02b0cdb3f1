/**
 * Scenario files: the options of a simulation as JSON, all of it checked when read. `materialise` writes
 * what was left to the seed into the options, so that it can be cut down without drawing something else.
 */

import { z } from 'zod';
import type { SignerId } from '../src/base/ids.ts';
import { accept, type Result, refuse } from '../src/base/result.ts';
import { defaultLimits, type FederationLimits } from '../src/messages/federation.ts';
import { quorumOf } from '../src/ordering/quorum.ts';
import { type AdversaryName, adversaryNames, type Chosen, choose } from './adversaries/catalog.ts';
import { cryptographies } from './federation.ts';
import { networkNames } from './network/names.ts';
import type { LiarPlan, SimulationOptions } from './options.ts';
import { Random } from './random.ts';
import { draw } from './run.ts';

const signersMax = 2000;
const fanoutMax = 1000;
/** A day in ms, and more bytes or batches than a simulation needs. */
const limitMax = 86_400_000;
const whole = z.int().min(0);
const ms = z.number().min(0).max(1e9);
const share = z.number().min(0).max(1);
const signer = whole.max(signersMax - 1).transform((id) => id as SignerId);
const kept = z.union([z.literal('all'), z.literal('none'), share]);
const adversary = z.enum(adversaryNames as [AdversaryName, ...AdversaryName[]]);

const spell = { at: ms, forMs: ms };
const fault = z.discriminatedUnion('kind', [
  z.strictObject({ ...spell, kind: z.literal('crash'), node: signer, keep: kept, torn: share.optional() }),
  z.strictObject({ ...spell, kind: z.literal('blackout'), keep: kept }),
  z.strictObject({ ...spell, kind: z.literal('partition'), members: z.array(signer), oneWay: z.boolean() }),
  z.strictObject({ ...spell, kind: z.literal('spike'), members: z.array(signer), delayMs: ms }),
  z.strictObject({ ...spell, kind: z.literal('slowDisk'), node: signer, syncMs: ms }),
  z.strictObject({ ...spell, kind: z.literal('fullDisk'), node: signer }),
  z.strictObject({ ...spell, kind: z.literal('slowNode'), node: signer, delayMs: ms }),
  z.strictObject({
    ...spell,
    kind: z.literal('justUnder'),
    node: signer,
    timeout: z.enum(['level', 'view']),
  }),
  z.strictObject({ ...spell, kind: z.literal('drift'), node: signer, rate: z.number().min(0.01).max(100) }),
  z.strictObject({ ...spell, kind: z.literal('jump'), node: signer, byMs: z.number().min(-1e9).max(1e9) }),
]);
const weather = z.strictObject({
  latencyMs: ms,
  jitterMs: ms,
  loss: share,
  duplication: share,
  reorder: z.boolean(),
});
const faultPlan = z.strictObject({ weather, faults: z.array(fault) });
const submission = z.strictObject({
  at: ms,
  to: z.union([signer, z.array(signer).min(1)]),
  dependencies: z.array(z.string()).optional(),
  client: z.string().optional(),
  body: z.string().optional(),
  expires: whole.optional(),
});
const liarPlan = z.strictObject({
  signer,
  strategies: z.array(z.strictObject({ name: adversary, parameters: z.record(z.string(), z.unknown()) })),
});

const limitNames = Object.keys(defaultLimits) as [keyof FederationLimits, ...(keyof FederationLimits)[]];

const scenario = z.strictObject({
  seed: z.string().min(1),
  signers: whole.min(1).max(signersMax),
  byzantine: whole,
  faulty: whole,
  network: z.enum(networkNames).optional(),
  rttMs: ms.optional(),
  bandwidthMbps: z.number().positive().optional(),
  uplinkMbps: z.number().positive().optional(),
  links: z.array(z.strictObject({ from: signer, to: signer, latencyMs: ms })).optional(),
  costs: z.enum(['free', 'measured']).optional(),
  crypto: z.enum(cryptographies).optional(),
  wire: z.boolean().optional(),
  countBytes: z.boolean().optional(),
  extraSlack: z.int().min(-signersMax).max(signersMax).optional(),
  threshold: share.optional(),
  liars: whole.optional(),
  adversaries: z
    .union([z.literal('random'), z.literal('none'), z.array(adversary), z.array(liarPlan)], {
      error: `expected random, none, names of adversaries, or a plan for each liar; names: ${adversaryNames.join(', ')}`,
    })
    .optional(),
  faults: z
    .union([z.literal('random'), z.literal('none'), faultPlan], {
      error: 'expected random, none, or a plan with weather and faults',
    })
    .optional(),
  limits: z.partialRecord(z.enum(limitNames), z.int().min(1).max(limitMax)).optional(),
  fanout: whole.min(1).max(fanoutMax).optional(),
  transactions: whole.optional(),
  conflict: share.optional(),
  submissions: z.array(submission).optional(),
  durationMs: ms.optional(),
  progressMs: ms.optional(),
  learners: z.enum(['none', 'some', 'all']).optional(),
});

/** Checks options that came from outside: a file, flags, a URL. The refusal names the field at fault. */
export function checkOptions(value: unknown): Result<SimulationOptions> {
  const parsed = scenario.safeParse(value);
  if (!parsed.success) {
    const { path, message } = deepest(parsed.error.issues[0]!);
    return refuse('SCENARIO', `${path.join('.') || 'scenario'}: ${message}`);
  }
  const options = parsed.data as SimulationOptions;
  const { signers, byzantine, faulty } = options;
  const quorum = quorumOf(signers, byzantine, faulty);
  if (!quorum.ok) return quorum;
  const stranger = signersNamed(options).find((id) => id >= signers);
  if (stranger !== undefined)
    return refuse('SCENARIO', `signer ${stranger} is named, and there are ${signers}`);
  if ((options.liars ?? 0) > signers)
    return refuse('SCENARIO', `liars: ${options.liars} of ${signers} signers`);
  const plans = plansOf(options).map((plan) => plan.signer);
  if (new Set(plans).size < plans.length) return refuse('SCENARIO', 'adversaries: two plans for one signer');
  for (const plan of plansOf(options))
    for (const strategy of plan.strategies) {
      const why = whyNoParameters(strategy);
      if (why !== undefined) return refuse('SCENARIO', `adversaries, signer ${plan.signer}: ${why}`);
    }
  return accept(options);
}

const plansOf = ({ adversaries }: SimulationOptions): LiarPlan[] =>
  (Array.isArray(adversaries) ? adversaries : []).filter((one) => typeof one === 'object');

/** Where several forms are allowed, what is wrong with the one that the value comes nearest to, if there is one. */
function deepest(issue: z.core.$ZodIssue): {
  readonly path: readonly PropertyKey[];
  readonly message: string;
} {
  if (issue.code !== 'invalid_union') return issue;
  const found = issue.errors.flatMap(([first]) => (first ? [deepest(first)] : []));
  const depth = Math.max(0, ...found.map(({ path }) => path.length));
  const nearest = found.filter(({ path }) => path.length === depth);
  if (depth === 0 || nearest.length > 1) return issue;
  return { path: [...issue.path, ...nearest[0]!.path], message: nearest[0]!.message };
}

/** Why the parameters of a strategy are none of its own, or undefined. */
function whyNoParameters({ name, parameters }: Chosen): string | undefined {
  const own = choose(name, new Random('parameters')).parameters as Readonly<Record<string, unknown>>;
  const given = parameters as Readonly<Record<string, unknown>>;
  const known = Object.keys(own);
  const names = known.join(', ') || 'none';
  const wrong = Object.keys(given).find((key) => !known.includes(key));
  if (wrong !== undefined) return `${name} has no parameter "${wrong}", its parameters: ${names}`;
  for (const key of known) {
    if (given[key] === undefined) return `${name} lacks its parameter "${key}"`;
    if (kindOf(given[key]) !== kindOf(own[key]))
      return `${name}, parameter "${key}": expected a ${kindOf(own[key])}, found ${JSON.stringify(given[key])}`;
  }
  return undefined;
}

const kindOf = (value: unknown): string => (Array.isArray(value) ? 'list' : typeof value);

function signersNamed(options: SimulationOptions): readonly number[] {
  const { links, submissions, faults } = options;
  const spells = typeof faults === 'object' ? faults.faults : [];
  return [
    ...(links ?? []).flatMap(({ from, to }) => [from, to]),
    ...(submissions ?? []).flatMap(({ to }) => (typeof to === 'number' ? [to] : to)),
    ...plansOf(options).map((plan) => plan.signer),
    ...spells.flatMap((one) => ('node' in one ? [one.node] : 'members' in one ? one.members : [])),
  ];
}

/** Reads a scenario file. */
export function decodeScenario(text: string): Result<SimulationOptions> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse('SCENARIO', `not JSON: ${(error as Error).message}`);
  }
  return checkOptions(value);
}

/** A scenario file of these options; what is code (checkers, watch) stays out. */
export function encodeScenario(options: SimulationOptions): string {
  const { checkers: _, watch: __, schemes: ___, ...data } = options;
  return `${JSON.stringify(data, undefined, 2)}\n`;
}

/** Options that leave nothing to the seed but chance, and give the same run. */
export function materialise(options: SimulationOptions): SimulationOptions {
  const { limits, fanout, liars, faults, submissions, learners } = draw(options);
  const { liars: _, transactions: __, conflict: ___, ...rest } = options;
  return {
    ...rest,
    limits,
    fanout,
    adversaries: liars.length === 0 ? 'none' : liars,
    faults,
    submissions,
    learners,
  };
}
