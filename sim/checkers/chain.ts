/**
 * Agreement on blocks (protocol section 6, claim 2): all honest signers commit the same block at the same
 * height, in order of height, and what was committed once is there after every crash.
 */

import { blockDigest } from '../../src/messages/block.ts';
import { type Checker, short } from './checker.ts';
import type { FinalOrder, History } from './history.ts';

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

/** The places of every order are the beginning of those of the longest one, and so of each other's. */
function unequalPlaces({ finals }: History): string[] {
  const text = (place: object): string => JSON.stringify(place);
  const longest = finals.reduce<FinalOrder | undefined>(
    (a, b) => (a && a.places.length >= b.places.length ? a : b),
    undefined,
  );
  const expected = longest?.places.map(text) ?? [];
  const objections: string[] = [];
  for (const one of finals) {
    const at = one.places.findIndex((place, i) => text(place) !== expected[i]);
    if (at >= 0) objections.push(`s${one.node} and s${longest!.node} differ at place ${at}`);
  }
  return objections;
}

/**
 * A block is committed with its ancestors when a direct child of it in the next view has a QC (section 6).
 * Whoever commits a height commits up to such a block at that moment.
 */
export const commitRule: Checker = {
  name: 'commit rule',
  check(history) {
    // A single signer is a quorum of its own; no message carries its certificates.
    if (history.n === 1) return [];
    const { certifiedAt, blocks } = history;
    /** When each block was first committed by the rule itself, not as an ancestor. */
    const ruledAt = new Map<string, number>();
    for (const [digest, at] of certifiedAt) {
      const child = blocks.get(digest);
      if (!child || child.justify.view + 1 !== child.view) continue;
      for (let block = blocks.get(child.parent); block; block = blocks.get(block.parent)) {
        const one = blockDigest(block, history.n);
        if ((ruledAt.get(one) ?? Number.POSITIVE_INFINITY) <= at) break;
        ruledAt.set(one, at);
      }
    }
    return history.entries.flatMap((entry) => {
      if (entry.kind !== 'event' || entry.event.type !== 'committed') return [];
      const { block, height } = entry.event.committed;
      const at = ruledAt.get(blockDigest(block, history.n));
      return at !== undefined && at <= entry.at
        ? []
        : [
            `s${entry.node} commits height ${height} at ${entry.at.toFixed(1)} ms without a certified child in the next view`,
          ];
    });
  },
};

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
