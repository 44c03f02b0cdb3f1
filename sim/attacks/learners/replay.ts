/**
 * Attack 16, replays: liars stream what was true once: events twice, batches again after their block, old
 * blocks with the bodies again, the whole order from the start whatever was asked for.
 */

import { height } from '../../../src/base/ids.ts';
import type { StreamEvent } from '../../../src/messages/stream.ts';
import type { Attack } from '../attack.ts';
import { lyingSource } from './lies.ts';
import { attackLearners } from './victims.ts';

export const learnerReplay: Attack = {
  name: 'learner-replay',
  group: 16,
  about: 'old events again, alone, in heaps, or the whole order from the start',
  goal: 'a learner applies something twice, or stops for good at what it knows already',
  rules: ['engine'],
  parameters: [
    { name: 'share', initial: 0.5, min: 0, max: 1, about: 'share of the events after which old ones follow' },
    { name: 'most', initial: 6, min: 1, about: 'old events that are sent at a time, at most' },
  ],
  trial: (options) => {
    const share = Number(options.parameters.share ?? 0.5);
    const most = Number(options.parameters.most ?? 6);
    if (!(share >= 0 && share <= 1)) throw new Error(`share must be from 0 to 1, not ${share}`);
    if (!Number.isInteger(most) || most < 1) throw new Error(`most must be a positive integer, not ${most}`);
    return attackLearners(options, 'replayed streams', ({ world, random }, liar, honest) => {
      const said: StreamEvent[] = [];
      return lyingSource({
        name: `liar ${liar}`,
        n: world.nodes.length,
        honest,
        boast: 0,
        connection: (after) => ({
          after: random.chance(0.5) ? height(0) : after,
          lie: (event) => {
            said.push(event);
            if (!random.chance(share)) return [event];
            const old = Array.from({ length: random.integer(1, most + 1) }, () => random.pick(said));
            return random.chance(0.5) ? [event, ...old] : [...old, event];
          },
        }),
      });
    });
  },
};
