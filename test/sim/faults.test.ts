/** Faults: drawn from the seed alone, of every kind; each does what it says, ends, and is gone after the heal. */

import { describe, expect, it } from 'vitest';
import { FaultInjector } from '../../sim/fault-injector.ts';
import { type Fault, type FaultPlan, isCalm, noFaults, planFaults } from '../../sim/faults.ts';
import { fairWeather } from '../../sim/network/quality.ts';
import { Random } from '../../sim/random.ts';
import { defaultSyncMs, World } from '../../sim/world.ts';
import { allSigners, type SignerId } from '../../src/base/ids.ts';
import { demandAllOk, named, upTo } from './support.ts';

const options = { n: 4, durationMs: 2000, mayCrash: allSigners(4) };
const plans = upTo(150).map((i) => planFaults(new Random(`plan ${i}`), options));
const kinds = [
  ...['blackout', 'crash', 'drift', 'fullDisk', 'jump', 'justUnder', 'partition'],
  ...['slowDisk', 'slowNode', 'spike'],
];

describe('plans', () => {
  it('are the same for the same seed', () => {
    expect(planFaults(new Random('plan 3'), options)).toEqual(plans[3]);
  });

  it('hold every kind, every weather, crashes of every sort, in order of time', () => {
    const faults = plans.flatMap((plan) => plan.faults);
    expect([...new Set(faults.map((fault) => fault.kind))].sort()).toEqual(kinds);
    const crashes = faults.flatMap((fault) => (fault.kind === 'crash' ? [fault] : []));
    expect(new Set(crashes.map(({ keep }) => typeof keep))).toEqual(new Set(['string', 'number']));
    expect(new Set(crashes.map(({ torn }) => typeof torn))).toEqual(new Set(['number', 'undefined']));
    const oneWay = faults.flatMap((fault) => (fault.kind === 'partition' ? [fault.oneWay] : []));
    expect(new Set(oneWay)).toEqual(new Set([true, false]));
    const timeouts = faults.flatMap((fault) => (fault.kind === 'justUnder' ? [fault.timeout] : []));
    expect(new Set(timeouts)).toEqual(new Set(['level', 'view']));
    expect(new Set(plans.map((plan) => JSON.stringify(plan.weather))).size).toBe(5);
    for (const plan of plans) expect(plan.faults).toEqual([...plan.faults].sort((a, b) => a.at - b.at));
  });

  it('crash only whom they may', () => {
    for (const i of upTo(60))
      for (const fault of planFaults(new Random(`${i}`), { ...options, mayCrash: [2 as SignerId] }).faults) {
        expect(fault.kind).not.toBe('blackout');
        if (fault.kind === 'crash' || fault.kind === 'fullDisk') expect(fault.node).toBe(2);
      }
    for (const i of upTo(60))
      for (const { kind } of planFaults(new Random(`${i}`), { ...options, mayCrash: [] }).faults)
        expect(['crash', 'fullDisk', 'blackout']).not.toContain(kind);
  });

  it('are calm only without faults and weather', () => {
    expect(isCalm(noFaults)).toBe(true);
    expect(isCalm({ ...noFaults, weather: { ...fairWeather, loss: 0.1 } })).toBe(false);
    expect(isCalm({ ...noFaults, weather: { ...fairWeather, reorder: true } })).toBe(false);
    expect(isCalm({ ...noFaults, faults: [{ kind: 'blackout', at: 1, forMs: 1, keep: 'all' }] })).toBe(false);
  });
});

const [s0, s1, s2] = allSigners(4) as [SignerId, SignerId, SignerId];
const during = { at: 10, forMs: 20 };

interface Staged {
  readonly world: World;
  readonly injector: FaultInjector;
  readonly captions: string[];
}

const stage = (...faults: Fault[]): Staged => stagePlan({ weather: fairWeather, faults });

function stagePlan(plan: FaultPlan): Staged {
  const world = new World({ seed: 'faults', signers: 4, byzantine: 1, faulty: 1 });
  const captions: string[] = [];
  world.watchers.push({ noted: (text) => captions.push(text) });
  const injector = new FaultInjector(world, plan);
  injector.schedule();
  world.start();
  return { world, injector, captions };
}

/** What `look` says before, while, and after the faults of `during`, and after a heal in the middle of them. */
function courseOf<T>(look: (world: World) => T, ...faults: Fault[]): readonly [T, T, T, T] {
  const { world } = stage(...faults);
  world.run(5);
  const before = look(world);
  world.run(15);
  const meanwhile = look(world);
  world.run(60);
  const after = look(world);
  const healed = stage(...faults);
  healed.world.run(15);
  healed.injector.healAll();
  const atOnce = look(healed.world);
  healed.world.run(60);
  expect(look(healed.world)).toEqual(atOnce);
  return [before, meanwhile, after, atOnce];
}

const up = (world: World): boolean[] => world.nodes.map((node) => node.up);
const everybody = [true, true, true, true];

describe('each kind does what it says, ends, and heals', () => {
  it('a crash', () => {
    const course = courseOf(up, { kind: 'crash', ...during, node: s1, keep: 'none' });
    expect(course).toEqual([everybody, [true, false, true, true], everybody, everybody]);
  });

  it('a blackout', () => {
    const course = courseOf(up, { kind: 'blackout', ...during, keep: 'all' });
    expect(course).toEqual([everybody, [false, false, false, false], everybody, everybody]);
  });

  it('a partition in both directions and in one', () => {
    const look = ({ network }: World) => [
      network.isCut(s0, s1),
      network.isCut(s1, s0),
      network.isCut(s1, s2),
    ];
    const whole = [false, false, false];
    const both = courseOf(look, { kind: 'partition', ...during, members: [s0], oneWay: false });
    expect(both).toEqual([whole, [true, true, false], whole, whole]);
    const oneWay = courseOf(look, { kind: 'partition', ...during, members: [s0], oneWay: true });
    expect(oneWay).toEqual([whole, [true, false, false], whole, whole]);
  });

  it('a slow node, a spike, and a signer just under a timeout', () => {
    const look = ({ network }: World) => [
      network.latencyMs(s0, s1),
      network.latencyMs(s1, s0),
      network.latencyMs(s0, s2),
    ];
    const good = [0.2, 0.2, 0.2];
    const slow = courseOf(look, { kind: 'slowNode', ...during, node: s1, delayMs: 50 });
    expect(slow).toEqual([good, [50.2, 50.2, 0.2], good, good]);
    const spike = courseOf(look, { kind: 'spike', ...during, members: [s0, s1], delayMs: 50 });
    expect(spike).toEqual([good, [100.2, 100.2, 50.2], good, good]);
    for (const timeout of ['level', 'view'] as const) {
      const under = courseOf(
        ({ network, federation }) => {
          const { levelTimeoutMs, viewTimeoutMs } = federation.federation.limits;
          const limitMs = timeout === 'level' ? levelTimeoutMs : viewTimeoutMs;
          const thereAndBack = network.latencyMs(s0, s1) + network.latencyMs(s1, s0);
          return thereAndBack > 0.85 * limitMs && thereAndBack < limitMs;
        },
        { kind: 'justUnder', ...during, node: s1, timeout },
      );
      expect(under).toEqual([false, true, false, false]);
    }
  });

  it('a slow disk', () => {
    const course = courseOf((world) => world.nodes[0]!.syncMs, {
      kind: 'slowDisk',
      ...during,
      node: s0,
      syncMs: 70,
    });
    expect(course).toEqual([defaultSyncMs, 70, defaultSyncMs, defaultSyncMs]);
  });

  it('a full disk stops the signer at its next sync, and it starts when there is space', () => {
    const look = (world: World) => {
      const full = world.nodes[2]!.diskFull;
      if (full) {
        world.submit(s2, world.transaction(['k']));
        world.run(world.now + 3);
      }
      return [full, world.nodes[2]!.up];
    };
    const course = courseOf(look, { kind: 'fullDisk', ...during, node: s2 });
    expect(course).toEqual([
      [false, true],
      [true, false],
      [false, true],
      [false, true],
    ]);
  });

  it('a clock that drifts runs true again, with what it gained', () => {
    const ahead = ({ nodes, now }: World): number => Math.round(nodes[0]!.clock.now - now);
    const { world } = stage({ kind: 'drift', ...during, node: s0, rate: 2 });
    world.run(10);
    expect(ahead(world)).toBe(0);
    world.run(20);
    expect(ahead(world)).toBe(10);
    world.run(100);
    expect(ahead(world)).toBe(20);
  });

  it('a clock that jumps stays where it is', () => {
    const { world } = stage({ kind: 'jump', ...during, node: s0, byMs: 5000 });
    world.run(100);
    expect(world.nodes[0]!.clock.now).toBe(5100);
    expect(world.nodes[1]!.clock.now).toBe(100);
  });
});

describe('faults that overlap', () => {
  const longer = { at: 12, forMs: 100 };

  it('last until the last of them ends', () => {
    const { world } = stage(
      { kind: 'partition', ...during, members: [s0], oneWay: false },
      { kind: 'partition', ...longer, members: [s0, s2], oneWay: true },
      { kind: 'slowNode', ...during, node: s1, delayMs: 50 },
      { kind: 'spike', ...longer, members: [s1], delayMs: 7 },
      { kind: 'slowDisk', ...during, node: s1, syncMs: 70 },
      { kind: 'slowDisk', ...longer, node: s1, syncMs: 20 },
      { kind: 'crash', ...during, node: s2, keep: 'all' },
      { kind: 'crash', ...longer, node: s2, keep: 'all' },
    );
    const { network, nodes } = world;
    world.run(20);
    expect(network.latencyMs(s0, s1)).toBeCloseTo(57.2);
    expect([network.isCut(s0, s1), network.isCut(s1, s0), nodes[1]!.syncMs]).toEqual([true, true, 70]);
    world.run(50);
    expect(network.latencyMs(s0, s1)).toBeCloseTo(7.2);
    expect([network.isCut(s0, s1), network.isCut(s1, s0), nodes[1]!.syncMs]).toEqual([true, false, 20]);
    expect(nodes[2]!.up).toBe(false);
    world.run(150);
    expect(network.latencyMs(s0, s1)).toBe(0.2);
    expect([network.isCut(s0, s1), nodes[1]!.syncMs, nodes[2]!.up]).toEqual([false, defaultSyncMs, true]);
  });
});

describe('a crash keeps of what was not synced', () => {
  const written = (keep: 'all' | 'none' | number, torn?: number): number => {
    const { world } = stage(
      { kind: 'slowDisk', at: 0, forMs: 1000, node: s0, syncMs: 500 },
      { kind: 'crash', ...during, node: s0, keep, ...(torn !== undefined && { torn }) },
    );
    world.run(1);
    for (const i of upTo(6)) {
      world.submit((i % 4) as SignerId, world.transaction([`k${i}`]));
      world.run(world.now + 1);
    }
    const before = world.nodes[0]!.store.unsyncedGroups;
    expect(before).toBeGreaterThan(2);
    const old = world.nodes[0]!.store;
    world.run(15);
    // Groups of the old tail that the disk has: those whose first write is found.
    return upTo(before).filter((group) => {
      const { table, key, value } = old.unsyncedWrites(group)![0]!;
      const found = world.nodes[0]!.store.get(table, key);
      return value !== undefined && found !== undefined && Buffer.compare(found, value) === 0;
    }).length;
  };

  it('all, nothing, or a beginning; a torn group counts only when it is whole', () => {
    const all = written('all');
    expect(all).toBeGreaterThan(2);
    expect(written('none')).toBe(0);
    const some = written(0.5);
    expect(some).toBeGreaterThan(0);
    expect(some).toBeLessThan(all);
    expect(written(0.5, 0.99)).toBe(some);
    expect(written('none', 1)).toBeGreaterThan(0);
  });
});

describe('captions', () => {
  it('say what begins and what ends', () => {
    const { world, captions } = stage({ kind: 'slowNode', ...during, node: s1, delayMs: 50 });
    world.run(100);
    expect(captions).toEqual([
      'messages of s1 are 50 ms late for 20 ms',
      'over: messages of s1 are 50 ms late',
    ]);
  });
});

describe('whole runs', () => {
  it('weather ends with the heal', () => {
    const weather = { latencyMs: 5, jitterMs: 1, loss: 0.2, duplication: 0.1, reorder: true };
    const { world, injector } = stagePlan({ weather, faults: [] });
    expect(world.network.weather).toEqual(weather);
    injector.healAll();
    expect(world.network.weather).toEqual(fairWeather);
  });

  it.each([
    { kind: 'blackout', at: 300, forMs: 200, keep: 'none' },
    { kind: 'fullDisk', at: 300, forMs: 200, node: s0 },
    { kind: 'crash', at: 300, forMs: 200, node: s0, keep: 0.5, torn: 0.5 },
    { kind: 'drift', at: 100, forMs: 600, node: s0, rate: 2 },
    { kind: 'jump', at: 300, forMs: 1, node: s0, byMs: -5000 },
  ] satisfies Fault[])('$kind', (fault) => {
    demandAllOk(
      named('own-plan', [4, 1, 1], {
        faults: { weather: fairWeather, faults: [fault] },
        adversaries: 'none',
        transactions: 30,
        durationMs: 800,
      }),
    );
  });
});
