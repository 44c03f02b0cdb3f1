/**
 * What the trials of a sweep say together: shares with Wilson's interval, means with Student's, for each
 * cell and for each point of a plot. Trials that could not be decided are counted apart and are neither a
 * success nor a failure.
 */

import type { ParameterValue } from '../attacks/attack.ts';
import { type Interval, meanInterval, quantile, shareInterval } from '../statistics/interval.ts';
import { type Cell, columnOf, type PlotPlan, type Sweep } from './plan.ts';
import type { Outcome, TrialRecord } from './trial.ts';

export interface Summary {
  readonly trials: number;
  readonly unknown: number;
  /** Attacks that reached their goal, runs in which a check was violated. */
  readonly hits: number;
  /** Of those decided; undefined when none was. */
  readonly share: Interval | undefined;
}

const isHit = (outcome: Outcome): boolean => outcome === 'succeeded' || outcome === 'violated';

export function summaryOf(records: readonly TrialRecord[]): Summary {
  const unknown = records.filter(({ outcome }) => outcome === 'unknown').length;
  const hits = records.filter(({ outcome }) => isHit(outcome)).length;
  return { trials: records.length, unknown, hits, share: shareInterval(hits, records.length - unknown) };
}

/** Name of the share in plots and columns. */
export const shareName = (kind: Sweep['kind']): string => (kind === 'attack' ? 'success' : 'violations');

/** Values of a figure in decided trials that report it. */
const valuesOf = (records: readonly TrialRecord[], figure: string): number[] =>
  records.flatMap(({ figures }) => {
    const value = figures[figure];
    return value === undefined || !Number.isFinite(value) ? [] : [value];
  });

/** Names of all figures, sorted. */
export const figureNames = (records: readonly TrialRecord[]): string[] =>
  [...new Set(records.flatMap(({ figures }) => Object.keys(figures)))].sort();

export interface CellSummary extends Summary {
  readonly cell: Cell;
  readonly figures: Readonly<Record<string, Interval & { readonly median: number }>>;
}

export function cellSummaries(cells: readonly Cell[], records: readonly TrialRecord[]): CellSummary[] {
  const byCell = new Map<number, TrialRecord[]>(cells.map(({ index }) => [index, []]));
  for (const record of records) byCell.get(record.cell)?.push(record);
  const names = figureNames(records);
  return cells.map((cell) => {
    const own = byCell.get(cell.index)!;
    const figures = names.flatMap((name) => {
      const values = valuesOf(own, name);
      const interval = meanInterval(values);
      return interval ? [[name, { ...interval, median: quantile(values, 0.5)! }] as const] : [];
    });
    return { cell, ...summaryOf(own), figures: Object.fromEntries(figures) };
  });
}

/** One point of a plot, with everything that was tried there. */
export interface PlotPoint {
  readonly x: ParameterValue;
  readonly series: string;
  readonly facet: string;
  readonly trials: number;
  readonly value: Interval;
}

/** Points of a plot in the order of the cells; axes that the plot does not name are pooled. */
export function plotPoints(
  { x, y, series, facet }: PlotPlan,
  cells: readonly Cell[],
  records: readonly TrialRecord[],
  kind: Sweep['kind'],
): PlotPoint[] {
  const cellOf = new Map(cells.map((cell) => [cell.index, cell]));
  const groups = new Map<string, { x: ParameterValue; series: string; facet: string; of: TrialRecord[] }>();
  for (const cell of cells) {
    const at = placeOf(cell, { x, series, facet });
    if (!groups.has(at.key)) groups.set(at.key, { ...at, of: [] });
  }
  for (const record of records) {
    const cell = cellOf.get(record.cell);
    if (cell) groups.get(placeOf(cell, { x, series, facet }).key)!.of.push(record);
  }
  return [...groups.values()].flatMap(({ of, ...at }) => {
    const share = y === shareName(kind);
    const value = share ? summaryOf(of).share : meanInterval(valuesOf(of, y));
    if (!value) return [];
    const decided = share ? of.length - summaryOf(of).unknown : valuesOf(of, y).length;
    return [{ x: at.x, series: at.series, facet: at.facet, trials: decided, value }];
  });
}

function placeOf(cell: Cell, { x, series, facet }: Pick<PlotPlan, 'x' | 'series' | 'facet'>) {
  const place = {
    x: columnOf(cell, x)!,
    series: series.map((name) => labelled(name, columnOf(cell, name)!)).join(', '),
    facet: facet === undefined ? '' : labelled(facet, columnOf(cell, facet)!),
  };
  return { ...place, key: JSON.stringify(place) };
}

/** A number alone says nothing: `signers 16`; a text speaks for itself. */
const labelled = (name: string, value: ParameterValue): string =>
  typeof value === 'string' ? value : `${name} ${value}`;
