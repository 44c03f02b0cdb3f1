/** Several runs as one: rows in order, of equal keys the one of the newest run. */

import { compareRows, isDeleted } from './index-rows.ts';
import { type Run, RunCursor } from './index-run.ts';
import { RunWriter } from './index-writer.ts';

/** Between slices of a merge, each well below a millisecond, others have the thread and the disk. */
const pauseMs = 2;

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, pauseMs));

/**
 * Merges runs into a new one.
 * @param runs newest first
 * @param withDeletions false when no older run is left whose rows deletions could hide
 * @returns the new run, `empty` when no row is left, or undefined when `isStopped` said so; then no file is left
 */
export async function mergeRuns(
  runs: readonly Run[],
  target: { readonly path: string; readonly id: number; readonly level: number },
  withDeletions: boolean,
  isStopped: () => boolean,
): Promise<Run | 'empty' | undefined> {
  const rowsMax = runs.reduce((sum, { info }) => sum + info.rows, 0);
  const writer = await RunWriter.open(target.path, target.id, target.level, rowsMax);
  try {
    const cursors = runs.map((run) => new RunCursor(run)).filter((cursor) => cursor.next());
    while (cursors.length > 0) {
      mergeSlice(cursors, writer, withDeletions);
      await writer.drain();
      await pause();
      if (isStopped()) break;
    }
    if (cursors.length > 0 || writer.rows === 0) {
      await writer.abandon();
      return cursors.length > 0 ? undefined : 'empty';
    }
    return await writer.finish();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}

/** Pages read in a slice at most, where nearly all rows are dropped. */
const rowsPerSlice = 4096;

/** Appends rows until the writer has enough, or all cursors are at their end and gone. */
function mergeSlice(cursors: RunCursor[], writer: RunWriter, withDeletions: boolean): void {
  for (let count = 0; count < rowsPerSlice && !writer.isFull && cursors.length > 0; count++) {
    let first = cursors[0]!;
    let ties = 0;
    for (let i = 1; i < cursors.length; i++) {
      const cursor = cursors[i]!;
      const order = compareRows(first.row, first.at, cursor.row, cursor.at);
      if (order > 0) {
        first = cursor;
        ties = 0;
      } else if (order === 0) ties += 1;
    }
    if (withDeletions || !isDeleted(first.row.words, first.at)) writer.append(first.row, first.at);
    if (ties > 0)
      for (let i = cursors.length - 1; i >= 0; i--) {
        const cursor = cursors[i]!;
        if (cursor === first || compareRows(first.row, first.at, cursor.row, cursor.at) !== 0) continue;
        if (!cursor.next()) cursors.splice(i, 1);
      }
    if (!first.next()) cursors.splice(cursors.indexOf(first), 1);
  }
}
