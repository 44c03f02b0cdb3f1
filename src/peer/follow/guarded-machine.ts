/**
 * Tells a state machine's own throw from a failure of the database under it. A document store answers
 * both with a rejection; but the machine is deterministic and will throw again, so the learner halts,
 * while a failed database comes back, so the learner retries the same group.
 */

import type { DocumentTransaction, OrderedTransaction, StateMachine } from '../api.ts';

export interface GuardedMachine {
  readonly machine: StateMachine;
  /** Whether the machine itself threw this. */
  threw(error: unknown): boolean;
}

export function guardMachine(inner: StateMachine): GuardedMachine {
  /** What came from the documents, and passed through the machine. */
  let fromBelow: unknown;
  let own: { readonly error: unknown } | undefined;
  const passing = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      fromBelow = error;
      throw error;
    }
  };
  const guardDocuments = (documents: DocumentTransaction): DocumentTransaction => ({
    get: (id) => passing(() => documents.get(id)),
    put: (id, document) => passing(() => documents.put(id, document)),
    delete: (id) => passing(() => documents.delete(id)),
  });
  const machine: StateMachine = {
    apply(transaction: OrderedTransaction, documents) {
      fromBelow = undefined;
      try {
        return inner.apply(transaction, guardDocuments(documents));
      } catch (error) {
        if (fromBelow === undefined || error !== fromBelow) own = { error };
        throw error;
      }
    },
  };
  return { machine, threw: (error) => own !== undefined && own.error === error };
}
