/** Sweep files: what they mean, and the line that a mistake is answered with. */

import { describe, expect, it } from 'vitest';
import { parseSweep } from '../../../sim/sweep/file.ts';
import { cellsOf, columnOf, digestOf, trialSeed } from '../../../sim/sweep/plan.ts';
import { must } from '../../../src/base/result.ts';
import { fakeSweep, findFake } from './fake.ts';

const parse = (text: string) => parseSweep(text, 'a.toml', findFake);
const problem = (text: string): string => {
  const parsed = parse(text);
  return parsed.ok ? 'accepted' : parsed.error.message;
};

describe('a sweep file', () => {
  it('crosses its axes, the last one fastest, and fills in the default faults', () => {
    const cells = cellsOf(must(parse(fakeSweep)));
    expect(cells.map(({ levels }) => `${levels.liars} ${levels.variant}`)).toEqual([
      '0 engine',
      '0 source, 75%',
      '2 engine',
      '2 source, 75%',
      '3 engine',
      '3 source, 75%',
    ]);
    expect(cells[3]!.settings).toEqual({
      signers: 10,
      byzantine: 3,
      liars: 2,
      rule: 'source',
      threshold: 0.75,
      chance: 0.8,
    });
    expect(columnOf(cells[3]!, 'liarShare')).toBe(0.2);
    expect(columnOf(cells[3]!, 'faulty')).toBe(3);
  });

  it('is the same sweep with another title, other plots and more trials, and another with other settings', () => {
    const digest = (text: string): string => digestOf(must(parse(text)));
    const same = digest(fakeSweep);
    expect(digest(fakeSweep.replace('A fake sweep', 'Renamed').replace('trials = 12', 'trials = 13'))).toBe(
      same,
    );
    expect(digest(fakeSweep.replace('chance = 0.8', 'chance = 0.9'))).not.toBe(same);
    expect(digest(fakeSweep.replace('seed = "fake"', 'seed = "other"'))).not.toBe(same);
    expect(digest(fakeSweep.replace('[0, 2, 3]', '[0, 3, 2]'))).not.toBe(same);
  });

  it('gives the first trial the seed itself', () => {
    expect([0, 1, 2].map((i) => trialSeed('s', i))).toEqual(['s', 's-1', 's-2']);
  });

  it.each([
    ['title = "A fake sweep"', 'titel = "x"', 'a.toml: titel: unknown field'],
    ['trials = 12', 'trials = 0', 'a.toml: trials: expected a whole number from 1 to 10000000, found 0'],
    [
      'trials = 12',
      'trials = 9000000',
      'a.toml: trials: 6 cells with 9000000 trials each are more than 10000000 trials',
    ],
    ['attack = "fake"', 'attack = "none"', 'a.toml: attack: there is no attack "none"'],
    ['kind = "attack"', 'kind = "run"', 'a.toml: attack: expected nothing when kind is "run"'],
    ['kind = "attack"', 'kind = "walk"', 'a.toml: kind: expected "attack" or "run", found "walk"'],
    [
      'signers = 10',
      'signers = "10"',
      'a.toml: fixed.signers: expected a whole number from 1 to 1000, found "10"',
    ],
    ['signers = 10', 'signers = 7', 'a.toml: liars = 0, variant = "engine": two quorums of 4 among 7'],
    ['signers = 10', 'conflict = 0.5', 'a.toml: fixed.conflict: unknown field, expected one of signers, '],
    [
      'byzantine = 3',
      'network = "mars"',
      'a.toml: fixed.network: expected "lan" or "aws" or "cities", found "mars"',
    ],
    ['[0, 2, 3]', '[]', 'a.toml: cross.liars: expected at least one value'],
    ['[0, 2, 3]', '[0, 2, 0]', 'a.toml: cross.liars[2]: 0 stands there twice'],
    [
      '[0, 2, 3]',
      '[0, 11]',
      'a.toml: liars = 11, variant = "engine": liars (11) must be at most signers (10)',
    ],
    ['label = "engine", ', '', 'a.toml: cross.variant[0].label: missing'],
    [
      'chance = 0.8',
      'chance = "high"',
      'a.toml: cross.variant[1].chance: expected a number (chance of success), found "high"',
    ],
    [
      'rule = "engine"',
      'rule = "fcfs"',
      'a.toml: cross.variant[0].rule: expected "engine" or "source" for attack fake, found "fcfs"',
    ],
    ['x = "liarShare"', 'x = "liarshare"', 'a.toml: plot[0].x: "liarshare" is neither an axis nor a field'],
    ['series = "variant"', 'series = ["variant", "colour"]', 'a.toml: plot[0].series: "colour" is neither'],
    ['[fixed]', '[fixed', 'a.toml: line 9, column 7:'],
  ])('with %s replaced by %s is refused in one line', (from, to, message) => {
    expect(fakeSweep).toContain(from);
    const found = problem(fakeSweep.replace(from, to));
    expect(found).toContain(message);
    expect(found).not.toContain('\n');
  });

  it('of runs knows the fields of runs', () => {
    const text = (fields: string): string =>
      `title = "r"\nkind = "run"\ntrials = 1\nseed = "r"\n[fixed]\nsigners = 4\n${fields}`;
    expect(
      problem(text('conflict = 0.5\nfaults = "none"\nadversaries = "replay,ghosts"\nleaderTerm = 3')),
    ).toBe('accepted');
    expect(problem(text('adversaries = "replay,gosts"'))).toContain(
      'a.toml: fixed: adversaries: "gosts" is not one of',
    );
    expect(problem(text('rule = "source"'))).toContain('a.toml: fixed.rule: unknown field');
  });
});
