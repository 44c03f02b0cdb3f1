/**
 * A simulated learner (protocol section 11): the verifying and applying code of real ones, without their
 * sockets and without waiting. It believes a stream as far as the stream proves itself, applies what became
 * final, and writes down what it applied, for the checkers.
 */

import type { Height } from '../../src/base/ids.ts';
import { decodeStreamEvent, type StreamEvent } from '../../src/messages/stream.ts';
import type { Delivery } from '../../src/ordering/delivery.ts';
import type { Outcome } from '../../src/peer/api.ts';
import { ForgedEvent } from '../../src/peer/follow/errors.ts';
import { type DeliveredBatch, deliveredBatch, deliveredGroup } from '../../src/peer/follow/ordered.ts';
import { VerifiedOrder } from '../../src/peer/follow/verified-order.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import type { Verifier } from '../../src/verify/verifier.ts';
import { SimDocuments } from './documents.ts';

export type LearnerFinality = 'score' | 'order';

/** A batch that a learner applied, with what became of each of its transactions. */
export interface AppliedBatch extends DeliveredBatch {
  readonly outcomes: readonly Outcome['status'][];
}

/** Something in a stream that a learner did not believe, or that it could not go on after. */
interface Refused {
  readonly from: string;
  readonly code: string;
  readonly message: string;
}

/** What a run leaves of a learner. */
export interface LearnerRecord {
  readonly name: string;
  readonly finality: LearnerFinality;
  /** In the order in which it was applied. */
  readonly applied: readonly AppliedBatch[];
  /** Height of the last committed block that it has. */
  readonly height: Height;
  /** The height of those it can follow, when it should have caught up; undefined when none is up. */
  readonly reachable: Height | undefined;
  /** Canonical text of each document. */
  readonly documents: ReadonlyMap<string, string>;
  readonly refused: readonly Refused[];
  /** Why it stopped for good. */
  readonly halted: string | undefined;
}

export class SimLearner {
  readonly finality: LearnerFinality;
  readonly applied: AppliedBatch[] = [];
  readonly refused: Refused[] = [];
  halted: string | undefined;
  readonly #verifier: Verifier;
  readonly #ledger = new MemoryStore();
  readonly documents: SimDocuments;
  #order: VerifiedOrder;

  constructor(verifier: Verifier, finality: LearnerFinality) {
    this.finality = finality;
    this.#verifier = verifier;
    this.documents = new SimDocuments(verifier.epoch);
    this.#order = this.#opened();
  }

  get height(): Height {
    return this.#order.height;
  }

  /** Starts again from what it stored, as a new process does. */
  restart(): void {
    if (this.halted === undefined) this.#order = this.#opened();
  }

  /** Takes an event; false when whoever sent it must not be followed any longer. */
  take(from: string, received: StreamEvent | Uint8Array): boolean {
    if (this.halted !== undefined) return false;
    let event = received;
    if (event instanceof Uint8Array) {
      const decoded = decodeStreamEvent(event, this.#verifier.n);
      if (!decoded.ok) {
        this.refused.push({ from, ...decoded.error });
        return false;
      }
      event = decoded.value;
    }
    try {
      this.#apply(this.#order.take(event));
      return true;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      if (!(error instanceof ForgedEvent)) this.halted = `${error.name}: ${error.message}`;
      const code = error instanceof ForgedEvent ? error.code : error.name;
      this.refused.push({ from, code, message: error.message });
      return false;
    }
  }

  /** Documents and order are written together, as in one transaction. */
  #apply(deliveries: readonly Delivery[]): void {
    if (deliveries.length > 0) {
      const batches = deliveries.map(deliveredBatch);
      const { group } = deliveredGroup(this.documents.position, batches);
      const outcomes = this.documents.apply(group);
      let next = 0;
      for (const one of batches) {
        const end = next + one.batch.transactions.length;
        this.applied.push({ ...one, outcomes: outcomes.slice(next, end).map(({ status }) => status) });
        next = end;
      }
    }
    const writes = this.#order.drain();
    if (writes.length > 0) {
      this.#ledger.apply(writes);
      this.#ledger.makeDurable(this.#ledger.unsyncedGroups);
    }
  }

  #opened(): VerifiedOrder {
    return new VerifiedOrder({ verifier: this.#verifier, ledger: this.#ledger, finality: this.finality });
  }
}
