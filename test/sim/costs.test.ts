/** Costs: what is charged for what, that it takes virtual time, and that free runs take none. */

import { describe, expect, it } from 'vitest';
import { free, measured } from '../../sim/costs/costs.ts';
import { Meter } from '../../sim/costs/meter.ts';
import { simFederation } from '../../sim/federation.ts';
import { World } from '../../sim/world.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { allSigners, signerId } from '../../src/base/ids.ts';
import { blstProvider } from '../../src/crypto/bls-blst-node.ts';
import { nodeListProvider } from '../../src/crypto/ed25519-list-node.ts';

const rates = {
  ...free,
  ...{ signMs: 1, singleSignMs: 2, singleVerifyMs: 4, verifyMs: 8, verifyClassMs: 16, verifyKeyMs: 32 },
  aggregateMs: 64,
};

const message = utf8('message');
const other = utf8('other');
const signed = (to: Uint8Array, ...ids: number[]) => ({ signers: ids.map(signerId), message: to });

describe('a meter', () => {
  it('charges an aggregate by its messages and keys, every time', () => {
    const meter = new Meter(rates);
    const options = { seed: 'meter', signers: 4, byzantine: 1, faulty: 1, meter };
    const { signers, verifier } = simFederation({ ...options, provider: blstProvider });
    const { scheme } = verifier;
    meter.take();
    const parts = [0, 1].map((i) => signers[i]!.votingKey.sign(message));
    expect(meter.take()).toBe(2);
    const sum = scheme.aggregate(parts);
    expect(meter.take()).toBe(2 * 64);
    for (let again = 0; again < 2; again++) {
      expect(scheme.verify([signed(message, 0, 1)], sum)).toBe(true);
      expect(meter.take()).toBe(8 + 2 * 32);
    }
    scheme.verify([signed(message, 0), signed(other, 1)], sum);
    expect(meter.take()).toBe(8 + 16 + 2 * 32);
    scheme.subtract(sum, parts[0]!);
    expect(meter.take()).toBe(64);
    signers[0]!.signingKey.sign(message);
    expect(meter.take()).toBe(2);
    expect(meter.take()).toBe(0);
  });

  it.each([
    ['real', nodeListProvider],
    ['fast mode', undefined],
  ])('charges each signature of a list once to each signer, and never its own: %s', (_, provider) => {
    const meter = new Meter(rates);
    const options = { seed: 'meter', signers: 4, byzantine: 1, faulty: 1, meter };
    const { signers, verifier } = simFederation({ ...options, ...(provider && { provider }) });
    const { scheme } = verifier;
    const parts = [0, 1, 2].map((i) => signers[i]!.votingKey.sign(message));
    expect(meter.take()).toBe(3 * 2);
    meter.begin(0);
    const partial = scheme.aggregate(parts.slice(0, 2));
    expect(meter.take()).toBe(0);
    expect(scheme.verify([signed(message, 0, 1)], partial)).toBe(true);
    expect(meter.take()).toBe(4);
    const whole = scheme.aggregate(parts);
    for (let again = 0; again < 2; again++) {
      expect(scheme.verify([signed(message, 0, 1), signed(other, 2)], whole)).toBe(false);
      expect(meter.take()).toBe(4);
    }
    expect(scheme.verify([signed(message, 0, 1, 2)], whole)).toBe(true);
    expect(meter.take()).toBe(4);
    meter.begin(3);
    expect(scheme.verify([signed(message, 0, 1, 2)], whole)).toBe(true);
    expect(meter.take()).toBe(3 * 4);
  });

  it('charges fast mode as the scheme that so many signers would have', () => {
    const meter = new Meter(rates);
    const { signers } = simFederation({ seed: 'many', signers: 17, byzantine: 5, faulty: 5, meter });
    meter.take();
    signers[0]!.votingKey.sign(message);
    expect(meter.take()).toBe(1);
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
      singleVerifyMs: 10 * measured.singleVerifyMs,
    });
    expect(cheap.cpuMs).toBe(0);
    expect(dear.cpuMs).toBeGreaterThan(1);
    expect(dear.at).toBeGreaterThan(cheap.at);
    expect(dearer.at).toBeGreaterThan(dear.at);
  });
});
