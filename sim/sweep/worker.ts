/** What a worker of a sweep does: one trial at a time, with the attacks of the catalogue. */

import { findAttack } from '../attacks/catalog.ts';
import { runTrial, type TrialResult, type TrialTask } from './trial.ts';

export const work = (task: TrialTask): TrialResult => runTrial(task, findAttack);

/** Shows that the worker's modules load. */
export const ready = (): boolean => true;
