/**
 * The learners of a simulation: for each honest signer one that follows it by score and one that follows it
 * by order, each with that signer as its only source, so that no other can make up for what it streams.
 */

import type { World } from '../world.ts';
import { Following, type FollowingTiming } from './following.ts';
import { type LearnerRecord, SimLearner } from './learner.ts';
import { Streams } from './streams.ts';

const timing: FollowingTiming = { stallMs: 100, failedMs: 5, forgedMs: 100, breaksEveryMs: 700 };

export class Learners {
  readonly #following: readonly Following[];

  /** Watches the world; call it before the world starts. */
  constructor(world: World) {
    const streams = new Streams(world);
    const verifier = world.federation.verifier;
    this.#following = world.nodes
      .map((node) => node.signer.id)
      .filter((id) => !world.byzantine.has(id))
      .flatMap((id) =>
        (['score', 'order'] as const).map(
          (finality) =>
            new Following(
              world,
              `${finality} learner of s${id}`,
              new SimLearner(verifier, finality),
              [streams.source(id)],
              timing,
            ),
        ),
      );
  }

  /** What they have when the run is over. */
  records(): LearnerRecord[] {
    for (const one of this.#following) one.catchUp();
    return this.#following.map((one) => one.record());
  }
}
