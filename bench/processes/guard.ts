/**
 * Outlives the bench by a moment: when the bench is gone, however it went, its processes are killed and its
 * temporary directories removed. It is told of both as they come and go. Ctrl-C in a terminal reaches the
 * whole group, so the guard lets signals pass.
 */

import { rmSync } from 'node:fs';

export type ToGuard =
  | { readonly type: 'process'; readonly pid: number; readonly runs: boolean }
  | { readonly type: 'directory'; readonly path: string; readonly exists: boolean };

const processes = new Set<number>();
const directories = new Set<string>();

process.on('message', (message: ToGuard) => {
  if (message.type === 'process') {
    if (message.runs) processes.add(message.pid);
    else processes.delete(message.pid);
  } else if (message.exists) directories.add(message.path);
  else directories.delete(message.path);
});

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

process.on('disconnect', () => {
  for (const pid of processes) kill(pid);
  for (const path of directories)
    rmSync(path, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  process.exit(0);
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
