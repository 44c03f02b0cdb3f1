/**
 * A sweep asks one question at many points: axes are crossed, every cell of the product is tried the same
 * number of times, and trial i uses the same seed in every cell, so that cells are compared on the same
 * arrivals. Here a sweep is plain data, and its cells follow from it alone.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import { faultsOf } from '../../src/ordering/quorum.ts';
import type { ParameterValue } from '../attacks/attack.ts';

export type Settings = Readonly<Record<string, ParameterValue>>;

/** One point of an axis: what is said of it, and what it sets. */
export interface Level {
  readonly label: ParameterValue;
  readonly set: Settings;
}

export interface Axis {
  readonly name: string;
  readonly levels: readonly Level[];
}

export interface PlotPlan {
  readonly title: string;
  /** Lines over x, or a grid with a row for each series, for where lines would lie on each other. */
  readonly form: 'lines' | 'grid';
  /** An axis, a field, or `liarShare`. */
  readonly x: string;
  /** `success` of attacks, `violations` of runs, or a figure that trials report. */
  readonly y: string;
  readonly series: readonly string[];
  /** One plot for each value, side by side. */
  readonly facet: string | undefined;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xLog: boolean;
  readonly yLog: boolean;
  readonly xPercent: boolean;
  readonly yPercent: boolean;
}

export interface Sweep {
  readonly title: string;
  readonly about: string;
  readonly kind: 'attack' | 'run';
  /** Name of the attack; absent for runs. */
  readonly attack: string | undefined;
  readonly fixed: Settings;
  readonly axes: readonly Axis[];
  readonly trials: number;
  readonly seed: string;
  readonly plots: readonly PlotPlan[];
}

export interface Cell {
  readonly index: number;
  /** The label of each axis. */
  readonly levels: Settings;
  /** Everything that is set: fixed values, then the axes in order. */
  readonly settings: Settings;
}

/** The cells in order; the last axis changes fastest. */
export function cellsOf({ fixed, axes }: Pick<Sweep, 'fixed' | 'axes'>): Cell[] {
  let cells: Omit<Cell, 'index'>[] = [{ levels: {}, settings: fixed }];
  for (const { name, levels } of axes)
    cells = cells.flatMap((cell) =>
      levels.map(({ label, set }) => ({
        levels: { ...cell.levels, [name]: label },
        settings: { ...cell.settings, ...set },
      })),
    );
  return cells.map((cell, index) => ({ index, ...cell }));
}

/** Seed of the i-th repetition. The first is the seed itself, so one trial alone replays with its own seed. */
export const trialSeed = (seed: string, index: number): string => (index === 0 ? seed : `${seed}-${index}`);

/** `n`, `f` and `t` of a cell; `f` and `t` default as in a federation file. */
export function sizesOf(settings: Settings): { signers: number; byzantine: number; faulty: number } {
  const signers = Number(settings.signers);
  const said = (value: ParameterValue | undefined): number | undefined =>
    value === undefined ? undefined : Number(value);
  return { signers, ...faultsOf(signers, said(settings.byzantine), said(settings.faulty)) };
}

/** What a cell has in a column: a label, a setting, or what follows from them; undefined when nothing. */
export function columnOf(cell: Cell, name: string): ParameterValue | undefined {
  const direct = cell.levels[name] ?? cell.settings[name];
  if (direct !== undefined) return direct;
  const sizes = sizesOf(cell.settings);
  if (name === 'byzantine' || name === 'faulty') return sizes[name];
  if (name === 'liars') return sizes.byzantine;
  if (name === 'liarShare') return Number(cell.settings.liars ?? sizes.byzantine) / sizes.signers;
  return undefined;
}

/** What makes trials of two sweeps the same; titles, plots and the number of trials do not. */
export function digestOf({ kind, attack, fixed, axes, seed }: Sweep): string {
  const settings = (one: Settings): unknown => Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = JSON.stringify([
    kind,
    attack ?? '',
    seed,
    settings(fixed),
    axes.map(({ name, levels }) => [name, levels.map(({ label, set }) => [label, settings(set)])]),
  ]);
  return toHex(sha256(utf8(text)));
}
