/**
 * The trees and leaders of a federation (protocol sections 3 and 6), each computed once however often it is
 * asked for. They are pure functions of public values, so all engines of a process that serve one
 * federation share what was computed lately.
 */

import type { Attempt, BatchId, Epoch, SignerId, View } from '../base/ids.ts';
import { must } from '../base/result.ts';
import { BoundedMap } from '../crypto/bounded-map.ts';
import type { Federation } from '../messages/federation.ts';
import { geographyOf } from '../tree/geographic.ts';
import { batchSeed, leaderOf, viewSeed } from '../tree/shuffle.ts';
import { planTree, type Tree, type TreePlan } from '../tree/tree.ts';

const treesMax = 512;
const leadersMax = 64;

export class Trees {
  readonly epoch: Epoch;
  readonly #n: number;
  readonly #fanout: number;
  readonly #shape: NonNullable<TreePlan['shape']>;
  readonly #trees = new BoundedMap<string, Tree>(treesMax);
  readonly #leaders = new BoundedMap<number, SignerId>(leadersMax);

  constructor(federation: Federation, epoch: Epoch) {
    const { signers, regions, latencyMs, fanout, shape } = federation;
    this.epoch = epoch;
    this.#n = signers.length;
    this.#fanout = fanout;
    const regionsOfSigners = signers.map((signer) => signer.region);
    this.#shape =
      shape === 'geographic' ? must(geographyOf(regionsOfSigners, regions, latencyMs)) : 'balanced';
  }

  /** The tree of an attempt of a batch. */
  ofBatch(batch: BatchId, attempt: Attempt, root: SignerId): Tree {
    return this.#tree(`${batch}/${attempt}/${root}`, () => batchSeed(batch, attempt), root);
  }

  /** The tree of a view. */
  ofView(view: View, leader: SignerId): Tree {
    return this.#tree(`${view}/${leader}`, () => viewSeed(this.epoch, view), leader);
  }

  /** The leader of a term. */
  leaderOf(term: number): SignerId {
    let leader = this.#leaders.get(term);
    if (leader === undefined) {
      leader = leaderOf(this.epoch, term, this.#n);
      this.#leaders.set(term, leader);
    }
    return leader;
  }

  #tree(name: string, seed: () => Uint8Array, root: SignerId): Tree {
    let tree = this.#trees.get(name);
    if (!tree) {
      tree = planTree({ n: this.#n, fanout: this.#fanout, seed: seed(), root, shape: this.#shape });
      this.#trees.set(name, tree);
    }
    return tree;
  }
}

const shared = new WeakMap<Federation, Trees>();

/** The trees of a federation whose digest is `epoch`. */
export function treesOf(federation: Federation, epoch: Epoch): Trees {
  let trees = shared.get(federation);
  if (trees?.epoch !== epoch) {
    trees = new Trees(federation, epoch);
    shared.set(federation, trees);
  }
  return trees;
}
