/** The score that the page shows, by hand and against the engine's own. */

import { describe, expect, it } from 'vitest';
import type { Trace, TraceEvent } from '../../sim/trace/trace.ts';
import { signerId } from '../../src/base/ids.ts';
import { scoreOf } from '../../web/state/score.ts';
import { Timeline } from '../../web/state/timeline.ts';
import { arrived, batch, delivered, made, message, storyRun, traceOf, votes } from './support.ts';

function scoreAfter(events: readonly TraceEvent[], name: string, differing: Partial<Trace> = {}) {
  const timeline = new Timeline(traceOf(events, differing));
  const picture = timeline.at(timeline.length);
  return scoreOf(picture, timeline.trace, picture.batches.get(batch(name))!);
}

const pair = [made(0, 'A', ['x']), made(0, 'B', ['x'], 1)];
const crossed = [arrived(1, 0, 'A', 1), arrived(2, 0, 'B', 2), arrived(1, 1, 'B', 1), arrived(2, 1, 'A', 2)];

describe('score', () => {
  it('counts the votes so far that do not list the worst rival', () => {
    expect(scoreAfter([...pair, ...crossed, arrived(3, 2, 'A', 1)], 'A')).toMatchObject({
      score: 2,
      votes: 3,
      rival: 'B',
      finality: 'open',
    });
  });

  it('is the certificate’s once there is one', () => {
    const cargo = { batch: batch('A'), votes: votes('A', { '': [0, 2, 3], B: [1] }) };
    const events = [...pair, ...crossed, ...message([3, 4], 1, [0, 1], { type: 'certificate', cargo })];
    expect(scoreAfter(events, 'A')).toMatchObject({ score: 3, votes: 4, rival: 'B' });
  });

  it('is against the rival that most votes list', () => {
    const cargo = { batch: batch('A'), votes: votes('A', { '': [0], B: [1, 2], C: [3] }) };
    const events = [...pair, ...message([3, 4], 1, [0, 1], { type: 'certificate', cargo })];
    expect(scoreAfter(events, 'A')).toMatchObject({ score: 2, votes: 4, rival: 'B' });
  });

  it('leaves out a rival that is in the order already', () => {
    expect(scoreAfter([...pair, ...crossed, delivered(5, 3, 'B', { score: 4 })], 'A')).toMatchObject({
      score: 2,
      rival: undefined,
    });
  });

  it('is what the signer said when it delivered by score, and a liar’s word counts for nothing', () => {
    const events = [...pair, ...crossed, delivered(5, 3, 'A', { score: 4 })];
    expect(scoreAfter(events, 'A')).toMatchObject({ score: 4, finality: 'score' });
    expect(scoreAfter(events, 'A', { liars: [signerId(3)] })).toMatchObject({ finality: 'open' });
  });

  it('compares sorted positions under the source’s rule', () => {
    // A stands at 1, 2, 1 and B at 2, 1: sorted (1,1,2) against (1,2).
    const events = [...pair, ...crossed, arrived(3, 2, 'A', 1)];
    expect(scoreAfter(events, 'A', { rule: 'source' })).toMatchObject({ score: 2, rival: 'B' });
  });

  it('is none under rules without one', () => {
    expect(scoreAfter([...pair, ...crossed], 'A', { rule: 'fcfs' }).score).toBeUndefined();
  });

  it.each(['uncontested', 'crossing', 'cycle', 'dying-root'])(
    'agrees with the engine at every moment of the story %s: below the threshold nothing is final by score',
    (name) => {
      const timeline = storyRun(name);
      const { trace } = timeline;
      const seen = new Set<string>();
      for (const [i, event] of trace.events.entries()) {
        if (event.kind !== 'delivered') continue;
        // A block delivers all its entries in one moment; what they had before it is what counts.
        const count = event.finality === 'score' ? i : trace.events.findIndex(({ at }) => at === event.at);
        const before = timeline.at(count);
        const { score, finality } = scoreOf(before, trace, before.batches.get(event.batch)!);
        if (finality !== 'open') continue;
        seen.add(event.batch);
        if (event.finality === 'score') expect(score).toBe(event.score);
        else expect(score).toBeLessThan(trace.threshold);
      }
      expect(seen.size).toBe(Object.keys(trace.names).length);
    },
  );
});
