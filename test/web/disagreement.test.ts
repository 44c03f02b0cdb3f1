/** The page's own judge: two honest signers that put a conflicting pair in opposite orders. */

import { describe, expect, it } from 'vitest';
import type { TraceEvent } from '../../sim/trace/trace.ts';
import { disagreements } from '../../web/state/disagreement.ts';
import { Timeline } from '../../web/state/timeline.ts';
import { delivered, made, traceOf } from './support.ts';

function found(
  events: readonly TraceEvent[],
  { keys = ['x'] as readonly string[] | undefined, liars = [] as number[] } = {},
) {
  const trace = traceOf([made(0, 'A', ['x']), made(0, 'B', keys), ...events], { liars: liars as never });
  const timeline = new Timeline(trace);
  return disagreements(timeline.at(timeline.length), trace);
}

const opposite = [delivered(1, 0, 'A'), delivered(2, 0, 'B'), delivered(1, 2, 'B'), delivered(2, 2, 'A')];

describe('disagreement', () => {
  it('is a conflicting pair in opposite orders at two honest signers', () => {
    expect(found([...opposite, delivered(3, 1, 'A')])).toEqual([
      { first: 'A', second: 'B', ahead: [0, 1], behind: [2] },
    ]);
  });

  it('is there as soon as it cannot be undone', () => {
    expect(found([delivered(1, 0, 'A'), delivered(1, 2, 'B')])).toHaveLength(1);
  });

  it('is none while one is merely behind', () => {
    expect(found([delivered(1, 0, 'A'), delivered(2, 0, 'B'), delivered(1, 2, 'A')])).toEqual([]);
  });

  it('is none between batches that do not conflict', () => {
    expect(found(opposite, { keys: ['y'] })).toEqual([]);
    expect(found(opposite, { keys: [] })).toEqual([]);
  });

  it('counts a batch that depends on everything as conflicting', () => {
    expect(found(opposite, { keys: undefined })).toHaveLength(1);
  });

  it('does not count what a liar delivers', () => {
    expect(found(opposite, { liars: [2] })).toEqual([]);
  });

  it('does not count what was delivered void', () => {
    const events = [
      delivered(1, 0, 'A'),
      delivered(2, 0, 'B'),
      delivered(1, 2, 'B', { void: true }),
      delivered(2, 2, 'A'),
    ];
    expect(found(events)).toEqual([]);
  });
});
