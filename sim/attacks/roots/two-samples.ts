/**
 * Cherry-picking roots (class 2): two certificates, made of chosen votes, that lead to different orders.
 * `sim/adversaries/roots-samples.ts` plays it as well as it can be played for any number of signers, liars
 * and any threshold; so it must fail up to `f` liars with the engine's own slack, and succeed with one more
 * of either. Protocol sections 5 and 13, claim 1.
 */

import type { Attack, AttackOptions, Trial } from '../attack.ts';
import { demandOrdered, disagreeing, judged, liarsWith, parameterOf, sceneOf } from '../stage.ts';

const gap = {
  name: 'gapMs',
  initial: 0,
  min: 0,
  about: 'ms between the two batches at each signer; 0: as the network needs',
} as const;

const gapOf: Record<AttackOptions['network'], number> = { lan: 10, aws: 800, cities: 1000 };

export const twoSamples: Attack = {
  name: 'two-samples',
  group: 2,
  about: 'colluding roots pick the votes of two certificates so that they contradict each other',
  goal: 'a signer was shown a final order by score and the committed order, or another signer, says otherwise',
  rules: ['engine'],
  parameters: [gap],
  trial(options: AttackOptions): Trial {
    const given = parameterOf<number>(options, gap);
    const gapMs = given > 0 ? given : gapOf[options.network];
    const parameters = { atMs: 10, gapMs, key: 'contested', number: 1 };
    return judged(
      options,
      {
        ...sceneOf(options),
        adversaries: liarsWith(options, [{ name: 'two-samples', parameters }]),
        submissions: [],
        durationMs: 10 * gapMs,
        progressMs: 20_000,
      },
      (run) => {
        const names = disagreeing(run);
        if (names.length > 0)
          return { reached: true, reason: `two signers hold contradicting orders: ${names.join(', ')}` };
        demandOrdered(run);
        return { reached: false, reason: 'both batches stand in one order at everybody' };
      },
      'Two certificates made of chosen votes',
    );
  },
};
