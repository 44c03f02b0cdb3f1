/**
 * An equivocating leader (class 3): two blocks in one view, each shown to its half, signed by all liars, and
 * a child on the certificate of each, shown to those who signed. The goal is two orders. Quorums share an honest signer, which
 * signs once in a view and never below what it is locked on (protocol section 6).
 */

import { Cabal } from '../../adversaries/cabal.ts';
import type { World } from '../../world.ts';
import type { Attack, AttackOptions, Trial } from '../attack.ts';
import { demandOrdered, disagreeing, judged, liarsWith, parameterOf, victimScene } from '../stage.ts';

const how = {
  name: 'how',
  initial: 'twins',
  values: ['twins', 'forks'],
  about: 'forks: two blocks in a view; twins: two copies of each liar',
};
const transactions = {
  name: 'transactions',
  initial: 20,
  min: 1,
  about: 'transactions of each of two clients',
};

const apart = {
  name: 'apart',
  initial: true,
  about: 'the network keeps the two halves of the honest signers apart while transactions come',
};

/** Safety never depends on time, so the network may help: the halves hear the liars only. */
function keepApart(world: World, options: AttackOptions): void {
  const members = liarsWith(options, []).map(({ signer }) => signer);
  // The plan that the liars of this run draw.
  const cabal = new Cabal(world, members, world.random.stream('cabal'));
  for (const from of cabal.honest)
    for (const to of cabal.honest)
      if (cabal.half(from) !== cabal.half(to)) world.network.setCut(from, to, true);
}

export const twoBlocks: Attack = {
  name: 'two-blocks',
  group: 3,
  about: 'leaders propose two blocks in one view, all liars sign both, each half is shown its own',
  goal: 'two honest signers hold different orders',
  rules: ['engine'],
  parameters: [how, apart, transactions],
  trial(options: AttackOptions): Trial {
    const kinds = ['empty', 'certificates', 'fewer'] as const;
    const adversaries = liarsWith(
      options,
      parameterOf(options, how) === 'twins'
        ? [{ name: 'twins', parameters: { reshuffleMs: 1e9 } }]
        : [
            { name: 'equivocating-leader', parameters: { kinds, chance: 1, split: true, leak: 0 } },
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
        // A star: every signature on a fork reaches its leader, past nobody of the other half.
        fanout: Math.max(2, options.signers - 1),
        limits: { leaderTerm: 3, checkpointAfterMs: 200 },
        progressMs: 20_000,
        ...(parameterOf(options, apart) && { watch: (world: World) => keepApart(world, options) }),
      },
      (run) => {
        const names = disagreeing(run);
        if (names.length > 0)
          return { reached: true, reason: `honest signers hold different orders: ${names.join(', ')}` };
        demandOrdered(run);
        return { reached: false, reason: 'one order at everybody' };
      },
      'Two blocks in one view',
    );
  },
};
