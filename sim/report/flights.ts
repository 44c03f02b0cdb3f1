/** The part of a trace that a space-time diagram shows: messages with both ends, and marks on the lines. */

import type { Trace, TraceEvent } from '../trace/trace.ts';

export type Sent = Extract<TraceEvent, { kind: 'sent' }>;

export interface Flight {
  readonly message: Sent;
  /** Arrivals in ms: none when it was lost or is still under way, several when it was duplicated. */
  readonly arrivals: readonly number[];
}

/** What stands on the line of a signer. */
export type Mark = Extract<
  TraceEvent,
  { kind: 'submitted' | 'made' | 'delivered' | 'committed' | 'evidence' | 'up' | 'down' | 'note' }
>;

export interface TimeWindow {
  readonly fromMs?: number;
  readonly toMs?: number;
  /** At most this many messages and marks; the window ends earlier when there are more. */
  readonly elementsMax?: number;
}

export interface Excerpt {
  readonly flights: readonly Flight[];
  readonly marks: readonly Mark[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Elements of the window that are not shown because there are too many. */
  readonly omitted: number;
}

const elementsMaxDefault = 1500;

const isMark = (event: TraceEvent): event is Mark =>
  event.kind !== 'sent' && event.kind !== 'received' && event.kind !== 'arrived' && event.kind !== 'refused';

/** The elements of a window, in order of time. Without `fromMs` it begins where clients begin. */
export function excerptOf(trace: Trace, window: TimeWindow = {}): Excerpt {
  const { events, endMs } = trace;
  const begins = events.find(({ kind }) => kind === 'submitted')?.at ?? 0;
  const fromMs = window.fromMs ?? begins;
  const toMs = window.toMs ?? endMs;
  const arrivals = new Map<number, number[]>();
  for (const event of events)
    if (event.kind === 'received') {
      const known = arrivals.get(event.id);
      if (known) known.push(event.at);
      else arrivals.set(event.id, [event.at]);
    }
  const inside = events.filter(
    (event) => event.at >= fromMs && event.at <= toMs && (event.kind === 'sent' || isMark(event)),
  ) as (Sent | Mark)[];
  const shown = inside.slice(0, window.elementsMax ?? elementsMaxDefault);
  const omitted = inside.length - shown.length;
  const last = shown[shown.length - 1];
  return {
    flights: shown
      .filter((event) => event.kind === 'sent')
      .map((message) => ({ message, arrivals: arrivals.get(message.id) ?? [] })),
    marks: shown.filter((event) => event.kind !== 'sent'),
    fromMs,
    toMs: omitted > 0 && last ? last.at : toMs,
    omitted,
  };
}
