/** Receipts from what this signer holds, in their JSON form (protocol section 11; `verify/receipt-make.ts`). */

import type { BatchId, TransactionId } from '../base/ids.ts';
import type { Engine } from '../engine/engine.ts';
import { encodeReceiptJson } from '../messages/receipt.ts';
import type { ReceiptJson } from '../messages/receipt-json.ts';
import type { Delivery } from '../ordering/delivery.ts';
import type { Quorum } from '../ordering/quorum.ts';
import { PlaceProofs } from '../verify/place-make.ts';
import { makeOrderReceipt, makeScoreReceipt } from '../verify/receipt-make.ts';
import type { History } from './history.ts';
import type { Receipts } from './transactions.ts';

export class EngineReceipts implements Receipts {
  readonly #engine: Pick<Engine, 'order' | 'chain'>;
  readonly #history: History;
  readonly #quorum: Quorum;
  readonly #proofs: PlaceProofs;

  constructor(engine: Pick<Engine, 'order' | 'chain'>, history: History, quorum: Quorum) {
    this.#engine = engine;
    this.#history = history;
    this.#quorum = quorum;
    this.#proofs = new PlaceProofs(engine.order.committed, engine.chain, (id) => history.batch(id)?.header);
  }

  score(delivery: Delivery, index: number): ReceiptJson | undefined {
    const { batch, certificate } = delivery;
    const verdict = delivery.verdicts[index];
    if (verdict === undefined) return undefined;
    const sources = {
      ahead: this.#engine.order.ahead,
      placeProof: (id: BatchId) => this.#proofs.settled(id),
    };
    const receipt = makeScoreReceipt({ batch, certificate, index, verdict }, sources, this.#quorum);
    return receipt && encodeReceiptJson(receipt, this.#quorum.n);
  }

  order(id: TransactionId): ReceiptJson | undefined {
    const { committed } = this.#engine.order;
    const found = committed.transactionPlace(id);
    const place = found && committed.placeAt(found.position);
    const batch = place && this.#history.batch(place.batch);
    const certificate = place && this.#history.certificate(place.certificate);
    const proof = place && this.#proofs.of(place.batch);
    if (!batch || !certificate || !proof) return undefined;
    const receipt = makeOrderReceipt({ batch, certificate, index: found.index }, proof, this.#quorum.n);
    return receipt && encodeReceiptJson(receipt, this.#quorum.n);
  }

  isOrdered(id: TransactionId): boolean {
    return this.#engine.order.committed.transactionSeen(id);
  }
}
