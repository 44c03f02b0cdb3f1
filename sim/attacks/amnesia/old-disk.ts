/**
 * Amnesia (class 12): signers are restored from an old copy of their disks and run on with their keys, which
 * the protocol forbids (section 9) and counts as lying. They vote and sign again what they forgot. Up to `f`
 * of them break nothing; evidence convicts them where they contradicted themselves.
 */

import type { Attack, AttackOptions, Trial } from '../attack.ts';
import { broken, judged, liarsWith, parameterOf, victimScene } from '../stage.ts';

const copyAt = { name: 'copyAtMs', initial: 0, about: 'when the copies of the disks are taken, in ms' };
const again = { name: 'againMs', initial: 150, about: 'ms from one restoration to the next' };

export const amnesia: Attack = {
  name: 'amnesia',
  group: 12,
  about: 'signers are restored from old disks again and again, and keep their keys',
  goal: 'two honest signers hold different orders, or an honest signer is convicted',
  rules: ['engine'],
  parameters: [copyAt, again],
  trial(options: AttackOptions): Trial {
    const againMs = parameterOf(options, again);
    const parameters = { copyAtMs: parameterOf(options, copyAt), restoreAtMs: 200, againMs };
    return judged(
      options,
      {
        ...victimScene(options, 20, 60),
        adversaries: liarsWith(options, [{ name: 'old-disk', parameters }]),
        limits: { leaderTerm: 3, checkpointAfterMs: 200 },
        progressMs: 20_000,
      },
      (run) => {
        const names = broken(run);
        const figures = { convicted: run.report.blamed.length };
        return names.length > 0
          ? { reached: true, reason: `checks object: ${names.join(', ')}`, figures }
          : { reached: false, reason: `one order; ${figures.convicted} of the liars are convicted`, figures };
      },
      'Signers restored from old disks',
    );
  },
};
