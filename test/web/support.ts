/** Traces made by hand, and traces of short real runs. Batches are called by one letter, which is also their id. */

import { traceRun } from '../../sim/trace/run.ts';
import type { Trace, TraceEvent, TraceVotes } from '../../sim/trace/trace.ts';
import type { BatchId, BlockDigest, SignerId, TransactionId } from '../../src/base/ids.ts';
import { signerId } from '../../src/base/ids.ts';
import { crop } from '../../web/state/crop.ts';
import { simulationOf } from '../../web/state/scenario.ts';
import { findStory } from '../../web/state/stories.ts';
import { Timeline } from '../../web/state/timeline.ts';

export const batch = (name: string): BatchId => name as string as BatchId;
export const block = (name: string): BlockDigest => name as string as BlockDigest;

export function traceOf(events: readonly TraceEvent[], differing: Partial<Trace> = {}): Trace {
  const names = Object.fromEntries(
    events.flatMap((event) => (event.kind === 'made' ? [[event.batch, event.batch]] : [])),
  );
  return {
    title: 'by hand',
    rule: 'engine',
    signers: 4,
    byzantine: 1,
    faulty: 1,
    quorum: 3,
    threshold: 4,
    liars: [],
    regions: [],
    names,
    events,
    endMs: events.at(-1)?.at ?? 0,
    traceHash: '',
    ...differing,
  };
}

/** A batch is made; a chain of signers is its tree. @param keys undefined: it depends on everything. */
export function made(at: number, name: string, keys: readonly string[] | undefined, root = 0): TraceEvent {
  return {
    at,
    kind: 'made',
    node: signerId(root),
    batch: batch(name),
    number: 1,
    transactions: [`t${name}` as TransactionId],
    ...(keys && { dependencies: keys }),
    parents: [0, 1, 2, 3].map((id) => (id === root ? -1 : id === 0 ? root : id - 1)),
  };
}

export const arrived = (at: number, node: number, name: string, position: number): TraceEvent => ({
  at,
  kind: 'arrived',
  node: signerId(node),
  batch: batch(name),
  position,
});

export const delivered = (
  at: number,
  node: number,
  name: string,
  differing: { finality?: 'score' | 'order'; void?: boolean; score?: number } = {},
): TraceEvent => ({
  at,
  kind: 'delivered',
  node: signerId(node),
  batch: batch(name),
  finality: 'score',
  void: false,
  verdicts: [],
  ...differing,
});

/** Votes by what they list: `votes('A', { '': [0, 1], B: [2] })`. */
export const votes = (name: string, classes: Readonly<Record<string, readonly number[]>>): TraceVotes => ({
  batch: batch(name),
  attempt: 0,
  classes: Object.entries(classes).map(([before, signers]) => ({
    before: [...before].map(batch),
    base: 0,
    rejects: [],
    signers: signers as readonly SignerId[],
  })),
});

/** A message leaves at one time and arrives at another. */
export function message(
  [sentAt, receivedAt]: readonly [number, number],
  id: number,
  [from, to]: readonly [number, number],
  what: Pick<Extract<TraceEvent, { kind: 'sent' }>, 'type' | 'cargo'>,
): TraceEvent[] {
  const ends = { id, from: signerId(from), to: signerId(to) };
  return [
    { at: sentAt, kind: 'sent', bytes: 1, ...ends, ...what },
    { at: receivedAt, kind: 'received', ...ends },
  ];
}

const runs = new Map<string, Timeline>();

/** The run of a story that is staged on the engine, as the page shows it. */
export function storyRun(name: string): Timeline {
  let timeline = runs.get(name);
  if (!timeline) {
    const { choices, title } = findStory(name)!;
    timeline = new Timeline(crop(traceRun(simulationOf(choices), title).trace));
    runs.set(name, timeline);
  }
  return timeline;
}
