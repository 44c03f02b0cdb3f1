/**
 * Class 8: attacks by who is shown what. The liars have batches of their own that not everybody gets, or that
 * nobody has.
 *
 * - `selective`: each own batch is shown to one honest signer, and nobody who asks the liars gets it. That signer
 *   accepted it, lists it, hands it to whoever asks, and drives it (sections 4, 9): it costs a fetch and the score.
 * - `withheld-bodies`: liars answer no fetch and pass nothing down, as ingresses and as inner nodes. Whoever lists
 *   or certifies a batch can be asked for it, and inner nodes are bypassed.
 * - `ghost-batches`: votes that list, and batches that name in `after`, what nobody has. A vote is passed on only by
 *   who holds what it lists, so such a vote costs its author the vote; an unmet `after` costs it the batch.
 *
 * With more than `t` liars these votes are missing for a quorum, and nothing finishes.
 */

import type { Chosen } from '../../adversaries/catalog.ts';
import type { Attack } from '../attack.ts';
import { liarsWith } from '../stage.ts';
import { harmed, harmParameters } from './harm.ts';

/** They end with the victims': a liar that never stops leaves no moment without a batch under way. */
const ownBatches = (untilMs: number): Chosen => ({
  name: 'spam-own',
  parameters: { burst: 1, chance: 0.5, untilMs },
});

function byLiars(
  name: string,
  about: string,
  factor: number,
  strategies: (untilMs: number) => readonly Chosen[],
): Attack {
  const parameters = harmParameters(factor);
  return {
    name,
    group: 8,
    about,
    goal: 'transactions of others stay open, or become final many times later than undisturbed',
    rules: ['engine'],
    parameters,
    trial: (options) =>
      harmed(options, parameters, (durationMs) => ({
        adversaries: liarsWith(options, strategies(durationMs)),
      })),
  };
}

export const selective = byLiars('selective', 'own batches that one honest signer is shown', 200, () => [
  { name: 'selective-batches', parameters: { audience: 'one', chance: 0.8, key: '', serve: false } },
]);

export const withheldBodies = byLiars(
  'withheld-bodies',
  'bodies that are kept from whoever needs them',
  400,
  (untilMs) => [
    { name: 'withheld-batches', parameters: { share: 1 } },
    { name: 'hoarded-bodies', parameters: { share: 1 } },
    ownBatches(untilMs),
  ],
);

export const ghostBatches = byLiars('ghost-batches', 'votes that list batches that nobody has', 1000, () => [
  { name: 'ghosts', parameters: { chance: 1 } },
]);
