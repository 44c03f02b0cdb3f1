/**
 * Class 14: number games (section 2, window and equivocated numbers). The numbers of a liar are the liar's own; what
 * it can make others do is bounded by its window.
 *
 * - `number-gaps`: own batches that leave gaps, at and beyond the end of the window, with `after` that nobody can
 *   meet. Such a batch waits by itself, and a gap holds back its ingress's watermark alone.
 * - `number-equivocation`: two batches with one number, one for each half. Both may be listed; one takes the number
 *   and the other is void, and both together convict their ingress.
 * - `window-full`: every number of the window at once, on everything, each batch shown to some. All of them have to
 *   be ordered; there are no more until they are.
 */

import type { Chosen } from '../../adversaries/catalog.ts';
import type { Attack, AttackParameter } from '../attack.ts';
import { harmed, harmParameters } from '../dissemination/harm.ts';
import { knobsOf } from '../frontrun/knobs.ts';
import { liarsWith } from '../stage.ts';

const goal = 'transactions of others stay open, or become final many times later than undisturbed';

const gapsParameters = harmParameters(300);

export const numberGaps: Attack = {
  name: 'number-gaps',
  group: 14,
  about: 'batches with numbers that leave gaps, up to the end of the window and beyond',
  goal,
  rules: ['engine'],
  parameters: gapsParameters,
  trial(options) {
    const gaps: readonly Chosen[] = (['gap', 'last', 'stranger'] as const).map((after) => ({
      name: 'gapped-numbers',
      parameters: { jumps: [2, 5, -1, 0, 1, 3000], chance: 0.5, after, share: 0.6 },
    }));
    return harmed(options, gapsParameters, () => ({
      adversaries: liarsWith(options, gaps),
      limits: { window: 64 },
    }));
  },
};

const equivocationParameters = harmParameters(150);

export const numberEquivocation: Attack = {
  name: 'number-equivocation',
  group: 14,
  about: 'two batches with one number, one for each half of the signers',
  goal,
  rules: ['engine'],
  parameters: equivocationParameters,
  trial: (options) =>
    harmed(options, equivocationParameters, (durationMs) => ({
      adversaries: liarsWith(options, [
        { name: 'equivocated-batches', parameters: { chance: 1 } },
        { name: 'spam-own', parameters: { burst: 1, chance: 1, untilMs: durationMs } },
      ]),
    })),
};

const windowParameters: readonly AttackParameter[] = [
  ...harmParameters(600),
  { name: 'window', initial: 64, min: 1, about: 'numbers that an ingress may have in flight' },
  { name: 'share', initial: 0.6, min: 0, max: 1, about: 'share of the signers that are shown each batch' },
];

export const windowFull: Attack = {
  name: 'window-full',
  group: 14,
  about: 'all numbers of a window at once, on everything',
  goal,
  rules: ['engine'],
  parameters: windowParameters,
  trial(options) {
    const knobs = knobsOf(windowParameters, options);
    const window = knobs.number('window');
    const full = { most: window, share: knobs.number('share'), wildcard: true, chance: 1 };
    return harmed(options, windowParameters, () => ({
      adversaries: liarsWith(options, [{ name: 'full-window', parameters: full }]),
      limits: { window },
    }));
  },
};
