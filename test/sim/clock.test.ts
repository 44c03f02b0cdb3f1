/** A signer's clock: its rate, its jumps, and that it never goes back. */

import { describe, expect, it } from 'vitest';
import { Clock } from '../../sim/clock.ts';
import { Random } from '../../sim/random.ts';
import { Schedule } from '../../sim/schedule.ts';
import { World } from '../../sim/world.ts';
import { upTo } from './support.ts';

const at = (schedule: Schedule, now: number): void => {
  schedule.now = now;
};

describe('a clock', () => {
  it('shows virtual time until something is wrong with it', () => {
    const schedule = new Schedule();
    const clock = new Clock(schedule);
    at(schedule, 12.5);
    expect(clock.now).toBe(12.5);
    expect(clock.until(20)).toBe(7.5);
    expect(clock.until(12.5)).toBe(0);
    expect(clock.until(3)).toBe(0);
  });

  it('keeps what it showed when its rate changes', () => {
    const schedule = new Schedule();
    const clock = new Clock(schedule);
    at(schedule, 10);
    clock.rate = 2;
    expect(clock.now).toBe(10);
    at(schedule, 15);
    expect(clock.now).toBe(20);
    expect(clock.until(30)).toBe(5);
    clock.rate = 0.5;
    at(schedule, 25);
    expect(clock.now).toBe(25);
  });

  it('stands still after a jump back until it has caught up, and what was due stays due', () => {
    const schedule = new Schedule();
    const clock = new Clock(schedule);
    at(schedule, 100);
    expect(clock.now).toBe(100);
    clock.jump(-50);
    expect(clock.now).toBe(100);
    expect(clock.until(100)).toBe(0);
    expect(clock.until(110)).toBe(60);
    at(schedule, 140);
    expect(clock.now).toBe(100);
    at(schedule, 160);
    expect(clock.now).toBe(110);
    clock.jump(1000);
    expect(clock.now).toBe(1110);
  });

  it('never goes back, and never waits for nothing without an end', () => {
    const random = new Random('clock');
    const schedule = new Schedule();
    const clock = new Clock(schedule);
    let shown = 0;
    for (const _ of upTo(2000)) {
      if (random.chance(0.1)) clock.rate = random.pick([0.5, 0.98, 1, 2]);
      if (random.chance(0.1)) clock.jump(random.integer(-500, 500));
      const reading = shown + random.unit();
      const wait = clock.until(reading);
      expect(wait === 0).toBe(reading <= clock.now);
      at(schedule, schedule.now + random.unit() * 3);
      expect(clock.now).toBeGreaterThanOrEqual(shown);
      shown = clock.now;
    }
  });
});

describe('timers on a clock that is set', () => {
  /** When a signer that announced a batch in vain asks for votes itself: by its clock after a while. */
  const askedAt = (change: (world: World) => void): number => {
    const world = new World({ seed: 'timers', signers: 4, byzantine: 1, faulty: 1 });
    let asked: number | undefined;
    world.watchers.push({
      sent: (_, __, message) => {
        if (message.type === 'voteRequest') asked ??= world.now;
      },
    });
    world.start();
    world.run(1);
    for (const node of world.nodes.slice(1)) world.crash(node.signer.id, 'all');
    world.submit(world.nodes[0]!.signer.id, world.transaction(['k']));
    world.run(3);
    change(world);
    world.run(10_000);
    return asked!;
  };

  it('come earlier in virtual time when it jumps ahead or runs fast, later when it runs slowly', () => {
    const usual = askedAt(() => undefined);
    expect(askedAt((world) => world.nodes[0]!.jumpClock(30))).toBeCloseTo(usual - 30, 6);
    expect(askedAt((world) => world.nodes[0]!.jumpClock(100_000))).toBeCloseTo(3, 6);
    expect(askedAt((world) => world.nodes[0]!.setClockRate(2))).toBeCloseTo(3 + (usual - 3) / 2, 6);
    expect(askedAt((world) => world.nodes[0]!.setClockRate(0.5))).toBeCloseTo(3 + (usual - 3) * 2, 6);
  });
});
