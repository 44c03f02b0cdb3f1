/** Who lies in a run, and how: drawn from the seed or as planned, and put in place. */

import { allSigners } from '../src/base/ids.ts';
import { Cabal } from './adversaries/cabal.ts';
import { adversaryNames, buildStrategies, choose } from './adversaries/catalog.ts';
import { corrupt, Liar } from './adversaries/liar.ts';
import type { LiarPlan, SimulationOptions } from './options.ts';
import type { Random } from './random.ts';
import type { World } from './world.ts';

const isPlan = (wanted: NonNullable<SimulationOptions['adversaries']>): wanted is readonly LiarPlan[] =>
  Array.isArray(wanted) && wanted.some((one) => typeof one === 'object');

/** Draws who lies and how; nobody when there are no adversaries. */
export function planLiars(world: World, options: SimulationOptions, random: Random): readonly LiarPlan[] {
  const wanted = options.adversaries ?? 'random';
  if (isPlan(wanted)) return wanted;
  const some = options.byzantine === 0 ? 0 : random.stream('liars').integer(1, options.byzantine + 1);
  const count = wanted === 'none' || wanted.length === 0 ? 0 : (options.liars ?? some);
  const ids = random
    .shuffled(allSigners(options.signers))
    .slice(0, count)
    .sort((a, b) => a - b);
  return ids.map((signer) => {
    const drawn = world.random.stream(`liar ${signer}`);
    const names =
      wanted === 'random'
        ? drawn.shuffled(adversaryNames).slice(0, drawn.integer(1, 4))
        : (wanted as Exclude<typeof wanted, string>);
    return { signer, strategies: names.map((name) => choose(name, drawn)) };
  });
}

/** Corrupts the signers of a plan; they know each other. */
export function placeLiars(world: World, plan: readonly LiarPlan[]): void {
  if (plan.length === 0) return;
  const members = plan.map(({ signer }) => signer);
  const cabal = new Cabal(world, members, world.random.stream('cabal'));
  for (const { signer, strategies } of plan) {
    const liar = new Liar(world, signer, world.random.stream(`liar ${signer}`).stream('acts'), cabal);
    corrupt(liar, buildStrategies(liar, strategies), Number.POSITIVE_INFINITY);
  }
}
