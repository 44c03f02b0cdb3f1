/** How tests of checkers doctor a true history, and ask a checker about it. */

import { allCheckers } from '../../../sim/checkers/all.ts';
import { runCheckers } from '../../../sim/checkers/checker.ts';
import type { Entry, History } from '../../../sim/checkers/history.ts';
import type { SignerId } from '../../../src/base/ids.ts';
import type { EngineEvent } from '../../../src/engine/contract.ts';

export type EventEntry = Extract<Entry, { kind: 'event' }>;
type Of<T extends EngineEvent['type']> = Extract<EngineEvent, { type: T }>;

export const finding = (name: string, history: History) => {
  const checker = allCheckers.find((one) => one.name === name);
  if (!checker) throw new Error(`there is no checker "${name}"`);
  return runCheckers([checker], history)[0]!;
};

/** The history with each event of one type at one node changed, dropped (undefined) or kept. */
export const withEvents = <T extends EngineEvent['type']>(
  history: History,
  type: T,
  change: (event: Of<T>, index: number, node: SignerId) => Of<T> | undefined,
): History => {
  let index = 0;
  const entries = history.entries.flatMap((entry): Entry[] => {
    if (entry.kind !== 'event' || entry.event.type !== type) return [entry];
    const event = change(entry.event as Of<T>, index++, entry.node);
    return event ? [{ ...entry, event }] : [];
  });
  return { ...history, entries };
};

export const swapped = <T>(list: readonly T[], i: number, j: number): T[] =>
  list.map((one, at) => (at === i ? list[j]! : at === j ? list[i]! : one));
