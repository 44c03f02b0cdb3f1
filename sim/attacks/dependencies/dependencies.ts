/**
 * Class 11: dependency lies. A dependency list is what its client claims, and nobody can check it, so a client may
 * claim to touch what others touch.
 *
 * - `wildcard-flood`: transactions that depend on everything. They conflict with all others.
 * - `bridge`: transactions that touch every group, so that groups which have nothing to do with each other become
 *   one.
 * - `key-flood`: as many keys as fit, the victims' among them.
 *
 * What answers them: conflict costs the score at most, and then phase 3 orders everything at hand in one block; an
 * ingress sends contested dependencies apart from the others, one batch at a time.
 */

import { allSigners } from '../../../src/base/ids.ts';
import { overreach, type Reach } from '../../adversaries/dependencies.ts';
import type { Submission } from '../../options.ts';
import { Random } from '../../random.ts';
import type { Attack, AttackOptions, AttackParameter } from '../attack.ts';
import { harmed, harmParameters, victimKeys } from '../dissemination/harm.ts';
import { knobsOf } from '../frontrun/knobs.ts';
import { liarsWith } from '../stage.ts';

function flood(
  options: AttackOptions,
  dependencies: readonly string[] | undefined,
  everyMs: number,
  untilMs: number,
): readonly Submission[] {
  const random = new Random(`${options.seed}/flood`);
  return Array.from({ length: Math.floor(untilMs / everyMs) }, (_, i) => ({
    at: i * everyMs,
    to: random.pick(allSigners(options.signers)),
    ...(dependencies && { dependencies }),
    client: 'flood',
    body: `flood ${i}`,
  }));
}

/** The first keys are those that the victims use. */
const keyAt = (place: number): string => (place < victimKeys ? `k${place}` : `flood ${place}`);

/** How many dependencies each of the transactions names, and may name. */
interface Keys {
  readonly initial: number;
  readonly max: number;
}

/** @param keys absent where they depend on everything. */
function byClients(name: string, about: string, reach: Reach, keys?: Keys): Attack {
  const everyMs: AttackParameter = {
    name: 'everyMs',
    initial: 5,
    min: 0.1,
    about: "time between the attacking clients' transactions, in ms",
  };
  const named: AttackParameter | undefined = keys && {
    ...keys,
    name: 'keys',
    min: 1,
    about: 'dependencies that each of them names',
  };
  const parameters = [...harmParameters(100), everyMs, ...(named ? [named] : [])];
  return {
    name,
    group: 11,
    about,
    goal: 'transactions of others stay open, or become final many times later than undisturbed',
    rules: ['engine'],
    parameters,
    trial(options) {
      const knobs = knobsOf(parameters, options);
      const count = keys ? knobs.number('keys') : 0;
      const dependencies = overreach(reach, count, keyAt);
      return harmed(options, parameters, (durationMs) => ({
        submissions: flood(options, dependencies, knobs.number('everyMs'), durationMs),
        adversaries: liarsWith(options, [
          { name: 'overreaching-batches', parameters: { reach, keys: count, chance: 1 } },
          { name: 'cyclic-votes', parameters: {} },
        ]),
        costs: 'measured',
      }));
    },
  };
}

export const wildcardFlood = byClients(
  'wildcard-flood',
  'transactions that claim to depend on everything',
  'everything',
);

export const bridge = byClients('bridge', 'transactions that claim to touch every group', 'bridge', {
  initial: victimKeys,
  max: victimKeys,
});

export const keyFlood = byClients(
  'key-flood',
  'transactions that name as many dependencies as fit',
  'flood',
  { initial: 200, max: 256 },
);
