/**
 * Makes a checkout ready: installs packages when node_modules is missing or does not match the lock
 * file, and builds dist when a source changed since the last build. Runs before `npm test`, `npm run
 * demo` and `npm run check`, so it is quick when there is nothing to do, and it writes to stderr only:
 * the stdout of what follows may be read by programs.
 *
 * Both decisions look at content, never at file times: checking out a branch and back costs nothing.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (...parts) => join(root, ...parts);
const say = (text) => process.stderr.write(`setup: ${text}\n`);

function readIfThere(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Why packages must be installed, or undefined. npm writes the inner lock file last, so it proves completeness. */
function whyInstall() {
  const installedText = readIfThere(inRoot('node_modules', '.package-lock.json'));
  if (installedText === undefined) return 'node_modules is missing or incomplete';
  const installed = JSON.parse(installedText.toString()).packages;
  const wanted = JSON.parse(readFileSync(inRoot('package-lock.json'), 'utf8')).packages;
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.link) continue;
    const there = installed[path];
    if (there === undefined && (entry.optional || entry.devOptional || entry.peer)) continue;
    if (there?.version !== entry.version || there?.integrity !== entry.integrity)
      return `${path} is not the one in package-lock.json`;
  }
  return undefined;
}

/** Digest over names and content of everything that the build reads, and of the compiler's version. */
function sourceDigest() {
  const digest = createHash('sha256');
  const add = (path) => {
    const content = readIfThere(inRoot(path));
    if (content !== undefined) digest.update(`${path}\0${content.length}\0`).update(content);
  };
  for (const path of ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/lab.mjs'])
    add(path);
  for (const folder of ['src', 'sim', 'bench', 'web']) for (const path of filesUnder(folder)) add(path);
  return digest.digest('hex');
}

function filesUnder(folder) {
  let entries;
  try {
    entries = readdirSync(inRoot(folder), { withFileTypes: true });
  } catch (error) {
    if (error.code === 'ENOENT') return [];
    throw error;
  }
  return entries
    .flatMap((entry) =>
      entry.isDirectory() ? filesUnder(`${folder}/${entry.name}`) : [`${folder}/${entry.name}`],
    )
    .sort();
}

/** Runs a command with its output on stderr. Exits with its code when it fails. */
function run(what, command, args, shell = false) {
  const { status, error, signal } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], shell });
  if (status === 0) return;
  say(`${what} failed: ${error ? error.message : signal ? `ended by ${signal}` : `exit code ${status}`}`);
  release();
  process.exit(status || 1);
}

function install() {
  const reason = whyInstall();
  if (reason === undefined) return;
  say(`installing packages (npm ci): ${reason}`);
  // Development packages are needed whatever NODE_ENV says. The npm that runs us is preferred.
  const args = ['ci', '--include=dev', '--include=optional', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  if (npm?.endsWith('.js')) run('npm ci', process.execPath, [npm, ...args]);
  else run('npm ci', 'npm', args, process.platform === 'win32');
}

const stamp = inRoot('dist', '.built');
const program = inRoot('dist', 'src', 'cli', 'main.js');
const built = (digest) => readIfThere(stamp)?.toString() === digest;

function build() {
  const digest = sourceDigest();
  if (built(digest)) return;
  say('building dist');
  // What a deleted source left behind must not be run.
  rmSync(inRoot('dist'), { recursive: true, force: true });
  run('build', process.execPath, [
    inRoot('node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    'tsconfig.build.json',
  ]);
  run('build of the page', process.execPath, [inRoot('scripts', 'lab.mjs'), '--build']);
  // The compiler does not set the mode that `npx musig-paxos` needs.
  if (existsSync(program)) chmodSync(program, 0o755);
  mkdirSync(inRoot('dist'), { recursive: true });
  writeFileSync(stamp, digest);
}

// Two commands started together must not install over each other. The lock names its process, so one
// that was killed does not block for ever. It lies outside node_modules, which `npm ci` deletes.
const lock = join(
  tmpdir(),
  `musig-paxos-setup-${createHash('sha256').update(root).digest('hex').slice(0, 16)}`,
);
let held = false;

function acquire() {
  const deadline = Date.now() + 10 * 60_000;
  for (let waited = false; ; waited = true) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      held = true;
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const owner = Number.parseInt(readIfThere(lock)?.toString() ?? '', 10);
    if (Number.isInteger(owner) && !alive(owner)) rmSync(lock, { force: true });
    if (Date.now() > deadline) {
      say(`another setup (process ${owner}) holds ${lock} for too long`);
      process.exit(1);
    }
    if (!waited) say('waiting for another setup of this checkout');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function release() {
  if (held) rmSync(lock, { force: true });
  held = false;
}

// An unfinished install or build looks like none, so looking without the lock is safe.
if (whyInstall() !== undefined || !built(sourceDigest())) {
  acquire();
  try {
    install();
    build();
  } finally {
    release();
  }
}
