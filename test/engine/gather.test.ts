/** Batches down, votes up, certificates down, and what happens when somebody on the way is gone or lies. */

import { describe, expect, it } from 'vitest';
import { attempt, type BatchId, type Height, signerId } from '../../src/base/ids.ts';
import type { Batch } from '../../src/messages/batch.ts';
import type { Certificate } from '../../src/messages/vote.ts';
import { batchSeed } from '../../src/tree/shuffle.ts';
import { planTree, type Tree } from '../../src/tree/tree.ts';
import { bytesOf, Lab } from './lab.ts';

const quiet = { checkpointAfterMs: 1_000_000 };
const treeOf = (lab: Lab, batch: Batch, root = 0): Tree =>
  planTree({ n: lab.n, fanout: 2, seed: batchSeed(batch.id, attempt(0)), root: signerId(root) });
const announce = (lab: Lab, batch: Batch, to: number, from = batch.header.ingress): void =>
  lab.deliver(from, to, { type: 'announce', root: batch.header.ingress, attempt: attempt(0), batch });
const votes = (lab: Lab, from: number, to: number, one: Certificate, root = 0): void =>
  lab.deliver(from, to, { type: 'votes', root: signerId(root), attempt: attempt(0), votes: one });

/** The batch that a signer just launched. */
function launched(lab: Lab, at = 0): Batch {
  const sent = lab.sent.findLast((one) => one.from === at && one.message.type === 'announce');
  if (sent?.message.type !== 'announce') throw new Error('nothing was announced');
  return sent.message.batch;
}
const refusals = (lab: Lab, at: number): string[] =>
  lab.events(at, 'refused').map((event) => `${event.from} ${event.refusal.code}`);

/** Signer 0 with no others: an inner node or root that the test feeds. */
const alone = (signers: number, byzantine: number) =>
  new Lab({
    signers,
    byzantine,
    absent: Array.from({ length: signers - 1 }, (_, i) => i + 1),
    limits: quiet,
  });

describe('a batch that nobody contests', () => {
  it.each([
    [4, 1],
    [7, 2],
    [13, 2],
  ])('is final by score at all of %i signers, with a message an edge', (signers, byzantine) => {
    const lab = new Lab({ signers, byzantine, limits: quiet });
    lab.submit(0, lab.transaction(['a']));
    lab.run(90);
    for (let one = 0; one < signers; one++)
      expect(lab.events(one, 'delivered').map((event) => event.delivery.finality)).toEqual(['score']);
    for (const type of ['announce', 'votes', 'certificate'] as const)
      expect(lab.messages(type)).toHaveLength(signers - 1);
    expect(lab.messages('voteRequest')).toHaveLength(0);
    expect(lab.events(0, 'refused')).toHaveLength(0);
  });

  it('does not mind checks that take a while', () => {
    const lab = new Lab({ signers: 13, byzantine: 2, limits: quiet });
    lab.checkMs = 3;
    lab.submit(0, lab.transaction(['a']), lab.transaction(['b']));
    lab.run(400);
    expect(new Set(lab.nodes.map((_, i) => lab.delivered(i).join())).size).toBe(1);
    expect(lab.delivered(12)).toHaveLength(2);
  });
});

describe('somebody is gone', () => {
  it('an inner node: its subtree is asked directly, once; then it is gone around', () => {
    const lab = new Lab({ signers: 7, byzantine: 1, faulty: 2, limits: quiet });
    const send = (): Batch => {
      lab.submit(0, lab.transaction(['a']));
      return launched(lab);
    };
    const inner = treeOf(lab, send()).children(signerId(0))[0]!;
    lab.run(500);
    lab.crash(inner);
    const round = (): { requests: number; took: number } => {
      const from = lab.sent.length;
      const count = lab.delivered(0).length;
      const at = lab.now;
      send();
      while (lab.delivered(0).length === count && lab.now - at < 5000) lab.run(5);
      expect(lab.delivered(0)).toHaveLength(count + 1);
      return {
        requests: lab.sent.slice(from).filter((one) => one.message.type === 'voteRequest').length,
        took: lab.now - at,
      };
    };
    const rounds = Array.from({ length: 12 }, round);
    const slow = rounds.filter((one) => one.took > 40);
    // Each signer that stands above the dead one at some time learns it once.
    expect(slow.length).toBeLessThanOrEqual(6);
    expect(rounds.slice(-3).every((one) => one.took <= 40 && one.requests === 0)).toBe(true);
    expect(lab.engine(0).status().suspected).toContain(inner);
  });

  it('the ingress, after a partial announce: another signer makes the certificate', () => {
    const lab = new Lab({ signers: 4, byzantine: 1, absent: [3], limits: quiet });
    const batch = lab.batch(3, 1, [lab.transaction(['a'])]);
    announce(lab, batch, 1);
    lab.run(20_000);
    for (const one of [0, 1, 2]) expect(lab.delivered(one).length + lab.engine(one).status().waiting).toBe(1);
    const roots = new Set(lab.messages('certificate').map((one) => one.message.root));
    expect(roots.has(signerId(3))).toBe(false);
    expect(lab.messages('announce').every((one) => one.message.attempt > 0 || one.message.root === 3)).toBe(
      true,
    );
  });

  it('the ingress, before anybody saw its batch: it announces again after a restart, same bytes', () => {
    const lab = new Lab({ signers: 4, byzantine: 1, limits: quiet });
    lab.passes = () => false;
    lab.submit(0, lab.transaction(['a']));
    const batch = launched(lab);
    lab.crash(0);
    lab.passes = () => true;
    lab.start(0);
    expect(launched(lab).bytes).toEqual(batch.bytes);
    lab.run(90);
    for (const one of [0, 1, 2, 3]) expect(lab.delivered(one)).toHaveLength(1);
    lab.submit(0, lab.transaction(['b']));
    expect(launched(lab).header.number).toBe(2);
  });

  it('more than t: nothing is final, and all is when they come back', () => {
    const lab = new Lab({ signers: 4, byzantine: 1 });
    lab.crash(2);
    lab.crash(3);
    lab.submit(0, lab.transaction(['a']));
    lab.run(30_000);
    expect(lab.delivered(0)).toEqual([]);
    for (const back of [2, 3]) lab.start(back);
    for (const a of [0, 1, 2, 3])
      for (const b of [0, 1, 2, 3]) if (a !== b) lab.input(a, { type: 'link', peer: signerId(b), up: true });
    lab.run(60_000);
    for (const one of [0, 1, 2, 3]) expect(lab.delivered(one)).toHaveLength(1);
  });
});

describe('votes on the way up', () => {
  it('are passed on only when every batch that they list is at hand', () => {
    const lab = alone(7, 2);
    lab.passes = () => false;
    const rival = lab.batch(6, 1, [lab.transaction(['a'])]);
    let batch: Batch;
    let number = 0;
    // An inner node of the tree, with a child.
    do batch = lab.batch(5, ++number, [lab.transaction(['a'])]);
    while (treeOf(lab, batch, 5).children(signerId(0)).length === 0);
    const child = treeOf(lab, batch, 5).children(signerId(0))[0]!;
    const parent = treeOf(lab, batch, 5).parent(signerId(0))!;
    announce(lab, batch, 0, parent);
    votes(lab, child, 0, lab.votes(batch, { [child]: { before: [rival.id] } }), 5);
    lab.run(1000);
    const passed = () =>
      lab
        .messages('votes', { from: signerId(0) })
        .flatMap((one) => one.message.votes.classes.flatMap((two) => two.signers));
    expect(passed()).not.toContain(child);
    expect(lab.messages('fetch', { from: signerId(0) })[0]).toMatchObject({
      to: child,
      message: { batches: [rival.id] },
    });
    lab.deliver(child, 0, { type: 'copy', batches: [rival], certificates: [], blocks: [] });
    expect(passed()).toContain(child);
  });

  it.each<readonly [string, (lab: Lab, batch: Batch, other: Batch) => Certificate]>([
    ['that list their own batch', (lab, batch) => lab.votes(batch, { 1: { before: [batch.id] } })],
    [
      'that list what does not conflict',
      (lab, batch, other) => lab.votes(batch, { 1: { before: [other.id] } }),
    ],
    ['that reject what is not there', (lab, batch) => lab.votes(batch, { 1: { rejects: [1] } })],
    [
      'that are not signed',
      (lab, batch) => ({ ...lab.votes(batch, { 1: {} }), signature: lab.votes(batch, { 2: {} }).signature }),
    ],
    ['whose signature is empty', (lab, batch) => ({ ...lab.votes(batch, { 1: {} }), signature: bytesOf(0) })],
    [
      'whose signature has another length',
      (lab, batch) => ({ ...lab.votes(batch, { 1: {} }), signature: bytesOf(4096) }),
    ],
    [
      'whose signature is the identity',
      (lab, batch) => ({ ...lab.votes(batch, { 1: {} }), signature: bytesOf(32, 0) }),
    ],
  ])('%s make their sender suspect, and the rest still counts', (_, make) => {
    const lab = alone(4, 1);
    lab.passes = () => false;
    const other = lab.batch(2, 1, [lab.transaction(['z'])]);
    announce(lab, other, 0);
    lab.submit(0, lab.transaction(['a']));
    const batch = launched(lab);
    votes(lab, 1, 0, make(lab, batch, other));
    votes(lab, 2, 0, lab.votes(batch, { 2: {} }));
    votes(lab, 3, 0, lab.votes(batch, { 3: {} }));
    lab.run(1000);
    expect(refusals(lab, 0)).toContain('1 VOTES');
    expect(refusals(lab, 0).every((one) => one.startsWith('1 '))).toBe(true);
    expect(lab.engine(0).status().suspected).toContain(1);
    const certificate = lab.engine(0).order.waiting.get(batch.id)?.certificates[0]?.certificate;
    expect(certificate?.classes.flatMap((one) => one.signers)).toEqual([0, 2, 3]);
  });

  it('a single vote is subtracted from what holds it once more', () => {
    const lab = alone(4, 1);
    lab.passes = () => false;
    lab.submit(0, lab.transaction(['a']));
    const batch = launched(lab);
    votes(lab, 1, 0, lab.votes(batch, { 1: {} }));
    lab.run(400);
    votes(lab, 2, 0, lab.votes(batch, { 1: {}, 2: {}, 3: {} }));
    lab.run(400);
    const waiting = lab.engine(0).order;
    expect(waiting.ahead.get(batch.id)?.certificate.classes).toEqual([
      { base: 0 as Height, before: [], rejects: [], signers: [0, 1, 2, 3] },
    ]);
  });
});

describe('what comes from where it should not', () => {
  it('an announcement by somebody who is not above us is not answered to them', () => {
    const lab = alone(7, 2);
    lab.passes = () => false;
    const batch = lab.batch(5, 1, [lab.transaction(['a'])]);
    const below = [1, 2, 3, 4, 6].find(
      (one) => !treeOf(lab, batch, 5).isAncestor(signerId(one), signerId(0)),
    )!;
    announce(lab, batch, 0, signerId(below));
    lab.run(1000);
    expect(refusals(lab, 0)).toEqual([`${below} ANNOUNCE_PATH`]);
    expect(lab.messages('votes', { from: signerId(0) })).toHaveLength(0);
  });

  it('a vote request is answered only to the root that it names', () => {
    const lab = alone(4, 1);
    lab.passes = () => false;
    const batch = lab.batch(3, 1, [lab.transaction(['a'])]);
    announce(lab, batch, 0);
    const count = lab.messages('votes').length;
    lab.deliver(1, 0, { type: 'voteRequest', root: signerId(2), attempt: attempt(1), batch: batch.id });
    expect(lab.messages('votes')).toHaveLength(count);
    lab.deliver(2, 0, { type: 'voteRequest', root: signerId(2), attempt: attempt(1), batch: batch.id });
    expect(lab.messages('votes', { to: signerId(2) })).toHaveLength(1);
  });

  it('batches far above the window, and a third one of a number, are not even checked', () => {
    const lab = new Lab({ signers: 4, byzantine: 1, absent: [1, 2, 3], limits: { ...quiet, window: 4 } });
    lab.passes = () => false;
    const checks = () => lab.nodes[0]!.outputs.flatMap((one) => one.verify).length;
    announce(lab, lab.batch(3, 9, [lab.transaction([])]), 0);
    expect(checks()).toBe(0);
    for (let i = 0; i < 5; i++) announce(lab, lab.batch(3, 1, [lab.transaction([])]), 0);
    expect(checks()).toBe(2);
    const ids: BatchId[] = lab.events(0, 'accepted').map((event) => event.batch);
    expect(ids).toEqual([]);
  });
});
