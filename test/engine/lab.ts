/**
 * Engines on a table: a message takes one millisecond unless a test holds, drops or forges it, disks are
 * quick unless held, and everything that left or happened is on record. Deterministic, no randomness.
 */

import { simFederation } from '../../sim/federation.ts';
import { Schedule } from '../../sim/schedule.ts';
import { utf8 } from '../../src/base/bytes.ts';
import { type BatchNumber, type Height, type SignerId, signerId, type View } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import type { EngineEvent, Input, Output, Send } from '../../src/engine/contract.ts';
import { Engine } from '../../src/engine/engine.ts';
import { transactionSize } from '../../src/engine/ingress.ts';
import { type AfterEntry, type Batch, makeBatch } from '../../src/messages/batch.ts';
import { blockSigningBytes, proposalSigningBytes, type QuorumCertificate } from '../../src/messages/block.ts';
import type { FederationLimits } from '../../src/messages/federation.ts';
import { decodePeerMessage, encodePeerMessage, type PeerMessage } from '../../src/messages/peer.ts';
import {
  type SignedTimeout,
  type TimeoutStatement,
  timeoutSigningBytes,
} from '../../src/messages/timeout.ts';
import { neverExpires, type Transaction, transactionId } from '../../src/messages/transaction.ts';
import {
  type Certificate,
  compareContent,
  type VoteClass,
  type VoteContent,
  voteOfClass,
  voteSigningBytes,
} from '../../src/messages/vote.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { leaderOf } from '../../src/tree/shuffle.ts';

export interface Sent extends Send {
  readonly at: number;
  readonly from: SignerId;
}

interface Node {
  store: MemoryStore;
  engine: Engine | undefined;
  life: number;
  readonly events: EngineEvent[];
  readonly inputs: { readonly input: Input; readonly at: number }[];
  readonly outputs: Output[];
}

export interface LabOptions {
  readonly signers: number;
  readonly byzantine?: number;
  readonly faulty?: number;
  readonly limits?: Partial<FederationLimits>;
  readonly seed?: string;
  readonly check?: (body: Uint8Array) => string | undefined;
  /** Nodes that do not run: the test speaks for them. */
  readonly absent?: readonly number[];
}

export class Lab {
  readonly n: number;
  readonly federation;
  readonly nodes: Node[];
  /** Every message that left, in order. */
  readonly sent: Sent[] = [];
  /** Says which messages arrive; asked when they leave. */
  passes: (message: Sent) => boolean = () => true;
  /** How long a message takes, in ms. */
  delay: (message: Sent) => number = () => 1;
  /** How long a check takes, in ms; 0 answers before the next input. */
  checkMs = 0;
  readonly #options: LabOptions;
  readonly #schedule = new Schedule();
  #nonce = 0;

  constructor(options: LabOptions) {
    const { signers, byzantine = 0, faulty = byzantine, seed = 'lab' } = options;
    this.#options = options;
    this.n = signers;
    this.federation = simFederation({ seed, signers, byzantine, faulty, limits: options.limits ?? {} });
    this.nodes = this.federation.signers.map(() => ({
      store: new MemoryStore(),
      engine: undefined,
      life: 0,
      events: [],
      inputs: [],
      outputs: [],
    }));
    for (const { id } of this.federation.signers) if (!options.absent?.includes(id)) this.start(id);
  }

  get now(): number {
    return this.#schedule.now;
  }
  get epoch() {
    return this.federation.verifier.epoch;
  }
  get limits(): FederationLimits {
    return this.federation.federation.limits;
  }
  engine(id: number): Engine {
    const { engine } = this.nodes[id]!;
    if (!engine) throw new Error(`signer ${id} does not run`);
    return engine;
  }
  leader(term = 0): SignerId {
    return leaderOf(this.epoch, term, this.n);
  }

  makeEngine(id: number, store: MemoryStore): Engine {
    const { federation, epoch, scheme } = this.federation.verifier;
    const { votingKey, signingKey } = this.federation.signers[id]!;
    const check = this.#options.check ?? (() => undefined);
    return new Engine({
      self: signerId(id),
      federation,
      epoch,
      scheme,
      votingKey,
      signingKey,
      ledger: store,
      check,
    });
  }

  start(id: number): void {
    const node = this.nodes[id]!;
    node.engine = this.makeEngine(id, node.store);
    node.life += 1;
    this.input(id, { type: 'start' });
  }

  crash(id: number): void {
    this.nodes[id]!.engine = undefined;
    this.nodes[id]!.life += 1;
  }

  /** One step, with the answers to its checks, unless checks take time. */
  input(id: number, input: Input): void {
    const node = this.nodes[id]!;
    if (!node.engine) return;
    node.inputs.push({ input, at: this.now });
    const output = node.engine.step(input, this.now);
    node.outputs.push(output);
    if (output.writes.length > 0) node.store.apply(output.writes);
    if (output.lazyWrites.length > 0) node.store.apply(output.lazyWrites);
    node.store.makeDurable(node.store.unsyncedGroups);
    node.events.push(...output.events);
    for (const send of output.sends) this.#carry({ ...send, at: this.now, from: signerId(id) });
    const { life } = node;
    for (const job of output.verify) {
      const answer = () => {
        if (node.life === life)
          this.input(id, {
            type: 'verified',
            id: job.id,
            result: this.federation.verifier.check(job.request),
          });
      };
      if (this.checkMs === 0) answer();
      else this.#after(this.checkMs, answer);
    }
    if (output.wake !== undefined)
      this.#after(Math.max(0, output.wake - this.now), () => {
        if (node.life === life) this.input(id, { type: 'tick' });
      });
  }

  #carry(sent: Sent): void {
    this.sent.push(sent);
    if (this.passes(sent))
      this.#after(this.delay(sent), () => this.deliver(sent.from, sent.to, sent.message));
  }

  /** A message arrives now, over the wire format. */
  deliver(from: number, to: number, message: PeerMessage): void {
    const decoded = must(decodePeerMessage(encodePeerMessage(message, this.n), this.n));
    this.input(to, { type: 'message', from: signerId(from), message: decoded });
  }

  #after(delay: number, run: () => void): void {
    this.#schedule.after(delay, run);
  }

  /** Runs everything for so many milliseconds. */
  run(ms: number): void {
    const end = this.now + ms;
    while (this.#schedule.step(end));
    this.#schedule.now = end;
  }

  transaction(list: readonly string[] | undefined, body: Uint8Array = new Uint8Array(0)): Transaction {
    return {
      epoch: this.epoch,
      client: utf8('client'),
      nonce: this.#nonce++,
      expires: neverExpires,
      dependencies: list && [...list].sort().map(utf8),
      body,
      signature: undefined,
    };
  }

  submit(to: number, ...transactions: readonly Transaction[]): void {
    this.input(to, {
      type: 'submit',
      transactions: transactions.map((transaction) => ({
        id: transactionId(transaction),
        transaction,
        size: transactionSize(transaction),
      })),
    });
  }

  /** A batch as its ingress makes and signs it, whoever that is. */
  batch(
    ingress: number,
    number: number,
    transactions: readonly Transaction[],
    after: readonly AfterEntry[] = [],
  ): Batch {
    return makeBatch(
      { epoch: this.epoch, ingress: signerId(ingress), number: number as BatchNumber, after },
      transactions,
      (bytes) => this.federation.signers[ingress]!.signingKey.sign(bytes),
    );
  }

  /** Votes of these signers, each with its content. */
  votes(batch: Pick<Batch, 'id'>, contents: Readonly<Record<number, Partial<VoteContent>>>): Certificate {
    const classes: (VoteClass & { signers: SignerId[] })[] = [];
    const signatures = Object.entries(contents).map(([signer, partial]) => {
      const content: VoteContent = { base: 0 as Height, before: [], rejects: [], ...partial };
      const same = classes.find((one) => compareContent(one, content) === 0);
      if (same) same.signers.push(signerId(Number(signer)));
      else classes.push({ ...content, signers: [signerId(Number(signer))] });
      const message = voteSigningBytes(voteOfClass(this.epoch, batch.id, content));
      return this.federation.signers[Number(signer)]!.votingKey.sign(message);
    });
    const signature = this.federation.verifier.scheme.aggregate(signatures);
    return { batch: batch.id, classes: classes.sort(compareContent), signature };
  }

  blockVotes(view: number, block: QuorumCertificate['block'], signers: readonly number[]): QuorumCertificate {
    const message = blockSigningBytes(this.epoch, view as View, block);
    const signatures = signers.map((one) => this.federation.signers[one]!.votingKey.sign(message));
    const signature = this.federation.verifier.scheme.aggregate(signatures);
    return { view: view as View, block, signers: signers.map(signerId), signature };
  }

  proposalBytes(view: number, block: QuorumCertificate['block']): Uint8Array {
    return proposalSigningBytes(this.epoch, view as View, block);
  }

  timeout(signer: number, statement: TimeoutStatement): SignedTimeout {
    const signature = this.federation.signers[signer]!.signingKey.sign(
      timeoutSigningBytes(this.epoch, statement),
    );
    return { ...statement, signer: signerId(signer), signature };
  }

  /** Ids of transactions delivered at a node, in order. */
  delivered(id: number): string[] {
    return this.nodes[id]!.events.flatMap((event) =>
      event.type === 'delivered' && !event.delivery.void ? [...event.delivery.batch.transactionIds] : [],
    );
  }

  events<T extends EngineEvent['type']>(id: number, type: T): (EngineEvent & { type: T })[] {
    return this.nodes[id]!.events.filter((event): event is EngineEvent & { type: T } => event.type === type);
  }

  messages<T extends PeerMessage['type']>(
    type: T,
    where: Partial<Pick<Sent, 'from' | 'to'>> = {},
  ): (Sent & { message: PeerMessage & { type: T } })[] {
    return this.sent.filter(
      (one): one is Sent & { message: PeerMessage & { type: T } } =>
        one.message.type === type &&
        (where.from === undefined || one.from === where.from) &&
        (where.to === undefined || one.to === where.to),
    );
  }
}

export const bytesOf = (length: number, fill = 7): Uint8Array => new Uint8Array(length).fill(fill);
