import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import { signerId } from '../../../src/base/ids.ts';
import { blstProvider } from '../../../src/crypto/bls-blst-node.ts';
import type { Delivery } from '../../../src/ordering/delivery.ts';
import { VerifiedOrder } from '../../../src/peer/follow/verified-order.ts';
import { MemoryStore } from '../../../src/store/memory.ts';
import {
  committedTransactions,
  expectedRoot,
  type Federation,
  nothing,
  openLearner,
  runFederation,
  streamAfter,
} from './support.ts';

const newOrder = ({ world }: Federation, finality: 'score' | 'order'): VerifiedOrder =>
  new VerifiedOrder({ verifier: world.federation.verifier, ledger: new MemoryStore(), finality });

/** Feeds the stream of each node to a learner of each finality; returns the state roots. */
async function rootsOf({ world, streams }: Federation): Promise<string[]> {
  const roots: string[] = [];
  for (const stream of streams)
    for (const finality of ['score', 'order'] as const) {
      const { pipeline, documents } = await openLearner(world, finality);
      for (const event of stream) pipeline.take(event, nothing);
      await pipeline.idle();
      expect(pipeline.failure).toBeUndefined();
      roots.push(toHex(await documents.stateRoot()));
    }
  return roots;
}

describe('learners of a simulated federation', () => {
  it.each([
    ['contested', { contested: 2 }],
    ['contested, 6 signers', { contested: 3, signers: 6 }],
    ['uncontested', { contested: 0 }],
  ])('all end in the state of a plain replay of the committed order: %s', async (name, load) => {
    const federation = runFederation({ seed: `learners ${name}`, transactions: 120, ...load });
    const roots = await rootsOf(federation);
    expect(roots).toEqual(roots.map(() => expectedRoot(federation.world)));
    const finalities = new Set<string>();
    const order = newOrder(federation, 'score');
    const deliveries = federation.streams[0]!.flatMap((event) => order.take(event));
    for (const { finality } of deliveries) finalities.add(finality);
    const verdicts = new Set(deliveries.flatMap((one) => one.verdicts));
    // Otherwise one of the paths is not tested.
    const contested = load.contested > 0;
    expect([...finalities].sort()).toEqual(contested ? ['order', 'score'] : ['score']);
    expect([...verdicts].sort()).toEqual([...(contested ? ['duplicate'] : []), 'executed', 'rejected']);
    const ids = deliveries.flatMap((one) => one.batch.transactionIds);
    expect([...new Set(ids)].sort()).toEqual([...federation.world.submitted.keys()].sort());
  });

  it('with real signatures too', async () => {
    const federation = runFederation({ seed: 'blst', transactions: 12, provider: blstProvider });
    const roots = await rootsOf(federation);
    expect(roots).toEqual(roots.map(() => expectedRoot(federation.world)));
  }, 60_000);

  it('that come later get blocks alone, and end in the same state', async () => {
    const { world } = runFederation({ seed: 'late', transactions: 60 });
    for (const finality of ['score', 'order'] as const) {
      const { pipeline, documents } = await openLearner(world, finality);
      for (const event of streamAfter(world, signerId(2), 0)) pipeline.take(event, nothing);
      await pipeline.idle();
      expect(toHex(await documents.stateRoot())).toBe(expectedRoot(world));
      expect(pipeline.counts.finality).toEqual({ score: 0, order: committedTransactions(world).length });
    }
  });
});

describe('events that come again', () => {
  const federation = runFederation({ seed: 'again', transactions: 80 });

  it('are recognised, in any mixture with new ones', () => {
    for (const finality of ['score', 'order'] as const) {
      const stream = federation.streams[1]!;
      const once = newOrder(federation, finality);
      const expected = stream.flatMap((event) => once.take(event));
      const twice = newOrder(federation, finality);
      const deliveries: Delivery[] = [];
      stream.forEach((event, i) => {
        deliveries.push(...twice.take(event), ...twice.take(event));
        if (i % 3 === 0) for (const old of stream.slice(0, i)) deliveries.push(...twice.take(old));
      });
      expect(deliveries.map((one) => one.batch.id)).toEqual(expected.map((one) => one.batch.id));
      expect(new Set(deliveries.map((one) => one.batch.id)).size).toBe(deliveries.length);
    }
  });

  it('cost no signature check', () => {
    const order = newOrder(federation, 'score');
    const stream = federation.streams[1]!;
    for (const event of stream) order.take(event);
    const before = { ...order.verified };
    for (const event of stream) order.take(event);
    expect(order.verified).toEqual(before);
  });
});
