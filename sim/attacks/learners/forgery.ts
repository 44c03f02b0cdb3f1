/**
 * Attack 16, forgeries: liars that serve learners stream certificates that nobody signed, votes that list
 * no rival, batches and blocks of their own, blocks cut short, proofs without a quorum. A quorum of liars
 * can sign anything; fewer must not get a thing applied.
 */

import type { Attack } from '../attack.ts';
import { StreamForger } from './forge.ts';
import { lyingSource } from './lies.ts';
import { attackLearners } from './victims.ts';

const shareOf = (value: unknown): number => {
  const share = Number(value);
  if (!(share > 0 && share <= 1)) throw new Error(`share must be above 0 and at most 1, not ${value}`);
  return share;
};

export const learnerForgery: Attack = {
  name: 'learner-forgery',
  group: 16,
  about: 'certificates, batches and blocks that no quorum signed, streamed to learners',
  goal: 'a learner applies what the committed order contradicts, or stops for good',
  rules: ['engine'],
  parameters: [
    { name: 'share', initial: 0.3, min: 0.001, max: 1, about: 'share of the events that are forged' },
  ],
  trial: (options) => {
    const share = shareOf(options.parameters.share ?? 0.3);
    return attackLearners(options, 'forged streams', (scene, liar, honest) => {
      const forger = new StreamForger(scene, liar);
      const { random, world } = scene;
      return lyingSource({
        name: `liar ${liar}`,
        n: world.nodes.length,
        honest,
        boast: 0,
        connection: () => ({
          lie: (event) => {
            if (event.type === 'hello' || !random.chance(share)) return [event];
            const forged = event.type === 'batch' ? forger.forgeBatch(event) : forger.forgeBlock(event);
            return random.chance(0.5) ? [forged] : [forged, event];
          },
        }),
      });
    });
  },
};
