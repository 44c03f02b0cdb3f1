/** More than `f` liars: everything verifies, and contradicts what was delivered. The learner halts. */
import { beforeAll, describe, expect, it } from 'vitest';
import { World } from '../../../sim/world.ts';
import { allSigners, type Digest, height, signerId } from '../../../src/base/ids.ts';
import type { Batch } from '../../../src/messages/batch.ts';
import type { StreamEvent } from '../../../src/messages/stream.ts';
import type { VoteClass } from '../../../src/messages/vote.ts';
import { CommittedOrder } from '../../../src/ordering/committed.ts';
import { AgreementViolated } from '../../../src/peer/follow/errors.ts';
import { VerifiedOrder } from '../../../src/peer/follow/verified-order.ts';
import { MemoryStore } from '../../../src/store/memory.ts';
import { Forge } from './forge.ts';

const world = new World({ seed: 'violation', signers: 4, byzantine: 1, faulty: 1 });
const { verifier } = world.federation;
const forge = new Forge(world);
const three = allSigners(3);

/** A learner and the order that it has committed, as the forge needs it to go on. */
function learner(finality: 'score' | 'order' = 'score') {
  const store = new MemoryStore();
  const order = new VerifiedOrder({ verifier, ledger: store, finality });
  const take = (event: StreamEvent) => {
    const deliveries = order.take(event);
    store.apply(order.drain());
    return deliveries;
  };
  const prefix = () => new CommittedOrder(store, verifier.epoch, verifier.n);
  const certified = (batch: Batch, ...classes: Partial<VoteClass>[]) => ({
    batch,
    certificate: forge.certificate(batch.id, classes.length > 0 ? classes : undefined),
  });
  /** By score: with all four votes and nothing before. */
  const deliver = (batch: Batch) => take({ type: 'batch', ...certified(batch) });
  return { order, take, prefix, certified, deliver, store };
}

function expectViolation(
  { order, store }: ReturnType<typeof learner>,
  event: StreamEvent,
  reason: RegExp,
): void {
  const at = order.height;
  const rows = store.unsyncedGroups;
  expect(() => order.take(event)).toThrow(AgreementViolated);
  expect(() => order.take(event)).toThrow(reason);
  expect([order.height, order.pending, store.unsyncedGroups]).toEqual([at, false, rows]);
}

let t: Batch;
let u: Batch;
let w: Batch;
beforeAll(() => {
  // T and U are on one document, W is on another.
  t = forge.batch(0, 1, 'shared');
  u = forge.batch(1, 1, 'shared');
  w = forge.batch(2, 1, 'other');
});

describe('what honest signers could have signed is taken', () => {
  it('by score, and then in a block', () => {
    const { deliver, take, prefix, certified, order } = learner();
    expect(deliver(t).map((one) => [one.batch.id, one.finality])).toEqual([[t.id, 'score']]);
    const event = forge.block(prefix(), [
      certified(t),
      certified(u, { before: [t.id], signers: three }),
      certified(w),
    ]);
    expect(
      take(event)
        .map((one) => [one.batch.id, one.finality])
        .sort(),
    ).toEqual(
      [
        [u.id, 'order'],
        [w.id, 'order'],
      ].sort(),
    );
    expect([order.height, order.ahead, order.size]).toEqual([1, 0, 3]);
  });

  it('with a batch that lost its number and that nobody can send any more', () => {
    const { take, prefix, certified } = learner();
    const unknown = forge.batch(1, 7, 'shared');
    const event = forge.block(prefix(), [certified(t, { before: [unknown.id] })]);
    expect(take(event)).toHaveLength(1);
  });
});

describe('the learner halts at', () => {
  it('two committed blocks of one height', () => {
    const one = learner();
    const start = one.prefix();
    one.take(forge.block(start, [one.certified(t)]));
    one.take(forge.block(one.prefix(), [one.certified(w)]));
    expectViolation(one, forge.block(start, [one.certified(u)]), /two different blocks .* height 1/);
  });

  it('a committed block that does not follow ours', () => {
    const one = learner();
    const other = learner();
    one.take(forge.block(one.prefix(), [one.certified(t)]));
    other.take(forge.block(other.prefix(), [one.certified(u)]));
    expectViolation(one, forge.block(other.prefix(), [one.certified(w)]), /does not follow/);
  });

  it('an order root that does not follow from the entries', () => {
    const one = learner();
    const event = forge.block(one.prefix(), [one.certified(t)], { orderRoot: '11'.repeat(32) as Digest });
    expectViolation(one, event, /order root/);
  });

  it('a batch that is ordered twice', () => {
    const one = learner();
    one.take(forge.block(one.prefix(), [one.certified(t)]));
    expectViolation(one, forge.block(one.prefix(), [one.certified(t)]), /in the order already/);
    const twin = forge.batch(0, 1, 'elsewhere');
    expectViolation(one, forge.block(one.prefix(), [one.certified(twin)]), /number .* used/);
  });

  it('a committed block with a certificate that does not verify', () => {
    const one = learner();
    const short = one.certified(t, { signers: allSigners(2) });
    expectViolation(one, forge.block(one.prefix(), [short]), /certificate has 2 votes, 3 are needed/);
    const { certificate } = one.certified(t);
    const { signature } = one.certified(w).certificate;
    const event = forge.block(one.prefix(), [{ batch: t, certificate: { ...certificate, signature } }]);
    expectViolation(one, event, /aggregated votes .* do not verify/);
  });

  it('a block that is not closed, when the batch that it lacks is known', () => {
    const one = learner();
    // Not final by score: only three votes, and the slack of four signers is 0.
    one.take({ type: 'batch', ...one.certified(u, { signers: three }) });
    expectViolation(one, forge.block(one.prefix(), [one.certified(t, { before: [u.id] })]), /needs/);
  });

  it('a block that orders a rival before what was delivered by score', () => {
    const one = learner();
    one.deliver(t);
    const rival = one.certified(u, { signers: three });
    expectViolation(one, forge.block(one.prefix(), [rival]), /other order/);
    const late = one.certified(t, { before: [u.id], signers: three });
    expectViolation(one, forge.block(one.prefix(), [late, rival]), /other order/);
  });

  it('a block that leaves out one of two that were delivered, and takes the later', () => {
    const one = learner();
    one.deliver(t);
    const second = one.certified(u, { before: [t.id] });
    expect(one.take({ type: 'batch', ...second })).toHaveLength(1);
    expectViolation(one, forge.block(one.prefix(), [one.certified(u, { signers: three })]), /other order/);
  });

  it('a block in which a batch that was delivered by score is void', () => {
    const one = learner();
    one.deliver(t);
    const twin = forge.batch(0, 1, 'elsewhere');
    const event = forge.block(one.prefix(), [
      one.certified(twin, { signers: three }),
      one.certified(t, { before: [twin.id], signers: three }),
    ]);
    expectViolation(one, event, /is void in its block/);
  });

  it('a block with another verdict than by score', () => {
    const one = learner();
    one.deliver(t);
    expectViolation(one, forge.block(one.prefix(), [one.certified(t, { rejects: [0] })]), /other verdicts/);
  });

  it('none of these with finality "order", where nothing was delivered', () => {
    const one = learner('order');
    expect(one.deliver(t)).toEqual([]);
    const event = forge.block(one.prefix(), [
      one.certified(u, { signers: three }),
      one.certified(t, { before: [u.id] }),
    ]);
    expect(one.take(event).map((each) => each.batch.id)).toEqual([u.id, t.id]);
  });
});

describe('a score', () => {
  it('does not count votes whose base is above the height', () => {
    const { take, deliver, certified, prefix } = learner();
    expect(take({ type: 'batch', ...certified(t, { base: height(1) }) })).toEqual([]);
    expect(deliver(w)).toHaveLength(1);
    // The block raises the height, and with it the batch becomes final.
    const deliveries = take(forge.block(prefix(), [certified(w)]));
    expect(deliveries.map((one) => [one.batch.id, one.finality])).toEqual([[t.id, 'score']]);
  });

  it('judges what a block makes final with the transactions of the block seen', () => {
    const { take, certified, prefix } = learner();
    const again = forge.repeat(u, signerId(3), 1);
    expect(take({ type: 'batch', ...certified(again, { base: height(1) }) })).toEqual([]);
    const deliveries = take(forge.block(prefix(), [certified(u, { signers: three })]));
    expect(deliveries.map((one) => [one.batch.id, one.verdicts])).toEqual([
      [u.id, ['executed']],
      [again.id, ['duplicate']],
    ]);
  });

  it('knows for ever that a batch lost its number to another', () => {
    const { take, certified, prefix, store } = learner();
    const rival = certified(u, { signers: three });
    expect(take({ type: 'batch', ...rival })).toEqual([]);
    const twin = forge.batch(1, 1, 'elsewhere');
    expect(take(forge.block(prefix(), [certified(twin)]))).toHaveLength(1);
    // One of four votes lists the rival, which is one too many while the rival may still be ordered.
    const event: StreamEvent = {
      type: 'batch',
      ...certified(t, { signers: three }, { signers: [signerId(3)], before: [u.id] }),
    };
    const restarted = new VerifiedOrder({ verifier, ledger: store, finality: 'score' });
    expect(restarted.take(event).map((one) => one.batch.id)).toEqual([t.id]);
    expect(take(event).map((one) => one.batch.id)).toEqual([t.id]);
    expect(learner().take(event)).toEqual([]);
  });
});
