/**
 * Documents in memory: for tests, simulations, and learners that replay from the start anyway. It keeps
 * the rule of a store to the letter, also across restarts when it is given a `MemoryDisk` that outlives it.
 *
 * A group is worked out first, across awaits, and then written in one go without an await, so readers
 * and crashes fall before or after it, never in between.
 */

import { compareBytes } from '../../base/bytes.ts';
import {
  type Document,
  type DocumentReader,
  type DocumentStore,
  ForkDetected,
  type Manifest,
  type OrderedGroup,
  type Outcome,
  type Position,
  SnapshotRefused,
  type StateMachine,
} from '../api.ts';
import { applyGroup } from '../machine/apply.ts';
import { idBytes, idOfBytes, parseCanonical } from '../machine/json.ts';
import { samePosition } from '../position.ts';
import { encodeGroupRecord, placeGroup } from './groups.ts';
import { type DocumentEntry, DocumentsRoot } from './root.ts';
import { manifestOf, snapshotChunks, verifiedEntries } from './snapshot.ts';
import { type StepOptions, step, Turns } from './turns.ts';

interface MemoryContent {
  readonly genesis: Position;
  readonly position: Position;
  /** Canonical text by id. */
  readonly documents: Map<string, string>;
  /** Group records by sequence. */
  readonly groups: Map<number, Uint8Array>;
}

/** What survives a restart of the store. Share one object between stores to restart on it. */
export interface MemoryDisk {
  content?: MemoryContent;
}

export interface MemoryStoreOptions extends StepOptions {
  readonly disk?: MemoryDisk | undefined;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const sortedEntries = (documents: ReadonlyMap<string, string>): DocumentEntry[] =>
  [...documents]
    .map(([id, text]) => ({ id: idBytes(id), document: encoder.encode(text) }))
    .sort((a, b) => compareBytes(a.id, b.id));

function rootOf(entries: readonly DocumentEntry[]): DocumentsRoot {
  const root = new DocumentsRoot();
  for (const entry of entries) root.add(entry);
  return root;
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

/** Documents in memory. */
export class MemoryDocumentStore implements DocumentStore, DocumentReader {
  readonly atomic = true;
  readonly #disk: MemoryDisk;
  readonly #options: MemoryStoreOptions;
  readonly #turns = new Turns();
  #open = false;

  constructor(options: MemoryStoreOptions = {}) {
    this.#options = options;
    this.#disk = options.disk ?? {};
  }

  open(genesis: Position): Promise<Position> {
    return this.#turns.run(async () => {
      const content = this.#disk.content;
      if (content && !samePosition(content.genesis, genesis))
        throw new ForkDetected(content.genesis, genesis);
      await this.#step('open');
      this.#disk.content ??= { genesis, position: genesis, documents: new Map(), groups: new Map() };
      await this.#step('opened');
      this.#open = true;
      return this.#disk.content.position;
    });
  }

  apply(group: OrderedGroup, machine: StateMachine, signal: AbortSignal): Promise<readonly Outcome[]> {
    return this.#turns.run(async () => {
      await this.#step('apply', signal);
      const { position, documents, groups, genesis } = this.#content();
      const known = placeGroup(group, position, (sequence) => groups.get(sequence));
      if (known) return known;
      const effect = await applyGroup(
        group,
        machine,
        (id) => documents.get(id),
        () => this.#step('apply: batch', signal),
      );
      const record = encodeGroupRecord(group.position, effect.outcomes);
      await this.#step('apply: commit', signal);
      for (const [id, text] of effect.writes)
        if (text === undefined) documents.delete(id);
        else documents.set(id, text);
      groups.set(group.position.sequence, record);
      this.#disk.content = { genesis, position: group.position, documents, groups };
      await this.#step('apply: committed');
      return effect.outcomes;
    });
  }

  async *snapshot(): AsyncGenerator<Uint8Array> {
    const { genesis, position, documents } = this.#content();
    const entries = sortedEntries(documents);
    yield* snapshotChunks(manifestOf(genesis, position, rootOf(entries)), each(entries));
  }

  restore(chunks: AsyncIterable<Uint8Array>, expect: Manifest): Promise<Position> {
    return this.#turns.run(async () => {
      const { genesis } = this.#content();
      if (!samePosition(genesis, expect.genesis))
        throw new SnapshotRefused('the expected snapshot is of another federation');
      const documents = new Map<string, string>();
      for await (const entries of verifiedEntries(chunks, expect)) {
        await this.#step('restore: chunk');
        for (const entry of entries) documents.set(idOfBytes(entry.id), decoder.decode(entry.document));
      }
      await this.#step('restore: commit');
      this.#disk.content = { genesis, position: expect.position, documents, groups: new Map() };
      await this.#step('restore: committed');
      return expect.position;
    });
  }

  async stateRoot(): Promise<Uint8Array> {
    return rootOf(sortedEntries(this.#content().documents)).root;
  }

  async get(id: string): Promise<Document | undefined> {
    const text = this.#content().documents.get(id);
    return text === undefined ? undefined : parseCanonical(text);
  }

  async count(): Promise<number> {
    return this.#content().documents.size;
  }

  async position(): Promise<Position> {
    return this.#content().position;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns.run(async () => {
      this.#open = false;
    });
  }

  #content(): MemoryContent {
    if (!this.#open || !this.#disk.content) throw new Error('the document store is not open');
    return this.#disk.content;
  }

  #step(point: string, signal?: AbortSignal): Promise<void> {
    return step(this.#options.onStep, point, signal);
  }
}
