/**
 * Dependency lies (protocol section 2): batches that touch more than they need, so that what is unrelated
 * conflicts. Conflict is what a client claims; nobody can check it. What answers them: a batch that conflicts
 * with many costs its neighbours the score at most, phase 3 takes them all in one block, and an ingress keeps
 * contested dependencies apart from the others.
 */

import { keyOf } from './batches.ts';
import { submitOwn } from './frontrun.ts';
import type { Liar, Strategy } from './liar.ts';

/** How a lie touches what it has no business with. */
export type Reach = 'everything' | 'bridge' | 'flood';

export interface Overreach {
  readonly reach: Reach;
  /** Keys that a bridge or a flood names. */
  readonly keys: number;
  readonly chance: number;
}

/** The dependencies of one lie; absent: on everything. */
export function overreach(
  reach: Reach,
  keys: number,
  key: (place: number) => string,
): readonly string[] | undefined {
  if (reach === 'everything') return undefined;
  return Array.from({ length: keys }, (_, i) => key(i));
}

/** Own batches on everything, on several groups at once, or on as many keys as fit. */
export function overreachingBatches(liar: Liar, { reach, keys, chance }: Overreach): Strategy {
  const key = (place: number): string =>
    reach === 'flood' && place > 0 ? `flood ${liar.id} ${place}` : place === 0 ? keyOf(liar) : `k${place}`;
  return {
    tick() {
      if (!liar.random.chance(chance)) return;
      const body = `reaches far ${liar.random.integer(0, 1 << 30)}`;
      submitOwn(liar, overreach(reach, keys, key), body, 'overreach');
    },
  };
}
