/** The laboratory's commands: what they print, the replay command gives the same run, bad usage is one line. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { findAttack } from '../../../sim/attacks/catalog.ts';
import type { SimulationOptions } from '../../../sim/options.ts';
import { simulate } from '../../../sim/run.ts';
import type { Report } from '../../../sim/run-report.ts';
import { attackCommand, attackOptions } from '../../../src/cli/sim/attack.ts';
import { simulationOptions } from '../../../src/cli/sim/flags.ts';
import { listCommand } from '../../../src/cli/sim/list.ts';
import { runCommand } from '../../../src/cli/sim/run.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'musig-paxos-sim-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function sim(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const command = ['--import', 'tsx', 'src/cli/main.ts', 'sim', ...args];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: root, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** The flags of a replay command, as the program would hand them over. */
async function replay(command: string): Promise<Report> {
  const { status, stdout } = sim(...command.split(' ').slice(3), '--json');
  expect(status).not.toBe(2);
  return JSON.parse(stdout) as Report;
}

const small = { signers: 5, byzantine: 0, faulty: 2, transactions: 20, durationMs: 800 };

describe('sim run', () => {
  it('replays what a report says', async () => {
    const report = simulate({ seed: 'replayed', ...small });
    expect((await replay(report.replay)).traceHash).toBe(report.traceHash);
  });

  it('exits 1 with the replay command when a check objects, and names the check', () => {
    const { status, stdout } = sim('run', '--seed', 'h', '--duration', '100', '--progress', '1');
    expect(stdout).toMatch(/! progress: /);
    expect(stdout).toMatch(/replay: npx musig-paxos sim run --seed h --signers 4 .*--progress 1\n/);
    expect(status).toBe(1);
  });

  it('takes a scenario file, and flags override it', async () => {
    const file = join(scratch, 'scenario.json');
    const submissions = [{ at: 5, to: 1, dependencies: ['a'] }];
    writeFileSync(file, JSON.stringify({ seed: 'x', signers: 4, byzantine: 1, faulty: 1, submissions }));
    const options = await simulationOptions({
      scenario: file,
      adversaries: 'none',
      faults: 'none',
      seed: 'y',
    });
    const expected: Partial<SimulationOptions> = {
      seed: 'y',
      signers: 4,
      adversaries: 'none',
      faults: 'none',
    };
    expect(options).toMatchObject({ ok: true, value: { ...expected, submissions } });
    const lines: string[] = [];
    const flags = { scenario: file, adversaries: 'none', faults: 'none', json: true };
    expect(await runCommand(flags, { out: (line) => lines.push(line) })).toEqual({ ok: true, value: 0 });
    expect(JSON.parse(lines[0]!)).toMatchObject({
      transactions: 1,
      finality: { score: 1, order: 0, open: 0 },
    });
  });

  it('counts up seeds', async () => {
    const lines: string[] = [];
    const flags = { ...small, durationMs: undefined, duration: 300, seed: 'c', count: 3, json: true };
    await runCommand(flags, { out: (line) => lines.push(line) });
    expect(lines.map((line) => (JSON.parse(line) as Report).seed)).toEqual(['c-0', 'c-1', 'c-2']);
  });

  it('leaves a folder with everything that a publication needs', async () => {
    const folder = join(scratch, 'folder');
    const flags = {
      signers: 4,
      transactions: 5,
      duration: 200,
      adversaries: 'none',
      faults: 'none',
      out: folder,
    };
    await runCommand(flags, { out: () => undefined });
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(manifest).toHaveProperty('version');
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('<svg');
  });

  it.each([
    [['--signers', 'x'], 'whole number'],
    [['--adversaries', 'nobody'], 'adversaries'],
    [['--faults', 'many'], 'faults'],
    [['--network', 'moon'], 'network'],
    [['--nonsense'], '--nonsense'],
    [['--scenario', '/nowhere.json'], '/nowhere.json: ENOENT'],
    [['--signers', '4', '--byzantine', '2', '--faulty', '2'], 'two quorums'],
  ])('%j is bad usage', (args, message) => {
    const { status, stdout, stderr } = sim('run', ...args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe('sim attack', () => {
  it('prints the names that programs compare', async () => {
    const result = await attackCommand('flip', { rule: 'source', threshold: 0.75, signers: 4, trials: 2 });
    if (!result.ok) throw new Error(result.error.message);
    const names = ['attack', 'rule', 'threshold', 'signers', 'byzantine', 'liars', 'trials', 'succeeded'];
    for (const name of [...names, 'unknown', 'firstSeed', 'blamedCorrectly', 'blamedWrongly'])
      expect(result.value.json).toHaveProperty(name);
    expect(result.value.json).toMatchObject({ attack: 'flip', rule: 'source', trials: 2, threshold: 0.75 });
  });

  it.each([
    ['flipp', {}, 'did you mean flip?'],
    ['flip', { rule: 'magic' }, '--rule: "magic" is not one of'],
    ['flip', { set: ['nothing=1'] }, '--set nothing=1: expected NAME=VALUE'],
    ['flip', { network: 'moon' }, '--network'],
    ['flip', { liars: 9 }, '--liars: 9 of 4 signers'],
    ['flip', { threshold: 2 }, '--threshold'],
    ['flip', { byzantine: 2, faulty: 2 }, 'two quorums'],
  ])('%s %j is bad usage', (name, flags, message) => {
    const result = attackOptions(name, flags);
    expect(result.ok).toBe(false);
    expect(!result.ok && result.error.code).toBe('USAGE');
    expect(!result.ok && result.error.message).toContain(message);
  });

  it('has attacks of every class, each with a goal', () => {
    const { json } = listCommand();
    const { attacks } = json as { attacks: { name: string; group: number; goal: string }[] };
    const groups = new Set(attacks.map((attack) => attack.group));
    expect([...groups].sort((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
    for (const { name, goal } of attacks) {
      expect(findAttack(name)?.name).toBe(name);
      expect(goal.length).toBeGreaterThan(10);
    }
  });
});
