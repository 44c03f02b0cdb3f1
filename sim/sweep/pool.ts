/**
 * Workers for a sweep. Compiled, a worker is a .js file that Node loads as it is; from a checkout it is a
 * .ts file next to this one, and source-worker.mjs loads it with the loader of a checkout. A worker that
 * cannot start ends the sweep before its first trial; one that dies later loses one trial.
 */

import Tinypool from 'tinypool';
import type { TrialResult, TrialTask } from './trial.ts';

export interface Workers {
  /** @throws what ended the worker. */
  run(task: TrialTask): Promise<TrialResult>;
  close(): Promise<void>;
}

const isSource = (file: URL): boolean => file.pathname.endsWith('.ts');

/** The worker's file in the form in which this file is. */
const ownWorker = (): URL =>
  isSource(new URL(import.meta.url))
    ? new URL('./worker.ts', import.meta.url)
    : new URL('./worker.js', import.meta.url);

/** @param file exports `work` and `ready`; the sweep's own worker by default. */
export async function startWorkers(count: number, file: URL = ownWorker()): Promise<Workers> {
  const pool = new Tinypool({
    filename: isSource(file) ? new URL('./source-worker.mjs', import.meta.url).href : file.href,
    workerData: file.href,
    minThreads: count,
    maxThreads: count,
    // A thread that waits for work does not wake up as fast as one that spins, and does not burn a core.
    useAtomics: false,
  });
  // A thread that dies fails its task, which is where it is dealt with; without a task it is replaced.
  pool.on('error', () => undefined);
  try {
    await pool.run(undefined, { name: 'ready' });
  } catch (error) {
    await pool.destroy();
    throw new Error('the workers of the sweep cannot start', { cause: error });
  }
  return {
    run: (task) => pool.run(task, { name: 'work' }),
    close: () => pool.destroy(),
  };
}
