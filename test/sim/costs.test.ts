/** Costs: what is charged for what, that it takes virtual time, and that free runs take none. */

import { describe, expect, it } from 'vitest';
import { free, measured } from '../../sim/costs/costs.ts';
import { Meter } from '../../sim/costs/meter.ts';
import { simFederation } from '../../sim/federation.ts';
import { World } from '../../sim/world.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { allSigners, signerId } from '../../src/base/ids.ts';

const rates = {
  ...free,
  ...{ signMs: 1, singleSignMs: 2, singleVerifyMs: 4, verifyMs: 8, verifyClassMs: 16, verifyKeyMs: 32 },
  aggregateMs: 64,
};

describe('a meter', () => {
  const meter = new Meter(rates);
  const { signers, verifier } = simFederation({ seed: 'meter', signers: 4, byzantine: 1, faulty: 1, meter });
  const { scheme } = verifier;
  const message = utf8('message');

  it('charges what was done, once', () => {
    meter.take();
    const one = signers[0]!.votingKey.sign(message);
    expect(meter.take()).toBe(1);
    const other = signers[1]!.votingKey.sign(message);
    const sum = scheme.aggregate([one, other]);
    expect(meter.take()).toBe(1 + 2 * 64);
    expect(scheme.verify([{ signers: [signerId(0), signerId(1)], message }], sum)).toBe(true);
    expect(meter.take()).toBe(8 + 2 * 32);
    scheme.verify(
      [
        { signers: [signerId(0)], message },
        { signers: [signerId(1)], message: utf8('other') },
      ],
      sum,
    );
    expect(meter.take()).toBe(8 + 16 + 2 * 32);
    scheme.subtract(sum, one);
    expect(meter.take()).toBe(64);
    signers[0]!.signingKey.sign(message);
    expect(meter.take()).toBe(2);
    expect(meter.take()).toBe(0);
  });
});

describe('a world', () => {
  const deliveredAt = (costs: typeof free): { at: number; cpuMs: number } => {
    const world = new World({ seed: 'costs', signers: 4, byzantine: 1, faulty: 1, costs });
    let at: number | undefined;
    world.watchers.push({
      observed: ({ event }) => {
        if (event.type === 'delivered') at ??= world.now;
      },
    });
    world.start();
    for (const id of allSigners(4)) world.submit(id, world.transaction([`k${id}`]));
    world.run(500);
    return { at: at!, cpuMs: world.nodes[0]!.cpuMs };
  };

  it('computes for nothing when computing is free, and later when it costs', () => {
    const cheap = deliveredAt(free);
    const dear = deliveredAt(measured);
    const dearer = deliveredAt({
      ...measured,
      stepMs: 10 * measured.stepMs,
      verifyMs: 10 * measured.verifyMs,
    });
    expect(cheap.cpuMs).toBe(0);
    expect(dear.cpuMs).toBeGreaterThan(1);
    expect(dear.at).toBeGreaterThan(cheap.at);
    expect(dearer.at).toBeGreaterThan(dear.at);
  });
});
