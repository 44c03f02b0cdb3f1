/**
 * Pairs: which of two conflicting entries of a block comes first (protocol section 7). Each signer in
 * either certificate makes a statement. From `C_T`: "U first" if its vote lists U, else "T first"; from
 * `C_U` the mirror image. A signer that stands in one certificate makes one statement; one whose two
 * statements disagree is discarded. The larger count wins, by the difference as its margin; on a tie,
 * the smaller `tie(id)`.
 *
 * The votes of an entry are turned into masks once, so a pair costs a few operations per 32 signers.
 */

import type { BatchId } from '../base/ids.ts';
import type { Facts } from './facts.ts';
import { addSigners, bitCount, emptyMask, type SignerMask } from './signer-mask.ts';

export interface PairResult {
  readonly winner: BatchId;
  readonly loser: BatchId;
  /** Signers that state: the winner first. */
  readonly for: number;
  /** Signers that state: the loser first. */
  readonly against: number;
  readonly margin: number;
}

/** What the signers of one certificate state about the other entries of the block. */
export interface Statements {
  readonly id: BatchId;
  readonly voters: SignerMask;
  /** The voters whose vote lists an entry; entries that nobody lists are absent. */
  readonly listedBy: ReadonlyMap<BatchId, SignerMask>;
}

/**
 * Reads the statements of one entry.
 * @param n signers of the federation.
 * @param held the block's entries; what else the votes list makes no pair.
 */
export function statementsOf(facts: Facts, n: number, held: { has(id: BatchId): boolean }): Statements {
  const voters = emptyMask(n);
  for (const one of facts.classes) addSigners(voters, one.signers);
  const listedBy = new Map<BatchId, SignerMask>();
  // Masks in the map are shared between ids until a second class lists one of them.
  const shared = new Set<SignerMask>();
  for (const one of facts.classes) {
    const mask = facts.classes.length === 1 ? voters : emptyMask(n);
    if (mask !== voters) addSigners(mask, one.signers);
    shared.add(mask);
    for (const id of one.before) {
      if (!held.has(id)) continue;
      const known = listedBy.get(id);
      if (!known) listedBy.set(id, mask);
      else if (!shared.has(known)) addSigners(known, one.signers);
      else {
        const own = known.slice();
        addSigners(own, one.signers);
        listedBy.set(id, own);
      }
    }
  }
  for (const id of facts.after) if (held.has(id)) listedBy.set(id, voters);
  return { id: facts.id, voters, listedBy };
}

/** Signers that state "a first" and "b first", without those who state both. */
export function countPair(a: Statements, b: Statements): { aFirst: number; bFirst: number } {
  const aListsB = a.listedBy.get(b.id);
  const bListsA = b.listedBy.get(a.id);
  let aFirst = 0;
  let bFirst = 0;
  for (let i = 0; i < a.voters.length; i++) {
    const bBeforeA = aListsB ? aListsB[i]! : 0;
    const aBeforeB = bListsA ? bListsA[i]! : 0;
    const saysA = (a.voters[i]! & ~bBeforeA) | aBeforeB;
    const saysB = (b.voters[i]! & ~aBeforeB) | bBeforeA;
    aFirst += bitCount(saysA & ~saysB);
    bFirst += bitCount(saysB & ~saysA);
  }
  return { aFirst, bFirst };
}

/** True when `a` wins the pair. */
export const winsPair = (
  a: BatchId,
  aFirst: number,
  b: BatchId,
  bFirst: number,
  tie: (id: BatchId) => string,
): boolean => (aFirst === bFirst ? tie(a) < tie(b) : aFirst > bFirst);

/** The result of one pair of conflicting entries. */
export function pairTally(a: Statements, b: Statements, tie: (id: BatchId) => string): PairResult {
  const { aFirst, bFirst } = countPair(a, b);
  return winsPair(a.id, aFirst, b.id, bFirst, tie)
    ? { winner: a.id, loser: b.id, for: aFirst, against: bFirst, margin: aFirst - bFirst }
    : { winner: b.id, loser: a.id, for: bFirst, against: aFirst, margin: bFirst - aFirst };
}
