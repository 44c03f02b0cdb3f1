/**
 * Class 10, ties. Exactly half of the signers accept the victim's transaction first, the other half the attacker's,
 * whose batch a lying ingress ground: it tried contents until its id suited it.
 *
 * - `prize: small-id`: the smallest id. What answers it: ties go by a hash with the parent block (section 7), so it
 *   wins every second tie as anybody would. The source's rule takes the smaller id, and loses every tie.
 * - `prize: small-tie`: the smallest hash with the block that the liar believes to be the parent. It is known while
 *   nothing is under way, but then whichever is certified first stands in a block alone: of an even split no
 *   certificate's majority lists the other. While blocks are under way the parent is younger than the batch.
 *
 * There is one liar, and to other rules too it reports what it saw: more votes than halves would decide the pair.
 */

import { allSigners, type SignerId } from '../../../src/base/ids.ts';
import type { LinkLatency, SimulationOptions, Submission } from '../../options.ts';
import type { Attack, AttackOptions, AttackParameter } from '../attack.ts';
import { knobsOf } from '../frontrun/knobs.ts';
import { ahead, byClient, raced } from '../frontrun/race.ts';
import { sceneOf } from '../stage.ts';

const startMs = 300;
/** Far longer than it takes to accept and announce, far shorter than a level may take. */
const farMs = 8;

const parameters: readonly AttackParameter[] = [
  {
    name: 'prize',
    initial: 'small-id',
    values: ['small-id', 'small-tie', 'nothing'],
    about: 'what is ground for',
  },
  { name: 'tries', initial: 200, min: 1, about: 'contents tried' },
  { name: 'busy', initial: true, about: 'whether a block is under way, so that one block holds both' },
];

/** The first half of the signers hears the liar first, the second half the victim's ingress. */
function halves({ signers }: AttackOptions, victimAt: SignerId): readonly LinkLatency[] {
  const all = allSigners(signers);
  return all.flatMap((to) => [
    { from: 0 as SignerId, to, latencyMs: 2 * to < signers ? 0.2 : farMs },
    { from: victimAt, to, latencyMs: 2 * to < signers ? farMs : 0.2 },
  ]);
}

/** Pairs of others that cross, so that the leader is proposing when the two certificates come. */
function crossings({ signers }: AttackOptions): readonly Submission[] {
  return Array.from(
    { length: 8 },
    (_, i): Submission => ({
      at: startMs + farMs - 1 + Math.floor(i / 2) / 2,
      to: (i % 2 === 0 ? 1 : signers - 2) as SignerId,
      dependencies: [`busy ${Math.floor(i / 2)}`],
      client: 'others',
      body: `busy ${i}`,
    }),
  );
}

export const grindTies: Attack = {
  name: 'grind-ties',
  group: 10,
  about: 'an id that one liar (whatever --liars says) tries until it wins ties',
  goal: "the attacker's batch wins a pair on which the signers are split evenly",
  rules: ['engine', 'source', 'median'],
  parameters,
  trial(options) {
    const knobs = knobsOf(parameters, options);
    const victimAt = (options.signers - 1) as SignerId;
    const shot = { prize: knobs.text('prize'), tries: knobs.number('tries'), key: 'prize', atMs: startMs };
    const links = halves(options, victimAt);
    const simulation: SimulationOptions = {
      ...sceneOf(options),
      adversaries: [{ signer: 0 as SignerId, strategies: [{ name: 'ground-shot', parameters: shot }] }],
      links,
      // Announcements only are slow: both certificates come at the same time.
      watch: (world) =>
        world.schedule.after(startMs + 2, () => {
          for (const { from, to } of links) world.network.setLatency(from, to, undefined);
        }),
      fanout: options.signers,
      submissions: [
        { at: startMs, to: victimAt, dependencies: ['prize'], client: 'victim', body: 'victim' },
        ...(knobs.truth('busy') ? crossings(options) : []),
      ],
      durationMs: 1500,
    };
    return raced(options, simulation, { ...byClient, trueReports: true }, ahead, {});
  },
};
