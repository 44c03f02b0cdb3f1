/**
 * Merkle trees as in RFC 6962 (leaves and inner nodes hashed under different prefixes), and the
 * compact form that can be appended to while keeping only O(log n) hashes: the roots of the perfect
 * subtrees, largest first. Used for the transactions of a batch and for the whole order (protocol
 * sections 2 and 6).
 */

import { equalBytes } from './bytes.ts';
import { sha256 } from './sha256.ts';

/** Audit path: sibling hashes from the leaf upwards. */
export type MerklePath = readonly Uint8Array[];

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

export const merkleLeaf = (leaf: Uint8Array): Uint8Array => sha256(leafPrefix, leaf);
export const merkleNode = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  sha256(nodePrefix, left, right);
export const emptyRoot = (): Uint8Array => sha256();

/** Largest power of two smaller than `n`, for `n >= 2`. */
const splitPoint = (n: number): number => 2 ** Math.floor(Math.log2(n - 1));

/** Root over leaf data, in order. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return emptyRoot();
  if (leaves.length === 1) return merkleLeaf(leaves[0]!);
  const split = splitPoint(leaves.length);
  return merkleNode(merkleRoot(leaves.slice(0, split)), merkleRoot(leaves.slice(split)));
}

/** The audit path of leaf `index`. */
export function merklePath(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  if (leaves.length <= 1) return [];
  const split = splitPoint(leaves.length);
  return index < split
    ? [...merklePath(leaves.slice(0, split), index), merkleRoot(leaves.slice(split))]
    : [...merklePath(leaves.slice(split), index - split), merkleRoot(leaves.slice(0, split))];
}

/** Root that a path implies, or undefined when the path does not fit the index and size. */
function rootOfPath(
  leafHash: Uint8Array,
  index: number,
  size: number,
  path: MerklePath,
): Uint8Array | undefined {
  if (size === 1) return path.length === 0 ? leafHash : undefined;
  const sibling = path[path.length - 1];
  if (!sibling) return undefined;
  const split = splitPoint(size);
  const rest = path.slice(0, -1);
  if (index < split) {
    const left = rootOfPath(leafHash, index, split, rest);
    return left && merkleNode(left, sibling);
  }
  const right = rootOfPath(leafHash, index - split, size - split, rest);
  return right && merkleNode(sibling, right);
}

/** True when `leaf` is number `index` of the `size` leaves under `root`. */
export function verifyMerklePath(
  leaf: Uint8Array,
  index: number,
  size: number,
  path: MerklePath,
  root: Uint8Array,
): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size)) return false;
  if (index < 0 || index >= size || path.length > 64) return false;
  const implied = rootOfPath(merkleLeaf(leaf), index, size, path);
  return implied !== undefined && equalBytes(implied, root);
}

/** A node of the append-only tree: `level` 0 are leaf hashes; `index` counts within the level. */
export interface MerkleStored {
  readonly level: number;
  readonly index: number;
  readonly hash: Uint8Array;
}

/** The roots of the perfect subtrees of an append-only tree of `size` leaves, largest first. */
export interface Frontier {
  readonly size: number;
  readonly peaks: readonly Uint8Array[];
}

export const emptyFrontier: Frontier = { size: 0, peaks: [] };

/** Appends one leaf; `stored` receives the perfect-subtree nodes that the leaf completes. */
export function append(frontier: Frontier, leaf: Uint8Array, stored?: MerkleStored[]): Frontier {
  const peaks = [...frontier.peaks];
  let hash = merkleLeaf(leaf);
  let level = 0;
  let index = frontier.size;
  stored?.push({ level, index, hash });
  while (index % 2 === 1) {
    hash = merkleNode(peaks.pop()!, hash);
    level += 1;
    index = (index - 1) / 2;
    stored?.push({ level, index, hash });
  }
  peaks.push(hash);
  return { size: frontier.size + 1, peaks };
}

/** Root of the tree that a frontier stands for. */
export function frontierRoot(frontier: Frontier): Uint8Array {
  let root: Uint8Array | undefined;
  for (let i = frontier.peaks.length - 1; i >= 0; i--)
    root = root === undefined ? frontier.peaks[i]! : merkleNode(frontier.peaks[i]!, root);
  return root ?? emptyRoot();
}

/**
 * Audit path of leaf `index` in the tree of the first `size` leaves, from stored perfect-subtree nodes.
 * @param node returns the stored hash at (level, index); every node below `size` must be there.
 */
export function storedPath(
  index: number,
  size: number,
  node: (level: number, index: number) => Uint8Array,
): Uint8Array[] {
  const rangeRoot = (from: number, to: number): Uint8Array => {
    const count = to - from;
    const level = Math.log2(count);
    if (Number.isInteger(level) && from % count === 0) return node(level, from / count);
    const split = splitPoint(count);
    return merkleNode(rangeRoot(from, from + split), rangeRoot(from + split, to));
  };
  const path = (from: number, to: number): Uint8Array[] => {
    if (to - from === 1) return [];
    const split = from + splitPoint(to - from);
    return index < split
      ? [...path(from, split), rangeRoot(split, to)]
      : [...path(split, to), rangeRoot(from, split)];
  };
  return path(0, size);
}
