/**
 * Roots that pick votes so that nothing is final by its score (class 2): they race the honest root of every
 * batch with certificates of the votes that list the most, and add their own that list everything. It cannot
 * break the order; the harm is the way through phase 3, so the goal is a bound on the victim's delay.
 */

import type { Attack, AttackOptions, Trial } from '../attack.ts';
import { judged, liarsWith, parameterOf, undisturbedMs, victimDelayed, victimScene } from '../stage.ts';

const bound = { name: 'boundMs', initial: 5000, about: 'longest delay in ms that the victim may suffer' };
const aim = { name: 'aim', initial: 'last', about: 'votes picked: first, last, split, without' };

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
    const calm = undisturbedMs(options, scene);
    return judged(
      options,
      { ...scene, adversaries, progressMs: 4 * parameterOf(options, bound) },
      victimDelayed(options, calm, parameterOf(options, bound)),
      'Roots that keep scores low',
    );
  },
};
