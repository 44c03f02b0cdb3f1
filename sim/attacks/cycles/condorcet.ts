/**
 * Class 6, by clients alone: a Condorcet injection. Two clients send T and U, in conflict; the attacker adds two
 * transactions of its own, each in conflict with its neighbours on the circle T, U, X, Y, and sends them to other
 * signers, so that signers in different places see the circle from different points. What answers it: inside a
 * cycle the strongest pairs are locked first, and no honest signer is asked to contradict itself, so a pair that
 * more than two thirds of the signers saw one way stays. A score is final before any cycle.
 */

import { textOf } from '../../../src/base/bytes.ts';
import type { SignerId } from '../../../src/base/ids.ts';
import type { Batch } from '../../../src/messages/batch.ts';
import type { History } from '../../checkers/history.ts';
import { slackOf } from '../../checkers/rules.ts';
import type { SimulationOptions, Submission } from '../../options.ts';
import { Random } from '../../random.ts';
import type { Attack, AttackOptions, AttackParameter } from '../attack.ts';
import { knobsOf } from '../frontrun/knobs.ts';
import { byClient, honestSigners, orderUnder, shareByScore } from '../frontrun/race.ts';
import { type Judgement, judged, type StagedRun, sceneOf } from '../stage.ts';

const startMs = 500;
const durationMs = 2000;

const parameters: readonly AttackParameter[] = [
  {
    name: 'majority',
    initial: 'strong',
    values: ['unanimous', 'strong', 'simple'],
    about: 'of honest signers that saw the pair one way; strong: n - f - c',
  },
  {
    name: 'injected',
    initial: 2,
    min: 0,
    about: "the attacker's transactions; 0 to see the pair without them",
  },
  { name: 'withinMs', initial: 2, min: 0, about: 'all are sent within this time, in ms' },
];

/** The pair, and the transactions that close the circle from the second of it to the first. */
function submissions(options: AttackOptions, injected: number, withinMs: number): readonly Submission[] {
  const random = new Random(`${options.seed}/condorcet`);
  const signers = honestSigners({ ...options, liars: 0 });
  const count = injected + 2;
  const link = (place: number): string => `link ${place % count}`;
  return Array.from({ length: count }, (_, i): Submission => {
    const to = signers[i % signers.length] as SignerId;
    const client = i === 0 ? 'victim' : i === 1 ? 'attacker' : 'injected';
    const keys = injected === 0 ? ['link 1'] : [link(i), link(i + 1)];
    return { at: startMs + random.unit() * withinMs, to, dependencies: keys, client, body: `${client} ${i}` };
  });
}

/** Honest signers that accepted the first before the second. */
function sawFirst({ entries, honest }: History, first: Batch, second: Batch): number {
  const seen = new Map<SignerId, Set<string>>();
  let count = 0;
  for (const entry of entries) {
    if (entry.kind !== 'event' || entry.event.type !== 'arrived' || !honest.has(entry.node)) continue;
    const before = seen.get(entry.node) ?? new Set();
    if (entry.event.batch.id === second.id && before.has(first.id)) count += 1;
    seen.set(entry.node, before.add(entry.event.batch.id));
  }
  return count;
}

function against(options: AttackOptions, majority: string, run: StagedRun): Judgement {
  const { history } = run;
  const order = orderUnder(options.rule, run, byClient, options.seed);
  const at = (client: string): number =>
    order.findIndex((batch) => batch.transactions.some((one) => textOf(one.client) === client));
  const [a, b] = [at('victim'), at('attacker')];
  if (a < 0 || b < 0) throw new Error('the pair is not in the order');
  const [first, second] = a < b ? [order[a]!, order[b]!] : [order[b]!, order[a]!];
  const pro = sawFirst(history, first, second);
  const contra = sawFirst(history, second, first);
  const needed: Record<string, number> = {
    unanimous: history.honest.size,
    strong: history.n - history.f - slackOf(history),
    simple: pro + 1,
  };
  const least = needed[majority];
  if (least === undefined) throw new Error(`majority: "${majority}" is not unanimous, strong or simple`);
  const figures = { against: contra, shareByScore: shareByScore(run, durationMs) };
  return contra >= least && contra > pro
    ? { reached: true, reason: `the order overturns what ${contra} honest signers saw`, figures }
    : { reached: false, reason: 'the order is what such a majority saw, or there is none', figures };
}

export const condorcet: Attack = {
  name: 'condorcet',
  group: 6,
  about:
    'two transactions of a client close a cycle around a pair of others; no signer lies, whatever --liars says',
  goal: 'the order overturns a pair that such a majority of honest signers saw one way',
  rules: ['engine', 'source', 'fcfs', 'median'],
  parameters,
  trial(options) {
    const knobs = knobsOf(parameters, options);
    const simulation: SimulationOptions = {
      ...sceneOf(options),
      submissions: submissions(options, knobs.number('injected'), knobs.number('withinMs')),
      durationMs,
    };
    const majority = knobs.text('majority');
    const trial = judged(options, simulation, (run) => against(options, majority, run));
    return options.rule === 'engine' ? trial : { ...trial, violated: [], blamed: [] };
  },
};
