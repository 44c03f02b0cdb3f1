/**
 * Groups of batches that no conflict connects (protocol section 7). Batches of different groups share no
 * dependency, so their groups may be applied concurrently, each in delivery order, and the result is that
 * of applying everything in delivery order. Union-find over the conflict keys, nearly linear.
 */

import type { BatchId } from '../base/ids.ts';
import { allKeys, type BatchKeys, type Key } from './keys.ts';

/** Disjoint sets of 0 to size-1, with path halving. */
function disjointSets(size: number) {
  const parents = Array.from({ length: size }, (_, i) => i);
  const root = (start: number): number => {
    let i = start;
    while (parents[i] !== i) {
      parents[i] = parents[parents[i]!]!;
      i = parents[i]!;
    }
    return i;
  };
  const join = (a: number, b: number): void => {
    parents[root(b)] = root(a);
  };
  return { root, join };
}

/**
 * @param batches in delivery order.
 * @returns the groups by their first batch, each in delivery order.
 */
export function independentGroups(
  batches: readonly { readonly id: BatchId; readonly keys: BatchKeys }[],
): BatchId[][] {
  const sets = disjointSets(batches.length);
  const holders = new Map<Key, number>();
  const wildcard = batches.findIndex((batch) => batch.keys.wildcard);
  batches.forEach((batch, i) => {
    for (const key of allKeys(batch.keys)) {
      const holder = holders.get(key);
      if (holder === undefined) holders.set(key, i);
      else sets.join(holder, i);
    }
    // One wildcard connects everything but the batches whose lists are all empty.
    if (wildcard >= 0 && batch.keys.explicit) sets.join(wildcard, i);
  });
  const groups = new Map<number, BatchId[]>();
  batches.forEach((batch, i) => {
    const root = sets.root(i);
    const group = groups.get(root);
    if (group) group.push(batch.id);
    else groups.set(root, [batch.id]);
  });
  return [...groups.values()];
}
