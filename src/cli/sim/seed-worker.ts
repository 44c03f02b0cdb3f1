/** A worker of `sim run --count --workers`: one simulation at a time. */

import type { SimulationOptions } from '../../../sim/options.ts';
import { simulate } from '../../../sim/run.ts';
import type { Report } from '../../../sim/run-report.ts';
import { nodeSchemes } from '../../crypto/schemes-node.ts';

export const work = (options: SimulationOptions): Report => simulate({ ...options, schemes: nodeSchemes });

/** Shows that the worker's modules load. */
export const ready = (): boolean => true;
