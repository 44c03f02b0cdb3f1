/**
 * The tree over the transactions of a batch, whose root stands in the header (protocol section 2), so that
 * a receipt proves one transaction without the others. Wider than a binary tree: one hash of four digests
 * costs little more than one of two, and there are a third as many.
 *
 * Leaf: the transaction's id, which is a hash of all its bytes when it is unsigned; when it is signed, the
 * hash of its id and its signature, so that the root covers every byte.
 * Node: the hash of its up to four children, one after the other. One child alone needs no hash and goes up
 * as it is; the root of one leaf is the leaf.
 *
 * Why a root fixes its leaves: the header holds their number beside the root, and with it the shape, hence
 * how many children are under each hash and at which depth leaves are. A path is followed in that shape and
 * in no other, so a node cannot pass for a leaf. Ids, leaves of signed transactions and nodes are hashes in
 * domains of their own, so none of them passes for another kind either.
 */

import { equalBytes, putHex } from '../base/bytes.ts';
import { hashBytes } from '../base/hash.ts';
import type { TransactionId } from '../base/ids.ts';

/** Siblings on the way from a leaf to the root, level by level, those of one level from left to right. */
export type BatchPath = readonly Uint8Array[];

const arity = 4;
const digestBytes = 32;

/** Writes the leaf of a transaction to `at`. */
export function putLeaf(
  id: TransactionId,
  signature: Uint8Array | undefined,
  leaves: Uint8Array,
  at: number,
): void {
  putHex(id, leaves, at);
  if (signature)
    leaves.set(hashBytes('transaction-signed', leaves.subarray(at, at + digestBytes), signature), at);
}

/** The nodes above a level of digests that stand one after the other. */
function levelAbove(level: Uint8Array): Uint8Array {
  const width = arity * digestBytes;
  const above = new Uint8Array(digestBytes * Math.ceil(level.length / width));
  for (let from = 0, to = 0; from < level.length; from += width, to += digestBytes) {
    const children = level.subarray(from, from + width);
    above.set(children.length === digestBytes ? children : hashBytes('batch-node', children), to);
  }
  return above;
}

/** Root over leaves that stand one after the other, at least one. */
export function batchRoot(leaves: Uint8Array): Uint8Array {
  let level = leaves;
  while (level.length > digestBytes) level = levelAbove(level);
  return level;
}

/** All levels of a tree, to take the paths of several leaves from. */
export class BatchTree {
  readonly #levels: readonly Uint8Array[];

  /** @param leaves one after the other, at least one. */
  constructor(leaves: Uint8Array) {
    const levels = [leaves];
    for (let level = leaves; level.length > digestBytes; ) {
      level = levelAbove(level);
      levels.push(level);
    }
    this.#levels = levels;
  }

  /** @param index of the leaf, from 0. */
  path(index: number): BatchPath {
    const path: Uint8Array[] = [];
    let at = index;
    for (const level of this.#levels) {
      const first = at - (at % arity);
      for (let sibling = first; sibling < first + arity; sibling++)
        if (sibling !== at && sibling * digestBytes < level.length)
          path.push(level.subarray(sibling * digestBytes, (sibling + 1) * digestBytes));
      at = Math.floor(at / arity);
    }
    return path;
  }
}

/** True when the transaction, with this signature or none, is number `index` of the `count` under `root`. */
export function verifyBatchPath(
  id: TransactionId,
  signature: Uint8Array | undefined,
  index: number,
  count: number,
  path: BatchPath,
  root: Uint8Array,
): boolean {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(count)) return false;
  if (index < 0 || index >= count || path.some((sibling) => sibling.length !== digestBytes)) return false;
  let node = new Uint8Array(digestBytes);
  putLeaf(id, signature, node, 0);
  let used = 0;
  for (let at = index, size = count; size > 1; at = Math.floor(at / arity), size = Math.ceil(size / arity)) {
    const place = at % arity;
    const siblings = Math.min(arity, size - (at - place)) - 1;
    if (siblings === 0) continue;
    const children = path.slice(used, used + siblings);
    if (children.length < siblings) return false;
    used += siblings;
    children.splice(place, 0, node);
    node = new Uint8Array(hashBytes('batch-node', ...children));
  }
  return used === path.length && equalBytes(node, root);
}
