/**
 * Plots of a report: lines or bars with their confidence intervals, as SVG inside the page. Each is drawn
 * twice, wide and narrow, because text in a picture that a phone shrinks cannot be read; the page shows
 * the one that fits. Colours are the page's custom properties, so a plot follows light and dark.
 */

import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { escaped, type Html, html, raw } from './markup.ts';
import { colourOf } from './style.ts';

export interface ChartPoint {
  readonly x: number | string;
  readonly y: number;
  /** Ends of the confidence interval. */
  readonly low?: number;
  readonly high?: number;
  readonly series: string;
}

export interface Chart {
  /** Said above the plot and read out instead of it. */
  readonly title: string;
  /** `curve`: a line through many points; `grid`: series down, x across, y as shade and number. */
  readonly kind: 'line' | 'bar' | 'curve' | 'grid';
  readonly x: { readonly label: string; readonly log?: boolean; readonly percent?: boolean };
  readonly y: { readonly label: string; readonly log?: boolean; readonly percent?: boolean };
  readonly points: readonly ChartPoint[];
  /** Series in the order of their colours; a series without points keeps its colour. */
  readonly series: readonly string[];
}

interface Size {
  readonly width: number;
  readonly height: number;
  readonly fontPx: number;
}

const wide: Size = { width: 640, height: 360, fontPx: 12.5 };
const narrow: Size = { width: 360, height: 300, fontPx: 12 };

const symbols = ['circle', 'square', 'triangle', 'diamond', 'times', 'plus', 'star', 'wye'] as const;
const symbolOf = (i: number): (typeof symbols)[number] => symbols[i % symbols.length]!;

/** Room between what stands at one x, in pixels, so that intervals do not hide each other. */
const dodgePx = 5;

interface Line {
  readonly points: readonly ChartPoint[];
  readonly index: number;
  readonly shiftPx: number;
}

function linesOf(chart: Chart): Line[] {
  const count = chart.series.length;
  return chart.series.map((name, index) => ({
    points: chart.points.filter(({ series, y }) => series === name && shown(chart, y)),
    index,
    shiftPx: count > 6 ? 0 : (index - (count - 1) / 2) * dodgePx,
  }));
}

/** Zero and below have no place on a logarithmic axis. */
const shown = (chart: Chart, y: number): boolean => Number.isFinite(y) && (!chart.y.log || y > 0);

function lineMarks(chart: Chart): Plot.Markish[] {
  const floor = chart.y.log ? Math.min(...chart.points.map(({ y }) => y).filter((y) => y > 0)) : undefined;
  return linesOf(chart).flatMap(({ points, index, shiftPx }) => {
    const common = { x: 'x', stroke: colourOf(index), dx: shiftPx };
    const ranged = points
      .filter(({ low, high }) => low !== undefined && high !== undefined && high > low)
      .map((point) => ({ ...point, low: Math.max(point.low!, floor ?? Number.NEGATIVE_INFINITY) }));
    if (chart.kind === 'curve')
      return [Plot.line(points, { ...common, dx: 0, y: 'y', strokeWidth: 1.9, curve: 'step-after' })];
    return [
      Plot.line(points, { ...common, y: 'y', strokeWidth: 1.8, curve: 'linear' }),
      Plot.ruleX(ranged, { ...common, y1: 'low', y2: 'high', strokeWidth: 1.3, strokeOpacity: 0.75 }),
      Plot.dot(points, {
        ...common,
        y: 'y',
        r: 3.4,
        fill: 'var(--paper)',
        strokeWidth: 1.8,
        symbol: symbolOf(index),
      }),
    ];
  });
}

const rowPx = 15;

/** Bars lie, so that their names can be read; those of one x stand together. */
function drawnBars(chart: Chart, { width, fontPx }: Size): Drawn {
  const names = domainOf(chart);
  const lines = linesOf(chart).filter(({ points }) => points.length > 0);
  const band = lines.length * rowPx + 8;
  const height = names.length * band + 52;
  const marginLeft = Math.min(
    width / 2.5,
    18 + 0.58 * fontPx * Math.max(...names.map((x) => String(x).length)),
  );
  const marks = lines.flatMap(({ points, index }, i) => {
    const inset = { insetTop: 4 + i * rowPx, insetBottom: 4 + (lines.length - 1 - i) * rowPx };
    const ranged = points.filter(({ low, high }) => low !== undefined && high !== undefined && high > low);
    return [
      Plot.barX(points, { x: 'y', y: 'x', fill: colourOf(index), fillOpacity: 0.85, ...inset }),
      Plot.ruleY(ranged, {
        x1: 'low',
        x2: 'high',
        y: 'x',
        stroke: 'var(--ink)',
        strokeWidth: 1.2,
        dy: (i - (lines.length - 1) / 2) * rowPx,
      }),
    ];
  });
  return Plot.plot({
    ...common(width, height, fontPx),
    marginLeft,
    x: { label: chart.y.label, labelAnchor: 'center', labelArrow: 'none', labelOffset: 36, ...yScale(chart) },
    y: { type: 'band', domain: names, label: null, padding: 0 },
    marks: [Plot.ruleX([0], { strokeOpacity: 0.35 }), ...marks],
  }) as unknown as Drawn;
}

/** `16`, `1.5k`; the library leaves out labels of a logarithmic axis that are no round powers. */
const siText = (x: number): string => (x >= 1000 ? `${Number((x / 1000).toFixed(1))}k` : String(x));

function xScale(chart: Chart): Plot.ScaleOptions {
  const numbers = chart.points.map(({ x }) => x).filter((x) => typeof x === 'number');
  const categories = numbers.length < chart.points.length;
  if (categories) return { type: 'point', domain: domainOf(chart) };
  const values = [...new Set(numbers)].sort((a, b) => a - b);
  const ticks = chart.kind === 'line' && values.length <= 9 ? { ticks: values } : {};
  const format = chart.x.percent ? { tickFormat: '.0%' } : {};
  return chart.x.log && values.every((x) => x > 0)
    ? { type: 'log', ...ticks, tickFormat: (x: number) => siText(x), ...format }
    : { type: 'linear', ...ticks, ...format };
}

const domainOf = (chart: Chart): (number | string)[] => [...new Set(chart.points.map(({ x }) => x))];

function yScale(chart: Chart): Plot.ScaleOptions {
  const { log, percent } = chart.y;
  const highest = Math.max(0, ...chart.points.map(({ y, high }) => high ?? y));
  const natural: readonly [number, number] = percent ? [0, 1] : [0, highest > 0 ? highest * 1.04 : 1];
  return {
    type: log ? 'log' : 'linear',
    grid: true,
    ticks: 6,
    ...(log ? {} : { domain: [...natural] }),
    ...(percent ? { tickFormat: '.0%' } : { tickFormat: '~s' }),
  };
}

const gridRowPx = 34;

/** Where many lines would lie on each other: a field for each point, darker with y, and its number in it. */
function drawnGrid(chart: Chart, { width, fontPx }: Size): Drawn {
  const xs = domainOf(chart);
  const longest = Math.max(...chart.series.map((name) => name.length));
  const share = (value: number): string => `${Math.round(100 * value)}%`;
  // Where there is little room the unit is said by the title alone.
  const tight = width < wide.width;
  const shownAs = (value: number): string =>
    chart.y.percent
      ? tight
        ? String(Math.round(100 * value))
        : share(value)
      : String(Number(value.toPrecision(3)));
  const highest = chart.y.percent ? 1 : Math.max(...chart.points.map(({ y }) => y)) || 1;
  return Plot.plot({
    ...common(width, chart.series.length * gridRowPx + 60, fontPx),
    marginTop: 8,
    marginLeft: Math.min(width / 2, 16 + 0.56 * fontPx * longest),
    x: {
      type: 'band',
      domain: xs,
      label: chart.x.label,
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 38,
      padding: 0.06,
      ...(chart.x.percent && { tickFormat: (x: number) => share(x) }),
    },
    y: { type: 'band', domain: [...chart.series], label: null, padding: 0.1, tickSize: 0 },
    marks: [
      Plot.cell(chart.points, { x: 'x', y: 'series', fill: 'var(--panel)', rx: 4 }),
      Plot.cell(chart.points, {
        x: 'x',
        y: 'series',
        rx: 4,
        fill: colourOf(4),
        fillOpacity: { value: (point: ChartPoint) => (0.8 * point.y) / highest, scale: null },
      }),
      Plot.text(chart.points, { x: 'x', y: 'series', text: (point: ChartPoint) => shownAs(point.y) }),
    ],
  }) as unknown as Drawn;
}

/** An element that linkedom made. */
interface Drawn {
  readonly outerHTML: string;
  setAttribute(name: string, value: string): void;
}

const common = (width: number, height: number, fontPx: number) => ({
  document: parseHTML('<!doctype html><html><body></body></html>').document,
  width,
  height,
  marginRight: 18,
  marginBottom: 44,
  style: { fontSize: `${fontPx}px`, background: 'none', overflow: 'visible' },
});

const drawnLines = (chart: Chart, { width, height, fontPx }: Size): Drawn =>
  Plot.plot({
    ...common(width, height, fontPx),
    marginLeft: 52,
    marginTop: 30,
    x: { label: chart.x.label, labelAnchor: 'center', labelArrow: 'none', labelOffset: 38, ...xScale(chart) },
    y: { label: chart.y.label, labelArrow: 'none', ...yScale(chart) },
    marks: [...(chart.y.log ? [] : [Plot.ruleY([0], { strokeOpacity: 0.35 })]), ...lineMarks(chart)],
  }) as unknown as Drawn;

function drawn(chart: Chart, size: Size): string {
  const draw = { bar: drawnBars, grid: drawnGrid, line: drawnLines, curve: drawnLines }[chart.kind];
  const svg = draw(chart, size);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', chart.title);
  return svg.outerHTML;
}

/** The key to colours and shapes, as it stands above a plot. */
function legend(chart: Chart): Html | undefined {
  if (chart.series.length < 2 || chart.kind === 'grid') return undefined;
  return html`<ul class="legend">${chart.series.map(
    (name, i) => html`<li>${raw(swatch(chart.kind, i))}${name}</li>`,
  )}</ul>`;
}

function swatch(kind: Chart['kind'], i: number): string {
  const colour = colourOf(i);
  const shapes: Readonly<Record<(typeof symbols)[number], string>> = {
    circle: '<circle cx="11" cy="7" r="3.4"/>',
    square: '<rect x="7.8" y="3.8" width="6.4" height="6.4"/>',
    triangle: '<path d="M11 2.8l4 7.2h-8z"/>',
    diamond: '<path d="M11 2.4l3.4 4.6-3.4 4.6-3.4-4.6z"/>',
    times: '<path d="M8 4l6 6M14 4l-6 6"/>',
    plus: '<path d="M11 3v8M7 7h8"/>',
    star: '<path d="M11 2.6l1.3 3 3.2.2-2.5 2 .8 3.2-2.8-1.7-2.8 1.7.8-3.2-2.5-2 3.2-.2z"/>',
    wye: '<path d="M11 7v4.4M11 7l-3.6-2.4M11 7l3.6-2.4"/>',
  };
  const inner =
    kind === 'curve'
      ? `<path d="M0 7h22" stroke="${colour}" stroke-width="2"/>`
      : kind === 'bar'
        ? `<rect x="4" y="2" width="12" height="10" fill="${colour}"/>`
        : `<g fill="var(--paper)" stroke="${colour}" stroke-width="1.8"><path d="M0 7h22"/>${shapes[symbolOf(i)]}</g>`;
  return `<svg width="22" height="14" viewBox="0 0 22 14" aria-hidden="true">${inner}</svg>`;
}

/** The plot with its title and key; an empty one says so. */
export function chartHtml(chart: Chart): Html {
  if (!chart.points.some(({ y }) => shown(chart, y)))
    return html`<figure><h3>${chart.title}</h3><p class="note">There is nothing to plot yet.</p></figure>`;
  return html`<figure role="group" aria-label="${raw(escaped(chart.title))}"><h3>${chart.title}</h3>${legend(chart)}<div class="wide">${raw(
    drawn(chart, wide),
  )}</div><div class="narrow">${raw(drawn(chart, narrow))}</div></figure>`;
}
