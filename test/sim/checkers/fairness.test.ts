/** Fairness: the claim holds on true histories, and a history in which it does not is seen. */

import { describe, expect, it } from 'vitest';
import { runCheckers } from '../../../sim/checkers/checker.ts';
import { fairness, fairnessOf } from '../../../sim/checkers/fairness.ts';
import type { Entry, History } from '../../../sim/checkers/history.ts';
import { conflict } from '../../../sim/checkers/rules.ts';
import type { BatchId } from '../../../src/base/ids.ts';
import { historyOf, named } from '../support.ts';

const base = { transactions: 50, durationMs: 1500 };
const truth = historyOf(named('fair', [4, 1, 1], { ...base, faults: 'none', adversaries: 'none' }));
const lied = historyOf(named('unfair', [7, 2, 2], { ...base, liars: 2, adversaries: ['cyclic-votes'] }));

const verdict = (history: History) => runCheckers([fairness], history)[0]!.verdict;

/** Two batches that conflict, in different blocks of the order, the earlier first. */
function pairAcrossBlocks({ finals, batches }: History): readonly [BatchId, BatchId] {
  const { places } = finals[0]!;
  for (const first of places)
    for (const second of places)
      if (first.height < second.height && !first.void && !second.void)
        if (conflict(batches.get(first.batch)!, batches.get(second.batch)!))
          return [first.batch, second.batch];
  throw new Error('no two blocks hold batches that conflict');
}

/** What each node accepted, with two batches changed for each other. */
function swapped(history: History, a: BatchId, b: BatchId): History {
  const other = new Map([
    [a, history.batches.get(b)!],
    [b, history.batches.get(a)!],
  ]);
  const entries = history.entries.map((entry): Entry => {
    if (entry.kind !== 'event' || entry.event.type !== 'arrived') return entry;
    const batch = other.get(entry.event.batch.id);
    return batch ? { ...entry, event: { ...entry.event, batch } } : entry;
  });
  return { ...history, entries };
}

describe('fairness', () => {
  it('has nothing against true histories, with and without liars', () => {
    expect(verdict(truth)).toBe('ok');
    expect(verdict(lied)).toBe('ok');
  });

  it('sees a pair that everybody accepted the other way round', () => {
    expect(verdict(swapped(truth, ...pairAcrossBlocks(truth)))).toBe('violated');
  });

  it('asks for all but c honest signers, no fewer', () => {
    const doctored = swapped(truth, ...pairAcrossBlocks(truth));
    const [id] = [...truth.honest];
    const kept = doctored.entries.map((entry, i) => (entry.node === id ? truth.entries[i]! : entry));
    // n = 4 has c = 0: one honest signer that saw the order as it is excuses it.
    expect(verdict({ ...doctored, entries: kept })).toBe('ok');
  });

  it('sees a batch that everybody accepted first and that was left out', () => {
    const [first, second] = pairAcrossBlocks(truth);
    const without = truth.finals.map((final) => ({
      ...final,
      places: final.places.filter((place) => place.batch !== first),
    }));
    expect(second).not.toBe(first);
    expect(verdict({ ...truth, finals: without })).toBe('violated');
  });

  it('counts pairs, and those that were ordered against a majority', () => {
    const before = fairnessOf(truth);
    const after = fairnessOf(swapped(truth, ...pairAcrossBlocks(truth)));
    expect(before.pairs).toBeGreaterThan(20);
    expect(before.unanimous.against).toBe(0);
    expect(after.unanimous.against).toBeGreaterThan(0);
    expect(after.simple.against).toBeGreaterThanOrEqual(after.strong.against);
    expect(after.strong.pairs).toBeLessThanOrEqual(after.pairs);
  });
});
