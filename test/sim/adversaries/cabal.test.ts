/** The cabal: what liars share, and that what it makes of votes verifies. */

import { describe, expect, it } from 'vitest';
import { Cabal } from '../../../sim/adversaries/cabal.ts';
import { Random } from '../../../sim/random.ts';
import { World } from '../../../sim/world.ts';
import { attempt, type BatchId, batchNumber, height, type SignerId } from '../../../src/base/ids.ts';
import { makeBatch } from '../../../src/messages/batch.ts';
import { signersOf } from '../../../src/messages/vote.ts';

const id = (n: number): SignerId => n as SignerId;
const content = { base: height(0), before: [] as BatchId[], rejects: [] as number[] };

function scene(members: readonly number[]) {
  const world = new World({ seed: 'cabal', signers: 7, byzantine: 2, faulty: 2 });
  const cabal = new Cabal(world, members.map(id), new Random('plan'));
  const make = (number: number, ingress = id(5)) => {
    const { transaction } = world.transaction(['k']);
    const { verifier, signers } = world.federation;
    return makeBatch(
      { epoch: verifier.epoch, ingress, number: batchNumber(number), after: [] },
      [transaction],
      (bytes) => signers[ingress]!.signingKey.sign(bytes),
    );
  };
  return {
    world,
    cabal,
    make,
    verifies: (votes: Parameters<typeof world.federation.verifier.votes>[0]) =>
      world.federation.verifier.votes(votes).ok,
  };
}

describe('a cabal', () => {
  it('draws a victim, an audience and halves among the honest, the same each time', () => {
    const { cabal, world } = scene([0, 3]);
    expect([0, 3]).not.toContain(cabal.victim);
    expect([0, 3, cabal.victim]).not.toContain(cabal.audience);
    const sizes = [0, 1].map((half) => cabal.honest.filter((one) => cabal.half(one) === half).length);
    expect(sizes.sort()).toEqual([2, 3]);
    const again = new Cabal(world, [id(0), id(3)], new Random('plan'));
    expect([again.victim, again.audience]).toEqual([cabal.victim, cabal.audience]);
  });

  it('knows what any of them heard', () => {
    const { cabal, make } = scene([0, 3]);
    const [t, u] = [make(1), make(1, id(6))];
    for (const batch of [t, u]) cabal.learn({ type: 'announce', root: id(5), attempt: attempt(0), batch });
    expect(cabal.rivalsOf(t.id)).toEqual([u.id]);
  });

  it('puts the votes of friends into an aggregate, present before or not', () => {
    const { cabal, make, verifies } = scene([0, 3]);
    const [t, u] = [make(1), make(1, id(6))];
    const votes = cabal.join([1, 2, 0].map((one) => cabal.vote(id(one), t.id, content)));
    const lie = { ...content, before: [u.id] };
    const forged = cabal.withVotes(
      votes,
      new Map([
        [id(0), lie],
        [id(3), lie],
      ]),
    );
    expect(forged.classes.map((one) => [one.before, one.signers])).toEqual([
      [[], [1, 2]],
      [[u.id], [0, 3]],
    ]);
    expect(verifies(forged)).toBe(true);
  });

  it('takes out a single vote, and nothing is left of the last', () => {
    const { cabal, make, verifies } = scene([0]);
    const { id: batch } = make(1);
    const single = cabal.vote(id(2), batch, content);
    const votes = cabal.join([single, cabal.vote(id(4), batch, content)]);
    const rest = cabal.cut(votes, single)!;
    expect([signersOf(rest.classes), verifies(rest)]).toEqual([[4], true]);
    expect(cabal.cut(single, single)).toBeUndefined();
  });

  it('takes for single votes only those of honest signers that verify', () => {
    const { cabal, make } = scene([0]);
    const { id: batch } = make(1);
    const good = cabal.vote(id(2), batch, content);
    const bad = { ...cabal.vote(id(4), batch, content), signature: good.signature };
    for (const votes of [good, bad, cabal.vote(id(0), batch, content)])
      cabal.learn({ type: 'votes', root: id(0), attempt: attempt(0), votes });
    expect([...cabal.singles(batch).keys()]).toEqual([2]);
  });
});
