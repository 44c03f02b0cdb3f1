/** The work of a step: what came out of it, times what each costs; and a store that computes in the background. */

import { describe, expect, it } from 'vitest';
import { free } from '../../../sim/costs/costs.ts';
import { freeWork, totalOf, type WorkCosts, workOf } from '../../../sim/costs/work.ts';
import { World } from '../../../sim/world.ts';
import { allSigners, signerId } from '../../../src/base/ids.ts';
import type { Table } from '../../../src/base/ledger.ts';
import type { EngineEvent, Input, Output } from '../../../src/engine/contract.ts';

const rates: WorkCosts = {
  ...{ clientMs: 1, formMs: 2, acceptMs: 4, deliverMs: 8, commitMs: 16, commitBatchMs: 32 },
  ...{ messageMs: 64, transferKbMs: 1000, putMs: 128, putKbMs: 0.5, flushMs: 256, flushKbMs: 0.25 },
};
const tick: Input = { type: 'tick' };
const quiet: Output = { writes: [], lazyWrites: [], sends: [], verify: [], events: [], wake: undefined };
/** Three transactions; no other field is looked at. */
const three = { transactions: [0, 1, 2], transactionIds: ['a', 'b', 'c'] };
const event = (one: object): Output => ({ ...quiet, events: [one as EngineEvent] });
const row = (table: Table, bytes: number) => ({
  table,
  key: new Uint8Array(1),
  value: bytes === 0 ? undefined : new Uint8Array(bytes),
});

describe('work', () => {
  it.each([
    ['nothing', quiet, 0],
    ['a batch formed', event({ type: 'accepted', transactions: three.transactionIds }), 3 * 2],
    ['a batch accepted', event({ type: 'arrived', batch: three }), 3 * 4],
    ['a batch delivered', event({ type: 'delivered', delivery: { batch: three } }), 3 * 8],
    [
      'a block',
      event({ type: 'committed', committed: { places: [{ verdicts: [0, 1, 2] }, { verdicts: [] }] } }),
      3 * 16 + 2 * 32,
    ],
    ['a refusal', event({ type: 'refused' }), 0],
  ] as const)('of %s', (_, output, engineMs) => {
    const time = workOf(tick, output, rates);
    expect(time.engine).toBe(engineMs);
    expect(totalOf(time)).toBe(engineMs);
    expect(totalOf(workOf(tick, output, freeWork))).toBe(0);
  });

  it('of messages and clients', () => {
    const message = { type: 'message', from: signerId(1), message: { type: 'catchUp' } } as Input;
    const sends = [0, 1].map(() => ({ to: signerId(1), message: {}, durable: false })) as never;
    expect(workOf(message, { ...quiet, sends }, rates)).toMatchObject({ network: 3 * 64, engine: 0 });
    const submit = { type: 'submit', transactions: three.transactions } as never;
    expect(workOf(submit, quiet, rates)).toMatchObject({ clients: 3, engine: 0 });
    expect(workOf(submit, quiet, rates, 10)).toMatchObject({ clients: 30 });
  });

  it('of rows: now, and later in the background', () => {
    const output = { ...quiet, writes: [row('batch', 2000)], lazyWrites: [row('vote', 0)] };
    expect(workOf(tick, output, rates)).toMatchObject({
      engine: 2 * 128 + 2 * 0.5,
      disk: 2 * 256 + 2 * 0.25,
    });
  });

  it('stands for as many transactions as a bundle, where it is of transactions', () => {
    const writes = [row('transaction', 1000), row('dependency', 1000), row('batch', 1000)];
    const output = { ...event({ type: 'arrived', batch: three }), writes };
    const [one, ten] = [workOf(tick, output, rates), workOf(tick, output, rates, 10)];
    expect(ten.disk - one.disk).toBe(2 * 9 * (256 + 0.25));
    expect(ten.engine - one.engine).toBe(2 * 9 * (128 + 0.5) + 9 * 3 * 4);
  });
});

describe('a store in the background', () => {
  const run = (flushMs: number): { at: number; cpuMs: number } => {
    const world = new World({
      ...{ seed: 'background', signers: 4, byzantine: 1, faulty: 1, syncMs: 0 },
      ...{ costs: { ...free, stepMs: 1 }, work: { ...freeWork, flushMs } },
    });
    let at: number | undefined;
    world.watchers.push({
      observed: ({ event }) => {
        if (event.type === 'delivered') at ??= world.now;
      },
    });
    world.start();
    for (const id of allSigners(4)) world.submit(id, world.transaction([`k${id}`]));
    world.run(300);
    return { at: at!, cpuMs: world.nodes[0]!.cpuMs };
  };

  it('slows a signer down at most to half its speed, and all of its time is counted', () => {
    const [alone, busy, drowned] = [run(0), run(1), run(1000)];
    expect(busy.at).toBeGreaterThan(alone.at);
    expect(drowned.at).toBeGreaterThanOrEqual(busy.at);
    expect(drowned.at).toBeLessThanOrEqual(2 * alone.at);
    expect(busy.cpuMs).toBeGreaterThan(alone.cpuMs + 10);
    expect(drowned.cpuMs).toBeGreaterThan(10_000);
  });
});
