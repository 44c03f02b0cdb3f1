/**
 * The embedded document store. Documents, outcomes and position are written in one LMDB transaction
 * that is synced to disk before `apply` returns, so after any crash the store stands exactly before or
 * exactly after a group (protocol section 11).
 *
 * A group is first worked out against the committed state, across awaits, holding no lock. The
 * transaction then checks that the position is still the one it was worked out for (another process may
 * have the same files open) and writes. One sync is the price of a group, whatever its size: the caller
 * makes bigger groups when it falls behind.
 *
 * Readers use LMDB's snapshots: they see a committed state and never wait for the writer.
 */

import {
  type Document,
  type DocumentReader,
  type DocumentStore,
  ForkDetected,
  type Manifest,
  type OrderedGroup,
  type Outcome,
  type Position,
  PositionMismatch,
  SnapshotRefused,
  type StateMachine,
} from '../api.ts';
import { applyGroup, type DocumentText, type GroupEffect } from '../machine/apply.ts';
import { idBytes, idFault, parseCanonical } from '../machine/json.ts';
import { samePosition } from '../position.ts';
import { encodeGroupRecord, placeGroup } from './groups.ts';
import {
  clearGeneration,
  inForce,
  initialise,
  openTables,
  openView,
  scan,
  sequenceKey,
  spare,
  storedGenesis,
  storedPosition,
  switchGeneration,
  type Tables,
  type View,
  withView,
  writePosition,
} from './lmdb-tables.ts';
import { DocumentsRoot } from './root.ts';
import { manifestOf, snapshotChunks, verifiedEntries } from './snapshot.ts';
import { type StepOptions, step, Turns } from './turns.ts';

export interface LmdbStoreOptions extends StepOptions {
  /** Directory of the database; created when it does not exist. One store of a process may have it open. */
  readonly path: string;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

async function rootOf(view: View): Promise<DocumentsRoot> {
  const root = new DocumentsRoot();
  for await (const entry of scan(view)) root.add(entry);
  return root;
}

/** Documents in an LMDB environment of their own. */
export class LmdbDocumentStore implements DocumentStore, DocumentReader {
  readonly atomic = true;
  readonly #options: LmdbStoreOptions;
  readonly #turns = new Turns();
  #tables: Tables | undefined;

  constructor(options: LmdbStoreOptions) {
    this.#options = options;
  }

  open(genesis: Position): Promise<Position> {
    return this.#turns.run(async () => {
      await this.#step('open');
      this.#tables ??= openTables(this.#options.path);
      const tables = this.#tables;
      await this.#step('open: initialise');
      const stored = tables.root.transactionSync(() => {
        const began = initialise(tables, genesis);
        if (!samePosition(began, genesis)) throw new ForkDetected(began, genesis);
        // What a restore left behind when it was interrupted.
        clearGeneration(spare(tables));
        return storedPosition(tables);
      });
      await this.#step('opened');
      return stored;
    });
  }

  apply(group: OrderedGroup, machine: StateMachine, signal: AbortSignal): Promise<readonly Outcome[]> {
    return this.#turns.run(async () => {
      await this.#step('apply', signal);
      const tables = this.#opened();
      const { documents, groups } = inForce(tables);
      const known = placeGroup(group, storedPosition(tables), (sequence) => {
        const record = groups.get(sequenceKey(sequence));
        return record && Uint8Array.from(record);
      });
      if (known) return known;
      const read = (id: string): DocumentText => {
        const bytes = documents.get(idBytes(id));
        return bytes && decoder.decode(bytes);
      };
      const effect = await applyGroup(group, machine, read, () => this.#step('apply: batch', signal));
      await this.#step('apply: commit', signal);
      this.#commit(tables, group, effect);
      await this.#step('apply: committed');
      return effect.outcomes;
    });
  }

  async *snapshot(): AsyncGenerator<Uint8Array> {
    const view = openView(this.#opened());
    try {
      const manifest = manifestOf(view.genesis, view.position, await rootOf(view));
      yield* snapshotChunks(manifest, scan(view));
    } finally {
      view.transaction.done();
    }
  }

  restore(chunks: AsyncIterable<Uint8Array>, expect: Manifest): Promise<Position> {
    return this.#turns.run(async () => {
      const tables = this.#opened();
      if (!samePosition(storedGenesis(tables), expect.genesis))
        throw new SnapshotRefused('the expected snapshot is of another federation');
      const staged = spare(tables);
      const before = storedPosition(tables);
      tables.root.transactionSync(() => clearGeneration(staged));
      for await (const entries of verifiedEntries(chunks, expect)) {
        await this.#step('restore: chunk');
        tables.root.transactionSync(() => {
          for (const entry of entries) staged.documents.putSync(entry.id, entry.document);
        });
      }
      await this.#step('restore: commit');
      tables.root.transactionSync(() => {
        this.#unmoved(tables, before, expect.position);
        switchGeneration(tables, expect.position);
        this.#options.onStep?.('restore: inside the transaction');
      });
      await this.#step('restore: committed');
      return expect.position;
    });
  }

  async stateRoot(): Promise<Uint8Array> {
    return withView(this.#opened(), async (view) => (await rootOf(view)).root);
  }

  async get(id: string): Promise<Document | undefined> {
    if (idFault(id) !== undefined) return undefined;
    const bytes = inForce(this.#opened()).documents.get(idBytes(id));
    return bytes && parseCanonical(decoder.decode(bytes));
  }

  async count(): Promise<number> {
    return (inForce(this.#opened()).documents.getStats() as { entryCount: number }).entryCount;
  }

  async position(): Promise<Position> {
    return storedPosition(this.#opened());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.run(async () => {
      const tables = this.#tables;
      this.#tables = undefined;
      await tables?.root.close();
    });
  }

  /** Writes a group's effect; durable on return, and nothing of it on a throw. */
  #commit(tables: Tables, group: OrderedGroup, effect: GroupEffect): void {
    const record = encodeGroupRecord(group.position, effect.outcomes);
    tables.root.transactionSync(() => {
      this.#unmoved(tables, group.previous, group.position);
      const { documents, groups } = inForce(tables);
      for (const [id, text] of effect.writes)
        if (text === undefined) documents.removeSync(idBytes(id));
        else documents.putSync(idBytes(id), encoder.encode(text));
      groups.putSync(sequenceKey(group.position.sequence), record);
      this.#options.onStep?.('apply: inside the transaction');
      writePosition(tables, group.position);
    });
  }

  /** Inside the transaction: nobody moved the store since the work for this transaction began. */
  #unmoved(tables: Tables, expected: Position, offered: Position): void {
    const stored = storedPosition(tables);
    if (!samePosition(stored, expected))
      throw new PositionMismatch(stored, offered, 'another process moved the store');
  }

  #opened(): Tables {
    if (!this.#tables) throw new Error('the document store is not open');
    return this.#tables;
  }

  #step(point: string, signal?: AbortSignal): Promise<void> {
    return step(this.#options.onStep, point, signal);
  }
}
