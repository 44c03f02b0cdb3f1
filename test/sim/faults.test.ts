/** Fault plans: drawn from the seed alone, of every kind, harmless after the heal. */

import { describe, expect, it } from 'vitest';
import { Faults, planFaults } from '../../sim/faults.ts';
import { Random } from '../../sim/random.ts';
import { World } from '../../sim/world.ts';
import { allSigners, type SignerId } from '../../src/base/ids.ts';
import { demandAllOk, named, upTo } from './support.ts';

const options = { n: 4, durationMs: 2000, mayCrash: allSigners(4) };
const plans = upTo(80).map((i) => planFaults(new Random(`plan ${i}`), options));

describe('plans', () => {
  it('are the same for the same seed', () => {
    expect(planFaults(new Random('plan 3'), options)).toEqual(plans[3]);
  });

  it('hold every kind, and crashes of every sort', () => {
    const faults = plans.flatMap((plan) => plan.faults);
    const kinds = ['blackout', 'crash', 'partition', 'slowDisk', 'slowNode', 'spike'];
    expect([...new Set(faults.map((fault) => fault.kind))].sort()).toEqual(kinds);
    const kept = faults.flatMap((fault) => (fault.kind === 'crash' ? [typeof fault.keep] : []));
    expect(new Set(kept)).toEqual(new Set(['string', 'number']));
    const oneWay = faults.flatMap((fault) => (fault.kind === 'partition' ? [fault.oneWay] : []));
    expect(new Set(oneWay)).toEqual(new Set([true, false]));
  });

  it('crash only whom they may', () => {
    for (const i of upTo(40))
      for (const fault of planFaults(new Random(`${i}`), { ...options, mayCrash: [2 as SignerId] }).faults) {
        expect(fault.kind).not.toBe('blackout');
        if (fault.kind === 'crash') expect(fault.node).toBe(2);
      }
  });
});

describe('carrying out', () => {
  const link = { latencyMs: 0.2, jitterMs: 0.1, loss: 0, duplication: 0, reorder: false };
  const worldWith = (...faults: Parameters<typeof plan>): { world: World; faults: Faults } => {
    const world = new World({ seed: 'faults', signers: 4, byzantine: 1, faulty: 1 });
    const carried = new Faults(world, plan(...faults));
    carried.schedule();
    world.start();
    return { world, faults: carried };
  };
  const plan = (...faults: (typeof plans)[number]['faults'][number][]) => ({ link, faults });
  const [s0, s1] = allSigners(4) as [SignerId, SignerId];

  it('a one-way partition cuts one direction, and ends', () => {
    const { world } = worldWith({ kind: 'partition', at: 10, forMs: 20, members: [s0], oneWay: true });
    world.run(15);
    expect([world.network.isCut(s0, s1), world.network.isCut(s1, s0)]).toEqual([true, false]);
    world.run(40);
    expect(world.network.isCut(s0, s1)).toBe(false);
  });

  it('a blackout takes everybody down, and the heal brings everybody back', () => {
    const { world, faults } = worldWith({ kind: 'blackout', at: 10, forMs: 1e6, keep: 'none' });
    world.run(20);
    expect(world.nodes.map((node) => node.up)).toEqual([false, false, false, false]);
    faults.healAll();
    expect(world.nodes.map((node) => node.up)).toEqual([true, true, true, true]);
  });

  it('a slow node is slow both ways, a slow disk syncs late, until they end', () => {
    const { world } = worldWith(
      { kind: 'slowNode', at: 10, forMs: 20, node: s1, delayMs: 50 },
      { kind: 'slowDisk', at: 10, forMs: 20, node: s0, syncMs: 70 },
    );
    world.run(15);
    expect(world.network.quality(s0, s1).latencyMs).toBe(50.2);
    expect(world.network.quality(s1, s0).latencyMs).toBe(50.2);
    expect(world.nodes[0]!.syncMs).toBe(70);
    world.run(40);
    expect(world.network.quality(s0, s1)).toEqual(link);
    expect(world.nodes[0]!.syncMs).toBe(0.3);
  });

  it('a plan of one’s own runs whole', () => {
    const faults = plan({ kind: 'blackout', at: 300, forMs: 200, keep: 'none' });
    demandAllOk(
      named('own-plan', [4, 1, 1], { faults, adversaries: 'none', transactions: 30, durationMs: 800 }),
    );
  });
});
