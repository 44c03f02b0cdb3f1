/**
 * Class 7, chained cycles. Where nothing is final before what a majority lists is there too, whoever can always add
 * one more postpones finality for ever. A liar sends a chain of own batches and shows each to two thirds of the
 * signers before the one that it follows, and all liars vote along: a majority of every certificate lists the next
 * batch, so by closure (section 6) no block may hold one without all that come after, and a victim that conflicts
 * with the first waits for the last.
 *
 * What answers it: windows. None of the chain is in the order, so its ingress's watermark stands still, and what is
 * beyond `W` numbers is accepted by nobody. The delay grows with `W` and ends there, however long the liar goes on.
 * The chain is one liar's: the others add their votes and no windows. With a window as long as the chain the attack
 * succeeds.
 */

import { textOf } from '../../../src/base/bytes.ts';
import type { SimulationOptions } from '../../options.ts';
import type { Attack, AttackParameter } from '../attack.ts';
import { knobsOf } from '../frontrun/knobs.ts';
import { honestSigners } from '../frontrun/race.ts';
import { type Judgement, judged, liarsWith, type StagedRun, sceneOf } from '../stage.ts';

const startMs = 100;

const parameters: readonly AttackParameter[] = [
  { name: 'batches', initial: 64, min: 1, about: 'how many batches the liar adds, one after the other' },
  { name: 'stepMs', initial: 30, min: 1, about: 'time between two of them, in ms' },
  { name: 'window', initial: 16, min: 1, about: 'numbers that an ingress may have in flight' },
];

function postponed({ history }: StagedRun, sentAt: number, streamMs: number): Judgement {
  for (const entry of history.entries) {
    if (entry.kind !== 'event' || entry.event.type !== 'delivered') continue;
    if (!entry.event.delivery.batch.transactions.some((one) => textOf(one.client) === 'victim')) continue;
    const delayMs = entry.at - sentAt;
    return {
      reached: delayMs >= streamMs / 2,
      reason: `final after ${delayMs.toFixed(0)} ms while the liar goes on for ${streamMs} ms`,
      figures: { delayMs, streamMs, share: delayMs / streamMs },
    };
  }
  return { reached: true, reason: 'never final', figures: { streamMs } };
}

export const chainedCycles: Attack = {
  name: 'chained-cycles',
  group: 7,
  about: 'a chain of batches that no block may hold without the next one',
  goal: "a victim's transaction is not final before half of the chain is made",
  rules: ['engine'],
  parameters,
  trial(options) {
    const knobs = knobsOf(parameters, options);
    const [batches, stepMs] = [knobs.number('batches'), knobs.number('stepMs')];
    const streamMs = batches * stepMs;
    const sentAt = startMs + 6 * stepMs;
    const [to] = honestSigners(options);
    const chain = { atMs: startMs, stepMs, batches, key: 'prize' };
    const simulation: SimulationOptions = {
      ...sceneOf(options),
      adversaries: liarsWith(options, [{ name: 'endless-chain', parameters: chain }]),
      limits: { window: knobs.number('window') },
      submissions: [{ at: sentAt, to: to!, dependencies: ['prize'], client: 'victim', body: 'victim' }],
      durationMs: startMs + streamMs,
      progressMs: 20_000,
    };
    return judged(options, simulation, (run) => postponed(run, sentAt, streamMs));
  },
};
