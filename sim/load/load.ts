/**
 * A steady load on a federation in a world with measured costs and limited links: how many transactions a
 * second become final at every signer, after what time, and what a signer pays for a batch. Clients send at
 * a fixed rate whether or not the federation keeps up (open loop), to as many signers as wanted, and nothing
 * conflicts. After a warm-up everything is counted for a while.
 *
 * One simulated transaction may stand for several (`bundle`): it has their bytes, batches take as many fewer
 * of it, and each signer is charged for all of them. What a batch, a vote or a block costs is the same.
 */

import { attempt, type BatchId, type SignerId, type TransactionId } from '../../src/base/ids.ts';
import type { SubmittedTransaction } from '../../src/engine/contract.ts';
import { treesOf } from '../../src/engine/trees.ts';
import { type Batch, makeBatch } from '../../src/messages/batch.ts';
import type { PeerMessage } from '../../src/messages/peer.ts';
import type { Transaction } from '../../src/messages/transaction.ts';
import type { Delivery } from '../../src/ordering/delivery.ts';
import { free, measured } from '../costs/costs.ts';
import { freeWork, measuredWork } from '../costs/work.ts';
import { World } from '../world.ts';
import type { LoadOptions } from './options.ts';
import { Readings } from './readings.ts';
import { type LoadReport, loadReport } from './report.ts';

/** Everything of a load that is counted in the measured time. */
export interface LoadCounts {
  /** Transactions delivered, by signer. */
  readonly delivered: Float64Array;
  /** Transactions delivered at their ingress, by finality. */
  readonly finality: { score: number; order: number };
  /** Batches delivered at their ingress. */
  batches: number;
  /** From a client's submission to finality at its ingress, and at the last signer; one for each transaction. */
  readonly atIngressMs: number[];
  readonly atAllMs: number[];
  /** Latency of three ways from the root to the farthest leaf, for each batch. */
  readonly hopsMs: number[];
  readonly messages: Map<PeerMessage['type'], { count: number; bytes: number }>;
  /** Blocks committed, at signer 0. */
  blocks: number;
}

/** Bytes of one of the load's transactions in a batch. */
const bytesInBatch = (transaction: Transaction, world: World): number => {
  const { epoch } = world.federation.verifier;
  const bytesOf = (transactions: readonly Transaction[]): number =>
    makeBatch(
      { epoch, ingress: 0 as SignerId, number: 1 as never, after: [] },
      transactions,
      () => new Uint8Array(64),
    ).bytes.length;
  return bytesOf([transaction, { ...transaction, nonce: transaction.nonce + 1 }]) - bytesOf([transaction]);
};

/** Latency from a batch's root to the farthest leaf of its tree. */
export function wayDownMs(world: World, { id, header }: Pick<Batch, 'id' | 'header'>): number {
  const { federation, epoch } = world.federation.verifier;
  const tree = treesOf(federation, epoch).ofBatch(id, attempt(0), header.ingress);
  const ways = new Map<SignerId, number>([[tree.root, 0]]);
  for (const signer of tree.order.slice(1)) {
    const parent = tree.parent(signer)!;
    ways.set(signer, ways.get(parent)! + world.network.latencyMs(parent, signer));
  }
  return Math.max(...ways.values());
}

export class Load {
  readonly options: LoadOptions;
  readonly world: World;
  readonly counts: LoadCounts;
  /** Bytes of a real transaction in a batch. */
  readonly transactionBytes: number;
  readonly #bodyOfBundle: string;
  readonly #ingresses: readonly SignerId[];
  readonly #sentAt = new Map<TransactionId, number>();
  /** Signers that have yet to deliver a batch. */
  readonly #missing = new Map<BatchId, number>();
  #serial = 0;
  #measuring = false;

  constructor(options: LoadOptions) {
    const { signers, bundle, limits, costs, network, rttMs, shape } = options;
    this.options = options;
    this.world = new World({
      ...{ seed: options.seed, signers, byzantine: options.byzantine, faulty: options.faulty },
      ...{ network, uplinkMbps: options.uplinkMbps, fanout: options.fanout, shape },
      ...(rttMs !== undefined && { rttMs }),
      ...(costs === 'measured' ? { costs: measured, work: measuredWork } : { costs: free, work: freeWork }),
      bundle,
      wire: false,
      limits: {
        ...limits,
        batchTransactionsMax: Math.max(1, Math.floor(limits.batchTransactionsMax / bundle)),
      },
    });
    this.#ingresses = Array.from(
      { length: options.ingresses },
      (_, i) => Math.floor((i * signers) / options.ingresses) as SignerId,
    );
    const one = 'x'.repeat(options.bytes);
    this.transactionBytes = bytesInBatch(this.#transaction(one).transaction, this.world);
    this.#bodyOfBundle = 'x'.repeat(options.bytes + (bundle - 1) * this.transactionBytes);
    this.counts = {
      delivered: new Float64Array(signers),
      finality: { score: 0, order: 0 },
      batches: 0,
      atIngressMs: [],
      atAllMs: [],
      hopsMs: [],
      messages: new Map(),
      blocks: 0,
    };
  }

  #transaction(body: string): SubmittedTransaction {
    return this.world.transaction([`own ${this.#serial++}`], body);
  }

  /** One bundle after the other, evenly spread over time and ingresses. */
  #send(next: number): void {
    const { rate, bundle, rampMs } = this.options;
    const transaction = this.#transaction(this.#bodyOfBundle);
    const to = this.#ingresses[next % this.#ingresses.length]!;
    // Clients do not all start at one moment; if they did, batches would leave in step for a long while.
    if (next % this.#ingresses.length <= (this.world.now / rampMs) * this.#ingresses.length) {
      this.#sentAt.set(transaction.id, this.world.now);
      this.world.nodes[to]!.input({ type: 'submit', transactions: [transaction] });
    }
    this.world.schedule.after((1000 * bundle) / rate, () => this.#send(next + 1));
  }

  #observeDelivery(node: SignerId, { batch, finality, void: isVoid }: Delivery): void {
    if (isVoid) return;
    const { bundle } = this.options;
    const missing = (this.#missing.get(batch.id) ?? this.options.signers) - 1;
    this.#missing.set(batch.id, missing);
    if (this.#measuring) {
      this.counts.delivered[node]! += batch.transactionIds.length * bundle;
      if (node === batch.header.ingress) {
        this.counts.batches += 1;
        this.counts.hopsMs.push(3 * wayDownMs(this.world, batch));
        this.counts.finality[finality] += batch.transactionIds.length * bundle;
        this.#latencies(batch.transactionIds, this.counts.atIngressMs);
      }
      if (missing === 0) this.#latencies(batch.transactionIds, this.counts.atAllMs);
    }
    if (missing > 0) return;
    this.#missing.delete(batch.id);
    for (const id of batch.transactionIds) this.#sentAt.delete(id);
  }

  #latencies(ids: readonly TransactionId[], into: number[]): void {
    for (const id of ids) into.push(this.world.now - this.#sentAt.get(id)!);
  }

  #watch(): void {
    const { messages } = this.counts;
    this.world.watchers.push({
      observed: ({ node, event }) => {
        if (event.type === 'delivered') this.#observeDelivery(node, event.delivery);
        if (event.type === 'committed' && node === 0 && this.#measuring) this.counts.blocks += 1;
      },
      sent: (_, __, message) => {
        if (!this.#measuring) return;
        const of = messages.get(message.type) ?? { count: 0, bytes: 0 };
        of.count += 1;
        of.bytes += this.world.network.size(message);
        messages.set(message.type, of);
      },
    });
  }

  run(): LoadReport {
    const { warmUpMs, measureMs } = this.options;
    this.#watch();
    this.world.start();
    this.#send(0);
    this.world.run(warmUpMs);
    const before = new Readings(this.world);
    this.#measuring = true;
    this.world.run(warmUpMs + measureMs);
    return loadReport(this, new Readings(this.world).since(before));
  }

  /** Transactions that clients sent and that are not final everywhere. */
  get open(): number {
    return this.#sentAt.size * this.options.bundle;
  }
}

/** Runs a load. @throws when an engine broke an invariant. */
export function measureLoad(options: LoadOptions): LoadReport {
  const load = new Load(options);
  const report = load.run();
  const [failure] = load.world.failures;
  if (failure) throw new Error(`signer ${failure.node} failed: ${failure.error}`);
  return report;
}
