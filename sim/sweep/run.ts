/**
 * Runs a sweep: every trial that its folder lacks, round by round over all cells, so that a sweep that is
 * stopped early has tried every cell about equally often and the time left is estimated fairly. Workers
 * decide when a trial runs, never what comes of it.
 */

import { accept, type Result } from '../../src/base/result.ts';
import { writeSweep } from '../report/sweep-folder.ts';
import type { FindAttack } from './file.ts';
import { Journal } from './journal.ts';
import { cellsOf, type Sweep } from './plan.ts';
import { startWorkers, workerBeside } from './pool.ts';
import {
  lostTrial,
  type Outcome,
  runTrial,
  type TrialRecord,
  type TrialResult,
  type TrialTask,
  taskOf,
} from './trial.ts';

export interface SweepProgress {
  readonly done: number;
  readonly total: number;
  /** Of those done, how many could not be decided. */
  readonly unknown: number;
  /** Expected time until the end in ms, once a trial of this session is done. */
  readonly leftMs: number | undefined;
}

export interface SweepRun {
  readonly sweep: Sweep;
  /** Text of the sweep file; a copy is kept with the results. */
  readonly text: string;
  readonly directory: string;
  /** 0 runs the trials in this thread. */
  readonly workers: number;
  /** Command line and version, for the manifest. */
  readonly command: string;
  readonly version: string;
  readonly node: string;
  readonly findAttack: FindAttack;
  readonly progress?: (progress: SweepProgress) => void;
  /** Stops after the trials that are running; what is done is kept. */
  readonly signal?: AbortSignal;
  /** Another worker file, with the same exports as worker.ts. */
  readonly worker?: URL;
  /** A clock in ms that only goes forward. */
  readonly clock?: () => number;
}

export interface SweepOutcome {
  readonly finished: boolean;
  readonly cells: number;
  readonly trials: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  /** Replay commands of the first trials that were violated or could not be decided. */
  readonly replays: readonly string[];
  /** Files written, from the sweep's folder. */
  readonly files: readonly string[];
}

export async function runSweep(run: SweepRun): Promise<Result<SweepOutcome>> {
  const cells = cellsOf(run.sweep);
  const { command, version, node } = run;
  const journal = Journal.open(run.directory, run.sweep, { command, version, node, cells: cells.length });
  if (!journal.ok) return journal;
  const tasks: TrialTask[] = [];
  for (let trial = 0; trial < run.sweep.trials; trial++)
    for (const cell of cells)
      if (!journal.value.has(cell.index, trial)) tasks.push(taskOf(run.sweep, cell, trial));
  const done = await runTasks(run, tasks, journal.value);
  const finished = done === tasks.length;
  journal.value.close(finished);
  const records = journal.value.records();
  const files = writeSweep(run.directory, {
    sweep: run.sweep,
    text: run.text,
    cells,
    records,
    manifest: journal.value.manifest,
  });
  return accept(outcomeOf(records, cells.length, finished, files));
}

/** @returns how many of the tasks are done. */
async function runTasks(run: SweepRun, tasks: readonly TrialTask[], journal: Journal): Promise<number> {
  const clock = run.clock ?? (() => performance.now());
  const startedAt = clock();
  const before = journal.records();
  let unknown = before.filter(({ outcome }) => outcome === 'unknown').length;
  let done = 0;
  const total = before.length + tasks.length;
  const say = (): void => {
    const leftMs = done === 0 ? undefined : ((clock() - startedAt) / done) * (tasks.length - done);
    run.progress?.({ done: before.length + done, total, unknown, leftMs });
  };
  const finish = (result: TrialResult): void => {
    journal.add(result);
    done += 1;
    if (result.record.outcome === 'unknown') unknown += 1;
    say();
  };
  say();
  if (tasks.length === 0) return 0;
  if (run.workers === 0) {
    for (const task of tasks) {
      if (run.signal?.aborted) break;
      finish(runTrial(task, run.findAttack));
      // Lets a signal or a key press through between two trials.
      await new Promise((resolve) => setImmediate(resolve));
    }
    return done;
  }
  await runParallel(run, tasks, finish);
  return done;
}

/** As many lines of work as there are workers; each takes the next task when it is done with one. */
async function runParallel(
  run: SweepRun,
  tasks: readonly TrialTask[],
  finish: (result: TrialResult) => void,
): Promise<void> {
  const file = run.worker ?? workerBeside(import.meta.url, 'worker');
  const workers = await startWorkers<TrialTask, TrialResult>(Math.min(run.workers, tasks.length), file);
  let next = 0;
  const line = async (): Promise<void> => {
    for (;;) {
      const task = tasks[next++];
      if (!task || run.signal?.aborted) return;
      finish(await workers.run(task).catch((error: unknown) => lostTrial(task, run.findAttack, error)));
    }
  };
  try {
    // Two lines for each worker keep it busy while this thread writes.
    await Promise.all(Array.from({ length: 2 * run.workers }, line));
  } finally {
    await workers.close();
  }
}

const replaysMax = 20;

function outcomeOf(
  records: readonly TrialRecord[],
  cells: number,
  finished: boolean,
  files: readonly string[],
): SweepOutcome {
  const outcomes: Record<Outcome, number> = { succeeded: 0, failed: 0, passed: 0, violated: 0, unknown: 0 };
  for (const { outcome } of records) outcomes[outcome] += 1;
  const bad = records.filter(({ outcome }) => outcome === 'violated' || outcome === 'unknown');
  const replays = bad.slice(0, replaysMax).map(({ replay }) => replay);
  return { finished, cells, trials: records.length, outcomes, replays, files };
}
