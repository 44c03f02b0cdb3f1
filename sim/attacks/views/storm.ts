/**
 * View storms (class 13): liars give up every term as soon as it begins, say nothing, or propose late, little
 * or out of turn when they lead. The goal is that the victim waits longer than a bound. Liars alone end no
 * term, and a leader that costs its term costs one timer (protocol section 6).
 */

import type { Chosen } from '../../adversaries/catalog.ts';
import type { Attack, AttackOptions, Trial } from '../attack.ts';
import { boundOf, delayBound, judged, liarsWith, parameterOf, victimDelayed, victimScene } from '../stage.ts';

/** Default bound, in times of a view. */
const views = 40;
const bound = delayBound(views);
const how = {
  name: 'how',
  initial: 'storm',
  values: ['storm', 'duel', 'silent', 'late', 'empty', 'half'],
  about: 'storm, duel, or a leader that is silent, late, empty or half',
};

/** Votes that list everything: nothing is final by score, and all of it needs a leader. */
const noScore: Chosen = {
  name: 'lying-votes',
  parameters: { before: ['everything'], base: ['truth'], chance: 1, split: false },
};

function strategiesOf(name: string): readonly Chosen[] {
  const storm: Chosen = { name: 'view-storm', parameters: { ahead: 0, pauseMs: 3, blameless: true } };
  const duels: Chosen = { name: 'duel', parameters: { chance: 1 } };
  if (name === 'storm') return [noScore, storm];
  if (name === 'duel') return [noScore, storm, duels];
  if (['silent', 'late', 'empty', 'half'].includes(name))
    return [noScore, { name: 'lazy-leader', parameters: { how: name } }];
  throw new Error(`parameter how must be storm, duel, silent, late, empty or half, not "${name}"`);
}

export const viewStorm: Attack = {
  name: 'view-storm',
  group: 13,
  about: 'premature timeouts, duelling leaders, leaders that cost their whole term',
  goal: 'a transaction of the victim is delivered later than the bound',
  rules: ['engine'],
  parameters: [bound, how],
  trial(options: AttackOptions): Trial {
    const boundMs = boundOf(options, parameterOf(options, bound), views);
    const calm = victimScene(options, 20, 60);
    const scene = { ...calm, limits: { ...calm.limits, leaderTerm: 3, checkpointAfterMs: 200 } };
    return judged(
      options,
      {
        ...scene,
        adversaries: liarsWith(options, strategiesOf(parameterOf(options, how))),
        progressMs: 2 * boundMs,
      },
      victimDelayed(options, scene, boundMs),
      'A storm of views',
    );
  },
};
