/** Simulations as tests use them: run one, and fail with the command that runs it again. */

import { expect } from 'vitest';
import type { History } from '../../sim/checkers/history.ts';
import type { SimulationOptions } from '../../sim/options.ts';
import { simulate } from '../../sim/run.ts';
import { passed, type Report } from '../../sim/run-report.ts';

export type Shape = readonly [signers: number, byzantine: number, faulty: number];

export const named = (
  seed: string,
  [signers, byzantine, faulty]: Shape,
  rest: Partial<SimulationOptions> = {},
): SimulationOptions => ({ seed, signers, byzantine, faulty, ...rest });

/** Runs a simulation and fails with its objections and its replay command unless all is well. */
export function demandAllOk(options: SimulationOptions): Report {
  const report = simulate(options);
  const objections = Object.entries(report.objections).map(([name, details]) => `${name}: ${details[0]}`);
  expect(passed(report), `${report.replay}\n${objections.join('\n')}`).toBe(true);
  return report;
}

/** The history of a run, for checkers that are shown what is wrong with it. */
export function historyOf(options: SimulationOptions): History {
  let history: History | undefined;
  const grab = {
    name: 'grab',
    check: (one: History) => {
      history = one;
      return [];
    },
  };
  simulate({ ...options, checkers: [grab] });
  if (!history) throw new Error('the run left no history');
  return history;
}

/** Numbers 0 to n-1. */
export const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
