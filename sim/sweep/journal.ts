/**
 * The folder of a sweep while it runs. `results.jsonl` gets one line for each finished trial, written
 * before the trial counts as done, so a sweep that was stopped goes on where it stood: a torn last line is
 * dropped, and its trial runs again. At the end the lines are sorted, and the file is the same whatever the
 * number of workers and interruptions. A folder belongs to one sweep: another one, or another version of
 * the package, is refused.
 */

import { closeSync, existsSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { accept, type Result, refuse } from '../../src/base/result.ts';
import { jsonLines, prettyJson, replaceFile } from '../report/files.ts';
import { digestOf, type Sweep } from './plan.ts';
import { scenarioPath, type TrialRecord, type TrialResult } from './trial.ts';

/** What says whose folder this is. */
export interface SweepManifest {
  readonly title: string;
  readonly version: string;
  readonly node: string;
  /** Every command that worked on this folder, in order. */
  readonly commands: readonly string[];
  readonly digest: string;
  readonly seed: string;
  readonly trialsPerCell: number;
  readonly cells: number;
  readonly finished: boolean;
}

const manifestName = 'manifest.json';
const resultsName = 'results.jsonl';

const byPlace = (a: TrialRecord, b: TrialRecord): number => a.cell - b.cell || a.trial - b.trial;

const keyOf = ({ cell, trial }: Pick<TrialRecord, 'cell' | 'trial'>): string => `${cell}/${trial}`;

export class Journal {
  readonly #directory: string;
  #manifest: SweepManifest;
  readonly #records: Map<string, TrialRecord>;
  readonly #file: number;

  private constructor(directory: string, manifest: SweepManifest, records: readonly TrialRecord[]) {
    this.#directory = directory;
    this.#manifest = manifest;
    this.#records = new Map(records.map((record) => [keyOf(record), record]));
    this.#file = openSync(join(directory, resultsName), 'a');
  }

  /** Opens the folder of a sweep, new or to be continued. */
  static open(
    directory: string,
    sweep: Sweep,
    about: Pick<SweepManifest, 'version' | 'node' | 'cells'> & { readonly command: string },
  ): Result<Journal> {
    mkdirSync(directory, { recursive: true });
    const before = readManifest(directory);
    if (!before.ok) return before;
    const fresh = {
      title: sweep.title,
      version: about.version,
      node: about.node,
      digest: digestOf(sweep),
      seed: sweep.seed,
      trialsPerCell: sweep.trials,
      cells: about.cells,
    };
    const clash = before.value && clashOf(directory, before.value, fresh);
    if (clash) return refuse('BAD_OPTION', clash);
    if (!before.value && existsSync(join(directory, resultsName)))
      return refuse(
        'BAD_OPTION',
        `--out: ${directory} holds ${resultsName} of something else; choose another folder`,
      );
    const records = readRecords(join(directory, resultsName));
    if (!records.ok) return records;
    const commands = [...(before.value?.commands ?? []), about.command];
    const manifest = { ...fresh, commands, finished: false };
    replaceFile(join(directory, manifestName), prettyJson(manifest));
    return accept(new Journal(directory, manifest, records.value));
  }

  get manifest(): SweepManifest {
    return this.#manifest;
  }

  has(cell: number, trial: number): boolean {
    return this.#records.has(keyOf({ cell, trial }));
  }

  /** Records of all finished trials, by cell and trial. */
  records(): TrialRecord[] {
    return [...this.#records.values()].sort(byPlace);
  }

  /** A trial is done; its scenario is on disk before the line that names it. */
  add({ record, scenario }: TrialResult): void {
    if (scenario !== undefined) {
      const path = join(this.#directory, scenarioPath(record));
      mkdirSync(dirname(path), { recursive: true });
      replaceFile(path, scenario);
    }
    writeSync(this.#file, `${JSON.stringify(record)}\n`);
    this.#records.set(keyOf(record), record);
  }

  /** No trial follows for now. @param finished whether none is missing. */
  close(finished: boolean): void {
    closeSync(this.#file);
    if (!finished) return;
    replaceFile(join(this.#directory, resultsName), jsonLines(this.records()));
    this.#manifest = { ...this.#manifest, finished };
    replaceFile(join(this.#directory, manifestName), prettyJson(this.#manifest));
  }
}

function readManifest(directory: string): Result<SweepManifest | undefined> {
  const path = join(directory, manifestName);
  if (!existsSync(path)) return accept(undefined);
  try {
    const value = JSON.parse(readFileSync(path, 'utf8')) as SweepManifest;
    if (typeof value.digest === 'string' && Array.isArray(value.commands)) return accept(value);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  return refuse('BAD_OPTION', `--out: ${path} is not the manifest of a sweep; choose another folder`);
}

type Identity = Pick<SweepManifest, 'digest' | 'version' | 'trialsPerCell' | 'title'>;

/** Why a folder cannot be continued with this sweep. */
function clashOf(directory: string, before: Identity, now: Identity): string | undefined {
  if (before.digest !== now.digest)
    return `--out: ${directory} holds another sweep ("${before.title}"), or this one with other settings; choose another folder`;
  if (before.version !== now.version)
    return `--out: ${directory} was begun with version ${before.version}, not ${now.version}; choose another folder`;
  if (before.trialsPerCell > now.trialsPerCell)
    return `--out: ${directory} holds ${before.trialsPerCell} trials a cell, and trials is ${now.trialsPerCell}; choose another folder or more trials`;
  return undefined;
}

/** Reads finished trials, and cuts off a line that was being written when the sweep was stopped. */
function readRecords(path: string): Result<TrialRecord[]> {
  if (!existsSync(path)) return accept([]);
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf(10) + 1;
  if (end < bytes.length) truncateSync(path, end);
  const lines = bytes.subarray(0, end).toString('utf8').split('\n').slice(0, -1);
  const records: TrialRecord[] = [];
  for (const [i, line] of lines.entries()) {
    try {
      records.push(JSON.parse(line) as TrialRecord);
    } catch {
      return refuse(
        'BAD_RESULTS',
        `${path}: line ${i + 1} is not a result; delete that line to run its trial again`,
      );
    }
  }
  return accept(records);
}
