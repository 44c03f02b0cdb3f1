/** The bench's side of its guard: started with the first process or directory there is to guard. */

import { type ChildProcess, fork } from 'node:child_process';
import { compiled } from '../paths.ts';
import type { ToGuard } from './guard.ts';

let child: ChildProcess | undefined;

function tell(message: ToGuard): void {
  if (!child) {
    // Of a group of its own: it must see the bench end, not end with it.
    child = fork(compiled('bench', 'processes', 'guard.js'), {
      stdio: 'ignore',
      detached: true,
      execArgv: [],
    });
    child.unref();
    child.channel?.unref();
  }
  child.send(message);
}

export const guard = {
  process: (pid: number, runs: boolean): void => tell({ type: 'process', pid, runs }),
  directory: (path: string, exists: boolean): void => tell({ type: 'directory', path, exists }),
};
