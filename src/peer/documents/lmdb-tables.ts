/**
 * The tables of the embedded document store, and reading them as of one moment.
 *
 * `meta` holds the format, the genesis, the position and the *generation*, 0 or 1: which of the two pairs of
 * tables `documents.G` (id -> canonical JSON) and `groups.G` (sequence -> record) is in force. A restore
 * fills the other pair over many transactions and then switches in one small one; whatever a crash
 * leaves in the pair that is not in force is cleared by the next open.
 *
 * Keys are bytes and sort as bytes, which for ids is the order of the state root.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Database, open, type RootDatabase, type Transaction } from 'lmdb';
import { digest, P, u53 } from '../../base/codec.ts';
import type { Digest } from '../../base/ids.ts';
import type { Position } from '../api.ts';
import type { DocumentEntry } from './root.ts';

type Bytes = Database<Uint8Array, Uint8Array>;

export interface Generation {
  readonly documents: Bytes;
  readonly groups: Bytes;
}

export interface Tables {
  readonly root: RootDatabase<Uint8Array, Uint8Array>;
  readonly meta: Bytes;
  readonly generations: readonly [Generation, Generation];
}

/** A consistent view of the store: everything read with `transaction` is of one moment. */
export interface View {
  readonly transaction: Transaction;
  readonly genesis: Position;
  readonly position: Position;
  readonly documents: Bytes;
}

const format = Uint8Array.of(1);
/** Documents read between two pauses of a scan. */
const scanSlice = 512;

const key = (name: string): Uint8Array => new TextEncoder().encode(name);
const formatKey = key('format');
const genesisKey = key('genesis');
const positionKey = key('position');
const generationKey = key('generation');

const positionCodec = P.struct({ sequence: u53(), hash: digest<Digest>() });

export const sequenceKey = (sequence: number): Uint8Array => u53().encode(sequence);

/**
 * Opens the environment, or creates it.
 *
 * `overlappingSync: false` makes a commit sync its pages before it returns; with lmdb's default the
 * commit returns earlier and a crash of the machine may undo it. Writes go through `transactionSync`: it
 * is the one form that compares, writes, and rolls back on a throw in one transaction.
 */
export function openTables(path: string): Tables {
  const root = open<Uint8Array, Uint8Array>({
    path,
    overlappingSync: false,
    encoding: 'binary',
    keyEncoding: 'binary',
    maxDbs: 8,
  });
  const table = (name: string): Bytes =>
    root.openDB<Uint8Array, Uint8Array>({ name, encoding: 'binary', keyEncoding: 'binary' });
  const generation = (index: number): Generation => ({
    documents: table(`documents.${index}`),
    groups: table(`groups.${index}`),
  });
  return { root, meta: table('meta'), generations: [generation(0), generation(1)] };
}

function readPosition(meta: Bytes, at: Uint8Array, transaction?: Transaction): Position | undefined {
  const bytes = meta.get(at, transaction ? { transaction } : {});
  return bytes && positionCodec.decode(Uint8Array.from(bytes));
}

function required(position: Position | undefined, name: string): Position {
  if (!position) throw new Error(`the document store has no ${name}`);
  return position;
}

/** The position that is committed, or inside a write transaction the one written. */
export const storedPosition = (tables: Tables): Position =>
  required(readPosition(tables.meta, positionKey), 'position');
export const storedGenesis = (tables: Tables): Position =>
  required(readPosition(tables.meta, genesisKey), 'genesis');

export const writePosition = (tables: Tables, position: Position): void => {
  tables.meta.putSync(positionKey, positionCodec.encode({ ...position, hash: position.hash as Digest }));
};

const generationIndex = (tables: Tables, transaction?: Transaction): 0 | 1 =>
  tables.meta.get(generationKey, transaction ? { transaction } : {})?.[0] === 1 ? 1 : 0;

/** The tables in force. */
export const inForce = (tables: Tables): Generation => tables.generations[generationIndex(tables)];
/** The tables that a restore may fill. */
export const spare = (tables: Tables): Generation =>
  tables.generations[generationIndex(tables) === 0 ? 1 : 0];

export function clearGeneration(generation: Generation): void {
  generation.documents.clearSync();
  generation.groups.clearSync();
}

/**
 * Writes what a new store holds, or reads what an old one does. Call inside a write transaction.
 * @returns the genesis the store began from.
 * @throws when the store is of a format this version does not know.
 */
export function initialise(tables: Tables, genesis: Position): Position {
  const found = tables.meta.get(formatKey);
  if (found && (found.length !== 1 || found[0] !== format[0]))
    throw new Error(`the document store has format ${found[0]}, expected ${format[0]}`);
  if (found) return storedGenesis(tables);
  tables.meta.putSync(formatKey, format);
  tables.meta.putSync(genesisKey, positionCodec.encode({ ...genesis, hash: genesis.hash as Digest }));
  tables.meta.putSync(generationKey, Uint8Array.of(0));
  writePosition(tables, genesis);
  return genesis;
}

/** Puts the spare tables in force, with their position, and empties the others. Inside a transaction. */
export function switchGeneration(tables: Tables, position: Position): void {
  const next = generationIndex(tables) === 0 ? 1 : 0;
  clearGeneration(inForce(tables));
  tables.meta.putSync(generationKey, Uint8Array.of(next));
  writePosition(tables, position);
}

/** Runs `read` on a view that stays the same while groups are applied and across its awaits. */
export async function withView<T>(tables: Tables, read: (view: View) => Promise<T>): Promise<T> {
  const view = openView(tables);
  try {
    return await read(view);
  } finally {
    view.transaction.done();
  }
}

/** A view; its owner must call `transaction.done()`. */
export function openView(tables: Tables): View {
  const transaction = tables.root.useReadTransaction();
  return {
    transaction,
    genesis: required(readPosition(tables.meta, genesisKey, transaction), 'genesis'),
    position: required(readPosition(tables.meta, positionKey, transaction), 'position'),
    documents: tables.generations[generationIndex(tables, transaction)].documents,
  };
}

/** All documents of a view in ascending order of id, pausing now and then. */
export async function* scan(view: View): AsyncGenerator<DocumentEntry> {
  let start: Uint8Array | undefined;
  for (;;) {
    const slice: DocumentEntry[] = [];
    const from = start ? { start } : {};
    const { transaction } = view;
    for (const { key: id, value } of view.documents.getRange({ ...from, limit: scanSlice, transaction }))
      slice.push({ id: Uint8Array.from(id), document: Uint8Array.from(value) });
    yield* slice;
    const last = slice[slice.length - 1];
    if (!last || slice.length < scanSlice) return;
    // The smallest key above the last one.
    start = new Uint8Array(last.id.length + 1);
    start.set(last.id);
    await nextTurn();
  }
}
