/**
 * Between a store and a state machine. Declared dependencies are a promise on which the order relies:
 * transactions without a common dependency may end up in different orders at different learners. So a
 * transaction that reaches beyond what it declared must have no effect, at every learner alike:
 *
 * 1. Writes are buffered; they count only when the outcome is `applied`.
 * 2. Reading, writing or deleting an undeclared document, an invalid id, or a put of what no store can
 *    hold, ends the machine's call. The transaction is refused, whatever the machine does with the
 *    exception that it sees, and it sees no document after that.
 * 3. Rejected, duplicate and void transactions never reach the machine.
 * 4. Whatever else a machine or a store's read throws is a failure of the infrastructure. It
 *    propagates, even when the machine catches it: the learner halts or retries, and never skips.
 */

import { InvariantViolation } from '../../base/assert.ts';
import { toHex } from '../../base/bytes.ts';
import type {
  Document,
  DocumentTransaction,
  OrderedGroup,
  OrderedTransaction,
  Outcome,
  StateMachine,
} from '../api.ts';
import { boundedReason, canonicalJson, idBytes, idFault, parseCanonical } from './json.ts';

/** Canonical text of a document; undefined: absent, or to be deleted. */
export type DocumentText = string | undefined;
export type ReadDocument = (id: string) => DocumentText;

/** What a group does. `writes` holds the last text of every document it touches. */
export interface GroupEffect {
  readonly outcomes: readonly Outcome[];
  readonly writes: ReadonlyMap<string, DocumentText>;
}

/** Thrown through the machine to end its call. Never leaves this file. */
class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** Tells whether an id is declared. Compared as bytes: that is what conflicts are made of. */
function declaredBy(dependencies: readonly Uint8Array[] | undefined): (id: string) => boolean {
  if (dependencies === undefined) return () => true;
  const declared = new Set(dependencies.map(toHex));
  return (id) => declared.has(toHex(idBytes(id)));
}

/** The documents for one transaction: reads through, buffers writes, enforces rules 1 and 2. */
class BufferedDocuments implements DocumentTransaction {
  readonly writes = new Map<string, DocumentText>();
  /** Why the transaction must be refused, once it must. */
  fault: string | undefined;
  /** What a read of the store threw, boxed, as anything can be thrown. */
  failure: { readonly error: unknown } | undefined;
  readonly #read: ReadDocument;
  readonly #declared: (id: string) => boolean;
  #ended = false;

  constructor(read: ReadDocument, declared: (id: string) => boolean) {
    this.#read = read;
    this.#declared = declared;
  }

  get(id: string): Document | undefined {
    this.#enter(id);
    const text = this.writes.has(id) ? this.writes.get(id) : this.#stored(id);
    return text === undefined ? undefined : parseCanonical(text);
  }

  put(id: string, document: Document): void {
    this.#enter(id);
    const canonical = canonicalJson(document);
    if (!canonical.ok) this.#stop(`document ${JSON.stringify(id)} ${canonical.error.message}`);
    else this.writes.set(id, canonical.value);
  }

  delete(id: string): void {
    this.#enter(id);
    this.writes.set(id, undefined);
  }

  /** A machine that keeps the object beyond its call must not reach the next transaction's state. */
  end(): void {
    this.#ended = true;
  }

  #enter(id: string): void {
    if (this.#ended) throw new InvariantViolation('a state machine used its documents after it returned');
    if (this.fault !== undefined || this.failure) throw new Stopped('the transaction has already failed');
    const fault = idFault(id);
    if (fault !== undefined) this.#stop(fault);
    if (!this.#declared(id)) this.#stop(`document ${JSON.stringify(id)} is not among the dependencies`);
  }

  #stored(id: string): DocumentText {
    try {
      return this.#read(id);
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }

  #stop(fault: string): never {
    this.fault = fault;
    throw new Stopped(fault);
  }
}

/** A machine's outcome, checked: only `applied` and `refused` are its to give. */
function machineOutcome(outcome: Outcome): Outcome {
  if (outcome.status === 'applied') return { status: 'applied' };
  if (outcome.status === 'refused') return { status: 'refused', reason: boundedReason(outcome.reason) };
  throw new InvariantViolation(`a state machine returned the outcome ${JSON.stringify(outcome.status)}`);
}

/**
 * Executes one transaction that was not rejected.
 * @returns its outcome, and its writes: none unless it is applied.
 * @throws what the machine or `read` threw.
 */
function execute(
  transaction: OrderedTransaction,
  machine: StateMachine,
  read: ReadDocument,
): { outcome: Outcome; writes: ReadonlyMap<string, DocumentText> } {
  const buffer = new BufferedDocuments(read, declaredBy(transaction.dependencies));
  let outcome: Outcome;
  try {
    outcome = machine.apply(transaction, buffer);
  } catch (error) {
    if (buffer.fault === undefined) throw error;
    outcome = { status: 'applied' };
  } finally {
    buffer.end();
  }
  if (buffer.failure) throw buffer.failure.error;
  if (buffer.fault !== undefined) outcome = { status: 'refused', reason: buffer.fault };
  outcome = machineOutcome(outcome);
  return { outcome, writes: outcome.status === 'applied' ? buffer.writes : new Map() };
}

/** The outcome of a transaction that is not executed, by its verdict, or undefined. */
function verdictOutcome(transaction: OrderedTransaction): Outcome | undefined {
  if (transaction.verdict === 'rejected') return { status: 'rejected' };
  if (transaction.verdict === 'duplicate') return { status: 'duplicate' };
  return undefined;
}

/**
 * Applies a group to what `read` shows, without writing anything. The group's parts are independent, so
 * its own order serves for all of them.
 * @param read the committed documents; must not change while this runs.
 * @param pause is awaited between batches, so that a big group does not block its process.
 * @throws what the machine, `read` or `pause` threw.
 */
export async function applyGroup(
  group: OrderedGroup,
  machine: StateMachine,
  read: ReadDocument,
  pause: () => Promise<void>,
): Promise<GroupEffect> {
  const writes = new Map<string, DocumentText>();
  const outcomes: Outcome[] = [];
  const readThrough: ReadDocument = (id) => (writes.has(id) ? writes.get(id) : read(id));
  for (const batch of group.batches) {
    for (const transaction of batch.transactions) {
      const settled: Outcome | undefined = batch.void ? { status: 'void' } : verdictOutcome(transaction);
      if (settled) {
        outcomes.push(settled);
        continue;
      }
      const effect = execute(transaction, machine, readThrough);
      outcomes.push(effect.outcome);
      for (const [id, text] of effect.writes) writes.set(id, text);
    }
    await pause();
  }
  return { outcomes, writes };
}
