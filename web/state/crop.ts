/**
 * The part of a run that is worth showing. After the scene a simulation sends transactions of its own, to
 * demand progress, and a chain may go on with empty blocks; both are cut off. Times become whole microseconds,
 * so that an address holds a moment exactly.
 */

import type { Trace, TraceEvent } from '../../sim/trace/trace.ts';
import { wholeMicroseconds } from './moment.ts';

/** The key on which the simulator demands progress (sim/run.ts). */
const probeKey = 'after the faults';

const isProbe = (event: TraceEvent): boolean =>
  event.kind === 'submitted' && event.dependencies?.length === 1 && event.dependencies[0] === probeKey;

/** Whether anything that a person waits for happens: not only messages back and forth. */
const matters = (event: TraceEvent): boolean =>
  event.kind === 'arrived' ||
  event.kind === 'delivered' ||
  event.kind === 'evidence' ||
  event.kind === 'note' ||
  event.kind === 'up' ||
  event.kind === 'down' ||
  (event.kind === 'committed' && event.entries.length > 0);

export function crop(trace: Trace): Trace {
  const probe = trace.events.findIndex(isProbe);
  const shown = probe < 0 ? trace.events : trace.events.slice(0, probe);
  const last = shown.findLastIndex(matters);
  const lastAt = shown[last]?.at ?? trace.endMs;
  const events = shown
    .filter((event) => event.at <= lastAt)
    .map((event) => ({ ...event, at: wholeMicroseconds(event.at) }));
  return { ...trace, events, endMs: wholeMicroseconds(lastAt) };
}
