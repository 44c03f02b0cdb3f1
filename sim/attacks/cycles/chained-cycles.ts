/**
 * Class 7, chained cycles. Where an order waits until a Condorcet cycle is complete, an attacker who adds one more
 * overlapping transaction all the time postpones it for ever. Here a stream of client transactions, each in conflict
 * with the one before and the one after, sent to signers far apart, starts with a victim's.
 *
 * What answers it: a block takes the largest closed set of what is certified when it is proposed and orders the
 * cycles in it as they are; what comes later comes later. Windows make what can be listed finite. `waits: cycles`
 * judges the same arrivals by a rule without that: nothing is final before the cycle that holds it is complete.
 */

import { textOf } from '../../../src/base/bytes.ts';
import type { BatchId, SignerId } from '../../../src/base/ids.ts';
import type { Batch } from '../../../src/messages/batch.ts';
import type { History } from '../../checkers/history.ts';
import { conflict } from '../../checkers/rules.ts';
import type { SimulationOptions, Submission } from '../../options.ts';
import { Random } from '../../random.ts';
import type { Attack, AttackOptions, AttackParameter } from '../attack.ts';
import { knobsOf } from '../frontrun/knobs.ts';
import { honestSigners } from '../frontrun/race.ts';
import { type Judgement, judged, liarsWith, sceneOf } from '../stage.ts';

const startMs = 100;
/** How many others, on each side, a transaction is in conflict with. */
const overlap = 8;

const parameters: readonly AttackParameter[] = [
  { name: 'streamMs', initial: 1500, about: 'for how long the attacker goes on, in ms' },
  { name: 'everyMs', initial: 10, about: 'time between its transactions, in ms' },
  { name: 'waits', initial: 'blocks', about: 'what finality waits for: "blocks", or complete "cycles"' },
];

/** Each transaction shares a key with each of the few before it; neighbours go to different signers. */
function stream(options: AttackOptions, streamMs: number, everyMs: number): readonly Submission[] {
  const random = new Random(`${options.seed}/chain`);
  const signers = honestSigners(options);
  return Array.from(
    { length: Math.floor(streamMs / everyMs) },
    (_, i): Submission => ({
      at: startMs + i * everyMs,
      to: (i === 0 ? signers[0]! : random.pick(signers)) as SignerId,
      dependencies: Array.from({ length: overlap }, (_, back) => `chain ${i - back}`),
      client: i === 0 ? 'victim' : 'chain',
      body: `chain ${i}`,
    }),
  );
}

const isVictim = (batch: Batch): boolean => batch.transactions.some((one) => textOf(one.client) === 'victim');

/** When each batch was accepted, by signer, in order; and when it was final anywhere. */
function sightings({ entries, honest }: History) {
  const seen = new Map<BatchId, Map<SignerId, number>>();
  const final = new Map<BatchId, number>();
  const batches = new Map<BatchId, Batch>();
  entries.forEach((entry, place) => {
    if (entry.kind !== 'event' || !honest.has(entry.node)) return;
    const { event } = entry;
    if (event.type === 'delivered' && !final.has(event.delivery.batch.id))
      final.set(event.delivery.batch.id, entry.at);
    if (event.type !== 'arrived') return;
    batches.set(event.batch.id, event.batch);
    const places = seen.get(event.batch.id) ?? new Map<SignerId, number>();
    seen.set(event.batch.id, places.set(entry.node, place));
  });
  return { seen, final, batches };
}

/** Batches that the victim's stands in one cycle with when nothing cuts the stream: by majorities of arrivals. */
function cycleOfVictim({ seen, batches }: ReturnType<typeof sightings>): readonly BatchId[] {
  const ids = [...batches.keys()];
  const start = ids.find((id) => isVictim(batches.get(id)!));
  const beats = (a: BatchId, b: BatchId): boolean => {
    let balance = 0;
    for (const [signer, place] of seen.get(a)!)
      balance += Math.sign((seen.get(b)!.get(signer) ?? Number.POSITIVE_INFINITY) - place);
    return balance > 0;
  };
  const neighbours = new Map(
    ids.map((a) => [a, ids.filter((b) => a !== b && conflict(batches.get(a)!, batches.get(b)!))]),
  );
  const reach = (edge: (from: BatchId, to: BatchId) => boolean): Set<BatchId> => {
    const found = new Set<BatchId>(start ? [start] : []);
    for (const one of found) for (const next of neighbours.get(one)!) if (edge(one, next)) found.add(next);
    return found;
  };
  const ahead = reach(beats);
  const behind = reach((from, to) => beats(to, from));
  return [...ahead].filter((id) => behind.has(id));
}

function postponed(history: History, waits: string, streamMs: number): Judgement {
  const sights = sightings(history);
  const victim = [...sights.batches.values()].find(isVictim);
  const at = victim && sights.final.get(victim.id);
  if (at === undefined) return { reached: true, reason: "the victim's transaction is never final" };
  const cycle = cycleOfVictim(sights);
  const complete = Math.max(at, ...cycle.map((id) => sights.final.get(id) ?? Number.POSITIVE_INFINITY));
  const delayMs = (waits === 'cycles' ? complete : at) - startMs;
  const figures = { delayMs, cycle: cycle.length, share: delayMs / streamMs };
  return {
    reached: delayMs >= streamMs / 2,
    reason: `the first transaction is final after ${delayMs.toFixed(1)} ms of a stream of ${streamMs} ms`,
    figures,
  };
}

export const chainedCycles: Attack = {
  name: 'chained-cycles',
  group: 7,
  about: 'a stream of transactions, each in conflict with the last, that never lets a cycle end',
  goal: 'the first transaction of the stream is not final before half of the stream is over',
  rules: ['engine'],
  parameters,
  trial(options) {
    const knobs = knobsOf(parameters, options);
    const streamMs = knobs.number('streamMs');
    const simulation: SimulationOptions = {
      ...sceneOf(options),
      adversaries: liarsWith(options, [{ name: 'cyclic-votes', parameters: {} }]),
      submissions: stream(options, streamMs, knobs.number('everyMs')),
      durationMs: startMs + streamMs,
      progressMs: 20_000,
    };
    const waits = knobs.text('waits');
    return judged(options, simulation, ({ history }) => postponed(history, waits, streamMs));
  },
};
