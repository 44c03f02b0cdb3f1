/**
 * Makes a failing run smaller while it still fails: what was drawn from the seed is written down first, so
 * that leaving something out draws nothing else, and then faults, liars, their strategies and transactions
 * are left out, in halves before singly (delta debugging), and times are shortened. Every step takes the
 * first smaller run that fails, so the same run shrinks to the same result on every machine.
 */

import type { Fault, FaultPlan } from '../faults.ts';
import { fairWeather } from '../network/quality.ts';
import type { LiarPlan, SimulationOptions, Submission } from '../options.ts';
import { defaults } from '../run.ts';

export interface ShrinkOptions {
  /** Runs to try at most, the first one included. */
  readonly budget: number;
  /** Writes what the seed draws into the options. */
  readonly materialise: (options: SimulationOptions) => SimulationOptions;
  /** After every run: how many there were, and the size of the smallest that fails. */
  readonly progress?: (runs: number, size: RunSize) => void;
}

export interface RunSize {
  readonly faults: number;
  readonly liars: number;
  readonly strategies: number;
  readonly submissions: number;
  readonly durationMs: number;
}

export interface Shrunk {
  readonly options: SimulationOptions;
  /** Runs that were tried. */
  readonly runs: number;
  readonly before: RunSize;
  readonly after: RunSize;
  /** `minimal`: nothing that is left can be left out; `budget`: runs were used up first; `passes`: it did not fail. */
  readonly end: 'minimal' | 'budget' | 'passes';
}

/** Thrown to leave every loop at once; never leaves this file. */
const outOfBudget = Symbol('budget');

class Shrinker {
  best: SimulationOptions;
  runs = 0;
  readonly #fails: (options: SimulationOptions) => boolean;
  readonly #budget: number;
  readonly #progress: ShrinkOptions['progress'];

  constructor(first: SimulationOptions, fails: (options: SimulationOptions) => boolean, how: ShrinkOptions) {
    this.best = first;
    this.#fails = fails;
    this.#budget = how.budget;
    this.#progress = how.progress;
  }

  /** Keeps these options if they still fail. */
  keeps(options: SimulationOptions): boolean {
    if (this.runs >= this.#budget) throw outOfBudget;
    this.runs += 1;
    const fails = this.#fails(options);
    if (fails) this.best = options;
    this.#progress?.(this.runs, sizeOf(this.best));
    return fails;
  }

  /** Leaves out as many parts as can go: all, then halves, quarters ... and at last single ones. */
  drop<T>(partsOf: Parts<T>): boolean {
    let shrunk = false;
    let size = partsOf.read(this.best).length;
    while (size >= 1) {
      let at = 0;
      while (at < partsOf.read(this.best).length) {
        const parts = partsOf.read(this.best);
        const rest = [...parts.slice(0, at), ...parts.slice(at + size)];
        if (this.keeps(partsOf.write(this.best, rest))) shrunk = true;
        else at += size;
      }
      const left = partsOf.read(this.best).length;
      size = Math.min(Math.floor(size / 2), Math.max(1, left));
      if (left === 0) break;
    }
    return shrunk;
  }

  /** Halves a number as often as that goes. */
  halve({ read, write }: Value): boolean {
    let shrunk = false;
    for (;;) {
      const value = read(this.best);
      const half = Math.floor(value / 2);
      if (half < 1 || half === value || !this.keeps(write(this.best, half))) return shrunk;
      shrunk = true;
    }
  }
}

/** A list in the options that may become shorter. */
interface Parts<T> {
  readonly read: (options: SimulationOptions) => readonly T[];
  readonly write: (options: SimulationOptions, parts: readonly T[]) => SimulationOptions;
}

/** A number in the options that may become smaller. */
interface Value {
  readonly read: (options: SimulationOptions) => number;
  readonly write: (options: SimulationOptions, value: number) => SimulationOptions;
}

const planOf = ({ faults }: SimulationOptions): FaultPlan | undefined =>
  typeof faults === 'object' ? faults : undefined;

const faults: Parts<Fault> = {
  read: (options) => planOf(options)?.faults ?? [],
  write: (options, parts) => ({ ...options, faults: { ...planOf(options)!, faults: parts } }),
};

const liarsOf = ({ adversaries }: SimulationOptions): readonly LiarPlan[] =>
  Array.isArray(adversaries) ? adversaries.filter((one) => typeof one === 'object') : [];

const withLiars = (options: SimulationOptions, plan: readonly LiarPlan[]): SimulationOptions => ({
  ...options,
  adversaries: plan.length === 0 ? 'none' : plan,
});

const liars: Parts<LiarPlan> = { read: liarsOf, write: withLiars };

/** A strategy with the place of its liar in the plan. */
type Placed = readonly [liar: number, strategy: LiarPlan['strategies'][number]];

const strategies: Parts<Placed> = {
  read: (options) => liarsOf(options).flatMap((liar, i) => liar.strategies.map((one) => [i, one] as const)),
  write: (options, parts) =>
    withLiars(
      options,
      liarsOf(options).map((liar, i) => ({
        ...liar,
        strategies: parts.filter(([at]) => at === i).map(([, strategy]) => strategy),
      })),
    ),
};

const submissions: Parts<Submission> = {
  read: (options) => options.submissions ?? [],
  write: (options, parts) => ({ ...options, submissions: parts }),
};

/** Faults end, and progress is demanded, after this time. */
const duration: Value = {
  read: (options) => options.durationMs ?? defaults.durationMs,
  write: (options, durationMs) => ({ ...options, durationMs }),
};

const spell = (i: number): Value => ({
  read: (options) => faults.read(options)[i]?.forMs ?? 0,
  write: (options, forMs) =>
    faults.write(
      options,
      faults.read(options).map((fault, k) => (k === i ? { ...fault, forMs } : fault)),
    ),
});

/** A run whose weather is fair, and one copy of each submission. */
function calmed(shrinker: Shrinker): boolean {
  let shrunk = false;
  const plan = planOf(shrinker.best);
  if (plan && JSON.stringify(plan.weather) !== JSON.stringify(fairWeather))
    shrunk = shrinker.keeps({ ...shrinker.best, faults: { ...plan, weather: fairWeather } });
  for (const [i, { to }] of submissions.read(shrinker.best).entries()) {
    if (typeof to === 'number' || to.length < 2) continue;
    const first = to[0]!;
    const single = submissions.read(shrinker.best).map((one, k) => (k === i ? { ...one, to: first } : one));
    if (shrinker.keeps(submissions.write(shrinker.best, single))) shrunk = true;
  }
  return shrunk;
}

/** One pass over everything; says whether anything became smaller. */
function pass(shrinker: Shrinker): boolean {
  let shrunk = false;
  const note = (done: boolean): void => {
    shrunk = done || shrunk;
  };
  note(shrinker.drop(faults));
  note(shrinker.drop(liars));
  note(shrinker.drop(strategies));
  note(shrinker.drop(submissions));
  note(calmed(shrinker));
  note(shrinker.halve(duration));
  for (let i = 0; i < faults.read(shrinker.best).length; i++) note(shrinker.halve(spell(i)));
  return shrunk;
}

export function sizeOf(options: SimulationOptions): RunSize {
  return {
    faults: faults.read(options).length,
    liars: liarsOf(options).length,
    strategies: strategies.read(options).length,
    submissions: submissions.read(options).length,
    durationMs: duration.read(options),
  };
}

/** @param fails whether a run still has the failure that is looked for: the same check, not just any. */
export function shrink(
  options: SimulationOptions,
  fails: (options: SimulationOptions) => boolean,
  how: ShrinkOptions,
): Shrunk {
  const first = how.materialise(options);
  const shrinker = new Shrinker(first, fails, how);
  const before = sizeOf(first);
  let end: Shrunk['end'] = 'minimal';
  try {
    if (!shrinker.keeps(first)) end = 'passes';
    else while (pass(shrinker));
  } catch (thrown) {
    if (thrown !== outOfBudget) throw thrown;
    end = 'budget';
  }
  return { options: shrinker.best, runs: shrinker.runs, before, after: sizeOf(shrinker.best), end };
}
