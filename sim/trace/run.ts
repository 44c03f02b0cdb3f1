/** A run with its trace: what the page and the diagrams are made from. */

import type { SimulationOptions } from '../options.ts';
import { simulate } from '../run.ts';
import type { Report } from '../run-report.ts';
import { TraceRecorder } from './recorder.ts';
import type { Trace } from './trace.ts';

export interface TracedRun {
  readonly report: Report;
  readonly trace: Trace;
}

/** The same run as `simulate` gives, event for event, and what it looked like. */
export function traceRun(options: SimulationOptions, title: string): TracedRun {
  let recorder: TraceRecorder | undefined;
  const report = simulate({
    ...options,
    watch: (world) => {
      options.watch?.(world);
      recorder = new TraceRecorder(world);
    },
  });
  return { report, trace: recorder!.trace({ title, rule: 'engine' }) };
}
