/**
 * An equivocating leader (class 3): two blocks in one view, each shown to its half, signed by all liars, and
 * the certificates shown to those who signed. The goal is two orders. Quorums share an honest signer, which
 * signs once in a view and never below what it is locked on (protocol section 6).
 */

import type { Attack, AttackOptions, Trial } from '../attack.ts';
import { broken, judged, liarsWith, parameterOf, victimScene } from '../stage.ts';

const how = {
  name: 'how',
  initial: 'forks',
  about: 'forks: two blocks in a view; twins: two copies of each liar',
};
const transactions = { name: 'transactions', initial: 20, about: 'transactions of each of two clients' };

export const twoBlocks: Attack = {
  name: 'two-blocks',
  group: 3,
  about: 'leaders propose two blocks in one view, all liars sign both, each half is shown its own',
  goal: 'two honest signers hold different orders',
  rules: ['engine'],
  parameters: [how, transactions],
  trial(options: AttackOptions): Trial {
    const kinds = ['empty', 'certificates', 'fewer'] as const;
    const adversaries = liarsWith(
      options,
      parameterOf(options, how) === 'twins'
        ? [{ name: 'twins', parameters: { reshuffleMs: 1e9 } }]
        : [
            { name: 'equivocating-leader', parameters: { kinds, chance: 1, split: true } },
            { name: 'signs-everything', parameters: {} },
            { name: 'two-certificates', parameters: {} },
          ],
    );
    const scene = victimScene(options, parameterOf(options, transactions), 60);
    return judged(
      options,
      {
        ...scene,
        adversaries,
        limits: { leaderTerm: 3, checkpointAfterMs: 200 },
        progressMs: 20_000,
      },
      (run) => {
        const names = broken(run);
        return names.length > 0
          ? { reached: true, reason: `honest signers hold different orders: ${names.join(', ')}` }
          : { reached: false, reason: 'one order at everybody' };
      },
      'Two blocks in one view',
    );
  },
};
