/**
 * Ranked pairs (Tideman): inside a Condorcet cycle no order pleases every majority, so pairs are locked
 * strongest first, skipping those that would close a cycle (protocol section 7). What is locked is
 * acyclic. The caller sorts; this file only locks.
 */

/** A pair inside a component; nodes are numbers from 0. */
export interface NodePair {
  readonly winner: number;
  readonly loser: number;
}

/** Reachability as one row of bits per node. */
function bitRows(size: number): { words: number; rows: Uint32Array[] } {
  const words = (size + 31) >>> 5;
  return { words, rows: Array.from({ length: size }, () => new Uint32Array(words)) };
}
const hasBit = (row: Uint32Array, bit: number): boolean => ((row[bit >>> 5]! >>> (bit & 31)) & 1) === 1;
const setBit = (row: Uint32Array, bit: number): void => {
  row[bit >>> 5]! |= 1 << (bit & 31);
};
function forEachBit(word: number, base: number, visit: (bit: number) => void): void {
  for (let rest = word; rest !== 0; rest &= rest - 1) visit(base + 31 - Math.clz32(rest & -rest));
}

/**
 * Locks pairs in the given order, and returns the locked graph as successors of each node.
 * Reachability among locked pairs is kept closed, so each test is one bit and every (from, to) is added once.
 */
export function lockPairs(size: number, pairs: Iterable<NodePair>): number[][] {
  const locked: number[][] = Array.from({ length: size }, () => []);
  // Every node reaches itself and is reached by itself.
  const { words, rows: reaches } = bitRows(size);
  const { rows: reachedBy } = bitRows(size);
  for (let node = 0; node < size; node++) {
    setBit(reaches[node]!, node);
    setBit(reachedBy[node]!, node);
  }
  const link = (from: number, to: number): void => {
    const target = reaches[from]!;
    const source = reaches[to]!;
    for (let word = 0; word < words; word++) {
      const added = source[word]! & ~target[word]!;
      if (added === 0) continue;
      target[word]! |= added;
      forEachBit(added, word * 32, (node) => setBit(reachedBy[node]!, from));
    }
  };
  for (const { winner, loser } of pairs) {
    if (hasBit(reaches[loser]!, winner)) continue;
    locked[winner]!.push(loser);
    if (hasBit(reaches[winner]!, loser)) continue;
    for (let word = 0; word < words; word++) {
      // Whoever reaches the winner and not yet the loser; the row of the loser grows meanwhile.
      const gaining = reachedBy[winner]![word]! & ~reachedBy[loser]![word]!;
      forEachBit(gaining, word * 32, (node) => link(node, loser));
    }
  }
  return locked;
}
