/** The etcd to compare with: the distribution's, found in the path, or installed where that is allowed. */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Undefined when there is none. */
function versionOf(): string | undefined {
  const { status, stdout } = spawnSync('etcd', ['--version'], { encoding: 'utf8' });
  return status === 0 ? /etcd Version: (\S+)/.exec(stdout)?.[1] : undefined;
}

function aptGet(...args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 2], env }).status === 0;
}

/**
 * Version of the etcd in the path. Where it is missing it is installed, if we are root on a system with
 * `apt-get`. @throws with one line that says what to do.
 */
export function etcdVersion(say: (text: string) => void): string {
  const found = versionOf();
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    say('installing etcd-server with apt-get, to compare with');
    if (aptGet('update', '-qq') && aptGet('install', '-y', '-qq', '--no-install-recommends', 'etcd-server')) {
      const installed = versionOf();
      if (installed) return installed;
    }
  }
  throw new Error('--against etcd: there is no etcd in the path: apt-get install etcd-server');
}
