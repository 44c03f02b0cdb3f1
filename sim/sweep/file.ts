/**
 * Sweep files: TOML that a person wrote, so a mistake is answered with one line that names the field. Axes
 * stand under `cross`; a value of an axis is a number, a text, or a table of several fields with a `label`.
 *
 *     title = "..."   kind = "attack"   attack = "flip"   trials = 100   seed = "flip"
 *     [fixed]          signers = 16
 *     [cross]          liars = [0, 1, 2]   rule = ["engine", { label = "source, 75%", rule = "source", threshold = 0.75 }]
 *     [[plot]]         x = "liars"   y = "success"   series = "rule"
 */

import { z } from 'zod';
import { accept, type Result, refuse } from '../../src/base/result.ts';
import { field, line, oneOf, parseConfig, wholeNumber } from '../../src/messages/config-file.ts';
import { quorumOf } from '../../src/ordering/quorum.ts';
import { type AdversaryName, adversaryNames } from '../adversaries/catalog.ts';
import type { Attack, ParameterValue } from '../attacks/attack.ts';
import { whyNot } from './fields.ts';
import {
  type Axis,
  type Cell,
  cellsOf,
  columnOf,
  type PlotPlan,
  type Settings,
  type Sweep,
  sizesOf,
} from './plan.ts';

/** Finds an attack by name; the catalogue's, or a test's. */
export type FindAttack = (name: string) => Attack | undefined;

const trialsMax = 10_000_000;

const isScalar = (value: unknown): value is ParameterValue =>
  typeof value === 'string' ||
  typeof value === 'boolean' ||
  (typeof value === 'number' && Number.isFinite(value));
const scalar = field<ParameterValue>('a number, a text, or true or false', isScalar);
const settings = z.record(z.string(), scalar);
const level = z.union([scalar, settings], {
  error: 'expected a number, a text, true or false, or a table of fields with a label',
});
const levels = z.array(level).min(1, { error: 'expected at least one value' });
const truth = field<boolean>('true or false', (value) => typeof value === 'boolean').default(false);
const names = z.union([line(1, 80).transform((name) => [name]), z.array(line(1, 80))], {
  error: 'expected the name of a column, or a list of names',
});

const plot = z.strictObject({
  title: line(1, 200),
  form: oneOf('lines', 'grid').default('lines'),
  x: line(1, 80),
  y: line(1, 80),
  series: names.default([]),
  facet: line(1, 80).optional(),
  xLabel: line(1, 120).optional(),
  yLabel: line(1, 120).optional(),
  xLog: truth,
  yLog: truth,
  xPercent: truth,
  yPercent: truth,
});

const file = z.strictObject({
  title: line(1, 200),
  about: field<string>('text', (value) => typeof value === 'string').default(''),
  kind: oneOf('attack', 'run'),
  attack: line(1, 80).optional(),
  trials: wholeNumber(1, trialsMax),
  seed: line(1, 200),
  fixed: settings.default({}),
  cross: z.record(z.string(), levels).default({}),
  plot: z.union([plot.transform((one) => [one]), z.array(plot)]).default([]),
});

type File = z.infer<typeof file>;

/** Reads a sweep file. @param name for the error line. */
export function parseSweep(text: string, name: string, findAttack: FindAttack): Result<Sweep> {
  const parsed = parseConfig(text, name, file);
  if (!parsed.ok) return parsed;
  const wrong = (path: string, message: string) => refuse('BAD_OPTION', `${name}: ${path}: ${message}`);
  const { kind, attack: attackName } = parsed.value;
  if (kind === 'run' && attackName !== undefined)
    return wrong('attack', 'expected nothing when kind is "run"');
  const attack = attackName === undefined ? undefined : findAttack(attackName);
  if (kind === 'attack' && !attack)
    return wrong(
      'attack',
      attackName === undefined
        ? 'missing, expected the name of an attack'
        : `there is no attack "${attackName}"`,
    );
  const problem =
    settingsProblem('fixed', parsed.value.fixed, attack) ?? axesProblem(parsed.value.cross, attack);
  if (problem) return wrong(...problem);
  const sweep = sweepOf(parsed.value);
  const cells = cellsOf(sweep);
  if (cells.length * sweep.trials > trialsMax)
    return wrong(
      'trials',
      `${cells.length} cells with ${sweep.trials} trials each are more than ${trialsMax} trials`,
    );
  const late =
    firstOf(cells, cellProblem) ?? firstOf(sweep.plots, (one, i) => plotProblem(one, i, cells[0]!));
  return late ? wrong(...late) : accept(sweep);
}

/** Field and what is wrong with it. */
type Problem = readonly [path: string, message: string];

function firstOf<T>(
  items: readonly T[],
  look: (item: T, i: number) => Problem | undefined,
): Problem | undefined {
  for (const [i, item] of items.entries()) {
    const problem = look(item, i);
    if (problem) return problem;
  }
  return undefined;
}

function settingsProblem(at: string, values: Settings, attack: Attack | undefined): Problem | undefined {
  return firstOf(Object.entries(values), ([name, value]) => {
    const reason = whyNot(name, value, attack);
    return reason === undefined ? undefined : [`${at}.${name}`, reason];
  });
}

function axesProblem(cross: File['cross'], attack: Attack | undefined): Problem | undefined {
  return firstOf(Object.entries(cross), ([axis, points]) => {
    const labels = new Set<ParameterValue>();
    return firstOf(points, (point, i): Problem | undefined => {
      const at = `cross.${axis}[${i}]`;
      const label = isScalar(point) ? point : point.label;
      if (label !== undefined && labels.has(label))
        return [at, `${JSON.stringify(label)} stands there twice`];
      if (label !== undefined) labels.add(label);
      if (isScalar(point)) {
        const reason = whyNot(axis, point, attack);
        return reason === undefined ? undefined : [at, reason];
      }
      if (point.label === undefined)
        return [`${at}.label`, 'missing, expected what the report calls this value'];
      return settingsProblem(at, withoutLabel(point), attack);
    });
  });
}

function withoutLabel(point: Settings): Settings {
  const { label: _, ...rest } = point;
  return rest;
}

/** What only shows when axes meet: quorums that do not overlap, more liars than signers. */
function cellProblem({ settings, levels }: Cell): Problem | undefined {
  const at = (): string =>
    Object.entries(levels)
      .map(([axis, label]) => `${axis} = ${JSON.stringify(label)}`)
      .join(', ') || 'fixed';
  if (settings.signers === undefined)
    return ['fixed.signers', 'missing, expected a whole number from 1 to 1000'];
  const { signers, byzantine, faulty } = sizesOf(settings);
  const quorum = quorumOf(signers, byzantine, faulty);
  if (!quorum.ok) return [at(), quorum.error.message];
  if (Number(settings.liars ?? 0) > signers)
    return [at(), `liars (${settings.liars}) must be at most signers (${signers})`];
  const strategies = settings.adversaries;
  if (typeof strategies === 'string' && strategies !== 'random' && strategies !== 'none') {
    const strange = strategies.split(',').find((name) => !adversaryNames.includes(name as AdversaryName));
    if (strange !== undefined)
      return [at(), `adversaries: "${strange}" is not one of random, none, ${adversaryNames.join(', ')}`];
  }
  return undefined;
}

function plotProblem({ x, series, facet }: PlotPlan, i: number, cell: Cell): Problem | undefined {
  const columns = [['x', x], ...series.map((one) => ['series', one]), ...(facet ? [['facet', facet]] : [])];
  const strange = columns.find(([, column]) => columnOf(cell, column!) === undefined);
  return (
    strange && [`plot[${i}].${strange[0]}`, `"${strange[1]}" is neither an axis nor a field that is set`]
  );
}

function sweepOf({ title, about, kind, attack, fixed, cross, trials, seed, plot: plots }: File): Sweep {
  const axes = Object.entries(cross).map(
    ([name, points]): Axis => ({
      name,
      levels: points.map((point) =>
        isScalar(point)
          ? { label: point, set: { [name]: point } }
          : { label: point.label!, set: withoutLabel(point) },
      ),
    }),
  );
  return {
    title,
    about,
    kind,
    attack,
    fixed,
    axes,
    trials,
    seed,
    plots: plots.map(
      (one): PlotPlan => ({
        ...one,
        facet: one.facet,
        xLabel: one.xLabel ?? one.x,
        yLabel: one.yLabel ?? one.y,
      }),
    ),
  };
}
