/**
 * Replays (class 12): messages of an earlier epoch with the same keys, of other views and attempts, stale
 * votes, and whatever was said long ago. The goal is that one is taken for new: an honest signer moves to a
 * view or height that nobody reached, orders by it, or convicts somebody honest.
 */

import type { Attack, AttackOptions, Trial } from '../attack.ts';
import {
  believing,
  broken,
  demandOrdered,
  judged,
  liarsWith,
  parameterOf,
  type StagedRun,
  uncheckedKnob,
  victimScene,
} from '../stage.ts';

const chance = {
  name: 'chance',
  initial: 1,
  min: 0,
  max: 1,
  about: 'chance that a liar replays something when it looks up',
};
const unchecked = uncheckedKnob('order and timeout certificates');

/** The highest view that valid certificates of this epoch lead to: 1 + the highest of any QC or TC. */
function highestProven({ history }: StagedRun): number {
  let highest = 0;
  for (const end of history.givenUp.keys()) highest = Math.max(highest, end);
  for (const digest of history.certifiedAt.keys()) {
    // The genesis block has view 0, and nobody sends it.
    const view = history.blocks.get(digest)?.view ?? 0;
    highest = Math.max(highest, view);
  }
  return highest + 1;
}

export const replays: Attack = {
  name: 'replays',
  group: 12,
  about: 'messages of an old epoch, of other views and attempts, and stale votes are sent again',
  goal: 'an honest signer takes one for new: it jumps to a view that was never reached, or breaks a rule',
  rules: ['engine'],
  parameters: [chance, unchecked],
  trial(options: AttackOptions): Trial {
    const often = { chance: parameterOf(options, chance) };
    return judged(
      options,
      {
        ...victimScene(options, 20, 60),
        adversaries: liarsWith(options, [
          { name: 'old-messages', parameters: { of: ['epoch', 'view', 'attempt'], ...often } },
          { name: 'stale-votes', parameters: often },
          { name: 'replay', parameters: often },
        ]),
        progressMs: 20_000,
        ...(parameterOf(options, unchecked) && { watch: believing('qc', 'tc') }),
      },
      (run) => {
        const names = broken(run);
        const honest = run.world.nodes.filter((node) => !run.world.byzantine.has(node.signer.id));
        const highest = Math.max(0, ...honest.map((node) => node.engine?.status().view ?? 0));
        const proven = highestProven(run);
        const figures = { highestView: highest, provenView: proven };
        if (names.length > 0) return { reached: true, reason: `checks object: ${names.join(', ')}`, figures };
        if (highest > proven)
          return {
            reached: true,
            reason: `an honest signer is in view ${highest}, certificates prove ${proven}`,
            figures,
          };
        demandOrdered(run);
        return {
          reached: false,
          reason: `nothing old was taken for new; the highest view is ${highest}, certificates prove ${proven}`,
          figures,
        };
      },
      'Replayed messages',
    );
  },
};
