/** What a signer accepts, when, and the one vote that this fixes (protocol sections 2 and 4). */

import { describe, expect, it } from 'vitest';
import { attempt, type BatchNumber, type SignerId, signerId } from '../../src/base/ids.ts';
import type { Batch } from '../../src/messages/batch.ts';
import type { Certificate } from '../../src/messages/vote.ts';
import { bytesOf, Lab, type LabOptions } from './lab.ts';

/** Signer 3 is played by the test; what it says reaches only whom it is said to. */
const lab4 = (options: Partial<LabOptions> = {}) =>
  new Lab({ signers: 4, byzantine: 1, absent: [3], ...options });

const announce = (lab: Lab, batch: Batch, ...to: number[]): void => {
  for (const one of to)
    lab.deliver(batch.header.ingress, one, {
      type: 'announce',
      root: batch.header.ingress,
      attempt: attempt(0),
      batch,
    });
};
/** Asks a signer for its vote, as the root of an attempt. */
function ask(lab: Lab, batch: Pick<Batch, 'id'>, of: number, as = 3): Certificate | undefined {
  const before = lab.sent.length;
  lab.deliver(as, of, { type: 'voteRequest', root: signerId(as), attempt: attempt(7), batch: batch.id });
  const answer = lab.sent.slice(before).find((one) => one.from === of && one.message.type === 'votes');
  return answer?.message.type === 'votes' ? answer.message.votes : undefined;
}
const listed = (votes: Certificate | undefined) => votes?.classes.flatMap((one) => one.before);
const quiet = { checkpointAfterMs: 1_000_000 };

describe('votes', () => {
  it('list what was accepted before and conflicts, in one snapshot', () => {
    const lab = lab4({ limits: quiet });
    lab.passes = () => false;
    const t = lab.batch(3, 1, [lab.transaction(['a'])]);
    const u = lab.batch(2, 1, [lab.transaction(['a', 'b'])]);
    const v = lab.batch(2, 2, [lab.transaction(['b'])]);
    const w = lab.batch(2, 3, [lab.transaction([])]);
    for (const one of [t, u, v, w]) announce(lab, one, 0);
    expect(listed(ask(lab, t, 0))).toEqual([]);
    expect(listed(ask(lab, u, 0))).toEqual([t.id]);
    expect(listed(ask(lab, v, 0))).toEqual([u.id]);
    expect(listed(ask(lab, w, 0))).toEqual([]);
  });

  it('stay the same for ever, for every root, and after a restart', () => {
    const lab = lab4({ limits: quiet });
    lab.passes = () => false;
    const t = lab.batch(3, 1, [lab.transaction(['a'])]);
    const u = lab.batch(3, 2, [lab.transaction(['a'])]);
    announce(lab, u, 0);
    announce(lab, t, 0);
    const first = ask(lab, t, 0);
    expect(listed(first)).toEqual([u.id]);
    announce(lab, lab.batch(2, 1, [lab.transaction(['a'])]), 0);
    expect(ask(lab, t, 0, 2)).toEqual(first);
    lab.crash(0);
    lab.start(0);
    expect(ask(lab, t, 0)).toEqual(first);
    expect(listed(ask(lab, u, 0))).toEqual([]);
    expect(lab.engine(0).status().accepted).toBe(3);
  });

  it('leave only when they are durable, and so does the batch of an ingress', () => {
    const lab = lab4({ limits: quiet, absent: [] });
    lab.submit(0, lab.transaction(['a']));
    lab.run(100);
    const risky = lab.sent.filter(({ message }) => message.type === 'votes' || message.type === 'announce');
    expect(risky.length).toBeGreaterThan(3);
    for (const one of risky)
      if (one.message.type === 'votes' || one.from === 0) expect(one.durable).toBe(true);
  });

  it('reject what the check refuses and what is expired', () => {
    const lab = lab4({ limits: quiet, check: (body) => (body[0] === 9 ? 'nine' : undefined) });
    lab.passes = () => false;
    const t = lab.batch(3, 1, [lab.transaction([]), lab.transaction([], bytesOf(2, 9)), lab.transaction([])]);
    announce(lab, t, 0);
    expect(ask(lab, t, 0)?.classes[0]?.rejects).toEqual([1]);
  });

  it('a request for a batch with a certificate is answered with it, one for an ordered batch with the height', () => {
    const lab = lab4({ limits: { checkpointAfterMs: 200 }, absent: [] });
    lab.submit(0, lab.transaction(['a']));
    lab.run(60);
    const { batch } = lab.events(0, 'delivered')[0]!.delivery;
    const answers = (): string[] => {
      const from = lab.sent.length;
      lab.deliver(3, 1, { type: 'voteRequest', root: signerId(3), attempt: attempt(1), batch: batch.id });
      return lab.sent.slice(from).map((one) => `${one.message.type} to ${one.to}`);
    };
    expect(answers()).toEqual(['certificate to 3']);
    lab.run(20_000);
    expect(lab.engine(1).status().height).toBeGreaterThan(0);
    expect(answers()).toEqual(['view to 3']);
    expect(ask(lab, batch, 1)).toBeUndefined();
  });
});

describe('acceptance', () => {
  it('waits for what after names, and asks for it', () => {
    const lab = lab4({ limits: quiet });
    lab.passes = () => false;
    const first = lab.batch(3, 1, [lab.transaction(['a'])]);
    const second = lab.batch(3, 2, [lab.transaction(['a'])], [{ number: 1 as BatchNumber, id: first.id }]);
    announce(lab, second, 0);
    expect(lab.engine(0).status().accepted).toBe(0);
    lab.run(2 * lab.limits.levelTimeoutMs);
    const fetch = lab.messages('fetch', { from: 0 as SignerId })[0]!;
    expect([fetch.to, fetch.message.batches]).toEqual([3, [first.id]]);
    lab.deliver(3, 0, { type: 'copy', batches: [first], certificates: [], blocks: [] });
    expect(lab.engine(0).status().accepted).toBe(2);
    expect(listed(ask(lab, second, 0))).toEqual([]);
  });

  it('an entry of after that names another number than the batch has is not met by that batch', () => {
    const lab = lab4({ limits: quiet });
    lab.passes = () => false;
    const other = lab.batch(3, 5, [lab.transaction(['a'])]);
    const lying = lab.batch(3, 6, [lab.transaction(['a'])], [{ number: 4 as BatchNumber, id: other.id }]);
    announce(lab, other, 0);
    announce(lab, lying, 0);
    expect(lab.engine(0).status().accepted).toBe(1);
  });

  it('an entry of after that never existed stops nobody once its number is used', () => {
    const lab = lab4({ limits: { checkpointAfterMs: 100 } });
    const first = lab.batch(3, 1, [lab.transaction(['a'])]);
    announce(lab, first, 0, 1, 2);
    lab.run(10_000);
    const made = lab.batch(3, 1, [lab.transaction(['made up'])]).id;
    const second = lab.batch(3, 2, [lab.transaction(undefined)], [{ number: 1 as BatchNumber, id: made }]);
    announce(lab, second, 0, 1, 2);
    lab.run(10_000);
    for (const one of [0, 1, 2]) lab.submit(one, lab.transaction([`own ${one}`]));
    lab.run(20_000);
    for (const one of [0, 1, 2]) {
      expect(lab.delivered(one)).toHaveLength(5);
      expect(lab.engine(one).status()).toMatchObject({ accepted: 0, waiting: 0 });
    }
  });

  it('numbers above the window wait until the committed order allows them', () => {
    const lab = lab4({ limits: { window: 4, checkpointAfterMs: 200 } });
    const batches = [1, 2, 3, 4, 5, 6].map((number) =>
      lab.batch(3, number, [lab.transaction([`${number}`])]),
    );
    for (const one of [...batches].reverse()) announce(lab, one, 0, 1, 2);
    expect(lab.engine(0).status().accepted).toBe(4);
    lab.run(30_000);
    for (const one of [0, 1, 2]) expect(lab.delivered(one)).toHaveLength(6);
    announce(lab, lab.batch(3, 15, [lab.transaction([])]), 0);
    expect(lab.engine(0).status().accepted).toBe(0);
  });

  it('a number that the order uses is never accepted again', () => {
    const lab = lab4({ limits: { checkpointAfterMs: 200 } });
    announce(lab, lab.batch(3, 1, [lab.transaction(['a'])]), 0, 1, 2);
    lab.run(20_000);
    expect(lab.engine(0).status().height).toBeGreaterThan(0);
    const late = lab.batch(3, 1, [lab.transaction(['late'])]);
    announce(lab, late, 0);
    expect(lab.engine(0).status().accepted).toBe(0);
    expect(ask(lab, late, 0)).toBeUndefined();
    expect(lab.delivered(0)).toHaveLength(1);
  });
});

describe('twins', () => {
  const twins = (lab: Lab) =>
    [1, 2].map((i) => lab.batch(3, 1, [lab.transaction([`twin ${i}`, 'a'])])) as [Batch, Batch];

  it('the first that is held is accepted, the second only on evidence', () => {
    const lab = lab4({ limits: quiet });
    lab.passes = () => false;
    const [first, second] = twins(lab);
    announce(lab, first, 0);
    announce(lab, second, 0);
    expect(lab.engine(0).status().accepted).toBe(1);
    expect(lab.events(0, 'evidence').map(({ evidence }) => [evidence.kind, evidence.signer])).toEqual([
      ['batches', 3],
    ]);
  });

  it('a second one is accepted once f + 1 signers list it', () => {
    const lab = lab4({ limits: quiet });
    lab.passes = () => false;
    const [first, second] = twins(lab);
    announce(lab, first, 0);
    announce(lab, second, 0);
    const t = lab.batch(0, 1, [lab.transaction(['other'])]);
    const carrier = lab.batch(2, 1, [lab.transaction(['a'])]);
    lab.deliver(2, 0, { type: 'announce', root: signerId(2), attempt: attempt(0), batch: carrier });
    const list = (...signers: number[]) =>
      lab.deliver(2, 0, {
        type: 'certificate',
        root: signerId(2),
        attempt: attempt(0),
        certificate: lab.votes(
          carrier,
          Object.fromEntries(
            [1, 2, 3].map((one) => [one, { before: signers.includes(one) ? [second.id] : [] }]),
          ),
        ),
      });
    list(3);
    expect(lab.engine(0).status().accepted).toBe(2);
    list(1, 3);
    expect(lab.engine(0).status().accepted).toBe(3);
    expect(listed(ask(lab, second, 0))).toEqual([first.id, carrier.id].sort());
    expect(t.id).not.toBe(first.id);
  });

  it('a second one is accepted when it holds a certificate', () => {
    const lab = lab4({ limits: quiet });
    lab.passes = () => false;
    const [first, second] = twins(lab);
    announce(lab, first, 0);
    announce(lab, second, 0);
    const certificate = lab.votes(second, { 1: {}, 2: {}, 3: {} });
    lab.deliver(3, 0, { type: 'certificate', root: signerId(3), attempt: attempt(0), certificate });
    expect(lab.engine(0).status().accepted).toBe(2);
  });

  it('both reach every honest signer, one is ordered and the other is void or absent', () => {
    const lab = lab4({ limits: { checkpointAfterMs: 300 } });
    const [first, second] = twins(lab);
    announce(lab, first, 0);
    announce(lab, second, 1, 2);
    for (const one of [0, 1, 2]) lab.submit(one, lab.transaction(['a']));
    lab.run(60_000);
    const orders = [0, 1, 2].map((one) => lab.delivered(one).join());
    expect(new Set(orders.map((order) => order.split(',').sort().join())).size).toBe(1);
    expect(orders[0]!.split(',')).toHaveLength(4);
    const roots = [0, 1, 2].map((one) => lab.events(one, 'committed').at(-1)!.committed.block.orderRoot);
    expect(new Set(roots).size).toBe(1);
  });
});
