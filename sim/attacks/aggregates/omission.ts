/**
 * Omission (class 9): the liars, wherever they stand in a tree, leave one victim out: nothing goes down to
 * it, its votes and signatures do not go up. The goal is that its transactions wait, or that its votes are
 * missing for ever in what the others certify. Bypass, direct questions of roots and the victim's own roots
 * answer it (protocol sections 3 and 9).
 */

import type { SignerId } from '../../../src/base/ids.ts';
import { signersOf } from '../../../src/messages/vote.ts';
import type { Attack, AttackOptions, Trial } from '../attack.ts';
import {
  boundOf,
  delayBound,
  judged,
  liarsWith,
  parameterOf,
  type StagedRun,
  victimDelayed,
  victimScene,
} from '../stage.ts';

/** Default bound, in times of a view. */
const views = 10;
const bound = delayBound(views);
const how = {
  name: 'how',
  initial: 'both',
  values: ['down', 'up', 'both'],
  about: 'down: tells it nothing; up: hides its votes; both',
};

/** Share of the ordered batches of other honest signers whose certificate holds the victim's vote. */
function shareWithVote({ history }: StagedRun, victim: SignerId): number {
  let all = 0;
  let held = 0;
  for (const place of history.finals[0]?.places ?? []) {
    const certificate = history.certificates.get(place.certificate);
    if (!certificate || place.ingress === victim || !history.honest.has(place.ingress)) continue;
    all += 1;
    if (signersOf(certificate.classes).includes(victim)) held += 1;
  }
  if (all === 0) throw new Error('no certificate of other honest signers is in the order');
  return held / all;
}

export const omission: Attack = {
  name: 'omission',
  group: 9,
  about: 'inner nodes leave one victim out, on the way down and on the way up',
  goal: 'a transaction of the victim is late beyond the bound, or no certificate of others holds its vote',
  rules: ['engine'],
  parameters: [bound, how],
  trial(options: AttackOptions): Trial {
    const victim = (options.signers - 1) as SignerId;
    const scene = victimScene(options, 20, 60);
    const parameters = { how: parameterOf(options, how), victim };
    const boundMs = boundOf(options, parameterOf(options, bound), views);
    const delayed = victimDelayed(options, scene, boundMs);
    return judged(
      options,
      {
        ...scene,
        adversaries: liarsWith(options, [{ name: 'omitted-victim', parameters }]),
        progressMs: 4 * boundMs,
      },
      (run) => {
        const late = delayed(run);
        // For ever is late, whatever certificates hold, and then there may be none.
        if (late.reached) return late;
        const share = shareWithVote(run, victim);
        const figures = { ...late.figures, shareWithVote: share };
        return share === 0
          ? {
              reached: true,
              reason: "no certificate of other honest signers holds the victim's vote",
              figures,
            }
          : { ...late, figures };
      },
      'One victim left out',
    );
  },
};
