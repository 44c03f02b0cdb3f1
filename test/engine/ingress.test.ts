/** How an ingress forms its batches (protocol section 2, last paragraph). */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { signerId, type TransactionId } from '../../src/base/ids.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { type Transaction, transactionId } from '../../src/messages/transaction.ts';
import { Lab, type LabOptions } from './lab.ts';

const quiet = { checkpointAfterMs: 1_000_000, freezeAfterMs: 1_000_000 };
const make = (options: Partial<LabOptions> = {}) =>
  new Lab({ signers: 4, byzantine: 1, limits: quiet, ...options });

/** Own batches of a signer, in the order of their numbers. */
function own(lab: Lab, at = 0): Batch[] {
  const byNumber = new Map<number, Batch>();
  for (const { message } of lab.messages('announce', { from: signerId(at) }))
    if (message.batch.header.ingress === at) byNumber.set(message.batch.header.number, message.batch);
  return [...byNumber.values()].sort((a, b) => a.header.number - b.header.number);
}
const idsOf = (list: readonly Transaction[]): TransactionId[] => list.map(transactionId);

describe('ingress', () => {
  it('sends at once, fills the next batch meanwhile, and numbers without gaps', () => {
    const lab = make();
    const all = Array.from({ length: 6 }, () => lab.transaction(['a']));
    lab.submit(0, all[0]!);
    for (const one of all.slice(1)) lab.submit(0, one);
    expect(own(lab).map((one) => one.transactions.length)).toEqual([1]);
    lab.run(80);
    expect(own(lab).map((one) => [one.header.number, one.transactions.length])).toEqual([
      [1, 1],
      [2, 5],
    ]);
    expect(lab.delivered(2)).toEqual(idsOf(all));
    lab.submit(0, lab.transaction(['a']));
    expect(own(lab)[2]!.header).toMatchObject({
      number: 3,
      after: [1, 2].map((number) => ({ number, id: own(lab)[number - 1]!.id })),
    });
  });

  it('after names the own uncommitted batches that conflict, and no others', () => {
    const lab = make();
    const send = (list: readonly string[] | undefined): number[] => {
      lab.submit(0, lab.transaction(list));
      const numbers = own(lab)
        .at(-1)!
        .header.after.map((entry) => entry.number as number);
      lab.run(60);
      return numbers;
    };
    expect(send(['a'])).toEqual([]);
    expect(send(['b'])).toEqual([]);
    expect(send(['a', 'b'])).toEqual([1, 2]);
    expect(send([])).toEqual([]);
    expect(send(undefined)).toEqual([1, 2, 3]);
    expect(send(['c'])).toEqual([5]);
  });

  it('a transaction that is known is not queued again', () => {
    const lab = make({ limits: { checkpointAfterMs: 100 } });
    const one = lab.transaction(['a']);
    lab.submit(0, one, one);
    lab.submit(0, one);
    lab.run(60);
    lab.submit(0, one);
    lab.run(10_000);
    expect(lab.engine(0).status().height).toBeGreaterThan(0);
    lab.submit(0, one);
    lab.run(1000);
    expect(own(lab).map((each) => each.transactionIds)).toEqual([[transactionId(one)]]);
    expect(lab.engine(0).status().queued).toBe(0);
  });

  it('batches keep within their limits', () => {
    const lab = make({ limits: { ...quiet, batchTransactionsMax: 3 } });
    lab.submit(0, ...Array.from({ length: 10 }, () => lab.transaction(['a'])));
    lab.run(1000);
    expect(own(lab).map((one) => one.transactions.length)).toEqual([3, 3, 3, 1]);
    expect(lab.delivered(3)).toHaveLength(10);
  });

  it('conflicting transactions never overtake each other, whatever else is sent', () => {
    const anyList = fc.oneof(
      { weight: 1, arbitrary: fc.constant(undefined) },
      { weight: 6, arbitrary: fc.subarray(['a', 'b', 'c']) },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(anyList, fc.boolean()), { minLength: 1, maxLength: 12 }), (plan) => {
        const lab = make({ limits: { batchTransactionsMax: 2, checkpointAfterMs: 300 } });
        const sent: Transaction[] = [];
        plan.forEach(([list, pause], i) => {
          const one = lab.transaction(list);
          sent.push(one);
          lab.submit(0, one);
          // Another signer contests some of it.
          if (i % 3 === 1) lab.submit(1, lab.transaction(['a']));
          if (pause) lab.run(7);
        });
        lab.run(60_000);
        const order = lab.delivered(2);
        const place = new Map(order.map((id, i) => [id, i]));
        const meet = (a: Transaction, b: Transaction): boolean => {
          const [x, y] = [a, b].map((each) => each.dependencies?.map(String));
          if (x?.length === 0 || y?.length === 0) return false;
          return !x || !y || x.some((one) => y.includes(one));
        };
        sent.forEach((a, i) => {
          expect(place.has(transactionId(a))).toBe(true);
          for (const b of sent.slice(i + 1))
            if (meet(a, b)) expect(place.get(transactionId(a))!).toBeLessThan(place.get(transactionId(b))!);
        });
        const numbers = own(lab).map((one) => one.header.number as number);
        expect(numbers).toEqual(numbers.map((_, i) => i + 1));
      }),
      { numRuns: 40 },
    );
  });

  it('never uses a number above its own watermark + W', () => {
    const lab = make({ limits: { ...quiet, window: 4, checkpointBatches: 1000, viewTimeoutMs: 1_000_000 } });
    lab.passes = ({ message }) => !['proposal', 'view', 'blockVotes'].includes(message.type);
    for (let i = 0; i < 8; i++) {
      lab.submit(0, lab.transaction([`${i}`]));
      lab.run(60);
    }
    expect(own(lab).map((one) => one.header.number)).toEqual([1, 2, 3, 4]);
    expect(lab.engine(0).status().queued).toBe(4);
    lab.passes = () => true;
    for (const a of [0, 1, 2, 3])
      for (const b of [0, 1, 2, 3]) if (a !== b) lab.input(a, { type: 'link', peer: signerId(b), up: true });
    lab.run(2_000_000);
    expect(lab.delivered(1)).toHaveLength(8);
  });

  it('sends one batch on a dependency that others keep unfinished, no second, and thaws it', () => {
    const lab = make({ limits: { ...quiet, freezeAfterMs: 500, levelTimeoutMs: 100 } });
    const stuck = lab.batch(3, 1, [lab.transaction(['a'])]);
    // The stuck batch gets no votes; own batches are certified, so that no lane is busy.
    lab.passes = ({ message }) =>
      !(message.type === 'votes' && message.votes.batch === stuck.id) &&
      !(message.type === 'certificate' && message.certificate.batch === stuck.id);
    lab.crash(3);
    lab.deliver(3, 0, { type: 'announce', root: signerId(3), attempt: 0 as never, batch: stuck });
    lab.run(600);
    lab.submit(0, lab.transaction(['a']), lab.transaction(['b']));
    lab.run(50);
    expect(own(lab).flatMap((one) => one.transactions)).toHaveLength(2);
    lab.submit(0, lab.transaction(['a']), lab.transaction(['c']));
    lab.run(600);
    expect(own(lab).flatMap((one) => one.transactions)).toHaveLength(3);
    expect(lab.engine(0).status().queued).toBe(1);
    lab.passes = () => true;
    lab.run(60_000);
    expect(lab.engine(0).status().queued).toBe(0);
    expect(lab.delivered(0)).toHaveLength(5);
  });

  it('sends nothing more on any dependency on which an own batch is certified and not final', () => {
    const lab = make({ limits: { ...quiet, viewTimeoutMs: 1_000_000 } });
    let ordering = false;
    lab.passes = ({ message }) => ordering || message.type !== 'proposal';
    const contest = (key: string) => {
      lab.submit(0, lab.transaction([key]));
      lab.submit(1, lab.transaction([key]));
      lab.run(300);
    };
    contest('a');
    const waiting = [lab.transaction(['a'])];
    lab.submit(0, waiting[0]!);
    contest('b');
    const sent = own(lab).length;
    waiting.push(lab.transaction(['b']), lab.transaction(['a', 'b']), lab.transaction(['b', 'c']));
    for (const one of waiting.slice(1)) lab.submit(0, one);
    lab.run(300);
    expect(lab.engine(0).status()).toMatchObject({ queued: 4 });
    // What touches no such dependency and no one that waits goes on; what touches `c` must not overtake.
    const free = lab.transaction(['d']);
    lab.submit(0, lab.transaction(['c']), free);
    lab.run(300);
    expect(
      own(lab)
        .slice(sent)
        .map((one) => one.transactionIds),
    ).toEqual([idsOf([free])]);
    // Once the blocks come all of it travels.
    ordering = true;
    lab.submit(0, lab.transaction(['d']));
    lab.run(6000);
    expect(lab.engine(0).status()).toMatchObject({ queued: 0 });
  });

  it('is not frozen out by a stream of others that never ends', () => {
    const lab = make({ limits: { ...quiet, freezeAfterMs: 300 } });
    lab.passes = ({ message }) => message.type !== 'votes' && message.type !== 'certificate';
    lab.crash(3);
    const told = (number: number): void => {
      const batch = lab.batch(3, number, [lab.transaction(['a'])]);
      lab.deliver(3, 0, { type: 'announce', root: signerId(3), attempt: 0 as never, batch });
    };
    for (let number = 1; number <= 5; number++) {
      told(number);
      lab.run(200);
    }
    lab.submit(0, lab.transaction(['a']));
    expect(own(lab)).toHaveLength(1);
  });

  it('goes on with its numbers after every restart', () => {
    const lab = make({ limits: { checkpointAfterMs: 300 } });
    for (let i = 0; i < 6; i++) {
      lab.submit(0, lab.transaction(['a']));
      if (i % 2 === 0) lab.run(i === 4 ? 5000 : 30);
      lab.crash(0);
      lab.start(0);
      for (const b of [1, 2, 3]) {
        lab.input(b, { type: 'link', peer: signerId(0), up: true });
        lab.input(0, { type: 'link', peer: signerId(b), up: true });
      }
    }
    lab.run(30_000);
    expect(own(lab).map((one) => one.header.number)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(lab.delivered(1)).toHaveLength(6);
    const kinds = [0, 1, 2, 3].flatMap((one) => lab.events(one, 'evidence'));
    expect(kinds).toEqual([]);
  });

  it('tells of a batch in the step that makes it, so that clients hear only what is durable', () => {
    const lab = make();
    const one = lab.transaction(['a']);
    lab.submit(0, one);
    const output = lab.nodes[0]!.outputs.at(-1)!;
    expect(output.events.map((event) => event.type)).toContain('accepted');
    expect(output.writes.some((write) => write.table === 'batch')).toBe(true);
    expect(lab.events(0, 'accepted')[0]!.transactions).toEqual([transactionId(one)]);
  });
});
