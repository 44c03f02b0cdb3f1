/**
 * The tree that a message travels: down to announce, up to collect votes or signatures. It is a plan
 * that everybody computes alone from public values; nobody sends it (protocol section 3).
 *
 * The rule: shuffle all signers by the seed; take the root out and put it in front, the others keep
 * their order; with the geographic shape, rearrange everything behind the root (`geographic.ts`); lay
 * the list out breadth first as a complete tree. The result is immutable, O(n) in memory, and answers
 * by arithmetic on places; only lists of many signers cost more than the depth of the tree.
 *
 * Invariants:
 * 1. `order` holds every signer 0 to n-1 once, the root first.
 * 2. `#places` is its inverse.
 */

import { invariant } from '../base/assert.ts';
import { type SignerSet, signerSet } from '../base/bitmap.ts';
import type { SignerId } from '../base/ids.ts';
import { arrange, type Geography } from './geographic.ts';
import { childRun, type Layout, layoutOf, parentPlace, subtreeRuns, subtreeSize } from './layout.ts';
import { shuffle } from './shuffle.ts';

/** What a tree is computed from. */
export interface TreePlan {
  /** Number of signers, at least 1. */
  readonly n: number;
  /** Children of a node, at least 1; 1 gives a chain, `n - 1` or more a star. */
  readonly fanout: number;
  /** From `batchSeed` or `viewSeed`. */
  readonly seed: Uint8Array;
  readonly root: SignerId;
  /** Absent: balanced, places as shuffled. */
  readonly shape?: 'balanced' | Geography;
}

/** Computes a tree. @throws InvariantViolation when the plan is out of its bounds. */
export function planTree(plan: TreePlan): Tree {
  const { n, fanout, seed, root, shape = 'balanced' } = plan;
  const layout = layoutOf(n, fanout);
  invariant(Number.isInteger(root) && root >= 0 && root < n, `root ${root} of ${n} signers`);
  const order = [root, ...shuffle(seed, n).filter((id) => id !== root)];
  return new Tree(shape === 'balanced' ? order : arrange(order, layout, shape), fanout);
}

/** Every method throws an InvariantViolation for an id that is not a signer of the tree. */
export class Tree {
  /** All signers, breadth first; the root is the first. */
  readonly order: readonly SignerId[];
  readonly fanout: number;
  readonly #layout: Layout;
  readonly #places: Uint32Array;

  /** @param order every signer 0 to n-1 once, breadth first. */
  constructor(order: readonly SignerId[], fanout: number) {
    this.#layout = layoutOf(order.length, fanout);
    this.fanout = fanout;
    this.order = Object.freeze([...order]);
    this.#places = new Uint32Array(order.length).fill(order.length);
    for (const [place, id] of order.entries()) {
      invariant(this.#places[id] === order.length, `order is not a permutation: signer ${id}`);
      this.#places[id] = place;
    }
  }

  get size(): number {
    return this.order.length;
  }

  get root(): SignerId {
    return this.order[0]!;
  }

  /** Levels below the root; 0 when it is alone. */
  get height(): number {
    return this.levelsBelow(this.root);
  }

  /** The parent; undefined for the root. */
  parent(id: SignerId): SignerId | undefined {
    return this.order[parentPlace(this.#layout, this.#place(id))];
  }

  /** Children in the order of their places; empty for a leaf. */
  children(id: SignerId): SignerId[] {
    const run = childRun(this.#layout, this.#place(id));
    return this.order.slice(run.from, run.to);
  }

  /** Number of edges to the root. */
  depth(id: SignerId): number {
    let depth = 0;
    for (let place = this.#place(id); place > 0; place = parentPlace(this.#layout, place)) depth += 1;
    return depth;
  }

  /** Height of the subtree under `id`: 0 for a leaf. A node waits for its children by this many levels. */
  levelsBelow(id: SignerId): number {
    return subtreeRuns(this.#layout, this.#place(id)).length - 1;
  }

  /** Ascending ids of the subtree under `id`, itself included. */
  subtree(id: SignerId): SignerSet {
    const runs = subtreeRuns(this.#layout, this.#place(id));
    return signerSet(runs.flatMap((run) => this.order.slice(run.from, run.to)));
  }

  /** Number of signers in `subtree(id)`, without listing them. */
  subtreeSize(id: SignerId): number {
    return subtreeSize(this.#layout, this.#place(id));
  }

  /** From the parent to the root, nearest first; empty for the root. */
  ancestors(id: SignerId): SignerId[] {
    const ancestors: SignerId[] = [];
    for (let place = this.#place(id); place > 0; ) {
      place = parentPlace(this.#layout, place);
      ancestors.push(this.order[place]!);
    }
    return ancestors;
  }

  /** True when `a` stands above `b`. Nobody is an ancestor of itself. */
  isAncestor(a: SignerId, b: SignerId): boolean {
    const wanted = this.#place(a);
    let place = this.#place(b);
    if (place <= wanted) return false;
    // Parents have smaller places, so the walk can stop at the first that is not above `wanted`.
    while (place > wanted) place = parentPlace(this.#layout, place);
    return place === wanted;
  }

  /** The signers of each level, from the root down, in the order of their places. */
  levels(): SignerId[][] {
    return subtreeRuns(this.#layout, 0).map((run) => this.order.slice(run.from, run.to));
  }

  #place(id: SignerId): number {
    const place = this.#places[id];
    invariant(place !== undefined, `signer ${id} is not in a tree of ${this.size}`);
    return place;
  }
}
