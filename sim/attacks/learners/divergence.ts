/**
 * Attack 16, divergent streams: each victim is told another story. For half of them conflicting batches
 * that are final by score come in the other order, with the votes that stood in the way struck out of the
 * certificates, and the blocks that would tell the truth are kept back for a while.
 */

import type { BatchEvent, StreamEvent } from '../../../src/messages/stream.ts';
import { conflict } from '../../checkers/rules.ts';
import type { Attack } from '../attack.ts';
import { StreamForger } from './forge.ts';
import { type Lie, lyingSource } from './lies.ts';
import { attackLearners, type Scene } from './victims.ts';

export const learnerDivergence: Attack = {
  name: 'learner-divergence',
  group: 16,
  about: 'two halves of the learners are streamed two orders, with certificates doctored to fit',
  goal: 'two learners apply two conflicting batches in different orders',
  rules: ['engine'],
  parameters: [{ name: 'blocks', initial: 4, min: 0, about: 'blocks that are kept back at a time' }],
  trial: (options) => {
    const kept = Number(options.parameters.blocks ?? 4);
    if (!Number.isInteger(kept) || kept < 0)
      throw new Error(`blocks must be an integer of at least 0, not ${kept}`);
    return attackLearners(options, 'divergent streams', (scene, liar, honest, victim) =>
      lyingSource({
        name: `liar ${liar}`,
        n: scene.world.nodes.length,
        honest,
        boast: kept,
        connection: () => ({
          lie: victim < 2 ? (event) => [event] : otherOrder(scene, new StreamForger(scene, liar), kept),
        }),
      }),
    );
  },
};

/** Keeps batches until a conflicting one comes, and then tells the two the other way round. */
function otherOrder({ random }: Scene, forger: StreamForger, keptMax: number): Lie {
  let waiting: BatchEvent | undefined;
  let blocks: StreamEvent[] = [];
  return (event) => {
    if (event.type === 'block') {
      // The batches of a block are told ahead of it, backwards.
      const told = event.batches.map((batch, i): BatchEvent => {
        const certificate =
          event.certificates.find((one) => one.batch === batch.id) ?? event.certificates[i]!;
        return { type: 'batch', batch, certificate };
      });
      blocks.push(event);
      const out = blocks.length > keptMax ? blocks : [];
      if (out.length > 0) blocks = [];
      return [...told.reverse().map((one) => forger.unrivalled(one)), ...out];
    }
    if (event.type !== 'batch') return [event];
    if (!waiting) {
      if (random.chance(0.5)) return [event];
      waiting = event;
      return [];
    }
    const first = waiting;
    waiting = undefined;
    return conflict(first.batch, event.batch) ? [forger.unrivalled(event), first] : [first, event];
  };
}
