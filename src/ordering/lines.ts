/**
 * The source's line comparison, which inside a cycle decides among pairs of equal margin (protocol
 * section 7). A batch's rank at a signer is the number of the block's entries that its vote lists,
 * `after` included; its line is its ranks, sorted. A liar can put its rank anywhere, so only the middle
 * of the line counts: `min(v_T, v_U) - 2f` votes, in which at most as many are moved as honest ones
 * stood beside them.
 */

import type { BatchId } from '../base/ids.ts';
import type { Facts } from './facts.ts';

/** A batch's ranks, ascending, one for each vote. */
export type Line = readonly number[];

/** @param held the block's entries. */
export function lineOf(facts: Facts, held: { has(id: BatchId): boolean }): Line {
  const after = new Set(facts.after.filter((id) => held.has(id)));
  const line: number[] = [];
  for (const one of facts.classes) {
    let rank = after.size;
    for (const id of one.before) if (held.has(id) && !after.has(id)) rank += 1;
    for (let i = 0; i < one.signers.length; i++) line.push(rank);
  }
  return line.sort((a, b) => a - b);
}

/** The middle `length` of a line; when the number cut is odd, one more off the high end. */
function middle(line: Line, length: number): Line {
  const low = Math.floor((line.length - length) / 2);
  return line.slice(low, low + length);
}

/**
 * `d(winner, loser)`: positions where the winner is strictly lower minus positions where it is strictly
 * higher, on the middle `min(v_T, v_U) - 2f` votes.
 */
export function compareLines(winner: Line, loser: Line, f: number): number {
  const length = Math.max(0, Math.min(winner.length, loser.length) - 2 * f);
  const low = middle(winner, length);
  const high = middle(loser, length);
  let difference = 0;
  for (let i = 0; i < length; i++) difference += Math.sign(high[i]! - low[i]!);
  return difference;
}
