/**
 * Several transactions of one batch, proven to be in it together: the hashes that their holder lacks to
 * find the root of the batch's tree (`messages/batch-tree.ts`), and from them, for each transaction, the path
 * that its own receipt needs. Whoever holds all transactions of a batch lacks nothing.
 *
 * Both sides walk the tree in the same way, level by level, through the groups of siblings of which some node
 * is known: the hashes are those of the other nodes of these groups, in that order.
 */

import { equalBytes, fromHex } from '../base/bytes.ts';
import { type Batch, type BatchHeader, batchLeaves } from '../messages/batch.ts';
import { type BatchPath, batchRoot } from '../messages/batch-tree.ts';

const arity = 4;
const digestBytes = 32;

/** What is at hand of one level: whole groups of siblings. */
interface Level {
  /** Place of each known node in `nodes`. */
  readonly places: readonly number[];
  /** The nodes of the groups, one group after the other. */
  readonly nodes: readonly Uint8Array[];
  /** Where in `nodes` each group begins, and one more for the end. */
  readonly starts: readonly number[];
  /** Group of each known node: the known nodes of the level above, in their order. */
  readonly groups: readonly number[];
}

/** Walks up a tree. @param missing gives the node at a position of a level, or undefined to give up. */
function climb(
  count: number,
  indices: readonly number[],
  leaves: readonly Uint8Array[],
  missing: (level: number, position: number) => Uint8Array | undefined,
): { readonly levels: readonly Level[]; readonly root: Uint8Array } | undefined {
  const levels: Level[] = [];
  let positions = indices;
  let known = leaves;
  for (let size = count; size > 1; size = Math.ceil(size / arity)) {
    const level = { places: [] as number[], nodes: [] as Uint8Array[], starts: [0], groups: [] as number[] };
    const above: number[] = [];
    for (let next = 0; next < positions.length; ) {
      const group = Math.floor(positions[next]! / arity);
      const end = Math.min(size, (group + 1) * arity);
      for (let position = group * arity; position < end; position++) {
        const own = positions[next] === position;
        const node = own ? known[next] : missing(levels.length, position);
        if (!node) return undefined;
        if (own) {
          level.places.push(level.nodes.length);
          level.groups.push(above.length);
          next += 1;
        }
        level.nodes.push(node);
      }
      level.starts.push(level.nodes.length);
      above.push(group);
    }
    known = above.map((_, i) => nodeOver(level.nodes, level.starts[i]!, level.starts[i + 1]!));
    positions = above;
    levels.push(level);
  }
  return { levels, root: known[0]! };
}

const children = new Uint8Array(arity * digestBytes);

/** The node over those from `start` up to `end`. */
function nodeOver(nodes: readonly Uint8Array[], start: number, end: number): Uint8Array {
  if (end - start === 1) return nodes[start]!;
  for (let i = start; i < end; i++) children.set(nodes[i]!, (i - start) * digestBytes);
  return batchRoot(children.subarray(0, (end - start) * digestBytes));
}

const digestAt = (level: Uint8Array, index: number): Uint8Array =>
  level.subarray(index * digestBytes, (index + 1) * digestBytes);

/** Levels of the trees of batches, digest after digest, each made on first use. */
const knownLevels = new WeakMap<Batch, readonly Uint8Array[]>();

function levelsOf(batch: Batch): readonly Uint8Array[] {
  const known = knownLevels.get(batch);
  if (known) return known;
  const levels: Uint8Array[] = [];
  let level = batchLeaves(batch);
  for (const width = arity * digestBytes; level.length > digestBytes; ) {
    levels.push(level);
    const above = new Uint8Array(digestBytes * Math.ceil(level.length / width));
    for (let from = 0, to = 0; from < level.length; from += width, to += digestBytes)
      above.set(batchRoot(level.subarray(from, from + width)), to);
    level = above;
  }
  knownLevels.set(batch, levels);
  return levels;
}

/** The hashes that the holder of these transactions lacks. @param indices strictly ascending. */
export function hashesFor(batch: Batch, indices: readonly number[]): Uint8Array[] {
  const hashes: Uint8Array[] = [];
  if (indices.length === batch.header.count) return hashes;
  const levels = levelsOf(batch);
  let positions = indices;
  for (let size = batch.header.count, level = 0; size > 1; size = Math.ceil(size / arity), level++) {
    const above: number[] = [];
    for (let next = 0; next < positions.length; ) {
      const group = Math.floor(positions[next]! / arity);
      for (let at = group * arity; at < Math.min(size, (group + 1) * arity); at++)
        if (positions[next] === at) next += 1;
        else hashes.push(digestAt(levels[level]!, at));
      above.push(group);
    }
    positions = above;
  }
  return hashes;
}

/** Transactions that are proven to be in a batch. */
export class BatchMembers {
  readonly #levels: readonly Level[];

  private constructor(levels: readonly Level[]) {
    this.#levels = levels;
  }

  /**
   * Undefined when the leaves are not these places under the root of the header.
   * @param indices strictly ascending and below the header's count.
   * @param leaves one for each index, one after the other (`putLeaf`).
   * @param hashes from `hashesFor`, by somebody who is not trusted.
   */
  static of(
    header: BatchHeader,
    indices: readonly number[],
    leaves: Uint8Array,
    hashes: readonly Uint8Array[],
  ): BatchMembers | undefined {
    let previous = -1;
    for (const index of indices) {
      if (index <= previous || index >= header.count) return undefined;
      previous = index;
    }
    let used = 0;
    const own = indices.map((_, i) => digestAt(leaves, i));
    const tree = climb(header.count, indices, own, () => hashes[used++]);
    if (!tree || used !== hashes.length || !equalBytes(tree.root, fromHex(header.root))) return undefined;
    return new BatchMembers(tree.levels);
  }

  /** The path of the transaction that was given as number `member`. */
  path(member: number): BatchPath {
    let length = 0;
    for (let level = 0, at = member; level < this.#levels.length; level++) {
      const { starts, groups } = this.#levels[level]!;
      at = groups[at]!;
      length += starts[at + 1]! - starts[at]! - 1;
    }
    const path = new Array<Uint8Array>(length);
    let used = 0;
    for (let level = 0, at = member; level < this.#levels.length; level++) {
      const { places, nodes, starts, groups } = this.#levels[level]!;
      const own = places[at]!;
      at = groups[at]!;
      for (let node = starts[at]!; node < starts[at + 1]!; node++)
        if (node !== own) path[used++] = nodes[node]!;
    }
    return path;
  }
}
