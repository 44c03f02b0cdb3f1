/**
 * `musig-paxos testnet`: everything that a small federation needs to run on one machine. Keys, the
 * federation file, a home for each signer and one learner, a compose file and systemd units, and the
 * commands to type next. Nothing is ever overwritten: a directory with something in it is refused,
 * since it may hold the only copy of a signer's keys.
 */

import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invariant } from '../../base/assert.ts';
import { accept, type Result, refuse } from '../../base/result.ts';
import { epochOf } from '../../messages/federation.ts';
import { formatFederation } from '../../messages/federation-file.ts';
import { formatKeys, formatPeerConfig, formatSignerConfig } from './homes.ts';
import { planTestnet, type TestnetPlan, type TestnetPlanOptions } from './plan.ts';
import { type LatencyMatrix, parseLatencyMatrix } from './regions.ts';
import { formatCompose, formatUnit, type Program } from './services.ts';

export interface TestnetOptions extends TestnetPlanOptions {
  /** Directory to make; refused when it has something in it. */
  readonly out: string;
  /** CSV file of a latency matrix: `regions.ts` says which form. */
  readonly regions?: string | undefined;
}

/** What `testnet --json` prints. */
export interface TestnetSummary {
  readonly directory: string;
  readonly federation: string;
  readonly epoch: string;
  readonly signers: number;
  readonly byzantine: number;
  readonly faulty: number;
  readonly quorum: number;
  readonly slack: number;
  readonly threshold: number;
  readonly scheme: string;
  readonly fanout: number;
  /** Why the scheme and the fanout are what they are. */
  readonly reasons: TestnetPlan['reasons'];
  readonly homes: readonly {
    readonly name: string;
    readonly home: string;
    readonly address: string;
    readonly url: string;
    readonly metrics: string;
    readonly region: string;
    readonly start: string;
  }[];
  readonly learner: { readonly home: string; readonly url: string; readonly start: string };
  readonly compose: string;
  readonly units: readonly string[];
  readonly warnings: readonly string[];
}

const errorCode = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

/** The directory that holds our package.json, whether we run from `dist` or from `src`. */
function packageRoot(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'package.json'))) {
    invariant(dirname(directory) !== directory, 'the package has no package.json');
    directory = dirname(directory);
  }
  return directory;
}

/** This machine: the running node, this package, and the user who will own the homes. */
function thisProgram(): Program {
  const base = { node: process.execPath, packageRoot: packageRoot() };
  if (process.platform === 'win32') return { ...base, user: undefined };
  const { username, uid, gid } = userInfo();
  return { ...base, user: { name: username, uid, gid } };
}

async function readMatrix(path: string): Promise<Result<LatencyMatrix>> {
  try {
    return parseLatencyMatrix(await readFile(path, 'utf8'), path);
  } catch (error) {
    return refuse('TESTNET_REGIONS', `--regions: cannot read ${path} (${errorCode(error)})`);
  }
}

/** Undefined when the directory is missing or empty. */
async function whyOccupied(directory: string): Promise<string | undefined> {
  try {
    const entries = await readdir(directory);
    return entries.length === 0
      ? undefined
      : `--out: expected a new or an empty directory, ${directory} is not`;
  } catch (error) {
    const code = errorCode(error);
    return code === 'ENOENT' ? undefined : `--out: cannot use ${directory} (${code})`;
  }
}

interface PlannedFile {
  readonly path: string;
  readonly text: string;
  readonly secret?: true;
}

/** Every file of a testnet, by its path below the directory. */
function filesOf(plan: TestnetPlan, directory: string, program: Program): PlannedFile[] {
  const unit = (home: string, command: 'start' | 'peer'): PlannedFile => ({
    path: join('systemd', `musig-paxos-${home}.service`),
    text: formatUnit(home, command, join(directory, home), program),
  });
  return [
    { path: 'federation.toml', text: formatFederation(plan.federation, plan.reasons) },
    { path: 'compose.yaml', text: formatCompose(plan, program) },
    ...plan.signers.flatMap((signer): PlannedFile[] => [
      { path: join(signer.home, 'signer.toml'), text: formatSignerConfig(signer) },
      { path: join(signer.home, 'keys.toml'), text: formatKeys(signer), secret: true },
      unit(signer.home, 'start'),
    ]),
    { path: join(plan.learner.home, 'peer.toml'), text: formatPeerConfig(plan) },
    unit(plan.learner.home, 'peer'),
  ];
}

async function writeTestnet(
  plan: TestnetPlan,
  directory: string,
  files: readonly PlannedFile[],
): Promise<void> {
  await mkdir(join(directory, 'systemd'), { recursive: true });
  for (const home of [...plan.signers.map((signer) => signer.home), plan.learner.home])
    await mkdir(join(directory, home, 'data'), { recursive: true, mode: 0o700 });
  for (const { path, text, secret } of files)
    await writeFile(join(directory, path), text, { flag: 'wx', mode: secret ? 0o600 : 0o644 });
}

/** A word of a shell command. */
const shell = (text: string): string =>
  /^[\w./:@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

function summarize(plan: TestnetPlan, out: string, directory: string): TestnetSummary {
  const start = (command: string, home: string): string =>
    `npx musig-paxos ${command} --home ${shell(join(out, home))}`;
  const unit = (home: string): string => join(directory, 'systemd', `musig-paxos-${home}.service`);
  const { n, f, t, q, slack, threshold } = plan.quorum;
  return {
    directory,
    federation: join(directory, 'federation.toml'),
    epoch: epochOf(plan.federation),
    signers: n,
    byzantine: f,
    faulty: t,
    quorum: q,
    slack,
    threshold,
    scheme: plan.federation.scheme,
    fanout: plan.federation.fanout,
    reasons: plan.reasons,
    homes: plan.signers.map(({ info, home, listen }) => ({
      name: info.name,
      home: join(directory, home),
      address: info.address,
      url: info.url,
      metrics: `http://${listen.metrics}`,
      region: info.region,
      start: start('start', home),
    })),
    learner: {
      home: join(directory, plan.learner.home),
      url: plan.learner.url,
      start: start('peer', plan.learner.home),
    },
    compose: join(directory, 'compose.yaml'),
    units: [...plan.signers.map((signer) => signer.home), plan.learner.home].map(unit),
    warnings: plan.warnings,
  };
}

const describe = (summary: TestnetSummary, out: string): string =>
  [
    `Testnet of ${summary.signers} signers in ${out}: at most ${summary.byzantine} lie, at most ${summary.faulty} are faulty.`,
    `A certificate needs ${summary.quorum} votes; ${summary.threshold} of ${summary.signers} make a batch final by its score (slack ${summary.slack}).`,
    `Votes are signed with ${summary.scheme}: ${summary.reasons.scheme}.`,
    `Tree nodes have up to ${summary.fanout} children: ${summary.reasons.fanout}.`,
    ...summary.warnings.map((warning) => `Warning: ${warning}`),
    '',
    'Start each in a terminal of its own:',
    ...summary.homes.map((home) => `  ${home.start}`),
    `  ${summary.learner.start}`,
    'or all of them in containers:',
    `  docker compose -f ${shell(join(out, 'compose.yaml'))} up`,
    'or as services:',
    `  sudo systemctl enable --now ${shell(join(summary.directory, 'systemd'))}/*.service`,
    'Then look at the first signer:',
    `  npx musig-paxos status --to ${summary.homes[0]!.url}`,
    '',
  ].join('\n');

/** Makes a testnet. A refusal names the flag or the file at fault, and nothing was written then. */
export async function testnetCommand(
  options: TestnetOptions,
): Promise<Result<{ readonly text: string; readonly json: TestnetSummary }>> {
  const directory = resolve(options.out);
  const occupied = await whyOccupied(directory);
  if (occupied !== undefined) return refuse('TESTNET_OUT', occupied);
  const matrix = options.regions === undefined ? undefined : await readMatrix(options.regions);
  if (matrix && !matrix.ok) return matrix;
  const plan = planTestnet(options, matrix?.value);
  if (!plan.ok) return plan;
  try {
    await writeTestnet(plan.value, directory, filesOf(plan.value, directory, thisProgram()));
  } catch (error) {
    return refuse('TESTNET_OUT', `--out: cannot write ${directory} (${errorCode(error)})`);
  }
  const json = summarize(plan.value, options.out, directory);
  return accept({ text: describe(json, options.out), json });
}
