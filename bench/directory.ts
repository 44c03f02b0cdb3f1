/** Where a bench keeps its data: on a disk, since what is measured includes its syncs. */

import { accessSync, constants, mkdtempSync, rmSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guard } from './processes/guarded.ts';

/** Kinds of file systems that keep everything in memory: tmpfs and ramfs. */
const memoryKinds = new Set([0x01021994, 0x858458f6]);

export const isInMemory = (directory: string): boolean => memoryKinds.has(statfsSync(directory).type);

export function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK);
    return statSync(directory).isDirectory();
  } catch {
    return false;
  }
}

const usable = (directory: string): boolean => isWritable(directory) && !isInMemory(directory);

/** The system's temporary directory, or the other one where that is kept in memory. */
export const defaultParent = (): string => [tmpdir(), '/var/tmp'].find(usable) ?? tmpdir();

/** A fresh directory, which does not outlive the bench. @throws with one line. */
export function makeDirectory(parent: string): string {
  const directory = mkdtempSync(join(parent, 'musig-paxos-bench-'));
  guard.directory(directory, true);
  return directory;
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  guard.directory(directory, false);
}
