/** What each event does to the picture. */

import { describe, expect, it } from 'vitest';
import type { TraceEvent } from '../../sim/trace/trace.ts';
import { signerId } from '../../src/base/ids.ts';
import { Timeline } from '../../web/state/timeline.ts';
import { arrived, batch, block, delivered, made, message, traceOf, votes } from './support.ts';

const end = (events: readonly TraceEvent[], differing = {}) => {
  const timeline = new Timeline(traceOf(events, differing));
  return timeline.at(timeline.length);
};

const committed = (at: number, node: number): TraceEvent => ({
  at,
  kind: 'committed',
  node: signerId(node),
  height: 1,
  view: 1,
  block: block('x'),
  entries: [batch('A')],
});

describe('fold', () => {
  it('infers a vote from what a signer had accepted earlier and conflicts', () => {
    const picture = end([
      made(1, 'A', ['x']),
      made(1, 'B', ['x'], 1),
      made(1, 'C', ['y'], 2),
      arrived(2, 3, 'B', 1),
      arrived(3, 3, 'C', 2),
      arrived(4, 3, 'A', 3),
    ]);
    const held = picture.batches.get(batch('A'))!.collected.get(signerId(3))!;
    expect([...held]).toEqual([[3, ['B']]]);
    expect(picture.arrivals[3]).toEqual(['B', 'C', 'A']);
  });

  it('infers no vote of a liar', () => {
    const picture = end([made(1, 'A', ['x']), arrived(2, 3, 'A', 1)], { liars: [3] });
    expect(picture.batches.get(batch('A'))!.collected.size).toBe(0);
  });

  it('merges votes where they arrive, and believes a signer more than the inference', () => {
    const told = votes('A', { '': [2], B: [3] });
    const events = [
      made(1, 'A', ['x']),
      arrived(2, 3, 'A', 1),
      ...message([3, 5], 1, [3, 2], { type: 'votes', cargo: { batch: batch('A'), votes: told } }),
    ];
    const before = new Timeline(traceOf(events)).at(3).batches.get(batch('A'))!.collected;
    expect(before.has(signerId(2))).toBe(false);
    expect(before.get(signerId(3))!.get(signerId(3))).toEqual(['B']);
    const after = end(events).batches.get(batch('A'))!.collected;
    expect([...after.get(signerId(2))!.keys()]).toEqual([2, 3]);
  });

  it('keeps the certificate with the most votes and who holds one', () => {
    const small = { batch: batch('A'), votes: votes('A', { '': [0, 1, 2] }) };
    const large = { batch: batch('A'), votes: votes('A', { '': [0, 1, 2, 3] }) };
    const picture = end([
      made(1, 'A', ['x']),
      ...message([2, 3], 1, [0, 1], { type: 'certificate', cargo: large }),
      ...message([4, 5], 2, [0, 2], { type: 'certificate', cargo: small }),
    ]);
    const { certified, certificate } = picture.batches.get(batch('A'))!;
    expect(certified).toEqual([0, 1, 2]);
    expect(certificate!.classes[0]!.signers).toHaveLength(4);
  });

  it('has a message under way between its ends, and one that never arrives among the lost', () => {
    const [sent, received] = message([2, 4], 7, [0, 1], { type: 'announce', cargo: {} });
    const [lost] = message([3, 9], 8, [0, 2], { type: 'announce', cargo: {} });
    const timeline = new Timeline(traceOf([sent!, lost!, received!]));
    expect([...timeline.at(2).flights]).toEqual([7]);
    expect(timeline.at(2).lost).toEqual([8]);
    expect([...timeline.at(3).flights]).toEqual([]);
  });

  it('marks what a block holds at the signers that committed it, once', () => {
    const picture = end([
      made(1, 'A', ['x']),
      delivered(2, 0, 'A', { score: 4 }),
      delivered(2, 1, 'A', { finality: 'order' }),
      committed(3, 0),
      delivered(4, 0, 'A', { finality: 'order' }),
    ]);
    expect(picture.delivered[0]).toEqual([
      { batch: 'A', at: 2, finality: 'score', void: false, score: 4, height: 1 },
    ]);
    expect(picture.delivered[1]![0]!.height).toBeUndefined();
    expect(picture.blocks.get(block('x'))!.committedBy).toEqual([0]);
  });

  it('marks it too where the signer commits before it delivers', () => {
    const picture = end([made(1, 'A', ['x']), committed(2, 0), delivered(3, 0, 'A', { finality: 'order' })]);
    expect(picture.delivered[0]![0]!.height).toBe(1);
  });

  it('counts the proposer and every signature told on a block', () => {
    const told = { digest: block('x'), parent: block('g'), height: 1, view: 1, entries: [] };
    const signed = { block: block('x'), view: 1, signers: [signerId(1), signerId(3)] };
    const picture = end([
      ...message([1, 2], 1, [2, 1], { type: 'proposal', cargo: { block: told } }),
      ...message([3, 4], 2, [1, 3], { type: 'proposal', cargo: { block: told } }),
      ...message([5, 6], 3, [1, 2], { type: 'blockVotes', cargo: { blockVotes: signed } }),
    ]);
    expect([...picture.blocks.get(block('x'))!.signatures].sort()).toEqual([1, 2, 3]);
  });

  it('groups convictions and refusals by whom they are about', () => {
    const evidence = (at: number, node: number): TraceEvent => ({
      at,
      kind: 'evidence',
      node: signerId(node),
      convicts: signerId(3),
      what: 'votes',
    });
    const refused = (at: number, node: number): TraceEvent => ({
      at,
      kind: 'refused',
      node: signerId(node),
      from: signerId(3),
      code: 'BAD',
      message: 'is bad',
    });
    const picture = end([evidence(1, 0), evidence(2, 1), evidence(3, 1), refused(4, 0), refused(5, 0)]);
    expect(picture.convictions).toEqual([{ convicts: 3, what: 'votes', by: [0, 1], at: 1 }]);
    expect(picture.refusals).toEqual([{ from: 3, code: 'BAD', message: 'is bad', by: [0], count: 2, at: 4 }]);
  });

  it('knows who is up', () => {
    const life = (at: number, kind: 'up' | 'down'): TraceEvent => ({ at, kind, node: signerId(2) });
    expect(end([life(1, 'down')]).up).toEqual([true, true, false, true]);
    expect(end([life(1, 'down'), life(2, 'up')]).up).toEqual([true, true, true, true]);
  });
});
