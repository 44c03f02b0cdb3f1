/** What proves to clients what this signer holds (protocol section 11; `verify/receipt-make.ts`). */

import type { BatchId, TransactionId } from '../base/ids.ts';
import { BoundedMap } from '../crypto/bounded-map.ts';
import type { Engine } from '../engine/engine.ts';
import type { Delivery } from '../ordering/delivery.ts';
import type { Quorum } from '../ordering/quorum.ts';
import { PlaceProofs } from '../verify/place-make.ts';
import { type ProvenBatch, proveByOrder, proveByScore } from '../verify/receipt-make.ts';
import type { History } from './history.ts';
import type { ProvenPlace, Receipts } from './transactions.ts';

/** Batches in the committed order whose proof is kept. */
const orderedKept = 256;

export class EngineReceipts implements Receipts {
  readonly #engine: Pick<Engine, 'order' | 'chain'>;
  readonly #history: History;
  readonly #quorum: Quorum;
  readonly #places: PlaceProofs;
  /** Everybody who waits for a transaction of one batch shares what proves it. */
  readonly #byScore = new WeakMap<Delivery, ProvenBatch>();
  readonly #byOrder = new BoundedMap<BatchId, ProvenBatch>(orderedKept);

  constructor(engine: Pick<Engine, 'order' | 'chain'>, history: History, quorum: Quorum) {
    this.#engine = engine;
    this.#history = history;
    this.#quorum = quorum;
    this.#places = new PlaceProofs(engine.order.committed, engine.chain, (id) => history.batch(id)?.header);
  }

  score(delivery: Delivery): ProvenBatch | undefined {
    const known = this.#byScore.get(delivery);
    if (known) return known;
    const sources = {
      ahead: this.#engine.order.ahead,
      placeProof: (id: BatchId) => this.#places.settled(id),
    };
    const proven = proveByScore(delivery, sources, this.#quorum);
    if (proven) this.#byScore.set(delivery, proven);
    return proven;
  }

  order(id: TransactionId): ProvenPlace | undefined {
    const { committed } = this.#engine.order;
    const found = committed.transactionPlace(id);
    const place = found && committed.placeAt(found.position);
    const proven = place && this.orderOf(place.batch);
    return proven && { proven, index: found.index };
  }

  orderOf(id: BatchId): ProvenBatch | undefined {
    const known = this.#byOrder.get(id);
    if (known) return known;
    const { committed } = this.#engine.order;
    const position = committed.positionOf(id);
    const place = position === undefined ? undefined : committed.placeAt(position);
    const batch = place && this.#history.batch(id);
    const certificate = place && this.#history.certificate(place.certificate);
    const proof = place && this.#places.of(id);
    if (!batch || !certificate || !proof) return undefined;
    const proven = proveByOrder({ batch, certificate }, proof, this.#quorum.n);
    this.#byOrder.set(id, proven);
    return proven;
  }

  isSeen(id: TransactionId): boolean {
    return this.#engine.order.transactionSeen(id);
  }
}
