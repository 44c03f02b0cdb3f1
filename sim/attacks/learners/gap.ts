/**
 * Attack 16, gaps: liars stream what is true and leave things out: events, bodies, the rest of the stream
 * from some point on, while they claim to be far ahead. Or they hold events back and let others pass.
 */

import type { StreamEvent } from '../../../src/messages/stream.ts';
import type { Random } from '../../random.ts';
import type { Attack } from '../attack.ts';
import { type Lie, lyingSource } from './lies.ts';
import { attackLearners } from './victims.ts';

const ways = ['dropped', 'bodiless', 'silent', 'reordered'] as const;

function lieOf(random: Random, way: (typeof ways)[number]): Lie {
  let left = random.integer(1, 12);
  let held: StreamEvent[] = [];
  switch (way) {
    case 'dropped':
      return (event) => (event.type !== 'hello' && random.chance(0.2) ? [] : [event]);
    case 'bodiless':
      return (event) =>
        event.type === 'block' && random.chance(0.3)
          ? [{ ...event, batches: event.batches.slice(1) }]
          : [event];
    case 'silent':
      return (event) => (left-- > 0 ? [event] : []);
    case 'reordered':
      return (event) => {
        held.push(event);
        if (held.length < left) return [];
        const out = random.shuffled(held);
        held = [];
        left = random.integer(1, 6);
        return out;
      };
  }
}

export const learnerGap: Attack = {
  name: 'learner-gap',
  group: 16,
  about: 'streams with events and bodies left out, cut off, or out of order, from a server that boasts',
  goal: 'a learner skips something, or waits for good although an honest signer can be reached',
  rules: ['engine'],
  parameters: [
    { name: 'way', initial: 'any', values: ['any', ...ways], about: 'what the liars do with the stream' },
    { name: 'boast', initial: 5, min: 0, about: 'blocks that the liar claims to have above the truth' },
  ],
  trial: (options) => {
    const { way = 'any', boast = 5 } = options.parameters;
    const wanted = way === 'any' ? ways : ways.filter((one) => one === way);
    if (wanted.length === 0) throw new Error(`way must be any, ${ways.join(', ')}, not ${way}`);
    return attackLearners(options, 'streams with gaps', ({ world, random }, liar, honest) =>
      lyingSource({
        name: `liar ${liar}`,
        n: world.nodes.length,
        honest,
        boast: Number(boast),
        connection: () => ({ lie: lieOf(random, random.pick(wanted)) }),
      }),
    );
  },
};
