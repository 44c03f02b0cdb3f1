/**
 * Agreement on blocks (protocol section 6, claim 2): all honest signers commit the same block at the same
 * height, in order of height, and what was committed once is there after every crash.
 */

import { blockDigest } from '../../src/messages/block.ts';
import { type Checker, short } from './checker.ts';
import type { History } from './history.ts';

/** One block a height, whoever commits it and whenever. */
export const agreement: Checker = {
  name: 'agreement',
  check(history) {
    const objections: string[] = [];
    const first = new Map<number, { readonly block: string; readonly by: string }>();
    const see = (height: number, block: string, by: string): void => {
      const before = first.get(height);
      if (!before) first.set(height, { block, by });
      else if (before.block !== block)
        objections.push(
          `at height ${height} ${before.by} has ${short(before.block)} and ${by} ${short(block)}`,
        );
    };
    for (const entry of history.entries)
      if (entry.kind === 'event' && entry.event.type === 'committed') {
        const { block, height } = entry.event.committed;
        see(height, blockDigest(block, history.n), `s${entry.node} at ${entry.at.toFixed(0)} ms`);
      }
    for (const { node, blocks } of history.finals)
      blocks.forEach((block, i) => {
        see(i + 1, blockDigest(block, history.n), `s${node} at the end`);
      });
    return [...objections, ...unequalPlaces(history)];
  },
};

/** The places of the shorter order are the beginning of those of the longer one. */
function unequalPlaces({ finals }: History): string[] {
  const text = (place: object): string => JSON.stringify(place);
  const objections: string[] = [];
  for (const one of finals)
    for (const other of finals) {
      const at = one.places.findIndex((place, i) => other.places[i] && text(place) !== text(other.places[i]));
      if (at >= 0) objections.push(`s${one.node} and s${other.node} differ at place ${at}`);
    }
  return objections;
}

/** Heights only grow at a node, and no restart takes back what was announced as committed. */
export const prefixes: Checker = {
  name: 'prefixes',
  check(history) {
    const objections: string[] = [];
    const heights = new Map<number, number>();
    for (const entry of history.entries) {
      const height = heights.get(entry.node) ?? 0;
      if (entry.kind === 'started') {
        if (entry.height < height)
          objections.push(`s${entry.node} starts at height ${entry.height} after it announced ${height}`);
        heights.set(entry.node, entry.height);
      } else if (entry.kind === 'event' && entry.event.type === 'committed') {
        const next = entry.event.committed.height;
        if (next !== height + 1)
          objections.push(`s${entry.node} commits height ${next} after height ${height}`);
        heights.set(entry.node, next);
      }
    }
    for (const { node, blocks, places } of history.finals) {
      const height = heights.get(node) ?? 0;
      if (blocks.length < height) objections.push(`s${node} ends at ${blocks.length} after height ${height}`);
      const placesOfBlocks = new Set(places.map((place) => place.height));
      if ([...placesOfBlocks].some((at) => at > blocks.length))
        objections.push(`s${node} has places without a block`);
    }
    return objections;
  },
};
