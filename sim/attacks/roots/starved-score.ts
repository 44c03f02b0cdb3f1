/**
 * Roots that pick votes so that nothing is final by its score (class 2): they race the honest root of every
 * batch with certificates of the votes that list the most, and add their own that list everything. It cannot
 * break the order; the harm is the way through phase 3, so the goal is a bound on the victim's delay.
 */

import type { Attack, AttackOptions, Trial } from '../attack.ts';
import { boundOf, delayBound, judged, liarsWith, parameterOf, victimDelayed, victimScene } from '../stage.ts';

/** Default bound, in times of a view. */
const views = 3;
const bound = delayBound(views);
const aim = {
  name: 'aim',
  initial: 'last',
  values: ['first', 'last', 'split', 'without'],
  about: 'which votes are picked; without: any but those of one victim',
};

export const starvedScore: Attack = {
  name: 'starved-score',
  group: 2,
  about: 'roots pick the votes that keep scores low and their own batches first',
  goal: 'a transaction of the victim is delivered later than the bound',
  rules: ['engine'],
  parameters: [bound, aim],
  trial(options: AttackOptions): Trial {
    const scene = victimScene(options, 20, 60);
    const parameters = { aim: parameterOf(options, aim), takeOver: 1, shown: 'all' };
    const adversaries = liarsWith(options, [{ name: 'cherry-picking', parameters }]);
    const boundMs = boundOf(options, parameterOf(options, bound), views);
    return judged(
      options,
      { ...scene, adversaries, progressMs: 4 * boundMs },
      victimDelayed(options, scene, boundMs),
      'Roots that keep scores low',
    );
  },
};
