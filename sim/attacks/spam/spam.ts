/**
 * Class 15: clients that send too much.
 *
 * - `spam`: many transactions to the signers that others use. What answers it: batches grow with the load instead of
 *   waiting, so that others ride along; past a bound the daemon says OVERLOADED (admission is the host's, before the
 *   engine; the simulator lets everything in).
 * - `spray`: every transaction to every signer. An id is executed once, at its first place; the copies conflict with
 *   each other, and cost the score.
 */

import { allSigners, type SignerId } from '../../../src/base/ids.ts';
import type { Submission } from '../../options.ts';
import type { Attack, AttackOptions, AttackParameter } from '../attack.ts';
import { harmed, harmParameters, victimKeys } from '../dissemination/harm.ts';
import { knobsOf } from '../frontrun/knobs.ts';
import { liarsWith } from '../stage.ts';

function junk(
  { signers }: AttackOptions,
  perMs: number,
  untilMs: number,
  to: (i: number) => SignerId | readonly SignerId[],
): readonly Submission[] {
  return Array.from({ length: Math.floor(untilMs * perMs) }, (_, i) => ({
    at: i / perMs,
    to: to(i % signers),
    dependencies: [`k${i % victimKeys}`],
    client: 'spam',
    body: `spam ${i}`,
  }));
}

function byClients(
  name: string,
  about: string,
  perMs: number,
  to: (options: AttackOptions) => (i: number) => SignerId | readonly SignerId[],
): Attack {
  const parameters: readonly AttackParameter[] = [
    ...harmParameters(50),
    { name: 'perMs', initial: perMs, min: 0, about: "the attacking clients' transactions in a ms" },
  ];
  return {
    name,
    group: 15,
    about,
    goal: 'transactions of others stay open, or become final many times later than undisturbed',
    rules: ['engine'],
    parameters,
    trial(options) {
      const rate = knobsOf(parameters, options).number('perMs');
      return harmed(options, parameters, (durationMs) => ({
        submissions: junk(options, rate, durationMs, to(options)),
        adversaries: liarsWith(options, [
          { name: 'copycat', parameters: { chance: 1 } },
          { name: 'spam-own', parameters: { burst: 20, chance: 1, untilMs: durationMs } },
        ]),
        costs: 'measured',
      }));
    },
  };
}

export const spam = byClients(
  'spam',
  'many transactions through the signers that others use',
  2,
  () => (i) => i as SignerId,
);

export const spray = byClients(
  'spray',
  'every transaction to every signer',
  0.2,
  ({ signers }) =>
    () =>
      allSigners(signers),
);
