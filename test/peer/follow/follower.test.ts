import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { toHex } from '../../../src/base/bytes.ts';
import type { Digest } from '../../../src/base/ids.ts';
import type { StreamEvent } from '../../../src/messages/stream.ts';
import { MemoryDocumentStore } from '../../../src/peer/documents/memory.ts';
import { Follower, type FollowerOptions } from '../../../src/peer/follow/follower.ts';
import { VerifiedOrder } from '../../../src/peer/follow/verified-order.ts';
import { MemoryStore } from '../../../src/store/memory.ts';
import { FakeSigner, type FakeSignerOptions } from './fake-signer.ts';
import { ledgerMachine, ledgerRoot, openLearner, resumeStream, runFederation } from './support.ts';

const { world, streams } = runFederation({ seed: 'follower', transactions: 40 });
const { epoch, n } = world.federation.verifier;
const root = ledgerRoot(world);
const heightOf = (node: number): number => world.nodes[node]!.engine!.order.committed.height;

const newOrder = (): VerifiedOrder =>
  new VerifiedOrder({ verifier: world.federation.verifier, ledger: new MemoryStore(), finality: 'score' });

const opened: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

/** An honest signer, with changes. */
async function signer(node: number, change: Partial<FakeSignerOptions> = {}): Promise<FakeSigner> {
  const started = await FakeSigner.start({
    n,
    height: () => heightOf(node),
    events: (after) => [
      { type: 'hello', epoch, height: heightOf(node) as never },
      ...resumeStream(streams[node]!, after),
    ],
    ...change,
  });
  opened.push(started);
  return started;
}

/** A learner that follows the signers in turn, quickly losing patience. */
async function follow(
  signers: readonly FakeSigner[],
  { finality = 'score' as 'score' | 'order', documents = new MemoryDocumentStore(), ...change } = {} as {
    finality?: 'score' | 'order';
    documents?: MemoryDocumentStore;
  } & Partial<FollowerOptions>,
) {
  const learner = await openLearner(world, finality, { machine: ledgerMachine, documents });
  const lines: string[] = [];
  const follower = new Follower({
    sources: signers.map((one) => one.url),
    n,
    order: learner.order,
    pipeline: learner.pipeline,
    log: { info: (line) => lines.push(line), warn: (line) => lines.push(line) },
    timing: { stallMs: 60, pollMs: 20, heartbeatMs: 200, failedMs: { min: 5, max: 20 } },
    ...change,
  });
  opened.push({ [Symbol.asyncDispose]: () => follower.stop() });
  follower.start();
  return { ...learner, follower, lines };
}

/** Applies nothing before it is released. */
function gatedStore(): { documents: MemoryDocumentStore; release: () => void } {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  class GatedStore extends MemoryDocumentStore {
    override async apply(...group: Parameters<MemoryDocumentStore['apply']>) {
      await gate;
      return super.apply(...group);
    }
  }
  return { documents: new GatedStore(), release };
}

async function until(condition: () => boolean): Promise<void> {
  for (const end = Date.now() + 5000; !condition(); await sleep(5))
    if (Date.now() > end) throw new Error('it did not happen');
}

/** Waits until the learner has the whole order, and compares. */
async function expectAll({ order, pipeline, documents }: Awaited<ReturnType<typeof follow>>): Promise<void> {
  await until(() => order.height === heightOf(0));
  await pipeline.idle();
  expect(pipeline.failure).toBeUndefined();
  expect(toHex(await documents.stateRoot())).toBe(root);
}

describe('a follower', () => {
  it.each(['score', 'order'] as const)('takes the whole order from one signer, by %s', async (finality) => {
    const one = await signer(0);
    const learner = await follow([one], { finality });
    await expectAll(learner);
    expect([learner.follower.following, learner.follower.lag, one.asked]).toEqual([one.url, 0, [0]]);
    expect(learner.follower.counts.endings).toEqual({ failed: 0, stalled: 0, forged: 0 });
  });

  it('never has more events on their way than its credit, and gives more as it applies', async () => {
    const hello: StreamEvent = { type: 'hello', epoch, height: 0 as never };
    // Greetings are done with at once; of the events between them eight may be under way.
    const one = await signer(0, {
      events: (after) => resumeStream(streams[0]!, after).flatMap((event) => [hello, event]),
    });
    const { documents, release } = gatedStore();
    const learner = await follow([one], { creditMax: 8, documents });
    await until(() => one.sent >= 8);
    await sleep(50);
    const plain = newOrder();
    let unapplied = 0;
    const limit = streams[0]!.findIndex((event) => plain.take(event).length > 0 && ++unapplied > 8);
    expect(limit).toBeGreaterThan(0);
    expect(one.sent).toBeLessThanOrEqual(2 * limit + 1);
    release();
    await expectAll(learner);
    expect(one.credit - one.sent).toBeLessThanOrEqual(8);
  });

  it('goes on where it was after a lost connection, at the next signer', async () => {
    const flaky = await signer(1, { closesAfter: 20 });
    const other = await signer(2);
    const learner = await follow([flaky, other]);
    await expectAll(learner);
    expect(other.asked[0]).toBe(Math.max(...other.asked));
    expect(other.asked[0]).toBeGreaterThan(0);
  });

  it('comes back to a signer that keeps closing, when there is no other', async () => {
    const flaky = await signer(1, { closesAfter: 25 });
    const learner = await follow([flaky]);
    await expectAll(learner);
    expect(flaky.asked.length).toBeGreaterThan(1);
  });

  it('leaves one that is down or refuses', async () => {
    const down = await signer(0);
    await down[Symbol.asyncDispose]();
    opened.pop();
    const busy = await signer(1, { refuses: true });
    const learner = await follow([down, busy, await signer(3)]);
    await expectAll(learner);
    expect(learner.lines.join('\n')).toMatch(/failed: .*ECONNREFUSED[\s\S]*failed: it answered 503/);
  });

  it('leaves one that is silent when another is further', async () => {
    const silent = await signer(0, { events: () => [{ type: 'hello', epoch, height: 0 as never }] });
    const learner = await follow([silent, await signer(1)]);
    await expectAll(learner);
    expect(learner.lines.join('\n')).toMatch(/stalled: it is silent, and .* is at height \d+/);
  });

  it('stays with one that is silent when nobody is further', async () => {
    const quiet = { events: () => [{ type: 'hello', epoch, height: 0 as never } as const], height: () => 0 };
    const [one, other] = [await signer(0, quiet), await signer(1, quiet)];
    const learner = await follow([one, other]);
    await until(() => learner.follower.following === one.url);
    await sleep(200);
    expect([learner.follower.following, other.asked]).toEqual([one.url, []]);
  });

  it('leaves one that does not answer on the wire any more', async () => {
    const hello = { type: 'hello', epoch, height: 0 as never } as const;
    const mute = await signer(0, { mute: true, events: () => [hello] });
    const learner = await follow([mute, await signer(1)], { timing: { heartbeatMs: 20, stallMs: 60_000 } });
    await expectAll(learner);
    expect(learner.lines.join('\n')).toMatch(/failed: it does not answer any more/);
  });
});

describe('a follower drops a signer that lies', () => {
  const hello: StreamEvent = { type: 'hello', epoch, height: 9 as never };
  const forged = (): StreamEvent[] => {
    const at = streams[0]!.findIndex((event) => event.type === 'block');
    const block = streams[0]![at] as Extract<StreamEvent, { type: 'block' }>;
    const changed = { ...block, block: { ...block.block, orderRoot: '00'.repeat(32) as Digest } };
    return [hello, ...streams[0]!.slice(0, at), changed];
  };
  const cases: [string, Partial<FakeSignerOptions>, RegExp][] = [
    ['with a forged block', { events: forged }, /lies: .*not a chain/],
    [
      'about the federation',
      { events: () => [{ ...hello, epoch: 'ab'.repeat(32) as never }] },
      /another federation/,
    ],
    ['with bytes that are no event', { events: () => [Uint8Array.of(9, 9)] }, /lies: unknown event type/],
    ['with text', { events: () => ['hello'] }, /lies: it sent text/],
    [
      'with a gap',
      { events: () => [hello, ...streams[0]!.filter((one) => one.type === 'block').slice(1)] },
      /lies: .*missing/,
    ],
  ];
  it.each(cases)('%s', async (_, lie, line) => {
    const liar = await signer(0, lie);
    const learner = await follow([liar, await signer(1)], { creditMax: 8 });
    await expectAll(learner);
    expect(learner.lines.join('\n')).toMatch(line);
    expect(learner.follower.counts.endings).toEqual({ failed: 0, stalled: 0, forged: 1 });
    expect(liar.asked).toEqual([0]);
  });

  it('by sending without credit', async () => {
    const liar = await signer(0, { ignoresCredit: true });
    const { documents, release } = gatedStore();
    const learner = await follow([liar, await signer(1)], { creditMax: 8, documents });
    await until(() => learner.follower.counts.endings.forged === 1);
    release();
    await expectAll(learner);
    expect(learner.lines.join('\n')).toMatch(/lies: it sent more events than it had credit for/);
  });
});
