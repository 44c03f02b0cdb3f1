/**
 * Measures what a signer's own work costs for each transaction, batch and row, in processor time: engines on a
 * bare loop, with a signer's stores below them and hashes for signatures, that pass each other messages at once.
 * A step counts for what came out of it. Large and small batches together tell what is paid for a transaction
 * and what for a batch.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { invariant } from '../../src/base/assert.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { allSigners, type SignerId } from '../../src/base/ids.ts';
import type { Write } from '../../src/base/ledger.ts';
import type { EngineEvent, Input, SubmittedTransaction } from '../../src/engine/contract.ts';
import { Engine } from '../../src/engine/engine.ts';
import { transactionSize } from '../../src/engine/ingress.ts';
import { decodePeerMessage, encodePeerMessage, type PeerMessage } from '../../src/messages/peer.ts';
import { neverExpires, type Transaction, transactionId } from '../../src/messages/transaction.ts';
import { openLmdbStore } from '../../src/store/lmdb.ts';
import type { Store } from '../../src/store/port.ts';
import { type SimFederation, simFederation } from '../federation.ts';
import { Queue } from '../queue.ts';
import { cpuMs } from './cpu.ts';
import type { WorkCosts } from './work.ts';

const signers = 4;

interface Due {
  readonly to: SignerId;
  readonly input: Input;
}

/** What steps took, in ms, by what came out of them; putting into the store, and what it does with it later. */
type Spent = Record<
  'formed' | 'accepted' | 'delivered' | 'rest' | 'put' | 'flushed' | 'rows' | 'kilobytes',
  number
>;

const nothing = (): Spent => ({
  formed: 0,
  accepted: 0,
  delivered: 0,
  rest: 0,
  put: 0,
  flushed: 0,
  rows: 0,
  kilobytes: 0,
});

function kindOf(events: readonly EngineEvent[]): 'formed' | 'accepted' | 'delivered' | 'rest' {
  const some = (type: EngineEvent['type']): boolean => events.some((event) => event.type === type);
  if (some('accepted')) return 'formed';
  if (some('arrived')) return 'accepted';
  return some('delivered') && !some('committed') ? 'delivered' : 'rest';
}

/** Engines that hear each other at once, and whose clocks stand still unless told otherwise. */
class BareLoop {
  readonly #engines: readonly Engine[];
  readonly #stores: readonly Store[];
  readonly #federation: SimFederation;
  readonly #due = new Queue<Due>();
  readonly announced: PeerMessage[] = [];
  #now = 0;
  #nonce = 0;
  #spent = nothing();

  constructor(stores: readonly Store[]) {
    this.#stores = stores;
    this.#federation = simFederation({ seed: 'calibration', signers, byzantine: 1, faulty: 1 });
    const { federation, epoch, scheme } = this.#federation.verifier;
    this.#engines = this.#federation.signers.map(({ id, votingKey, signingKey }) => {
      const config = { self: id, federation, epoch, scheme, votingKey, signingKey };
      return new Engine({ ...config, ledger: stores[id]!, check: () => undefined });
    });
    this.#all({ type: 'start' });
  }

  #all(input: Input): void {
    for (const { id } of this.#federation.signers) this.#due.push({ to: id, input });
  }

  /** Committed height of the lowest. */
  get height(): number {
    return Math.min(...this.#engines.map((engine) => engine.order.committed.height));
  }

  /** Lets time pass for everyone. */
  pass(ms: number): void {
    this.#now += ms;
    this.#all({ type: 'tick' });
  }

  submit(count: number): void {
    const transactions = Array.from({ length: count }, () => this.#transaction());
    this.#due.push({ to: 0 as SignerId, input: { type: 'submit', transactions } });
  }

  #transaction(): SubmittedTransaction {
    const nonce = this.#nonce++;
    const transaction: Transaction = {
      epoch: this.#federation.verifier.epoch,
      client: utf8('client'),
      nonce,
      expires: neverExpires,
      dependencies: [utf8(`own ${nonce}`)],
      body: new Uint8Array(100),
      signature: undefined,
    };
    return { id: transactionId(transaction), transaction, size: transactionSize(transaction) };
  }

  /** Runs until nobody has anything to do before some timer, and until it is on disk; what that took. */
  async run(): Promise<Spent> {
    this.#spent = nothing();
    for (let due = this.#due.shift(); due; due = this.#due.shift()) this.#step(due);
    const start = cpuMs();
    await Promise.all(this.#stores.map((store) => store.flush()));
    this.#spent.flushed += cpuMs() - start;
    return this.#spent;
  }

  #step({ to, input }: Due): void {
    const spent = this.#spent;
    const start = cpuMs();
    const output = this.#engines[to]!.step(input, this.#now);
    const stepped = cpuMs();
    spent[kindOf(output.events)] += stepped - start;
    this.#write(to, output.writes);
    this.#write(to, output.lazyWrites);
    spent.put += cpuMs() - stepped;
    for (const { id, request } of output.verify) {
      const before = cpuMs();
      const result = this.#federation.verifier.check(request);
      if (request.kind === 'batch') spent.accepted += cpuMs() - before;
      this.#due.push({ to, input: { type: 'verified', id, result } });
    }
    for (const send of output.sends) {
      if (send.message.type === 'announce') this.announced.push(send.message);
      this.#due.push({ to: send.to, input: { type: 'message', from: to, message: send.message } });
    }
  }

  #write(to: SignerId, writes: readonly Write[]): void {
    if (writes.length === 0) return;
    this.#stores[to]!.apply(writes);
    this.#spent.rows += writes.length;
    for (const { value } of writes) this.#spent.kilobytes += (value?.length ?? 0) / 1000;
  }
}

interface Sample {
  /** Batches until all were final by score. */
  readonly batches: Spent;
  /** The checkpoint that orders them. */
  readonly checkpoint: Spent;
  readonly announced: readonly PeerMessage[];
}

function add(sum: Spent, more: Spent): void {
  for (const kind of Object.keys(sum) as (keyof Spent)[]) sum[kind] += more[kind];
}

/** Batches of one size through a fresh federation, then a checkpoint that orders them. */
async function sample(count: number, size: number): Promise<Sample> {
  const directory = mkdtempSync(join(tmpdir(), 'musig-paxos-calibrate-'));
  try {
    const stores = await Promise.all(
      allSigners(signers).map((id) => openLmdbStore({ path: join(directory, String(id)) })),
    );
    const loop = new BareLoop(stores);
    await loop.run();
    const batches = nothing();
    for (let i = 0; i < count; i++) {
      loop.submit(size);
      add(batches, await loop.run());
    }
    const checkpoint = nothing();
    for (let i = 0; i < 2; i++) {
      loop.pass(1500);
      add(checkpoint, await loop.run());
    }
    invariant(loop.height > 0, 'the calibration committed nothing');
    // What a store has put off until now is part of what writing costs.
    const start = cpuMs();
    await Promise.all(stores.map((store) => store.close()));
    checkpoint.flushed += cpuMs() - start;
    return { batches, checkpoint, announced: loop.announced };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Codec of bodies, in ms for a kB. */
function codecOf(announced: readonly PeerMessage[]): {
  readonly receiveKbMs: number;
  readonly sendKbMs: number;
} {
  const start = cpuMs();
  const encoded = announced.map((message) => encodePeerMessage(message, signers));
  const sent = cpuMs();
  for (const bytes of encoded) decodePeerMessage(bytes, signers);
  const received = cpuMs();
  const kilobytes = encoded.reduce((sum, bytes) => sum + bytes.length, 0) / 1000;
  return { receiveKbMs: (received - sent) / kilobytes, sendKbMs: (sent - start) / kilobytes };
}

/** The transport is measured above this folder, and what clients cost with real ones. */
export type CalibratedWork = Omit<WorkCosts, 'clientMs' | 'messageMs' | 'transferKbMs'>;

/** What the table of work says of engine and store, and the codec of bodies. */
export async function calibrateWork(): Promise<
  CalibratedWork & { readonly receiveKbMs: number; readonly sendKbMs: number }
> {
  const [many, few] = [
    { count: 60, size: 1000 },
    { count: 200, size: 1 },
  ];
  await sample(20, 100);
  const large = await sample(many.count, many.size);
  const small = await sample(few.count, few.size);
  const transactions = many.count * many.size;
  const engineMs = ({ formed, accepted, delivered, rest }: Spent): number =>
    formed + accepted + delivered + rest;
  const acceptMs = large.batches.accepted / transactions / (signers - 1);
  const commitMs = engineMs(large.checkpoint) / transactions / signers;
  // Batches are a few large rows, checkpoints many small ones.
  const { rows, kilobytes } = large.checkpoint;
  const kbMs = (part: 'put' | 'flushed'): number => large.batches[part] / large.batches.kilobytes;
  const rowMs = (part: 'put' | 'flushed'): number =>
    Math.max(0, large.checkpoint[part] - kilobytes * kbMs(part)) / rows;
  return {
    formMs: Math.max(0, large.batches.formed / transactions - acceptMs),
    acceptMs,
    deliverMs: large.batches.delivered / transactions / signers,
    commitMs,
    commitBatchMs: Math.max(0, engineMs(small.checkpoint) / few.count / signers - commitMs),
    putMs: rowMs('put'),
    putKbMs: kbMs('put'),
    flushMs: rowMs('flushed'),
    flushKbMs: kbMs('flushed'),
    ...codecOf(large.announced),
  };
}
