/** Starts the processes of the store's tests, see `lmdb-child.ts`. */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const childFile = join(import.meta.dirname, 'lmdb-child.ts');
const childArguments = (mode: string, path: string): string[] => ['--import', 'tsx', childFile, mode, path];

/** Runs a child that can write no file beyond so many KiB. */
export const limitedChild = (kibibytes: number, mode: string, path: string) =>
  spawnSync(
    'bash',
    ['-c', `ulimit -f ${kibibytes}; exec "$0" "$@"`, process.execPath, ...childArguments(mode, path)],
    { encoding: 'utf8' },
  );

/** A child and its lines; `ended` resolves when it is gone and all its output was read. */
export function startChild(
  mode: string,
  path: string,
): { child: ChildProcess; lines: string[]; ended: Promise<void> } {
  const child = spawn(process.execPath, childArguments(mode, path), { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  createInterface({ input: child.stdout! }).on('line', (line) => lines.push(line));
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return { child, lines, ended };
}

export async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; !condition(); waited += 5) {
    if (waited > 20_000) throw new Error('the child process is too slow');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
