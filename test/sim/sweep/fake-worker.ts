/** A worker that knows the fake attack alone, and dies when it is told. */

import { runTrial, type TrialResult, type TrialTask } from '../../../sim/sweep/trial.ts';
import { findFake } from './fake.ts';

export const work = (task: TrialTask): TrialResult | Promise<never> => {
  if (task.cell.settings.breaks !== 'the worker') return runTrial(task, findFake);
  setImmediate(() => {
    throw new Error('the thread is gone');
  });
  return new Promise(() => undefined);
};

export const ready = (): boolean => true;
