/**
 * The learners of a simulation: for each honest signer one that follows it by score, and by order for each
 * of them or for one, each with that signer as its only source, so that no other makes up for what it
 * streams.
 */

import type { World } from '../world.ts';
import { Following, type FollowingTiming } from './following.ts';
import { type LearnerFinality, type LearnerRecord, SimLearner } from './learner.ts';
import { Streams } from './streams.ts';

/** `some`: one learner by order, as they all have one prefix; `all`: one for each honest signer. */
export type LearnersWanted = 'none' | 'some' | 'all';

const timing: FollowingTiming = { stallMs: 100, failedMs: 5, forgedMs: 100, breaksEveryMs: 700 };

export class Learners {
  readonly #following: Following[] = [];

  /** Watches the world; call it before the world starts, and after its liars are known. */
  constructor(world: World, wanted: LearnersWanted) {
    if (wanted === 'none') return;
    const streams = new Streams(world);
    const honest = world.nodes.map((node) => node.signer.id).filter((id) => !world.byzantine.has(id));
    const byOrder = new Set(wanted === 'all' ? honest : [world.random.stream('learners').pick(honest)]);
    for (const id of honest) {
      const finalities: readonly LearnerFinality[] = byOrder.has(id) ? ['score', 'order'] : ['score'];
      for (const finality of finalities) {
        const learner = new SimLearner(world.federation.verifier, finality);
        const name = `${finality} learner of s${id}`;
        this.#following.push(new Following(world, name, learner, [streams.source(id)], timing));
      }
    }
  }

  /** What they have when the run is over. */
  records(): LearnerRecord[] {
    for (const one of this.#following) one.catchUp();
    return this.#following.map((one) => one.record());
  }
}
