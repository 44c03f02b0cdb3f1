/**
 * One process per store directory. LMDB would let several processes write one database in turns, and two
 * signers with one identity would contradict each other.
 *
 * Rule: a process writes a file that is named after it alone, `lock-<pid>-<start>`, and only then looks at
 * the files of others. It holds the lock when no file of a living process is there; otherwise it takes its
 * own file back and gives up. Of two processes that start at once, whichever looks last sees the other's
 * file, so never both hold it (both may give up). Files of dead processes, as `kill -9` leaves them, are
 * removed; that is safe without further locking, because a name never comes back: `start` is the boot and
 * the moment at which the process began, so neither a reused pid nor a container that always runs as pid 1
 * passes for the dead one. Where the system does not tell (no /proc), `start` is 0 and a process with the
 * pid counts as alive. Processes in different pid namespaces, or hosts on a shared disk, do not see each
 * other: never mount one store twice.
 */

import { closeSync, openSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StoreError } from './error.ts';

export interface DirectoryLock {
  release(): void;
}

const lockName = /^lock-([1-9]\d{0,9})-([0-9a-f]+)$/;
export const isLockName = (name: string): boolean => lockName.test(name);

/** Directories that this process holds. Its own file says nothing about that where `start` is 0. */
const held = new Set<string>();

/**
 * Takes a directory for this process, and from all other processes too if asked. Readers do not need the
 * latter; but within a process the library gives everybody the same environment, whatever its mode.
 * @throws StoreError when another process, or this one, holds the directory.
 */
export function lockDirectory(
  path: string,
  from: 'this process' | 'all processes',
  log: (line: string) => void,
): DirectoryLock {
  const directory = realpathSync(path);
  if (held.has(directory))
    throw new StoreError('STORE_LOCKED', `store ${path} is open in this process already`);
  const own = `lock-${process.pid}-${startOf(process.pid) ?? '0'}`;
  const file = join(directory, own);
  const release = (): void => {
    held.delete(directory);
    if (from === 'all processes') rmSync(file, { force: true });
  };
  held.add(directory);
  try {
    if (from === 'all processes') {
      closeSync(openSync(file, 'w', 0o600));
      refuseOthers(path, directory, own, log);
    }
  } catch (error) {
    release();
    throw error;
  }
  return { release };
}

/** @throws StoreError when a living process has its file in the directory; removes those of dead ones. */
function refuseOthers(path: string, directory: string, own: string, log: (line: string) => void): void {
  for (const name of readdirSync(directory)) {
    const [, pid, start] = lockName.exec(name) ?? [];
    if (pid === undefined || start === undefined || name === own) continue;
    if (isAlive(Number(pid), start))
      throw new StoreError('STORE_LOCKED', `store ${path} is in use by process ${pid}`);
    log(`store ${path}: removed the lock of process ${pid}, which is gone`);
    rmSync(join(directory, name), { force: true });
  }
}

function isAlive(pid: number, start: string): boolean {
  try {
    process.kill(pid, 0); // signal 0 only asks
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    // EPERM: there is such a process, and it is another user's.
  }
  const now = startOf(pid);
  return now === undefined || start === '0' || now === start;
}

/** Boot and start time of a process, in hex; `dead` of a zombie; undefined when the system does not tell. */
function startOf(pid: number): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').slice(0, 8);
    const status = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the program's name in parentheses, and may itself hold blanks and parentheses.
    const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
    const [state, ticks] = [fields[0], fields[19]];
    if (state === 'Z' || state === 'X') return 'dead';
    return `${boot}${BigInt(ticks ?? '').toString(16)}`;
  } catch {
    return undefined; // No /proc, or it hides other users' processes: the caller takes it for alive.
  }
}
