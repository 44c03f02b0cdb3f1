/** Honest signers of the source's rule among silent and lying ones: what they wait for, sign, and refuse. */

import { describe, expect, it } from 'vitest';
import { Random } from '../../../../sim/random.ts';
import type { Certified, SourceMessage, SourceTransaction } from '../../../../sim/rules/source/messages.ts';
import type { SourceVote } from '../../../../sim/rules/source/order.ts';
import { disagreementIn, sourceWorld } from '../../../../sim/rules/source/run.ts';
import { SourceWorld } from '../../../../sim/rules/source/world.ts';
import type { SignerId } from '../../../../src/base/ids.ts';

const worldWith = (seed: string, signers: number, liars: readonly number[], threshold = 0.75) =>
  sourceWorld({
    seed,
    title: 'test',
    signers,
    byzantine: 0,
    faulty: Math.floor((signers - 1) / 3),
    network: 'lan',
    threshold,
    comparison: 'sorted',
    liars: liars as SignerId[],
    traced: false,
  });

/** A liar that is the root of two transactions, gives everybody A before B, and keeps what comes back. */
class Root {
  readonly world: SourceWorld;
  readonly pair: readonly SourceTransaction[];
  readonly votes = new Map<string, SourceVote[]>();
  readonly signatures: [string, SignerId][] = [];

  constructor(world: SourceWorld) {
    this.world = world;
    const [liar] = [...world.liars];
    this.pair = ['a', 'b'].map((client) => world.transaction(liar!, client, ['k']));
    world.adversary = {
      receive: (_, __, message) => {
        if (message.type === 'votes')
          this.votes.set(message.id, [...(this.votes.get(message.id) ?? []), ...message.votes]);
        if (message.type === 'signatures')
          for (const signer of message.signers) this.signatures.push([message.proposal, signer]);
      },
    };
    for (const transaction of this.pair) this.tell({ type: 'announce', transaction });
    world.run(60_000);
  }

  tell(message: SourceMessage, to: Iterable<SignerId> = this.world.nodes.keys()): void {
    for (const signer of to) this.world.send([...this.world.liars][0]!, signer, message);
  }

  /** A certificate of one of the pair from honest votes, all or some, and the liar's. */
  certify(which: number, position: number, before: readonly number[], keep = 99): Certified {
    const transaction = this.pair[which]!;
    const [signer] = [...this.world.liars];
    const lie = { signer: signer!, position, before: before.map((i) => this.pair[i]!.id) };
    const votes = [...this.votes.get(transaction.id)!.slice(0, keep), lie].sort(
      (a, b) => a.signer - b.signer,
    );
    return { transaction, certificate: { id: transaction.id, votes } };
  }

  /** Proposes an order and gives the signatures that come back. */
  propose(entries: readonly Certified[], to?: Iterable<SignerId>): SignerId[] {
    const proposal = this.world.proposal([...this.world.liars][0]!, entries);
    this.tell({ type: 'proposal', proposal }, to);
    this.world.run(this.world.now + 60_000);
    return this.signatures.filter(([id]) => id === proposal.id).map(([, signer]) => signer);
  }
}

describe('with silent signers', () => {
  /** Two of seven say nothing. With a fanout of 6 they stand above nobody. */
  const silent = (seed: string, fanout: number, threshold: number): SourceWorld => {
    const random = new Random(seed);
    const world = new SourceWorld({ ...worldWith(seed, 7, [1, 4], threshold).options, fanout });
    const honest = [...world.nodes.keys()];
    for (let i = 0; i < 8; i++)
      world.schedule.after(random.unit() * 3, () =>
        world.submit(world.transaction(random.pick(honest), `c${i}`, [random.pick(['a', 'b'])])),
      );
    world.run(120_000);
    return world;
  };

  it.each([0.75, 0.7])('a quorum is waited for and is enough, at threshold %f', (threshold) => {
    const finalities = new Set<string>();
    for (const seed of ['a', 'b', 'c']) {
      const world = silent(seed, 6, threshold);
      expect(disagreementIn(world)).toBeUndefined();
      for (const deliveries of world.deliveries.values()) {
        expect(deliveries).toHaveLength(8);
        for (const { finality } of deliveries) finalities.add(finality);
      }
    }
    // Five votes of seven are no 75%: then everything needs phase 3.
    expect(finalities.has('score')).toBe(threshold === 0.7);
    expect(finalities).toContain('order');
  });

  it('a silent inner node costs its subtree: less is delivered, and in one order', () => {
    let delivered = 0;
    for (let seed = 0; seed < 8; seed++) {
      const world = silent(`${seed}`, 2, 0.7);
      expect(disagreementIn(world)).toBeUndefined();
      for (const deliveries of world.deliveries.values()) delivered += deliveries.length;
    }
    expect(delivered).toBeGreaterThan(0);
    expect(delivered).toBeLessThan(8 * 8 * 5);
  });
});

describe('a signer', () => {
  it('takes a certificate of a quorum, and not of fewer', () => {
    for (const [keep, delivered] of [
      [4, 1],
      [3, 0],
    ] as const) {
      const root = new Root(worldWith('quorum', 7, [0], 0.5));
      root.tell({ type: 'certificate', certified: root.certify(0, 1, [], keep) });
      root.world.run(120_000);
      for (const deliveries of root.world.deliveries.values()) expect(deliveries).toHaveLength(delivered);
    }
  });

  it('counts every signer once', () => {
    const root = new Root(worldWith('twice', 7, [0], 0.8));
    const { transaction, certificate } = root.certify(0, 1, [], 4);
    const votes = [...certificate.votes, certificate.votes[1]!];
    root.tell({ type: 'certificate', certified: { transaction, certificate: { ...certificate, votes } } });
    root.world.run(120_000);
    for (const deliveries of root.world.deliveries.values()) expect(deliveries).toHaveLength(0);
    root.tell({ type: 'certificate', certified: root.certify(0, 1, [], 5) });
    root.world.run(240_000);
    for (const deliveries of root.world.deliveries.values()) expect(deliveries).toHaveLength(1);
  });

  it('waits for what a certificate names, and keeps the first certificate of each', () => {
    const root = new Root(worldWith('waits', 4, [0], 1));
    // B names A, which everybody accepted first.
    root.tell({ type: 'certificate', certified: root.certify(1, 2, [0]) });
    root.world.run(120_000);
    for (const deliveries of root.world.deliveries.values()) expect(deliveries).toHaveLength(0);
    root.tell({ type: 'certificate', certified: root.certify(0, 1, []) });
    root.tell({ type: 'certificate', certified: root.certify(0, 9, [1]) });
    root.world.run(240_000);
    for (const deliveries of root.world.deliveries.values())
      expect(deliveries.map(({ id, score }) => [id, score])).toEqual(root.pair.map(({ id }) => [id, 4]));
  });

  it('signs an order that follows from its certificates, once, and no other', () => {
    const root = new Root(worldWith('signs', 4, [0], 1));
    // Sorted: A is 1 1 1 2, B is 1 2 2 2, so A comes first with a score below 4.
    const [a, b] = [root.certify(0, 2, [1]), root.certify(1, 1, [])];
    const honest = [...root.world.nodes.keys()];
    expect(root.propose([b, a])).toEqual([]);
    expect(root.propose([a, b], [honest[0]!]).sort()).toEqual([honest[0]]);
    // The same order once more is another proposal: who signed the first does not sign it.
    expect(root.propose([a, b]).sort()).toEqual(honest.slice(1));
  });

  it('does not take an order with fewer signatures than a quorum', () => {
    const root = new Root(worldWith('ordered', 7, [0], 1));
    const entries = [root.certify(0, 2, [1]), root.certify(1, 1, [])];
    const proposal = root.world.proposal(0 as SignerId, entries);
    root.tell({ type: 'proposal', proposal });
    root.world.run(120_000);
    const signers = root.signatures.map(([, signer]) => signer);
    expect(signers).toHaveLength(6);
    for (const [count, delivered] of [
      [3, 0],
      [4, 2],
    ] as const) {
      root.tell({ type: 'ordered', proposal, signers: [0 as SignerId, ...signers.slice(0, count)] });
      root.world.run(root.world.now + 60_000);
      for (const deliveries of root.world.deliveries.values()) expect(deliveries).toHaveLength(delivered);
    }
  });
});

describe('the world', () => {
  it('lets nobody say anything in the name of an honest signer', () => {
    const root = new Root(worldWith('forged', 4, [0]));
    const certified = root.certify(0, 1, []);
    const [first, second, ...rest] = certified.certificate.votes;
    const forged = [first!, { ...second!, position: 9 }, ...rest];
    const certificate = { ...certified.certificate, votes: forged };
    const tell = (message: SourceMessage) => () => root.tell(message);
    expect(tell({ type: 'certificate', certified: { ...certified, certificate } })).toThrow(
      `forged vote of s${second!.signer}`,
    );
    const proposal = root.world.proposal(0 as SignerId, [certified]);
    expect(tell({ type: 'ordered', proposal, signers: [0, 1] as SignerId[] })).toThrow(
      'forged signature of s1',
    );
    expect(tell({ type: 'signatures', proposal: proposal.id, signers: [2 as SignerId] })).toThrow(
      'forged signature of s2',
    );
  });
});
