/**
 * Workers for many runs. Compiled, a worker is a .js file that Node loads as it is; from a checkout it is a
 * .ts file next to this one, and source-worker.mjs loads it with the loader of a checkout. A worker that
 * cannot start ends the work before the first run; one that dies later loses one run.
 */

import Tinypool from 'tinypool';

export interface Workers<Task, Outcome> {
  /** @throws what ended the worker. */
  run(task: Task): Promise<Outcome>;
  close(): Promise<void>;
}

const isSource = (file: URL): boolean => file.pathname.endsWith('.ts');

/** A worker's file next to a module, in the form in which that module is: source or compiled. */
export const workerBeside = (module: string, name: string): URL =>
  new URL(`./${name}${isSource(new URL(module)) ? '.ts' : '.js'}`, module);

/** @param file exports `work`, from a task to its outcome, and `ready`. */
export async function startWorkers<Task, Outcome>(count: number, file: URL): Promise<Workers<Task, Outcome>> {
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
    throw new Error('the workers cannot start', { cause: error });
  }
  return {
    run: (task) => pool.run(task, { name: 'work' }),
    close: () => pool.destroy(),
  };
}
