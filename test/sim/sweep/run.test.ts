/** Sweeps from file to folder: the same results however they were run, and nothing lost on the way. */

import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseSweep } from '../../../sim/sweep/file.ts';
import { runSweep, type SweepProgress, type SweepRun } from '../../../sim/sweep/run.ts';
import type { TrialRecord } from '../../../sim/sweep/trial.ts';
import { must } from '../../../src/base/result.ts';
import { fakeSweep, findFake } from './fake.ts';

const root = mkdtempSync(join(tmpdir(), 'sweep-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
let folders = 0;
const folder = (): string => join(root, String(folders++));

const worker = new URL('./fake-worker.ts', import.meta.url);

function sweepRun(directory: string, rest: Partial<SweepRun> & { readonly text?: string } = {}): SweepRun {
  const text = rest.text ?? fakeSweep;
  return {
    sweep: must(parseSweep(text, 'a.toml', findFake)),
    text,
    directory,
    workers: 0,
    command: 'musig-paxos sim sweep a.toml',
    version: '1.0.0',
    node: 'v20.0.0',
    findAttack: findFake,
    ...rest,
  };
}

const run = async (...input: Parameters<typeof sweepRun>) => must(await runSweep(sweepRun(...input)));
const read = (directory: string, name: string): string => readFileSync(join(directory, name), 'utf8');
const recordsIn = (directory: string): TrialRecord[] =>
  read(directory, 'results.jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as TrialRecord);

/** All files, by name. */
const contents = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory)
      .sort()
      .map((name) => [name, read(directory, name)]),
  );

/** Stops after so many trials of this session. */
function stopAfter(trials: number): Pick<SweepRun, 'progress' | 'signal'> {
  const stop = new AbortController();
  let first: number | undefined;
  return {
    signal: stop.signal,
    progress: ({ done }) => {
      first ??= done;
      if (done - first >= trials) stop.abort();
    },
  };
}

describe('a sweep', () => {
  it('tries every cell, counts what came of it, and names what to look at', async () => {
    const directory = folder();
    const outcome = await run(directory);
    expect(outcome).toMatchObject({ finished: true, cells: 6, trials: 72, replays: [] });
    const records = recordsIn(directory);
    expect(records.map(({ cell, trial }) => [cell, trial])).toEqual(
      Array.from({ length: 72 }, (_, i) => [Math.floor(i / 12), i % 12]),
    );
    // The fake succeeds only under the source's rule with more than a quarter of liars.
    const succeeded = records.filter((record) => record.outcome === 'succeeded');
    expect(succeeded.length).toBe(outcome.outcomes.succeeded);
    expect(succeeded.length).toBeGreaterThan(5);
    expect(new Set(succeeded.map(({ cell }) => cell))).toEqual(new Set([5]));
    // The same arrivals in every cell: one draw for each seed.
    const drawn = records
      .filter(({ trial }) => trial === 4)
      .map(({ figures, levels }) => figures.delayMs! - 10 * Number(levels.liars));
    for (const value of drawn) expect(value).toBeCloseTo(drawn[0]!, 9);
  });

  it('gives the same results in this thread, with two workers, and in three pieces', async () => {
    const [alone, parallel, pieces] = [folder(), folder(), folder()];
    await run(alone);
    await run(parallel, { workers: 2, worker });
    expect((await run(pieces, stopAfter(7))).finished).toBe(false);
    appendFileSync(join(pieces, 'results.jsonl'), '{"cell":5,"trial":11,"se');
    expect((await run(pieces, stopAfter(20))).finished).toBe(false);
    expect((await run(pieces)).finished).toBe(true);
    expect(contents(parallel)).toEqual(contents(alone));
    for (const name of ['results.jsonl', 'results.csv', 'report.html'])
      expect(read(pieces, name)).toBe(read(alone, name));
    expect(JSON.parse(read(pieces, 'manifest.json')).commands).toHaveLength(3);
  });

  it('runs no finished trial again, and only those that a torn line lost', async () => {
    const directory = folder();
    await run(directory);
    const whole = read(directory, 'results.jsonl');
    writeFileSync(join(directory, 'results.jsonl'), whole.slice(0, -10));
    const seen: string[] = [];
    await run(directory, {
      findAttack: (name) => {
        const attack = findFake(name)!;
        return {
          ...attack,
          trial: (options) => {
            seen.push(options.seed);
            return attack.trial(options);
          },
        };
      },
    });
    expect(seen).toEqual(['fake-11']);
    expect(read(directory, 'results.jsonl')).toBe(whole);
  });

  it('goes on when more trials are asked for', async () => {
    const directory = folder();
    await run(directory);
    const before = new Set(read(directory, 'results.jsonl').split('\n'));
    expect((await run(directory, { text: fakeSweep.replace('trials = 12', 'trials = 15') })).trials).toBe(90);
    const after = new Set(read(directory, 'results.jsonl').split('\n'));
    expect([...before].filter((line) => !after.has(line))).toEqual([]);
  });

  it.each([
    [
      'another sweep',
      { text: fakeSweep.replace('chance = 0.8', 'chance = 0.7') },
      'holds another sweep ("A fake sweep")',
    ],
    [
      'fewer trials',
      { text: fakeSweep.replace('trials = 12', 'trials = 5') },
      'holds 12 trials a cell, and trials is 5',
    ],
    ['another version', { version: '2.0.0' }, 'was begun with version 1.0.0, not 2.0.0'],
  ])('refuses the folder of %s in one line', async (_, rest, message) => {
    const directory = folder();
    await run(directory);
    const before = contents(directory);
    const refused = await runSweep(sweepRun(directory, rest));
    expect(refused.ok ? '' : refused.error.message).toContain(message);
    expect(refused.ok ? '' : refused.error.message).not.toContain('\n');
    expect(contents(directory)).toEqual(before);
  });

  it('refuses results that are not its own or not readable', async () => {
    const [strange, damaged] = [folder(), folder()];
    await run(strange);
    rmSync(join(strange, 'manifest.json'));
    expect(await runSweep(sweepRun(strange))).toMatchObject({ ok: false });
    await run(damaged);
    writeFileSync(join(damaged, 'results.jsonl'), `nonsense\n${read(damaged, 'results.jsonl')}`);
    const refused = await runSweep(sweepRun(damaged));
    expect(refused.ok ? '' : refused.error.message).toContain('results.jsonl: line 1 is not a result');
  });

  it('records a trial that throws as unknown, with its message and how to repeat it', async () => {
    const directory = folder();
    const text = fakeSweep.replace('chance = 0.8', 'chance = 0.8, breaks = "-3"');
    const outcome = await run(directory, { text });
    expect(outcome.outcomes.unknown).toBe(3);
    const bad = recordsIn(directory).filter((record) => record.outcome === 'unknown');
    expect(bad[0]).toMatchObject({ trial: 3, reason: 'the fake broke, as it was told' });
    expect(bad[0]!.replay).toBe(
      'npx musig-paxos sim attack fake --rule source --threshold 0.75 --signers 10 --byzantine 3 --faulty 3 --liars 0 --network lan --set chance=0.8 --set breaks=-3 --seed fake-3 --trials 1',
    );
    expect(outcome.replays).toEqual(bad.map(({ replay }) => replay));
    expect(read(directory, 'report.html')).toContain('the fake broke, as it was told');
    // Unknown is no failure of the attack: the share is of the 11 trials that are decided.
    const row = /^5,3,"source, 75%",12,1,(\d+),([\d.]+),/m.exec(read(directory, 'results.csv'))!;
    expect(Number(row[1])).toBeGreaterThan(5);
    expect(Number(row[2])).toBeCloseTo(Number(row[1]) / 11, 9);
  });

  it('loses one trial, and says so, when a worker dies', async () => {
    const directory = folder();
    const text = fakeSweep
      .replace(
        '{ label = "engine", rule = "engine" }',
        '{ label = "engine", rule = "engine", breaks = "the worker" }',
      )
      .replace('trials = 12', 'trials = 1');
    const outcome = await run(directory, { text, workers: 1, worker });
    expect(outcome).toMatchObject({ finished: true, trials: 6 });
    expect(recordsIn(directory)[0]).toMatchObject({ outcome: 'unknown', reason: 'the thread is gone' });
    expect(recordsIn(directory).map((record) => record.outcome === 'unknown')).toEqual([
      true,
      false,
      true,
      false,
      true,
      false,
    ]);
  });

  it('ends before its first trial when workers cannot start', async () => {
    const directory = folder();
    const missing = new URL('./no-such-worker.ts', import.meta.url);
    await expect(runSweep(sweepRun(directory, { workers: 1, worker: missing }))).rejects.toThrow(
      'cannot start',
    );
    expect(existsSync(join(directory, 'results.jsonl')) && read(directory, 'results.jsonl')).toBe('');
  });

  it('says how far it is, and how long it will take', async () => {
    const said: SweepProgress[] = [];
    let now = 0;
    await run(folder(), { progress: (one) => said.push(one), clock: () => (now += 100) });
    expect(said[0]).toEqual({ done: 0, total: 72, unknown: 0, leftMs: undefined });
    expect(said[1]).toEqual({ done: 1, total: 72, unknown: 0, leftMs: 7100 });
    expect(said.at(-1)).toMatchObject({ done: 72, total: 72, leftMs: 0 });
  });
});

describe('a sweep of runs', () => {
  const text = `
title = "Runs"
kind = "run"
trials = 2
seed = "runs"
[fixed]
faults = "none"
adversaries = "none"
transactions = 6
durationMs = 200
window = 16
[cross]
signers = [4, 5]
conflict = [0, 1]
[[plot]]
title = "Latency"
x = "conflict"
y = "latencyP50Ms"
series = "signers"
`;

  it('measures runs of the engine, and checks them', async () => {
    const directory = folder();
    const outcome = await run(directory, { text });
    expect(outcome.outcomes).toEqual({ succeeded: 0, failed: 0, passed: 8, violated: 0, unknown: 0 });
    const figures = recordsIn(directory).map((record) => record.figures);
    for (const one of figures) expect(one.latencyP50Ms).toBeGreaterThan(0);
    expect(figures[0]!.shareByScore! + figures[0]!.shareByOrder! + figures[0]!.shareOpen!).toBeCloseTo(1, 9);
  });

  it('keeps a scenario for a run that no flags describe and that must be looked at', async () => {
    const directory = folder();
    // Nothing can be in a block at once, so progress is violated wherever clients still wait.
    const outcome = await run(directory, {
      text: text.replace('window = 16', 'window = 16\nprogressMs = 0'),
    });
    const bad = recordsIn(directory).filter((record) => record.outcome === 'violated');
    expect(bad.length).toBe(outcome.outcomes.violated);
    expect(bad.length).toBeGreaterThan(0);
    expect(readdirSync(join(directory, 'scenarios'))).toHaveLength(bad.length);
    const { violated, replay, cell, trial, seed } = bad[0]!;
    const path = `scenarios/cell-${cell}-trial-${trial}.json`;
    expect(violated).toEqual(['progress']);
    expect(replay).toBe(`npx musig-paxos sim run --scenario ${path}`);
    expect(JSON.parse(read(directory, path))).toMatchObject({ seed, limits: { window: 16 } });
  });
});
