/** What a load measures is what it was asked for, whatever stands for what; and its meters add up. */

import { describe, expect, it } from 'vitest';
import { phases } from '../../../sim/costs/work.ts';
import { measureLoad } from '../../../sim/load/load.ts';
import { type LoadRequest, loadOptions } from '../../../sim/load/options.ts';
import type { LoadReport } from '../../../sim/load/report.ts';
import { must } from '../../../src/base/result.ts';

const run = (request: LoadRequest): LoadReport => measureLoad(must(loadOptions(request)));
const base = { signers: 7, rate: 4000, rttMs: 40, warmUpMs: 800, measureMs: 800 } as const;

describe('a load', () => {
  const one = run({ ...base, bundle: 1 });
  const bundled = run({ ...base, bundle: 8 });

  it('is final at every signer at the rate at which it is sent', () => {
    for (const { throughputPerSecond, sustained, finality } of [one, bundled]) {
      expect(throughputPerSecond).toBeGreaterThan(0.9 * base.rate);
      expect(throughputPerSecond).toBeLessThan(1.1 * base.rate);
      expect(sustained).toBe(true);
      expect(finality.order).toBe(0);
    }
  });

  it('costs and takes the same when one transaction stands for several', () => {
    const near = (a: number, b: number): void => expect(Math.abs(a / b - 1)).toBeLessThan(0.1);
    near(bundled.perSignerAndTransaction.bytes, one.perSignerAndTransaction.bytes);
    near(bundled.perSignerAndTransaction.cpuMs, one.perSignerAndTransaction.cpuMs);
    near(bundled.transactionsPerBatch, one.transactionsPerBatch);
    near(bundled.latencyAtAllMs.p50, one.latencyAtAllMs.p50);
    for (const phase of phases) near(bundled.cpu.phases[phase], one.cpu.phases[phase]);
  });

  it('sends nothing that only trouble causes', () => {
    const trouble = ['voteRequest', 'timeout', 'wanted'];
    expect(Object.keys(one.messages).filter((type) => trouble.includes(type))).toEqual([]);
    expect(one.blocks).toBeGreaterThan(0);
  });

  it('adds up', () => {
    const { cpu, perSignerAndBatch, perSignerAndTransaction, latencyMs, latencyAtAllMs, hopsMs } = one;
    expect(phases.reduce((sum, phase) => sum + cpu.phases[phase], 0)).toBeCloseTo(cpu.mean, 9);
    expect(cpu.max).toBeGreaterThanOrEqual(cpu.mean);
    expect(perSignerAndBatch.bytes).toBeGreaterThan(perSignerAndBatch.bytesWithoutBodies);
    expect(perSignerAndBatch.cpuMs / perSignerAndTransaction.cpuMs).toBeCloseTo(one.transactionsPerBatch, 6);
    expect(hopsMs).toBeCloseTo(3 * one.depth * 20, 9);
    expect(latencyAtAllMs.p50).toBeGreaterThan(latencyMs.p50);
  });

  it('is the same again', () => {
    expect(run({ ...base, bundle: 8 })).toEqual(bundled);
  });

  it('is not sustained beyond what uplinks carry, and says so', () => {
    const { sustained, uplink, open } = run({ ...base, bundle: 8, uplinkMbps: 3 });
    expect(sustained).toBe(false);
    expect(uplink.max).toBeGreaterThan(0.9);
    expect(open).toBeGreaterThan(bundled.open);
  });
});

describe('what a signer pays for a batch', () => {
  it('does not grow with the number of signers, but for bitmaps', () => {
    const few = { rate: 20, ingresses: 1, bundle: 1, rttMs: 2, fanout: 2, warmUpMs: 200, measureMs: 1000 };
    const limits = { checkpointAfterMs: 60_000 };
    const [small, large] = [32, 96].map((signers) => run({ ...few, signers, limits }));
    expect([small!.transactionsPerBatch, large!.transactionsPerBatch]).toEqual([1, 1]);
    const bytesOf = ({ messages, options, batches }: LoadReport): number =>
      (messages.votes!.bytes + messages.certificate!.bytes) / options.signers / batches;
    // A bitmap in the votes that a signer sends and in the certificate; and roots send no votes.
    expect(bytesOf(large!) / (95 / 96) - bytesOf(small!) / (31 / 32)).toBeCloseTo(2 * (96 / 8 - 32 / 8), 0);
    expect(large!.perSignerAndBatch.cpuMs).toBeLessThan(1.1 * small!.perSignerAndBatch.cpuMs);
  });
});
