/** Tables, pages and folders: nothing from elsewhere, nothing unescaped, and what programs read back. */

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseHTML } from 'linkedom';
import { afterAll, describe, expect, it } from 'vitest';
import type { Trial } from '../../../sim/attacks/attack.ts';
import type { SimulationOptions } from '../../../sim/options.ts';
import { chartHtml } from '../../../sim/report/chart.ts';
import { csvOf } from '../../../sim/report/csv.ts';
import { facts, figure, firstOf, html, markupOf, table } from '../../../sim/report/markup.ts';
import { ownOrigin } from '../../../sim/report/origin.ts';
import { writeRun } from '../../../sim/report/run-folder.ts';
import { shellWord } from '../../../sim/report/shell.ts';
import { latenciesOf } from '../../../sim/report/trace-section.ts';
import { writeTrialFolder } from '../../../sim/report/trial-folder.ts';
import { simulate } from '../../../sim/run.ts';
import { decodeScenario } from '../../../sim/scenario.ts';
import { traceRun } from '../../../sim/trace/run.ts';
import { must } from '../../../src/base/result.ts';
import { findFake } from '../sweep/fake.ts';
import { trace } from './trace.ts';

const root = mkdtempSync(join(tmpdir(), 'report-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const read = (directory: string, name: string): string => readFileSync(join(root, directory, name), 'utf8');

/** References that a browser would fetch. */
const foreign = (page: string): string[] => {
  const { document } = parseHTML(page);
  const links = [...document.querySelectorAll('[src],[href],script,link,iframe,img')].map(
    (one) => one.outerHTML,
  );
  return [...links, ...(page.match(/url\((?!#)[^)]*\)|@import[^;]*/g) ?? [])];
};

describe('CSV', () => {
  it('quotes what must be quoted, leaves out what is missing, and disarms formulas', () => {
    const rows = [
      { a: 1, b: 'plain', c: true },
      { a: -0.5, b: 'a "quote", a comma', d: 'two\nlines' },
      { b: '=HYPERLINK("x")', c: undefined },
    ];
    expect(csvOf(rows)).toBe(
      'a,b,c,d\r\n1,plain,true,\r\n-0.5,"a ""quote"", a comma",,"two\nlines"\r\n,"\'=HYPERLINK(""x"")",,\r\n',
    );
  });

  it('of nothing is an empty line of columns', () => expect(csvOf([])).toBe('\r\n'));
});

describe('markup', () => {
  it('escapes text, and nests pieces as they are', () => {
    expect(html`<p title="${'"x"'}">${['<b>', html`<i>${'&'}</i>`, 3, undefined]}</p>`.html).toBe(
      '<p title="&quot;x&quot;">&lt;b&gt;<i>&amp;</i>3</p>',
    );
    expect(table([{ title: '<t>' }], [['<c>']]).html).toContain('<td>&lt;c&gt;</td>');
  });

  it.each([
    [0, '0'],
    [7, '7'],
    [12345, '12\u202f345'],
    [1234.5, '1235'],
    [98765.4, '98\u202f765'],
    [123.456, '123.5'],
    [1.234, '1.23'],
    [0.012345, '0.0123'],
    [-0.5, '-0.5'],
  ])('writes %f as %s', (value, text) => expect(figure(value)).toBe(text));

  it('puts long facts last, and counts what a list leaves out', () => {
    const long = 'x'.repeat(30);
    expect(
      facts([
        ['a', long],
        ['b', 1],
      ]).html,
    ).toMatch(/<dt>b<\/dt>.*class="long"><dt>a<\/dt>/);
    const { shown, note } = firstOf([1, 2, 3], 2, 'all are elsewhere');
    expect(shown).toEqual([1, 2]);
    expect(markupOf(note)).toContain('The first 2 of 3; all are elsewhere.');
    expect(firstOf([1], 2, '').note).toBeUndefined();
  });

  it('quotes words for a shell', () => {
    expect(['a.b=1', 'two words', "it's"].map(shellWord)).toEqual(['a.b=1', "'two words'", "'it'\\''s'"]);
  });
});

describe('charts', () => {
  const points = [
    { x: 0, y: 0.25, low: 0.1, high: 0.4, series: 'a' },
    { x: 1, y: 0.5, low: 0.5, high: 0.5, series: 'a' },
    { x: 1, y: 0.75, series: '<b>' },
  ];
  const base = {
    title: 'A <title>',
    x: { label: 'x' },
    y: { label: 'y', percent: true },
    points,
    series: ['a', '<b>'],
  };

  it.each(['line', 'bar', 'grid', 'curve'] as const)(
    'of kind %s are drawn for screens and phones',
    (kind) => {
      const drawn = chartHtml({ ...base, kind }).html;
      const { document } = parseHTML(`<body>${drawn}</body>`);
      expect(document.querySelectorAll('.wide > svg, .narrow > svg')).toHaveLength(2);
      expect(document.querySelector('.wide > svg')!.getAttribute('aria-label')).toBe('A <title>');
      expect(drawn).not.toContain('<b>');
      expect(foreign(drawn)).toEqual([]);
    },
  );

  it('have a dot for each point and a rule for each interval that has a width', () => {
    const { document } = parseHTML(`<body>${chartHtml({ ...base, kind: 'line' }).html}</body>`);
    const picture = document.querySelector('.wide > svg')!;
    expect(picture.querySelectorAll('g[aria-label="dot"] > *')).toHaveLength(3);
    expect(
      picture.querySelectorAll(
        'g[aria-label="rule"] line[stroke], g[aria-label="rule"][stroke^="var(--c"] line',
      ),
    ).toHaveLength(1);
  });

  it('say when there is nothing to draw, also when a logarithm has no place for zero', () => {
    expect(chartHtml({ ...base, points: [], kind: 'line' }).html).toContain('nothing to plot');
    const zero = [{ x: 1, y: 0, series: 'a' }];
    expect(chartHtml({ ...base, y: { label: 'y', log: true }, points: zero, kind: 'line' }).html).toContain(
      'nothing to plot',
    );
  });
});

describe('the folder of a run', () => {
  const options: SimulationOptions = {
    seed: 'folder',
    signers: 4,
    byzantine: 1,
    faulty: 1,
    transactions: 5,
    durationMs: 200,
    faults: 'none',
    // No block is made in this time, so that progress objects.
    progressMs: 0,
    limits: { checkpointAfterMs: 60_000 },
  };
  const run = traceRun(options, 'seed folder');
  const origin = { version: '9.9.9', node: 'v20', command: 'npx musig-paxos sim run <x>' };
  const files = writeRun(join(root, 'run'), options, run.report, run.trace, { origin });

  it('holds everything that its parts promise', () => {
    expect(files).toEqual([
      'manifest.json',
      'scenario.json',
      'results.jsonl',
      'results.csv',
      'report.html',
      'space-time.svg',
      'shiviz.log',
    ]);
    expect(JSON.parse(read('run', 'manifest.json'))).toMatchObject({
      version: '9.9.9',
      node: 'v20',
      commands: [origin.command],
      seeds: ['folder'],
      traceHashes: [run.report.traceHash],
      options: { seed: 'folder' },
    });
    expect(JSON.parse(read('run', 'results.jsonl'))).toEqual(JSON.parse(JSON.stringify(run.report)));
    const scenario = decodeScenario(read('run', 'scenario.json'));
    // Nothing is left to the seed but chance, so that there is something to edit.
    expect(scenario.ok && scenario.value.submissions).toHaveLength(options.transactions!);
    expect(simulate(must(scenario)).traceHash).toBe(run.report.traceHash);
    expect(read('run', 'results.csv').split('\r\n')[1]).toMatch(/^folder,4,1,1,lan,/);
  });

  it('has a page that needs nothing else, and names what failed and how to repeat it', () => {
    const page = read('run', 'report.html');
    expect(foreign(page)).toEqual([]);
    expect(page).toContain(run.report.replay);
    const bad = Object.keys(run.report.objections);
    expect(bad).toContain('progress');
    const { document } = parseHTML(page);
    expect([...document.querySelectorAll('b.bad')].map((one) => one.textContent)).toEqual(['violated']);
    expect(page).toContain('sim run &lt;x&gt;');
    expect(page).toContain('prefers-color-scheme:dark');
  });

  it('is the same, byte for byte, when written again', () => {
    const again = traceRun(options, 'seed folder');
    writeRun(join(root, 'again'), options, again.report, again.trace, { origin });
    for (const name of files) expect(read('again', name)).toBe(read('run', name));
  });

  it('finds its own version and command line', () => {
    expect(ownOrigin().version).toMatch(/^\d+\.\d+\.\d+/);
    expect(ownOrigin().command).toMatch(/^npx musig-paxos/);
  });
});

describe('the folder of a trial', () => {
  const attack = findFake('fake')!;
  const options = {
    seed: 'fake',
    rule: 'source',
    signers: 10,
    byzantine: 3,
    faulty: 3,
    liars: 3,
    network: 'lan',
    threshold: 0.75,
    parameters: { chance: 1 },
  } as const;
  const trial: Trial = { ...attack.trial(options), violated: ['agreement'], trace };

  it('says what was reached, shows it, and how to repeat it', () => {
    expect(writeTrialFolder(join(root, 'trial'), attack, options, trial)).toContain('space-time.svg');
    const page = read('trial', 'report.html');
    expect(foreign(page)).toEqual([]);
    expect(page).toContain('it was easy, &quot;as always&quot;');
    expect(page).toContain(
      'npx musig-paxos sim attack fake --rule source --threshold 0.75 --signers 10 --byzantine 3 --faulty 3 --liars 3 --network lan --set chance=1 --seed fake --trials 1',
    );
    expect(page).toContain('Space-time diagram');
    const [line] = read('trial', 'results.jsonl').split('\n');
    expect(JSON.parse(line!)).toMatchObject({
      attack: 'fake',
      outcome: 'succeeded',
      violated: ['agreement'],
    });
    expect(line).not.toContain('"events"');
  });

  it('does without pictures when nothing was traced', () => {
    const { trace: _, ...plain } = trial;
    expect(writeTrialFolder(join(root, 'plain'), attack, options, plain)).not.toContain('space-time.svg');
    expect(read('plain', 'report.html')).not.toContain('Space-time diagram');
  });
});

describe('latencies of a trace', () => {
  it('run from submission to the first delivery, once for each transaction', () => {
    expect(latenciesOf(trace)).toEqual({ score: [493], order: [] });
  });
});
