/**
 * Amnesia (class 12): signers are restored from an old copy of their disks and run on with their keys, which
 * the protocol forbids (section 9) and counts as lying. They vote and sign again what they forgot. Up to `f`
 * of them break nothing; evidence convicts them where they contradicted themselves.
 */

import type { SignerId } from '../../../src/base/ids.ts';
import type { Submission } from '../../options.ts';
import type { Attack, AttackOptions, Trial } from '../attack.ts';
import { demandOrdered, disagreeing, judged, liarsWith, parameterOf, victimScene } from '../stage.ts';

const copyAt = {
  name: 'copyAtMs',
  initial: 190,
  min: 0,
  about: 'when the copies of the disks are taken, in ms',
};
const again = { name: 'againMs', initial: 30, min: 1, about: 'ms from one restoration to the next' };

const ownEveryMs = 20;

/** Transactions through the liars too, so often that a restoration falls among their batches. */
const throughLiars = ({ liars }: AttackOptions, durationMs: number): Submission[] =>
  Array.from({ length: liars }, (_, i) =>
    Array.from(
      { length: Math.floor(durationMs / ownEveryMs) },
      (__, at): Submission => ({
        at: at * ownEveryMs + i,
        to: i as SignerId,
        dependencies: ['shared'],
      }),
    ),
  ).flat();

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
    const scene = victimScene(options, 20, 60);
    return judged(
      options,
      {
        ...scene,
        submissions: [...(scene.submissions ?? []), ...throughLiars(options, scene.durationMs)],
        adversaries: liarsWith(options, [{ name: 'old-disk', parameters }]),
        limits: { leaderTerm: 3, checkpointAfterMs: 200 },
        progressMs: 20_000,
      },
      (run) => {
        const names = disagreeing(run);
        const { blamed } = run.report;
        const wrongly = blamed.filter((id) => !run.world.byzantine.has(id));
        const figures = { convicted: blamed.length };
        if (names.length > 0) return { reached: true, reason: `two orders: ${names.join(', ')}`, figures };
        if (wrongly.length > 0)
          return { reached: true, reason: `s${wrongly.join(', s')} are convicted and honest`, figures };
        demandOrdered(run);
        return {
          reached: false,
          reason: `one order; ${figures.convicted} of the liars are convicted`,
          figures,
        };
      },
      'Signers restored from old disks',
    );
  },
};
