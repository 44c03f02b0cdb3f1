/** `sim sweep`: reads a sweep file, shows how far it is, and says where the report lies. */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { findAttack } from '../../../sim/attacks/catalog.ts';
import { parseSweep } from '../../../sim/sweep/file.ts';
import { sweepProgressBar } from '../../../sim/sweep/progress.ts';
import { runSweep, type SweepOutcome } from '../../../sim/sweep/run.ts';
import { accept, type Result, refuse } from '../../base/result.ts';
import { version } from '../version.ts';
import { nearestTo } from './nearest.ts';
import { shippedSweeps } from './shipped.ts';

export interface SweepFlags {
  readonly out: string;
  readonly workers?: number;
}

/** A file of the user's, or a shipped sweep by its name. */
function findSweep(name: string): Result<string> {
  if (existsSync(name))
    return statSync(name).isFile() ? accept(name) : refuse('USAGE', `${name}: is no file`);
  const shipped = shippedSweeps();
  const found = shipped.find((one) => one.name === name);
  if (found) return accept(found.file);
  const near = nearestTo(
    name,
    shipped.map((one) => one.name),
  );
  const hint = near ? `; did you mean ${near}?` : '';
  return refuse('USAGE', `${name}: no such file, and no shipped sweep${hint} (sim list shows them)`);
}

/** Ctrl-C stops after the trials that are running; a second one ends at once. */
function stopOnSignal(stream: NodeJS.WriteStream): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const stop = (): void => {
    stream.write('\nstopping after the trials under way\n');
    controller.abort();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return {
    signal: controller.signal,
    release: () => {
      process.off('SIGINT', stop);
      process.off('SIGTERM', stop);
    },
  };
}

export async function sweepCommand(
  name: string,
  flags: SweepFlags,
  stream: NodeJS.WriteStream,
): Promise<Result<{ text: string; json: SweepOutcome }>> {
  const file = findSweep(name);
  if (!file.ok) return file;
  const text = readFileSync(file.value, 'utf8');
  const sweep = parseSweep(text, file.value, findAttack);
  if (!sweep.ok) return sweep;
  const bar = sweepProgressBar(stream);
  const stop = stopOnSignal(stream);
  try {
    const outcome = await runSweep({
      sweep: sweep.value,
      text,
      directory: flags.out,
      workers: flags.workers ?? availableParallelism(),
      command: `musig-paxos sim sweep ${name} --out ${flags.out}`,
      version: version(),
      node: process.version,
      findAttack,
      progress: bar.progress,
      signal: stop.signal,
    });
    return outcome.ok
      ? accept({ text: outcomeText(outcome.value, name, flags.out), json: outcome.value })
      : outcome;
  } finally {
    bar.stop();
    stop.release();
  }
}

function outcomeText(outcome: SweepOutcome, name: string, out: string): string {
  const { finished, cells, trials, outcomes, replays } = outcome;
  const counts = Object.entries(outcomes)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${count} ${what}`);
  return [
    `${trials} trials in ${cells} cells: ${counts.join(', ') || 'none'}`,
    ...replays.map((replay) => `  look at: ${replay}`),
    finished
      ? `report: ${join(out, 'report.html')}`
      : `stopped; go on with: npx musig-paxos sim sweep ${name} --out ${out}`,
  ].join('\n');
}
