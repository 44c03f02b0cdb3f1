/**
 * A learner's documents in memory, without waiting: the rule of a document store (src/peer/api.ts) and of
 * what a transaction may touch (src/peer/machine/apply.ts), on virtual time, where nothing may await. The
 * state machine, the positions and the canonical texts are the learner's own.
 */

import { equalBytes } from '../../src/base/bytes.ts';
import type { Epoch } from '../../src/base/ids.ts';
import type {
  DocumentTransaction,
  OrderedGroup,
  OrderedTransaction,
  Outcome,
  Position,
} from '../../src/peer/api.ts';
import { encodeGroupRecord, placeGroup } from '../../src/peer/documents/groups.ts';
import { documentMachine } from '../../src/peer/machine/documents.ts';
import { canonicalJson, idBytes, idFault, parseCanonical } from '../../src/peer/machine/json.ts';
import { genesisPosition } from '../../src/peer/position.ts';

/** Ends the machine's call: the transaction reached beyond what it may. */
class Stopped extends Error {
  override readonly name = 'Stopped';
}

export class SimDocuments {
  /** Canonical text by id. */
  readonly texts = new Map<string, string>();
  readonly #groups = new Map<number, Uint8Array>();
  #position: Position;

  constructor(epoch: Epoch) {
    this.#position = genesisPosition(epoch);
  }

  get position(): Position {
    return this.#position;
  }

  /**
   * Applies a group; again, when it was applied before, for nothing but its outcomes.
   * @throws ForkDetected, PositionMismatch as the rule of a store says.
   */
  apply(group: OrderedGroup): readonly Outcome[] {
    const known = placeGroup(group, this.#position, (sequence) => this.#groups.get(sequence));
    if (known) return known;
    const outcomes = group.batches.flatMap((batch) =>
      batch.transactions.map((transaction): Outcome => {
        if (batch.void) return { status: 'void' };
        return transaction.verdict === 'executed'
          ? this.#execute(transaction)
          : { status: transaction.verdict };
      }),
    );
    this.#groups.set(group.position.sequence, encodeGroupRecord(group.position, outcomes));
    this.#position = group.position;
    return outcomes;
  }

  #execute(transaction: OrderedTransaction): Outcome {
    const writes = new Map<string, string | undefined>();
    let fault: string | undefined;
    const enter = (id: string): void => {
      fault ??= idFault(id) ?? undeclared(transaction, id);
      if (fault !== undefined) throw new Stopped(fault);
    };
    const documents: DocumentTransaction = {
      get: (id) => {
        enter(id);
        const text = writes.has(id) ? writes.get(id) : this.texts.get(id);
        return text === undefined ? undefined : parseCanonical(text);
      },
      put: (id, document) => {
        enter(id);
        const canonical = canonicalJson(document);
        if (canonical.ok) writes.set(id, canonical.value);
        else {
          fault = canonical.error.message;
          throw new Stopped(fault);
        }
      },
      delete: (id) => {
        enter(id);
        writes.set(id, undefined);
      },
    };
    let outcome: Outcome = { status: 'applied' };
    try {
      outcome = documentMachine.apply(transaction, documents);
    } catch (error) {
      if (fault === undefined) throw error;
    }
    if (fault !== undefined) return { status: 'refused', reason: fault };
    if (outcome.status === 'applied')
      for (const [id, text] of writes)
        if (text === undefined) this.texts.delete(id);
        else this.texts.set(id, text);
    return outcome;
  }
}

function undeclared({ dependencies }: OrderedTransaction, id: string): string | undefined {
  if (dependencies === undefined || dependencies.some((one) => equalBytes(one, idBytes(id))))
    return undefined;
  return `document ${JSON.stringify(id)} is not among the dependencies`;
}
