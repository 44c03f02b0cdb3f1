/** Keys for transactions, by plan and seed: the dependency here, the key in etcd. */

import { Random } from '../../sim/random.ts';
import type { KeyPlan, LoadPlan } from './plan.ts';
import { Zipf } from './zipf.ts';

/** On what a share of the transactions meet. */
export const hotKey = 'hot-key';

function picker(plan: KeyPlan, random: Random, seed: string): () => string {
  if (plan.kind === 'distinct') {
    let made = 0;
    return () => `${seed}-${made++}`;
  }
  if (plan.kind === 'uniform') return () => `key-${random.integer(0, plan.count)}`;
  const zipf = new Zipf(plan.count, plan.exponent);
  return () => `key-${zipf.at(random.unit())}`;
}

/** A generator of keys: the same plan and seed give the same keys. */
export function keySource({
  keys,
  conflictPercent,
  seed,
}: Pick<LoadPlan, 'keys' | 'conflictPercent' | 'seed'>): () => string {
  const random = new Random(seed);
  const other = picker(keys, random.stream('keys'), seed);
  if (conflictPercent === 0) return other;
  const conflict = random.stream('conflict');
  return () => (conflict.chance(conflictPercent / 100) ? hotKey : other());
}
