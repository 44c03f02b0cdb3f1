/**
 * The index tables of a store, and the files of their runs. The database keeps the list of runs; a file that it does
 * not name is what a crash left, and is removed.
 *
 * Rules:
 * 1. A run counts from the transaction that names it, which also leaves out those it replaces; a checkpoint names
 *    its runs in the transaction that gives up the log for their rows.
 * 2. A file is on disk, by name too, before that transaction, and removed only after it.
 * 3. Of each table and level at most `fanout - 1` runs stay: `fanout` of them are merged into one of the next level. A
 *    row is written once a level, and there are about log4 of the number of checkpoints levels.
 */

import { readdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Transaction } from 'lmdb';
import { textOf, utf8 } from '../base/bytes.ts';
import type { Table } from '../base/ledger.ts';
import { KeyHash } from './index-hash.ts';
import { mergeRuns } from './index-merge.ts';
import type { RowTable } from './index-rows.ts';
import { isRunName, Run, type RunInfo, runFile, runId } from './index-run.ts';
import { IndexTable } from './index-table.ts';
import { RunWriter } from './index-writer.ts';
import type { Database } from './lmdb-directory.ts';
import { syncNames } from './log.ts';

const fanout = 4;

/** And whether their keys are digests; clients choose the others. */
const indexTables: readonly (readonly [table: Table, hasDigests: boolean])[] = [
  ['transaction', true],
  ['dependency', false],
];

/** Key of the list of runs in the store's own table. The value is JSON: table -> runs, newest first. */
const runsKey = Uint8Array.of(0, ...utf8('runs'));
type RunList = Readonly<Record<string, readonly RunInfo[]>>;

export interface IndexOptions {
  readonly path: string;
  readonly database: Database;
  /** Secret of the store, for the hash of the keys. */
  readonly salt: Uint8Array;
  /** Pins what is read; nothing can be written then. */
  readonly transaction?: Transaction;
  /** A merge failed. */
  readonly failed: (error: unknown) => void;
}

export class Indexes {
  readonly #options: IndexOptions;
  readonly #tables: ReadonlyMap<Table, IndexTable>;
  #nextId: number;
  /** By table and level. */
  readonly #merges = new Map<string, Promise<void>>();
  #isStopped = false;

  /** @throws StoreError when a run is missing or damaged. */
  constructor(options: IndexOptions) {
    const { path, database, salt, transaction } = options;
    this.#options = options;
    const stored = database.get(runsKey, transaction && { transaction });
    const list = (stored ? JSON.parse(textOf(stored)) : {}) as RunList;
    const hash = new KeyHash(salt);
    const opened: Run[] = [];
    const openRun = (info: RunInfo): Run => {
      opened.push(new Run(path, info));
      return opened.at(-1)!;
    };
    try {
      this.#tables = new Map(
        indexTables.map(([table, hasDigests]) => [
          table,
          new IndexTable(hash, (list[table] ?? []).map(openRun), hasDigests),
        ]),
      );
    } catch (error) {
      for (const run of opened) run.close();
      throw error;
    }
    const named = new Set(this.#runs().map(({ info }) => info.id));
    this.#nextId = Math.max(0, ...named) + 1;
    if (transaction) return;
    for (const name of readdirSync(path))
      if (isRunName(name) && !named.has(runId(name))) rmSync(join(path, name));
  }

  /** The index of a table, if it has one. */
  get(table: Table): IndexTable | undefined {
    return this.#tables.get(table);
  }

  /** Bytes that were set since the last freezing. */
  get bytes(): number {
    let bytes = 0;
    for (const table of this.#tables.values()) bytes += table.bytes;
    return bytes;
  }

  freeze(): void {
    for (const table of this.#tables.values()) table.freeze();
  }

  /** Writes the frozen rows as runs, on disk when it resolves; they count when `install` was committed. */
  async writeFrozen(): Promise<ReadonlyMap<Table, Run>> {
    const written = new Map<Table, Run>();
    for (const [name, { frozen }] of this.#tables)
      if (frozen && frozen.count > 0) written.set(name, await this.#writeRows(frozen));
    if (written.size > 0) await syncNames(this.#options.path);
    return written;
  }

  /** Puts runs in the place of the frozen rows. To be called within a transaction. */
  install(written: ReadonlyMap<Table, Run>): void {
    for (const [name, table] of this.#tables) table.thaw(written.get(name));
    if (written.size > 0) this.#putList();
  }

  /** Merges in the background what there is to merge. */
  startMerges(): void {
    for (const [name, table] of this.#tables) {
      const counts = new Map<number, number>();
      for (const { info } of table.runs) counts.set(info.level, (counts.get(info.level) ?? 0) + 1);
      for (const [level, count] of counts) {
        const key = `${name} ${level}`;
        if (count < fanout || this.#isStopped || this.#merges.has(key)) continue;
        const merge = this.#merge(table, level).then(
          () => {
            this.#merges.delete(key);
            this.startMerges();
          },
          (error: unknown) => {
            this.#isStopped = true;
            this.#options.failed(error);
          },
        );
        this.#merges.set(key, merge);
      }
    }
  }

  /** Stops merging, and lets go of the files. */
  async close(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#merges.values());
    for (const run of this.#runs()) run.close();
  }

  async #writeRows(rows: RowTable): Promise<Run> {
    const writer = await RunWriter.open(this.#options.path, this.#nextId++, 0, rows.count);
    for (const group of rows.sorted()) {
      for (const at of group) writer.append(rows.memory, at);
      if (writer.isFull) await writer.drain();
    }
    return writer.finish();
  }

  async #merge(table: IndexTable, level: number): Promise<void> {
    const { path, database } = this.#options;
    const runs = table.runs.filter(({ info }) => info.level === level);
    const hasOlder = table.runs.at(-1) !== runs.at(-1);
    const target = { path, id: this.#nextId++, level: level + 1 };
    const merged = await mergeRuns(runs, target, hasOlder, () => this.#isStopped);
    if (!merged) return;
    await syncNames(path);
    await database.batch(() => {
      table.replace(runs, merged === 'empty' ? undefined : merged);
      this.#putList();
    });
    for (const run of runs) {
      run.close();
      await rm(runFile(path, run.info.id));
    }
  }

  #putList(): void {
    const list: RunList = Object.fromEntries(
      [...this.#tables].map(([name, { runs }]) => [name, runs.map(({ info }) => info)]),
    );
    this.#options.database.put(runsKey, utf8(JSON.stringify(list)));
  }

  #runs(): Run[] {
    return [...this.#tables.values()].flatMap(({ runs }) => runs);
  }
}
