/** One short bench of real processes: what it prints is what interfaces.md fixes, and its counts agree. */

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from '../../bench/paths.ts';

const outstanding = 16;
const seconds = 3;
let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'musig-paxos-bench-test-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const bench = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(process.execPath, [program(), 'bench', ...args])).stdout;

describe('a bench', () => {
  it('measures real processes, and leaves nothing behind but what it was asked for', {
    timeout: 90_000,
  }, async () => {
    const out = join(directory, 'out');
    const stdout = await bench(
      ...['--outstanding', String(outstanding), '--clients', '2', '--size', '64'],
      ...[
        '--seconds',
        String(seconds),
        '--warmup',
        '1',
        '--starts',
        '1',
        '--learner',
        '--memory',
        '--every',
        '1',
      ],
      ...['--profile', '--out', out, '--dir', directory, '--json'],
    );
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ signers: 4, clients: 2, outstanding, bytes: 64, conflict: 0, seconds });
    expect(result).toMatchObject({
      durable: true,
      verified: true,
      failed: 0,
      rejected: 0,
      system: 'musig-paxos',
    });
    const { throughputPerSecond, latencyMs, finality, cpuSecondsPerThousand, transactions, starts } = result;
    expect(transactions).toBeGreaterThan(0);
    expect(finality.score + finality.order).toBe(transactions);
    expect(throughputPerSecond).toBeCloseTo(transactions / seconds, 0);
    expect(latencyMs.p50).toBeGreaterThan(0);
    expect(latencyMs.p90).toBeGreaterThanOrEqual(latencyMs.p50);
    expect(latencyMs.p99).toBeGreaterThanOrEqual(latencyMs.p90);
    expect(latencyMs.max).toBeGreaterThanOrEqual(latencyMs.p99);
    expect(cpuSecondsPerThousand).toBeGreaterThan(0);
    expect(starts).toHaveLength(1);

    const shares = Object.values<number>(result.profile.servers.shares);
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 6);
    expect(result.profile.servers.shares.crypto).toBeGreaterThan(0);
    expect(result.memory.trends.map(({ name }: { name: string }) => name)).toEqual([
      ...[0, 1, 2, 3].map((i) => `signer-${i}`),
      'learner',
    ]);
    expect(result.memory.samples.at(-1).processes.at(-1).transactions).toBeGreaterThan(0);

    expect(await readdir(directory)).toEqual(['out']);
    expect((await readdir(out)).sort()).toEqual([
      ...['load-process-0', 'load-process-1', 'signer-0', 'signer-1', 'signer-2', 'signer-3'].map(
        (name) => `${outstanding}-${name}.cpuprofile`,
      ),
      'report.html',
      'results.json',
    ]);
    expect(await readFile(join(out, 'report.html'), 'utf8')).toContain('Where the time goes');
  });

  it('ends a mistake with one line and exit code 2', async () => {
    await expect(bench('--keys', 'some')).rejects.toMatchObject({
      code: 2,
      stderr: '--keys: expected distinct, uniform[:COUNT] or zipf[:EXPONENT[:COUNT]], found "some"\n',
    });
  });
});
