/**
 * Workers for a sweep. Compiled, a worker is a .js file that Node loads as it is; from a checkout it is a
 * .ts file next to this one, and a worker then needs the loader that development installs. A worker that
 * cannot start ends the sweep before its first trial; one that dies later loses one trial.
 */

import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import Tinypool from 'tinypool';
import type { TrialResult, TrialTask } from './trial.ts';

export interface Workers {
  /** @throws what ended the worker. */
  run(task: TrialTask): Promise<TrialResult>;
  close(): Promise<void>;
}

const isSource = (file: URL): boolean => file.pathname.endsWith('.ts');

/** The worker's file in the form in which this file is. */
const ownWorker = (): URL => {
  const here = new URL(import.meta.url);
  return isSource(here) ? new URL('./worker.ts', here) : new URL('./worker.js', here);
};

function loaderFlags(file: URL): string[] {
  if (!isSource(file)) return [];
  return ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href];
}

/** @param file exports `work` and `ready`; the sweep's own worker by default. */
export async function startWorkers(count: number, file: URL = ownWorker()): Promise<Workers> {
  const pool = new Tinypool({
    filename: file.href,
    minThreads: count,
    maxThreads: count,
    execArgv: loaderFlags(file),
    // A thread that waits for work does not wake up as fast as one that spins, and does not burn a core.
    useAtomics: false,
  });
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
