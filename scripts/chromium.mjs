/**
 * The browser that the tests of the page need. Run before `npm test`: says nothing when there is one; where it
 * can (root, Debian's package manager) it installs the distribution's; otherwise it says what to do, and the
 * tests of the page are left out, except in CI, where they then fail.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';

const places = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The executable: what CHROMIUM names, there or not, or the first in the usual places. */
export const findChromium = () => process.env.CHROMIUM ?? places.find((place) => existsSync(place));

const say = (text) => process.stderr.write(`chromium: ${text}\n`);

function run(...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return spawnSync('apt-get', args, { stdio: ['ignore', 'ignore', 2], env }).status === 0;
}

function ensureChromium() {
  if (findChromium() !== undefined) return;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    say('installing it with apt-get, for the tests of the page');
    if (run('update', '-qq') && run('install', '-y', '-qq', '--no-install-recommends', 'chromium')) return;
  }
  say('not found: the tests of the page need it; install it, or name it in the variable CHROMIUM');
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) ensureChromium();
