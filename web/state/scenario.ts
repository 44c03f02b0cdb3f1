/** From choices to what the simulator and the attacks are asked for. Everything random comes from the seed. */

import type { AttackOptions } from '../../sim/attacks/attack.ts';
import type { NetworkName } from '../../sim/network/names.ts';
import { fairWeather } from '../../sim/network/quality.ts';
import type { SimulationOptions, Submission } from '../../sim/options.ts';
import { Random } from '../../sim/random.ts';
import { signerId } from '../../src/base/ids.ts';
import type { FederationLimits } from '../../src/messages/federation.ts';
import type { Choices } from './choices.ts';
import { findStory } from './stories.ts';

/** Timers that suit a network, so that none goes off while a message is still under way. */
const limitsOf: Readonly<Record<NetworkName, Partial<FederationLimits>>> = {
  lan: { levelTimeoutMs: 40, viewTimeoutMs: 300, checkpointAfterMs: 200 },
  aws: { levelTimeoutMs: 500, viewTimeoutMs: 2000, checkpointAfterMs: 1500 },
  cities: { levelTimeoutMs: 600, viewTimeoutMs: 2500, checkpointAfterMs: 1500 },
};

/** Transactions come about one message delay apart: near enough to cross, far enough to be told apart. */
const spacingMs: Readonly<Record<NetworkName, number>> = { lan: 0.4, aws: 70, cities: 70 };

const common = { freezeAfterMs: 20_000, leaderTerm: 32, window: 16, checkpointBatches: 64 } as const;

export function simulationOf(choices: Choices): SimulationOptions {
  const { seed, signers, byzantine, faulty, network } = choices;
  const scene = findStory(choices.story)?.scene;
  const faults = scene?.faults ?? [];
  return {
    seed,
    signers,
    byzantine,
    faulty,
    network,
    links: scene?.links ?? [],
    limits: scene?.limits ?? { ...common, ...limitsOf[network] },
    fanout: scene?.fanout ?? 2,
    liars: 0,
    adversaries: 'none',
    faults: faults.length > 0 ? { weather: fairWeather, faults } : 'none',
    submissions: scene?.submissions ?? submissionsOf(choices),
    durationMs: scene || network !== 'lan' ? 9000 : 1500,
  };
}

function submissionsOf(choices: Choices): Submission[] {
  const random = new Random(`${choices.seed}/clients`);
  const shared = Math.round((choices.transactions * choices.conflict) / 100);
  const contested = random.shuffled(Array.from({ length: choices.transactions }, (_, i) => i < shared));
  return contested.map((isShared, i) => ({
    at: 20 + i * spacingMs[choices.network] * random.unit(),
    to: signerId(random.integer(0, choices.signers)),
    dependencies: [isShared ? `x${random.integer(0, choices.keys)}` : `own ${i}`],
    client: `client ${i}`,
  }));
}

export function attackOf(choices: Choices): AttackOptions {
  const { seed, rule, signers, byzantine, faulty, liars, network, parameters, threshold } = choices;
  return {
    seed,
    rule,
    signers,
    byzantine,
    faulty,
    liars,
    network,
    parameters,
    traced: true,
    ...(threshold > 0 && { threshold: threshold / 100 }),
  };
}
