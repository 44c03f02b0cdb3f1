/**
 * Class 6, with liars' own batches: a Condorcet cycle that overturns a pair on which all honest signers agree
 * (section 7 says that it can be done, and that the laboratory measures the price).
 *
 * All honest signers accept T before U. Liars add a chain U, X1 ... Xk, T in which only neighbours conflict, show
 * every honest signer another rotation of it, and vote along it. Each honest signer contradicts one of the
 * `k + 1` links; T before U is contradicted by liars alone. Ranked pairs lock T before U last, and so skip it, when
 * every link has fewer honest dissenters than there are liars (on equal margins the line comparison decides): with
 * `h` honest signers it takes `k + 1 > h / liars`, about `q/f` batches. Fewer are answered by the margins.
 */

import { textOf } from '../../../src/base/bytes.ts';
import type { BatchId, SignerId } from '../../../src/base/ids.ts';
import { circleBody, circlePlace } from '../../adversaries/cycles.ts';
import type { History } from '../../checkers/history.ts';
import type { SimulationOptions } from '../../options.ts';
import type { Attack, AttackOptions, AttackParameter } from '../attack.ts';
import { knobsOf } from '../frontrun/knobs.ts';
import { honestSigners, orderUnder, type Race } from '../frontrun/race.ts';
import { type Judgement, judged, liarsWith, type StagedRun, sceneOf } from '../stage.ts';

const startMs = 100;
/** The pair follows each other so closely that nobody asks for what the votes on the first one list. */
const apartMs = 1;

const parameters: readonly AttackParameter[] = [
  {
    name: 'batches',
    initial: 0,
    min: 0,
    about: "liars' own batches in the chain; 0 for as many as theory asks",
  },
];

/** Batches from which every link has fewer honest dissenters than there are liars. */
export function batchesNeeded(honest: number, liars: number): number {
  return liars <= 1 ? honest - 1 : Math.ceil(honest / (liars - 1)) - 1;
}

/** Whether all honest signers accepted the first before the second. */
function unanimous({ entries, honest }: History, first: BatchId, second: BatchId): boolean {
  const places = new Map<SignerId, BatchId[]>();
  for (const entry of entries)
    if (entry.kind === 'event' && entry.event.type === 'arrived')
      places.set(entry.node, [...(places.get(entry.node) ?? []), entry.event.batch.id]);
  return [...honest].every((signer) => {
    const order = places.get(signer) ?? [];
    return order.includes(first) && order.indexOf(first) < order.indexOf(second);
  });
}

/** Liars that report to another rule have U first and T last. */
const aroundThePair: Race = {
  sideOf: ({ body }) => {
    if (textOf(body) === circleBody(0)) return 'victim';
    return textOf(body) === circleBody(1) ? 'attacker' : 'other';
  },
};

function overturned(options: AttackOptions, batches: number, run: StagedRun): Judgement {
  const order = orderUnder(options.rule, run, aroundThePair, options.seed);
  const [t, u] = [0, 1].map((place) => order.findIndex((batch) => circlePlace(batch) === place));
  const figures = { batches, links: order.filter((batch) => circlePlace(batch) !== undefined).length - 1 };
  if (t === undefined || u === undefined || t < 0 || u < 0) throw new Error('the pair is not in the order');
  if (!unanimous(run.history, order[t]!.id, order[u]!.id))
    throw new Error('honest signers do not agree on the pair: badly staged');
  return u < t
    ? { reached: true, reason: 'the order overturns a pair on which all honest signers agree', figures }
    : { reached: false, reason: 'the pair stands as all honest signers saw it', figures };
}

export const condorcetLiars: Attack = {
  name: 'condorcet-liars',
  group: 6,
  about: "a cycle of liars' own batches around a pair that nobody honest doubts",
  goal: 'the order has U before T although all honest signers accepted T before U',
  rules: ['engine', 'source', 'fcfs', 'median'],
  parameters,
  trial(options) {
    const wanted = knobsOf(parameters, options).number('batches');
    const batches = wanted > 0 ? wanted : batchesNeeded(options.signers - options.liars, options.liars);
    const [t, u = t] = honestSigners(options);
    const at = startMs + 5;
    const chain = { batches, from: 'after U', to: 'before T', atMs: startMs, gapMs: 12, first: [t!] };
    const simulation: SimulationOptions = {
      ...sceneOf(options),
      adversaries: liarsWith(options, [{ name: 'rotated-chain', parameters: chain }]),
      fanout: options.signers,
      limits: { window: 1024, checkpointAfterMs: 5000, viewTimeoutMs: 2000, levelTimeoutMs: 100 },
      submissions: [
        { at, to: t!, dependencies: ['pair', 'before T'], client: 'first', body: circleBody(0) },
        {
          at: at + apartMs,
          to: u!,
          dependencies: ['pair', 'after U'],
          client: 'second',
          body: circleBody(1),
        },
      ],
      durationMs: 1500,
    };
    const trial = judged(options, simulation, (run) => overturned(options, batches, run));
    return options.rule === 'engine' ? trial : { ...trial, violated: [], blamed: [] };
  },
};
