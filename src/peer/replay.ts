/**
 * The dumb oracle: documents in a map, one transaction after the other, a copy of the map to fall back
 * on. It shares with the stores only what defines the result: which documents can be stored, what a
 * refusal says, and how a leaf is hashed. Tests and the demo compare every store's state root with it.
 *
 * It copies the whole map for each transaction. Use it for thousands, not for millions.
 */

import { compareBytes, equalBytes, toHex } from '../base/bytes.ts';
import { merkleRoot } from '../base/merkle.ts';
import type { Document, DocumentTransaction, OrderedTransaction, Outcome, StateMachine } from './api.ts';
import { documentLeaf } from './documents/root.ts';
import { boundedReason, canonicalJson, idBytes, idFault } from './machine/json.ts';

export interface Replay {
  readonly documents: ReadonlyMap<string, Document>;
  readonly outcomes: readonly Outcome[];
}

/** What is wrong with touching a document, if anything. */
function accessFault(transaction: OrderedTransaction, id: string): string | undefined {
  const fault = idFault(id);
  if (fault !== undefined) return fault;
  const list = transaction.dependencies;
  if (list === undefined || list.some((one) => equalBytes(one, idBytes(id)))) return undefined;
  return `document ${JSON.stringify(id)} is not among the dependencies`;
}

function replayOne(
  transaction: OrderedTransaction,
  machine: StateMachine,
  documents: Map<string, Document>,
): Outcome {
  let stop: string | undefined;
  const check = (fault: string | undefined): void => {
    stop ??= fault;
    if (stop !== undefined) throw new Error(stop);
  };
  const view: DocumentTransaction = {
    get(id) {
      check(accessFault(transaction, id));
      const document = documents.get(id);
      return document === undefined ? undefined : (JSON.parse(JSON.stringify(document)) as Document);
    },
    put(id, document) {
      check(accessFault(transaction, id));
      const canonical = canonicalJson(document);
      if (canonical.ok) documents.set(id, JSON.parse(canonical.value) as Document);
      else check(`document ${JSON.stringify(id)} ${canonical.error.message}`);
    },
    delete(id) {
      check(accessFault(transaction, id));
      documents.delete(id);
    },
  };
  let outcome: Outcome | undefined;
  try {
    outcome = machine.apply(transaction, view);
  } catch (error) {
    if (stop === undefined) throw error;
  }
  if (stop !== undefined || !outcome) return { status: 'refused', reason: boundedReason(stop ?? '') };
  return outcome.status === 'refused' ? { ...outcome, reason: boundedReason(outcome.reason) } : outcome;
}

/**
 * Applies transactions in the order given. Leave out those of void batches.
 * @throws what the machine throws.
 */
export function singleThreadedReplay(
  transactions: readonly OrderedTransaction[],
  machine: StateMachine,
): Replay {
  let documents = new Map<string, Document>();
  const outcomes: Outcome[] = [];
  for (const transaction of transactions) {
    if (transaction.verdict !== 'executed') {
      outcomes.push({ status: transaction.verdict });
      continue;
    }
    const before = new Map(documents);
    const outcome = replayOne(transaction, machine, documents);
    if (outcome.status !== 'applied') documents = before;
    outcomes.push(outcome);
  }
  return { documents, outcomes };
}

/** The state root of documents in a map, 64 hex digits: `stateRoot()` of every store that holds them. */
export function replayRoot(documents: ReadonlyMap<string, Document>): string {
  const entries = [...documents].map(([id, document]) => {
    const canonical = canonicalJson(document);
    if (!canonical.ok) throw new Error(`document ${JSON.stringify(id)} ${canonical.error.message}`);
    return { id: idBytes(id), document: new TextEncoder().encode(canonical.value) };
  });
  entries.sort((a, b) => compareBytes(a.id, b.id));
  return toHex(merkleRoot(entries.map(documentLeaf)));
}
