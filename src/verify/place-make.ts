/**
 * Proofs of a batch's place in the committed order, from what a signer holds (protocol sections 6, 11):
 * the Merkle path under some block's `orderRoot`, and the blocks up to one that commits that block.
 *
 * - `of`: under the batch's own block, for its receipt, which thereby proves the height.
 * - `settled`: under the newest committed block, for ancestors. Any number of them share that one chain.
 *
 * A proof never becomes wrong, so the last few are remembered: the receipts of one block share them.
 */

import { invariant } from '../base/assert.ts';
import type { BatchId, Height } from '../base/ids.ts';
import type { MerklePath } from '../base/merkle.ts';
import { BoundedMap } from '../crypto/bounded-map.ts';
import type { BatchHeader } from '../messages/batch.ts';
import type { Block, QuorumCertificate } from '../messages/block.ts';
import type { CommitProof, PlaceProof } from '../messages/receipt.ts';
import type { StoredPlace } from '../ordering/order.ts';

/** What this needs of `CommittedOrder`. */
export interface CommittedPlaces {
  readonly height: Height;
  readonly frontier: { readonly size: number };
  positionOf(batch: BatchId): number | undefined;
  placeAt(position: number): StoredPlace | undefined;
  path(position: number, size: number): MerklePath;
}

/** What this needs of the engine's `Chain`. */
export interface CommittedChain {
  at(height: Height): Block | undefined;
  proofFor(height: Height): { readonly proof: readonly Block[]; readonly qc: QuorumCertificate } | undefined;
}

/** An ancestor that is settled by the order: its header tells which number it uses. */
export interface SettledProof {
  readonly header: BatchHeader;
  readonly proof: PlaceProof;
}

const chainsKept = 16;
const proofsKept = 1024;

export class PlaceProofs {
  readonly #committed: CommittedPlaces;
  readonly #chain: CommittedChain;
  readonly #chains = new BoundedMap<Height, CommitProof>(chainsKept);
  readonly #own = new BoundedMap<BatchId, PlaceProof>(proofsKept);
  readonly #settled = new BoundedMap<BatchId, SettledProof>(proofsKept);
  readonly #headerOf: (batch: BatchId) => BatchHeader | undefined;

  /** @param headerOf header of a batch in the committed order. */
  constructor(
    committed: CommittedPlaces,
    chain: CommittedChain,
    headerOf: (batch: BatchId) => BatchHeader | undefined,
  ) {
    this.#committed = committed;
    this.#chain = chain;
    this.#headerOf = headerOf;
  }

  /** Proof of the place of a batch under the block that ordered it; undefined when it is in none. */
  of(batch: BatchId): PlaceProof | undefined {
    const known = this.#own.get(batch);
    if (known) return known;
    const position = this.#committed.positionOf(batch);
    if (position === undefined) return undefined;
    const place = this.#committed.placeAt(position)!;
    const proof = this.#prove(place, position, place.height, this.#sizeAt(place.height, position));
    if (proof) this.#own.set(batch, proof);
    return proof;
  }

  /** Proof that a batch is in the committed order; undefined when it is not. */
  settled(batch: BatchId): SettledProof | undefined {
    const known = this.#settled.get(batch);
    if (known) return known;
    const position = this.#committed.positionOf(batch);
    const header = this.#headerOf(batch);
    if (position === undefined || !header) return undefined;
    const { height, frontier } = this.#committed;
    const proof = this.#prove(this.#committed.placeAt(position)!, position, height, frontier.size);
    if (!proof) return undefined;
    this.#settled.set(batch, { header, proof });
    return { header, proof };
  }

  #prove(place: StoredPlace, position: number, height: Height, size: number): PlaceProof | undefined {
    const chain = this.#commitProof(height);
    if (!chain) return undefined;
    const { batch, certificate, verdicts } = place;
    return {
      leaf: { batch, certificate, void: place.void, verdicts },
      position,
      size,
      path: this.#committed.path(position, size),
      chain,
    };
  }

  #commitProof(height: Height): CommitProof | undefined {
    const known = this.#chains.get(height);
    if (known) return known;
    const block = this.#chain.at(height);
    const rest = this.#chain.proofFor(height);
    if (!block || !rest) return undefined;
    const chain = { blocks: [block, ...rest.proof], qc: rest.qc };
    this.#chains.set(height, chain);
    return chain;
  }

  /** Places in the order up to a block, given one of its positions: heights ascend with positions. */
  #sizeAt(height: Height, position: number): number {
    let low = position + 1;
    let high = this.#committed.frontier.size;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const place = this.#committed.placeAt(middle);
      invariant(place, `the order has no place ${middle}`);
      if (place.height <= height) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
