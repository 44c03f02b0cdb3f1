/** Going back in time is folding fewer events: wherever one comes from, the same moment looks the same. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { traceRun } from '../../sim/trace/run.ts';
import { defaultChoices } from '../../web/state/choices.ts';
import { Fold } from '../../web/state/fold.ts';
import { Pace } from '../../web/state/pace.ts';
import { emptyPicture, type Picture } from '../../web/state/picture.ts';
import { Player } from '../../web/state/player.ts';
import { simulationOf } from '../../web/state/scenario.ts';
import { Timeline } from '../../web/state/timeline.ts';
import { arrived, made, message, storyRun, traceOf } from './support.ts';

/** The picture from nothing, without keyframes. */
function fresh(timeline: Timeline, count: number): Picture {
  const fold = new Fold(timeline.trace, timeline.messages);
  const picture = emptyPicture(timeline.trace.signers);
  for (const event of timeline.trace.events.slice(0, count)) fold.apply(picture, event);
  return picture;
}

describe('timeline', () => {
  it('shows the same at a moment wherever one comes from', () => {
    const choices = { ...defaultChoices, network: 'lan' as const, signers: 10, transactions: 20 };
    const { trace } = traceRun(simulationOf(choices), '');
    // Enough for several keyframes.
    expect(trace.events.length).toBeGreaterThan(1500);
    const share = fc.integer({ min: 0, max: 1000 });
    fc.assert(
      fc.property(fc.array(share, { minLength: 1, maxLength: 6 }), (path) => {
        const timeline = new Timeline(trace);
        for (const one of path) {
          const count = Math.floor((one * timeline.length) / 1000);
          expect(timeline.at(count)).toEqual(fresh(timeline, count));
        }
      }),
      { numRuns: 25 },
    );
  });

  it('counts the events up to a time, and finds the moments around it', () => {
    const timeline = new Timeline(
      traceOf([made(1, 'A', ['x']), arrived(2, 0, 'A', 1), arrived(2, 1, 'A', 1)]),
    );
    expect([0, 1, 1.5, 2, 9].map((ms) => timeline.countAt(ms))).toEqual([0, 1, 1, 3, 3]);
    expect([0, 1, 1.5, 2].map((ms) => timeline.nextMoment(ms))).toEqual([1, 2, 2, 2]);
    expect([0, 1, 1.5, 2].map((ms) => timeline.previousMoment(ms))).toEqual([0, 0, 1, 1]);
  });
});

describe('pace', () => {
  it('maps moments to the stage and back, never backwards', () => {
    const timeline = storyRun('dying-root');
    const pace = new Pace(timeline.trace);
    let last = 0;
    for (const { at } of timeline.trace.events) {
      const stage = pace.toStage(at);
      expect(stage).toBeGreaterThanOrEqual(last);
      expect(pace.toMs(stage)).toBeCloseTo(at, 6);
      last = stage;
    }
    expect(pace.toStage(timeline.endMs)).toBe(pace.length);
  });

  it('shortens a long silence to a few message delays', () => {
    const events = [
      ...message([1, 2], 1, [0, 1], { type: 'announce', cargo: {} }),
      ...message([100_000, 100_001], 2, [0, 1], { type: 'announce', cargo: {} }),
    ];
    expect(new Pace(traceOf(events)).length).toBeLessThan(6);
  });
});

describe('player', () => {
  const start = (smooth: boolean): Player => {
    const timeline = storyRun('crossing');
    return new Player(timeline, new Pace(timeline.trace), smooth);
  };

  it('plays to the end, stops there, and starts again from the beginning', () => {
    const player = start(true);
    player.toggle();
    for (let i = 0; i < 100_000 && player.playing; i++) player.pass(1 / 60);
    expect(player.atEnd).toBe(true);
    expect(player.share).toBe(1);
    player.toggle();
    expect(player).toMatchObject({ ms: 0, playing: true });
  });

  it('steps there and back to the same moment', () => {
    const player = start(true);
    const moments: number[] = [];
    for (let i = 0; i < 50; i++) {
      moments.push(player.ms);
      player.step(1);
    }
    for (const ms of moments.toReversed()) {
      player.step(-1);
      expect(player.ms).toBe(ms);
    }
  });

  it('goes twice as far at twice the speed', () => {
    const [slow, fast] = [start(true), start(true)];
    for (const player of [slow, fast]) player.toggle();
    fast.accelerate(1);
    fast.pass(1);
    slow.pass(2);
    expect(fast.ms).toBeCloseTo(slow.ms, 9);
  });

  it('shows a long run in two minutes at most', () => {
    const events = Array.from({ length: 500 }, (_, i) =>
      message([i * 100, i * 100 + 1], i, [0, 1], { type: 'announce', cargo: {} }),
    ).flat();
    const timeline = new Timeline(traceOf(events));
    const player = new Player(timeline, new Pace(timeline.trace), true);
    player.toggle();
    for (let i = 0; i < 120; i++) player.pass(1);
    expect(player.atEnd).toBe(true);
  });

  it('jumps where motion is not wanted', () => {
    const player = start(false);
    player.toggle();
    expect(player.pass(0.1)).toBe(false);
    expect(player.ms).toBe(0);
    expect(player.pass(0.6)).toBe(true);
    expect(player.ms).toBeGreaterThan(0);
  });

  it('keeps the speed among those that are offered', () => {
    const player = start(true);
    for (let i = 0; i < 20; i++) player.accelerate(1);
    expect(player.speed).toBe(8);
    for (let i = 0; i < 20; i++) player.accelerate(-1);
    expect(player.speed).toBe(0.25);
    player.speed = 3;
    expect(player.speed).toBe(1);
  });
});
