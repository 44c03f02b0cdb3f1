/**
 * The geographic shape of a tree: short edges. A message that crosses an ocean at every level is slow,
 * so each subtree should live in one part of the world, and its head where the message comes from.
 *
 * The rule, from the root down. A node has the signers that belong below it, in shuffled order, and
 * one group to fill for each child, of the size that the complete tree demands. For every group but the
 * last, in order of places: the *anchor* is the ungrouped signer farthest from the node; the group is the
 * anchor and the ungrouped signers nearest to it. The last group takes the rest. The child is the member
 * of its group nearest to the node. Ties go by shuffled order; but signers of several regions at one
 * distance from the anchor go region by region, the region first whose first signer stands first. When
 * every group has one member, the children are as shuffled.
 *
 * Farthest first leaves no far-flung rest for the last group. The shuffle decides inside a region only, so
 * central signers are inner nodes more often than in a balanced tree.
 *
 * Distance is the sum of the matrix's entries in both directions, hence symmetric; within a region its
 * diagonal counts. A signer whose region is not in the matrix is 0 from its namesakes and as far
 * from all others as anything is; no name at all is far from everybody. Protocol section 3.
 */

import { invariant } from '../base/assert.ts';
import type { SignerId } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { childRun, type Layout, subtreeSize } from './layout.ts';

/** Where the signers are: made once per federation by `geographyOf`. */
export interface Geography {
  /** For each signer the number of its region; equal numbers, equal region names. */
  readonly regionOf: readonly number[];
  /** How far apart two signers are; only comparisons matter. */
  distance(a: SignerId, b: SignerId): number;
}

/**
 * Prepares regions and latencies as they stand in the federation file.
 * @param regionOf for each signer the name of its region, or an empty string.
 * @param regions names of the matrix's rows, no two equal; may be empty.
 * @param latencyMs square matrix over `regions`, milliseconds from row to column, none negative.
 */
export function geographyOf(
  regionOf: readonly string[],
  regions: readonly string[],
  latencyMs: readonly (readonly number[])[],
): Result<Geography> {
  if (new Set(regions).size !== regions.length)
    return refuse('REGIONS_REPEAT', 'regions: a region stands in the list twice');
  if (latencyMs.length !== regions.length)
    return refuse('LATENCY_ROWS', `latencyMs has ${latencyMs.length} rows, expected ${regions.length}`);
  let farthest = 1;
  for (const [i, row] of latencyMs.entries()) {
    if (row.length !== regions.length)
      return refuse(
        'LATENCY_ROW',
        `latencyMs row ${i} (${regions[i]}) has ${row.length} values, expected ${regions.length}`,
      );
    for (const value of row) {
      if (!Number.isFinite(value) || value < 0)
        return refuse('LATENCY_VALUE', `latencyMs row ${i} (${regions[i]}) has ${value}, expected 0 or more`);
      farthest = Math.max(farthest, 2 * value);
    }
  }
  return accept(prepare(regionOf, regions, latencyMs, farthest));
}

function prepare(
  regionOf: readonly string[],
  regions: readonly string[],
  latencyMs: readonly (readonly number[])[],
  farthest: number,
): Geography {
  // Regions of the matrix have its row numbers; others get numbers above, by first appearance.
  const numbers = new Map(regions.map((name, row) => [name, row]));
  for (const name of regionOf) if (!numbers.has(name)) numbers.set(name, numbers.size);
  const numberOf = regionOf.map((name) => numbers.get(name)!);
  const nameless = numbers.get('');
  const distance = (a: SignerId, b: SignerId): number => {
    const x = numberOf[a]!;
    const y = numberOf[b]!;
    if (x < regions.length && y < regions.length) return latencyMs[x]![y]! + latencyMs[y]![x]!;
    return x === y && x !== nameless ? 0 : farthest;
  };
  return { regionOf: numberOf, distance };
}

/**
 * Rearranges a breadth-first order so that edges are short; the root keeps its place.
 * @param order every signer once, shuffled, the root first.
 * @param layout of as many places.
 */
export function arrange(order: readonly SignerId[], layout: Layout, geography: Geography): SignerId[] {
  invariant(
    geography.regionOf.length === order.length,
    `regions for ${geography.regionOf.length} signers, but ${order.length} stand in the tree`,
  );
  const placed = [order[0]!];
  // Signers that belong below each placed one; breadth first, so a place is filled before it is visited.
  const below: SignerId[][] = [order.slice(1)];
  for (let place = 0; place < layout.size; place++) {
    const node = placed[place]!;
    const children = childRun(layout, place);
    const sizes: number[] = [];
    for (let child = children.from; child < children.to; child++) sizes.push(subtreeSize(layout, child));
    for (const group of split(node, below[place]!, sizes, geography)) {
      const head = first(group, (a, b) => geography.distance(node, a) < geography.distance(node, b));
      placed.push(head);
      below.push(group.filter((id) => id !== head));
    }
    below[place] = [];
  }
  return placed;
}

/** Splits what belongs below a node into one group a child, each in shuffled order. */
function split(
  node: SignerId,
  members: readonly SignerId[],
  sizes: readonly number[],
  geography: Geography,
): SignerId[][] {
  // Only leaves below: any grouping has the same edges.
  if (sizes.every((size) => size === 1)) return members.map((id) => [id]);
  const groups: SignerId[][] = [];
  let rest = [...members];
  for (const size of sizes.slice(0, -1)) {
    const anchor = first(rest, (a, b) => geography.distance(node, a) > geography.distance(node, b));
    const others = rest.filter((id) => id !== anchor);
    const taken = new Set([anchor, ...byDistance(anchor, others, geography).slice(0, size - 1)]);
    groups.push(rest.filter((id) => taken.has(id)));
    rest = rest.filter((id) => !taken.has(id));
  }
  groups.push(rest);
  return groups;
}

/** Members from the nearest to the farthest, regions at equal distance one after the other. */
function byDistance(from: SignerId, members: readonly SignerId[], geography: Geography): SignerId[] {
  const regions = new Map<number, SignerId[]>();
  for (const id of members) {
    const region = geography.regionOf[id]!;
    const known = regions.get(region);
    if (known) known.push(id);
    else regions.set(region, [id]);
  }
  // A Map keeps insertion order and sorting is stable: ties stay by the region's first member.
  const distance = (group: readonly SignerId[]): number => geography.distance(from, group[0]!);
  return [...regions.values()].sort((a, b) => distance(a) - distance(b)).flat();
}

/** The first member that no other one is better than. */
function first(members: readonly SignerId[], better: (a: SignerId, b: SignerId) => boolean): SignerId {
  let best = members[0]!;
  for (const id of members) if (better(id, best)) best = id;
  return best;
}
