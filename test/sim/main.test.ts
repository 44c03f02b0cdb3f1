/** The command: reports as text and JSON, the replay command gives the same run, bad usage is one line. */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Report, simulate } from '../../sim/run.ts';
import { named } from './support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function run(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'sim/main.ts', ...args],
    {
      cwd: root,
      encoding: 'utf8',
    },
  );
  return { status, stdout, stderr };
}

describe('sim/main.ts', () => {
  it('replays what a report says', () => {
    const report = simulate(named('replayed', [5, 0, 2], { transactions: 20, durationMs: 800 }));
    const [, , ...args] = report.replay.split(' ').slice(1);
    const { status, stdout } = run(...args, '--json');
    expect(status).toBe(0);
    expect((JSON.parse(stdout) as Report).traceHash).toBe(report.traceHash);
  });

  it('exits 1 with the replay command when a check objects', () => {
    const { status, stdout } = run(
      '--seed',
      'h',
      '--transactions',
      '60',
      '--duration',
      '100',
      '--progress',
      '1',
    );
    expect(stdout).toMatch(/progress violated/);
    expect(stdout).toMatch(/replay: npx tsx sim\/main\.ts --seed h --signers 4 .*--progress 1/);
    expect(status).toBe(1);
  });

  it.each([
    [['--signers', 'x'], '--signers must be a whole number, not "x"'],
    [['--adversaries', 'nobody'], '--adversaries: "nobody" is not one of'],
    [['--faults', 'many'], '--faults must be random or none, not "many"'],
    [['--nonsense'], '--nonsense'],
    [['--signers', '4', '--byzantine', '2', '--faulty', '2'], 'two quorums'],
  ])('%j is bad usage', (args, message) => {
    const { status, stdout, stderr } = run(...args);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain(message);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });
});
