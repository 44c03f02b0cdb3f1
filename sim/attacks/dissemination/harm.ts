/**
 * How much harm an attack does to those who have no part in it: the same clients with the same seed once
 * undisturbed and once under attack. An attack on progress has succeeded when something stays open for good, or
 * when finality takes longer than undisturbed by more than a factor.
 */

import { textOf } from '../../../src/base/bytes.ts';
import { allSigners } from '../../../src/base/ids.ts';
import type { LiarPlan, SimulationOptions, Submission } from '../../options.ts';
import { Random } from '../../random.ts';
import { simulate } from '../../run.ts';
import type { World } from '../../world.ts';
import type { AttackOptions, AttackParameter, Trial } from '../attack.ts';
import { knobsOf } from '../frontrun/knobs.ts';
import { type Judgement, judged, sceneOf } from '../stage.ts';

const victimClient = 'victim';
const startMs = 100;
const progressMs = 20_000;
/** The victims' transactions depend on one of so many keys, `k0` and so on. */
export const victimKeys = 4;

/**
 * The knobs of every attack on progress.
 * @param factor from which delay on the attack counts as a success: about three times what it was measured to cost up to
 *   `f` liars, with 4 and 7 signers on a LAN, so that a run beyond it is news.
 */
export const harmParameters = (factor: number): readonly AttackParameter[] => [
  { name: 'victims', initial: 20, min: 1, about: 'transactions of others, whose delay is measured' },
  { name: 'durationMs', initial: 400, min: 1, about: 'for how long they are sent, in ms' },
  {
    name: 'factor',
    initial: factor,
    min: 0,
    about: 'how many times the undisturbed mean delay counts as success',
  },
];

/** What an attack adds to a quiet scene. */
export interface Assault {
  readonly adversaries?: readonly LiarPlan[];
  /** What the attacking clients send. */
  readonly submissions?: readonly Submission[];
  readonly limits?: SimulationOptions['limits'];
  readonly costs?: SimulationOptions['costs'];
}

/** One plain transaction at a time through honest signers, on few keys: those that strategies use too. */
function victims(options: AttackOptions, count: number, durationMs: number): Submission[] {
  const honest = allSigners(options.signers).slice(options.liars);
  const random = new Random(`${options.seed}/victims`);
  return Array.from({ length: count }, (_, i) => ({
    at: startMs + (i * durationMs) / count,
    to: random.pick(honest),
    dependencies: [`k${i % victimKeys}`],
    client: victimClient,
    body: `victim ${i}`,
  }));
}

/** Delays of the victims' transactions, from sending to the first delivery at an honest signer. */
class Stopwatch {
  readonly #delays = new Map<string, number>();
  readonly #sent: ReadonlyMap<string, number>;
  #byScore = 0;

  constructor(submissions: readonly Submission[]) {
    const mine = submissions.filter((one) => one.client === victimClient);
    this.#sent = new Map(mine.map((one) => [one.body ?? '', one.at]));
  }

  watch(world: World): void {
    world.watchers.push({
      observed: ({ at, event }) => {
        if (event.type !== 'delivered' || event.delivery.void) return;
        for (const { client, body } of event.delivery.batch.transactions) {
          const name = textOf(body);
          const sent = this.#sent.get(name);
          if (sent === undefined || textOf(client) !== victimClient || this.#delays.has(name)) continue;
          this.#delays.set(name, at - sent);
          if (event.delivery.finality === 'score') this.#byScore += 1;
        }
      },
    });
  }

  get open(): number {
    return this.#sent.size - this.#delays.size;
  }
  get delivered(): number {
    return this.#delays.size;
  }
  get meanMs(): number {
    const delays = [...this.#delays.values()];
    return delays.reduce((sum, delay) => sum + delay, 0) / Math.max(1, delays.length);
  }
  get worstMs(): number {
    return Math.max(0, ...this.#delays.values());
  }
  get shareByScore(): number {
    return this.#byScore / Math.max(1, this.#sent.size);
  }
}

/** @param assault what is added to the quiet scene, given how long victims send. */
export function harmed(
  options: AttackOptions,
  parameters: readonly AttackParameter[],
  assault: (durationMs: number) => Assault,
): Trial {
  const knobs = knobsOf(parameters, options);
  const durationMs = knobs.number('durationMs');
  const factor = knobs.number('factor');
  const sent = victims(options, knobs.number('victims'), durationMs);
  const { adversaries, submissions = [], limits = {}, costs = 'free' } = assault(durationMs);
  const quiet: SimulationOptions = {
    ...sceneOf(options),
    limits,
    costs,
    submissions: sent,
    durationMs: startMs + durationMs,
    progressMs,
  };
  const undisturbed = new Stopwatch(sent);
  simulate({ ...quiet, checkers: [], watch: (world) => undisturbed.watch(world) });
  const disturbed = new Stopwatch(sent);
  const all = [...sent, ...submissions].sort((a, b) => a.at - b.at);
  const scene: SimulationOptions = {
    ...quiet,
    submissions: all,
    ...(adversaries && adversaries.length > 0 && { adversaries }),
    watch: (world) => disturbed.watch(world),
  };
  return judged(options, scene, ({ report }) =>
    verdict(undisturbed, disturbed, factor, report.checks.progress === 'ok'),
  );
}

function verdict(
  undisturbed: Stopwatch,
  disturbed: Stopwatch,
  factor: number,
  progressed: boolean,
): Judgement {
  if (undisturbed.delivered === 0 || undisturbed.open > 0)
    throw new Error('there is nothing to compare with: undisturbed nothing, or not everything, became final');
  const delayFactor = disturbed.meanMs / undisturbed.meanMs;
  const figures = {
    // The delay of what never became final is no number.
    ...(disturbed.delivered > 0 && { delayFactor, delayMs: disturbed.meanMs, worstMs: disturbed.worstMs }),
    undisturbedMs: undisturbed.meanMs,
    shareByScore: disturbed.shareByScore,
    undisturbedShareByScore: undisturbed.shareByScore,
    open: disturbed.open,
  };
  if (disturbed.open > 0 || !progressed)
    return {
      reached: true,
      reason: `not everything is final after ${progressMs} ms beside the liars`,
      figures,
    };
  return {
    reached: delayFactor >= factor,
    reason: `finality took ${delayFactor.toFixed(1)} times as long as undisturbed`,
    figures,
  };
}
