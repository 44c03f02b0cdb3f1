/**
 * Class 5, head start. Two clients react to one event; the attacker's is `headStartMs` closer to its signer. Each
 * talks to a signer near it, drawn from the seed, so on a wide network the race is also one of places; liars
 * vote for the attacker whatever they saw.
 *
 * No rule can know who is closer. What a rule can give is that nobody gains more than its distance: the pair goes
 * to who reached the majority of the signers first, and `f` liars move the threshold by their `f` votes. Under
 * first come, first served it goes to who is nearer to the leader, and a lying leader decides alone.
 */

import type { SimulationOptions } from '../../options.ts';
import type { Attack, AttackParameter } from '../attack.ts';
import { knobsOf } from '../frontrun/knobs.ts';
import { ahead, byClient, honestSigners, raced } from '../frontrun/race.ts';
import { liarsWith, sceneOf } from '../stage.ts';

const startMs = 500;

const parameters: readonly AttackParameter[] = [
  {
    name: 'headStartMs',
    initial: 0,
    about: "how much earlier the attacker's transaction reaches its signer, in ms",
  },
];

export const headStart: Attack = {
  name: 'head-start',
  group: 5,
  about: 'a client that is some milliseconds closer',
  goal: "the attacker's transaction is ordered before the victim's",
  rules: ['engine', 'source', 'fcfs', 'median'],
  parameters,
  trial(options) {
    const headStartMs = knobsOf(parameters, options).number('headStartMs');
    const [near, far = near] = honestSigners(options);
    const simulation: SimulationOptions = {
      ...sceneOf(options),
      adversaries: liarsWith(options, [{ name: 'partisan-votes', parameters: { client: 'attacker' } }]),
      submissions: [
        { at: startMs, to: near!, dependencies: ['prize'], client: 'attacker', body: 'attacker' },
        { at: startMs + headStartMs, to: far!, dependencies: ['prize'], client: 'victim', body: 'victim' },
      ],
      durationMs: 2000,
    };
    return raced(options, simulation, byClient, ahead, { headStartMs });
  },
};
