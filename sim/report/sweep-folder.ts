/**
 * What a sweep leaves behind besides its journal: a row for each cell with confidence intervals, a page
 * with its plots and the numbers next to them, and the sweep file itself. Every figure can be traced to
 * trials, and every trial that needs a look has the command that repeats it.
 */

import type { Interval } from '../statistics/interval.ts';
import type { SweepManifest } from '../sweep/journal.ts';
import type { Cell, PlotPlan, Settings, Sweep } from '../sweep/plan.ts';
import {
  type CellSummary,
  cellSummaries,
  figureNames,
  type PlotPoint,
  plotPoints,
  shareName,
  summaryOf,
} from '../sweep/summary.ts';
import type { TrialRecord } from '../sweep/trial.ts';
import { type Chart, chartHtml } from './chart.ts';
import { type CsvCell, csvOf } from './csv.ts';
import { writeFolder } from './files.ts';
import {
  beside,
  command,
  facts,
  figure,
  firstOf,
  folded,
  type Html,
  headline,
  html,
  type Piece,
  pageOf,
  section,
  table,
} from './markup.ts';
import { footOf } from './origin.ts';

export interface SweepResults {
  readonly sweep: Sweep;
  /** Text of the sweep file. */
  readonly text: string;
  readonly cells: readonly Cell[];
  readonly records: readonly TrialRecord[];
  readonly manifest: SweepManifest;
}

/** Writes the report of a sweep into its folder. @returns names of the files. */
export function writeSweep(directory: string, results: SweepResults): string[] {
  const { sweep, cells, records } = results;
  const summaries = cellSummaries(cells, records);
  const files = {
    'sweep.toml': results.text,
    'results.csv': csvOf(summaries.map((one) => csvRow(one, sweep.kind))),
    'report.html': sweepPage(results, summaries),
  };
  return ['manifest.json', 'results.jsonl', ...writeFolder(directory, files)];
}

function csvRow(one: CellSummary, kind: Sweep['kind']): Record<string, CsvCell> {
  const name = shareName(kind);
  const row: Record<string, CsvCell> = {
    cell: one.cell.index,
    ...one.cell.levels,
    trials: one.trials,
    unknown: one.unknown,
    [kind === 'attack' ? 'succeeded' : 'violated']: one.hits,
    [name]: one.share?.estimate,
    [`${name}Low`]: one.share?.low,
    [`${name}High`]: one.share?.high,
  };
  for (const [figureName, { estimate, low, high, median }] of Object.entries(one.figures)) {
    row[figureName] = estimate;
    row[`${figureName}Low`] = low;
    row[`${figureName}High`] = high;
    row[`${figureName}Median`] = median;
  }
  return row;
}

function sweepPage(results: SweepResults, summaries: readonly CellSummary[]): string {
  const { sweep, cells, records, manifest } = results;
  return pageOf({
    title: sweep.title,
    lead: sweep.about,
    body: [
      tiles(results),
      manifest.finished ? undefined : unfinished(results),
      ...sweep.plots.map((plan) => plotSection(plan, results)),
      section('What was tried', settingsOf(sweep, cells)),
      section('Every cell', folded(`${cells.length} cells`, cellTable(sweep, summaries, records))),
      troubles(records),
      sweep.kind === 'attack' ? examples(summaries, records) : undefined,
    ],
    foot: footOf({ ...manifest, command: manifest.commands[manifest.commands.length - 1] ?? '' }),
  });
}

function tiles({ sweep, cells, records }: SweepResults): Html {
  const { trials, unknown, hits } = summaryOf(records);
  const attack = sweep.kind === 'attack';
  return headline([
    { name: 'cells', value: cells.length },
    { name: 'trials', value: trials },
    attack
      ? { name: 'attacks that succeeded', value: hits }
      : { name: 'runs with a violated check', value: hits, tone: hits > 0 ? 'bad' : 'good' },
    { name: 'could not be decided', value: unknown, tone: unknown > 0 ? 'unsure' : 'good' },
  ]);
}

const unfinished = ({ cells, records, sweep }: SweepResults): Html =>
  html`<p><b class="unsure">This sweep is not finished:</b> ${records.length} of ${cells.length * sweep.trials} trials are done. The same command continues it.</p>`;

function plotSection(plan: PlotPlan, { sweep, cells, records }: SweepResults): Html {
  const points = plotPoints(plan, cells, records, sweep.kind);
  if (points.length === 0) {
    const known = [shareName(sweep.kind), ...figureNames(records)].join(', ');
    return section(plan.title, html`<p class="note">No trial reports “${plan.y}”. There are: ${known}.</p>`);
  }
  const facets = [...new Set(points.map(({ facet }) => facet))];
  const series = [...new Set(points.map((point) => point.series))];
  const share = plan.y === shareName(sweep.kind);
  const pictures = facets.map((facet) => {
    const own = points.filter((point) => point.facet === facet);
    return { chart: chartHtml(chartOf(plan, own, series, facet)), values: pointTable(plan, own, series) };
  });
  return section(
    plan.title,
    // One plot has its table at its side; several stand in a row, each above its table.
    pictures.length === 1 && series.length <= 3
      ? pictures.map(({ chart, values }) => beside(chart, values))
      : html`<div class="row">${pictures.map(({ chart, values }) => html`<div>${chart}<div class="below">${values}</div></div>`)}</div>`,
    html`<p class="note">${
      !share && points.every(({ trials }) => trials === 1)
        ? 'One trial at each point: there is no interval to state.'
        : `Ranges are 95% confidence intervals: ${share ? 'Wilson’s of a share' : 'Student’s of a mean'}.`
    }</p>`,
  );
}

function chartOf(
  plan: PlotPlan,
  points: readonly PlotPoint[],
  series: readonly string[],
  facet: string,
): Chart {
  return {
    title: facet === '' ? plan.yLabel : facet,
    kind: plan.form === 'grid' ? 'grid' : points.every(({ x }) => typeof x === 'number') ? 'line' : 'bar',
    x: { label: plan.xLabel, log: plan.xLog, percent: plan.xPercent },
    y: { label: plan.yLabel, log: plan.yLog, percent: plan.yPercent },
    points: points.map(({ x, series: name, value }) => ({
      x: typeof x === 'boolean' ? String(x) : x,
      y: value.estimate,
      low: value.low,
      high: value.high,
      series: name,
    })),
    series,
  };
}

const percentText = (value: number): string => `${Number((100 * value).toFixed(1))}%`;

const shownAs = (value: number, percent: boolean): string => (percent ? percentText(value) : figure(value));

/** `25% 12–44`: an estimate and its interval, the unit said once. */
function rangeText({ estimate, low, high }: Interval, percent: boolean): Html {
  const show = (value: number): string => shownAs(value, percent).replace('%', '');
  if (low === high) return html`${shownAs(estimate, percent)}`;
  return html`${shownAs(estimate, percent)} <span class="range">${show(low)}–${show(high)}</span>`;
}

/** x down, series across, or the other way round as a grid has it; each value with its interval. */
function pointTable(plan: PlotPlan, points: readonly PlotPoint[], series: readonly string[]): Html {
  const xs = [...new Set(points.map(({ x }) => x))];
  const xText = (x: PlotPoint['x']): string =>
    typeof x === 'number' ? shownAs(x, plan.xPercent) : String(x);
  const cell = (x: PlotPoint['x'], name: string): Piece => {
    const point = points.find((one) => one.x === x && one.series === name);
    return point ? rangeText(point.value, plan.yPercent) : '–';
  };
  const numeric = (title: string) => ({ title, numeric: true });
  if (plan.form === 'grid')
    return table(
      [{ title: plan.xLabel }, ...xs.map((x) => numeric(xText(x)))],
      series.map((name) => [name, ...xs.map((x) => cell(x, name))]),
    );
  return table(
    [numeric(plan.xLabel), ...series.map((name) => numeric(name === '' ? plan.yLabel : name))],
    xs.map((x) => [xText(x), ...series.map((name) => cell(x, name))]),
  );
}

const valueText = (value: Settings[string]): string =>
  typeof value === 'number' ? figure(value) : String(value);

function settingsOf(sweep: Sweep, cells: readonly Cell[]): Html {
  const fixed = Object.entries(sweep.fixed).map(([name, value]) => [name, valueText(value)] as const);
  const crossed = sweep.axes.map(
    ({ name, levels }) => [name, levels.map(({ label }) => valueText(label)).join(', ')] as const,
  );
  return html`${facts([
    ['kind', sweep.attack === undefined ? 'runs with all checks' : `attack ${sweep.attack}`],
    ['cells', cells.length],
    ['trials a cell', sweep.trials],
    ['seed', sweep.seed],
    ...fixed,
  ])}${crossed.length > 0 ? html`<h3>Crossed</h3>${table([{ title: 'axis' }, { title: 'values' }], crossed)}` : undefined}`;
}

const figureColumnsMax = 6;

function cellTable(sweep: Sweep, summaries: readonly CellSummary[], records: readonly TrialRecord[]): Html {
  const plotted = sweep.plots.map(({ y }) => y).filter((y) => y !== shareName(sweep.kind));
  const names = [...new Set([...plotted, ...figureNames(records)])]
    .filter((name) => summaries.some(({ figures }) => figures[name]))
    .slice(0, figureColumnsMax);
  const axes = sweep.axes.map(({ name }) => name);
  const columns = [
    ...axes.map((title) => ({ title })),
    { title: 'trials', numeric: true },
    { title: 'unknown', numeric: true },
    { title: shareName(sweep.kind), numeric: true },
    ...names.map((title) => ({ title, numeric: true })),
  ];
  const { shown, note } = firstOf(summaries, 400, 'all are in results.csv');
  const rows = shown.map(({ cell, trials, unknown, share, figures }) => [
    ...axes.map((name) => valueText(cell.levels[name]!)),
    trials,
    unknown > 0 ? html`<b class="unsure">${unknown}</b>` : 0,
    share ? rangeText(share, true) : '–',
    ...names.map((name) => (figures[name] ? figure(figures[name].estimate) : '–')),
  ]);
  return html`${table(columns, rows)}${note}<p class="note">All figures with their intervals and medians are in results.csv, every trial in results.jsonl.</p>`;
}

const levelsText = (levels: Settings): string =>
  Object.entries(levels)
    .map(([name, value]) => (typeof value === 'string' ? value : `${name} ${value}`))
    .join(', ');

/** Trials that a person must look at. */
function troubles(records: readonly TrialRecord[]): Html | undefined {
  const bad = records.filter(({ outcome }) => outcome === 'violated' || outcome === 'unknown');
  if (bad.length === 0) return undefined;
  const { shown, note } = firstOf(bad, 100, 'all are in results.jsonl');
  return section(
    'Violated, or not decided',
    html`<p class="note">Each command repeats its trial; those with a scenario are to be run in this folder.</p>`,
    table(
      [{ title: 'outcome' }, { title: 'where' }, { title: 'reason' }, { title: 'repeat it with' }],
      shown.map(({ outcome, levels, reason, replay }) => [
        html`<b class="${outcome === 'violated' ? 'bad' : 'unsure'}">${outcome}</b>`,
        levelsText(levels),
        reason,
        command(replay),
      ]),
    ),
    note,
  );
}

const examplesMax = 12;

/** One successful attack of each cell, to look at. */
function examples(summaries: readonly CellSummary[], records: readonly TrialRecord[]): Html | undefined {
  const first = new Map<number, TrialRecord>();
  for (const record of records)
    if (record.outcome === 'succeeded' && !first.has(record.cell)) first.set(record.cell, record);
  const found = summaries.flatMap(({ cell, hits }) => {
    const record = first.get(cell.index);
    return record ? [{ record, hits }] : [];
  });
  if (found.length === 0) return undefined;
  const { shown, note } = firstOf(found, examplesMax, 'all are in results.jsonl');
  return section(
    'Attacks that succeeded',
    html`<p class="note">The first of each cell.</p>`,
    table(
      [
        { title: 'where' },
        { title: 'successes', numeric: true },
        { title: 'how' },
        { title: 'repeat it with' },
      ],
      shown.map(({ record, hits }) => [
        levelsText(record.levels),
        hits,
        record.reason,
        command(record.replay),
      ]),
    ),
    note,
  );
}
