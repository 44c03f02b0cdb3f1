/** A simulated federation under load, and the streams that its signers would send to learners. */
import { expect } from 'vitest';
import { World, type WorldOptions } from '../../../sim/world.ts';
import { textOf } from '../../../src/base/bytes.ts';
import { allSigners, type Height, height, type SignerId, signerId } from '../../../src/base/ids.ts';
import { must } from '../../../src/base/result.ts';
import type { SchemeProvider } from '../../../src/crypto/scheme.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import type { BlockEvent, StreamEvent } from '../../../src/messages/stream.ts';
import { decodeStreamEvent, encodeStreamEvent } from '../../../src/messages/stream.ts';
import type { OrderedTransaction, StateMachine } from '../../../src/peer/api.ts';
import { MemoryDocumentStore } from '../../../src/peer/documents/memory.ts';
import { Pipeline, type PipelineOptions } from '../../../src/peer/follow/pipeline.ts';
import { VerifiedOrder } from '../../../src/peer/follow/verified-order.ts';
import { documentMachine } from '../../../src/peer/machine/documents.ts';
import { replayRoot, singleThreadedReplay } from '../../../src/peer/replay.ts';
import { MemoryStore } from '../../../src/store/memory.ts';

export interface Load {
  readonly seed: string;
  readonly transactions: number;
  /** Documents that everybody writes to; 0 for none. */
  readonly contested?: number;
  readonly signers?: number;
  readonly byzantine?: number;
  readonly faulty?: number;
  readonly provider?: SchemeProvider;
}

/** A federation that ran, with the events of each signer as a learner would have got them live. */
export interface Federation {
  readonly world: World;
  readonly streams: readonly (readonly StreamEvent[])[];
}

const engineOf = (world: World, node: SignerId): Engine => world.nodes[node]!.engine!;

function blockEvent(engine: Engine, at: Height, withBody: (id: string) => boolean): BlockEvent {
  const block = engine.chain.at(at)!;
  const { proof, qc } = engine.chain.proofFor(at)!;
  return {
    type: 'block',
    block,
    certificates: block.entries.map((entry) => engine.certificate(entry.certificate)!),
    batches: block.entries.filter(({ batch }) => withBody(batch)).map(({ batch }) => engine.batch(batch)!),
    proof,
    qc,
  };
}

/** Everything goes over the wire once: learners get what was decoded. */
const carried = (event: StreamEvent, n: number): StreamEvent =>
  must(decodeStreamEvent(encodeStreamEvent(event, n), n));

/** What a signer sends now to a learner at a height. */
export function streamAfter(world: World, node: SignerId, after: number): StreamEvent[] {
  const engine = engineOf(world, node);
  const { verifier } = world.federation;
  const events: StreamEvent[] = [
    { type: 'hello', epoch: verifier.epoch, height: engine.order.committed.height },
  ];
  for (let at = after + 1; at <= engine.order.committed.height; at++)
    events.push(blockEvent(engine, height(at), () => true));
  for (const { batch, certificate } of engine.order.ahead.values())
    events.push({ type: 'batch', batch, certificate });
  return events.map((event) => carried(event, verifier.n));
}

export const worldOptions = ({
  seed,
  signers = 4,
  byzantine = 1,
  faulty = 1,
  provider,
}: Load): WorldOptions => ({
  seed,
  signers,
  byzantine,
  faulty,
  limits: { checkpointAfterMs: 300 },
  check: (_, body) => (textOf(body).includes('"k4"') ? 'k4 is not wanted' : undefined),
  ...(provider && { provider }),
});

/** Runs a federation under load and records what each signer streams meanwhile. */
export function runFederation(load: Load, until: 'committed' | 'delivered' = 'committed'): Federation {
  const { signers = 4, contested = 2 } = load;
  const world = new World(worldOptions(load));
  const streams: StreamEvent[][] = world.nodes.map(() => []);
  const brought = world.nodes.map(() => new Set<string>());
  world.watchers.push({
    observed({ node, event }) {
      const engine = engineOf(world, node);
      const seen = brought[node]!;
      if (event.type === 'delivered' && event.delivery.finality === 'score') {
        const { batch, certificate } = event.delivery;
        seen.add(batch.id);
        streams[node]!.push(carried({ type: 'batch', batch, certificate }, signers));
      } else if (event.type === 'committed') {
        const made = blockEvent(engine, event.committed.height, (id) => !seen.has(id));
        for (const { batch } of made.block.entries) seen.add(batch);
        streams[node]!.push(carried(made, signers));
      }
    },
  });
  world.start();
  submitLoad(world, load.transactions, contested);
  const deadline = world.now + 60_000;
  const done = () =>
    world.nodes.every(({ engine }) => {
      const { order } = engine!;
      const ahead = [...order.ahead.values()].reduce((sum, one) => sum + one.batch.transactions.length, 0);
      const prefix = until === 'delivered' ? order : order.committed;
      return (
        order.committed.transactions + ahead >= world.submitted.size &&
        [...world.submitted.keys()].every((id) => prefix.transactionSeen(id))
      );
    });
  expect(world.runUntil(done, deadline)).toBe(true);
  // Events leave a node once they are durable.
  world.run(world.now + 5);
  expect(world.failures).toEqual([]);
  return { world, streams };
}

/** Documents are made, patched and deleted, partly in contention. */
export function submitLoad(world: World, transactions: number, contested: number): void {
  const random = world.random.stream('load');
  const signers = allSigners(world.nodes.length);
  for (let i = 0; i < transactions; i++) {
    const shared = contested > 0 && random.chance(0.5);
    const id = shared ? `shared-${random.integer(0, contested)}` : `own-${i % 7}`;
    const to = shared ? random.pick(signers) : signers[(i % 7) % signers.length]!;
    const ops = [
      random.chance(0.3)
        ? { op: 'create', id, document: { i } }
        : { op: 'patch', id, patch: { [`k${i % 5}`]: i } },
      ...(random.chance(0.1) ? [{ op: 'delete', id }] : []),
    ];
    const transaction = world.transaction([id], JSON.stringify({ ops }));
    world.submit(to, transaction);
    // A client that tries another signer too: one of the two is a duplicate.
    if (contested > 0 && random.chance(0.1)) world.submit(random.pick(signers), transaction);
    if (random.chance(0.4)) world.run(world.now + random.exponential(2));
  }
}

/** The committed order of a node as transactions, without those of void batches. */
export function committedTransactions(world: World, node = signerId(0)): OrderedTransaction[] {
  const engine = engineOf(world, node);
  const { committed } = engine.order;
  const transactions: OrderedTransaction[] = [];
  for (let position = 0; position < committed.frontier.size; position++) {
    const place = committed.placeAt(position)!;
    const batch = engine.batch(place.batch)!;
    if (place.void) continue;
    batch.transactions.forEach((one, index) => {
      transactions.push({
        ...one,
        id: batch.transactionIds[index]!,
        signed: one.signature !== undefined,
        batch: batch.id,
        index,
        verdict: place.verdicts[index]!,
      });
    });
  }
  return transactions;
}

export const expectedRoot = (world: World): string =>
  replayRoot(singleThreadedReplay(committedTransactions(world), documentMachine).documents);

export interface TestLearner {
  readonly store: MemoryStore;
  readonly order: VerifiedOrder;
  readonly documents: MemoryDocumentStore;
  readonly pipeline: Pipeline;
  readonly warnings: string[];
}

/** A learner without a network. */
export async function openLearner(
  world: World,
  finality: 'score' | 'order',
  given: Partial<Omit<PipelineOptions, 'store' | 'documents'>> & {
    store?: MemoryStore;
    documents?: MemoryDocumentStore;
  } = {},
): Promise<TestLearner> {
  const { verifier } = world.federation;
  const store = given.store ?? new MemoryStore();
  const documents = given.documents ?? new MemoryDocumentStore();
  const order = new VerifiedOrder({ verifier, ledger: store, finality });
  const warnings: string[] = [];
  const pipeline = await Pipeline.open({
    epoch: verifier.epoch,
    machine: documentMachine,
    warn: (line) => warnings.push(line),
    retryMs: { min: 1, max: 2 },
    ...given,
    store,
    order,
    documents,
  });
  return { store, order, documents, pipeline, warnings };
}

export const nothing = (): void => undefined;

/**
 * What is left of a live stream for a learner that comes at a height: the batches that were delivered by
 * score before it and not committed by it, and then everything as it came.
 */
export function resumeStream(stream: readonly StreamEvent[], after: number): StreamEvent[] {
  const isLast = (event: StreamEvent) => event.type === 'block' && event.block.height === after;
  const at = after === 0 ? 0 : stream.findIndex(isLast) + 1;
  const past = stream.slice(0, at);
  const committed = new Set(
    past.flatMap((event) => (event.type === 'block' ? event.block.entries.map((entry) => entry.batch) : [])),
  );
  const ahead = past.filter((event) => event.type === 'batch' && !committed.has(event.batch.id));
  return [...ahead, ...stream.slice(at)];
}

/** Writes down, in each document that a transaction declares, that it was applied: twice would show. */
export const ledgerMachine: StateMachine = {
  apply(transaction, documents) {
    for (const dependency of transaction.dependencies ?? []) {
      const id = textOf(dependency);
      const before = (documents.get(id) ?? []) as readonly string[];
      documents.put(id, [...before, transaction.id]);
    }
    return { status: 'applied' };
  },
};

export const ledgerRoot = (world: World): string =>
  replayRoot(singleThreadedReplay(committedTransactions(world), ledgerMachine).documents);
