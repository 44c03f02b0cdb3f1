/**
 * A federation that runs the source's rule on the virtual network. The same options give the same run, byte
 * for byte. Honest signers are nodes; all liars are one adversary, which sees what any of them is sent,
 * delivers its own messages when it likes, and may say anything, but only in its own names: a message that
 * holds a vote or a signature that an honest signer never gave does not leave.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { invariant } from '../../../src/base/assert.ts';
import { fromHex, toHex, utf8 } from '../../../src/base/bytes.ts';
import { hash } from '../../../src/base/hash.ts';
import {
  allSigners,
  attempt,
  type BatchId,
  type BlockDigest,
  digestAs,
  type SignerId,
  type TransactionId,
} from '../../../src/base/ids.ts';
import { batchSeed, batchSeedFromBytes } from '../../../src/tree/shuffle.ts';
import { planTree, type Tree } from '../../../src/tree/tree.ts';
import { Random } from '../../random.ts';
import { Schedule } from '../../schedule.ts';
import type { Trace } from '../../trace/trace.ts';
import type { BookDelivery, Contested } from './book.ts';
import { type SourceMessage, type SourceProposal, type SourceTransaction, votesIn } from './messages.ts';
import { type NodeRules, SourceNode } from './node.ts';
import type { SourceVote } from './order.ts';
import { SourceTracer } from './tracer.ts';

/** How long messages take. */
export interface SourceNetwork {
  /** One way, in ms. */
  latencyMs(from: SignerId, to: SignerId, random: Random): number;
  /** Region of each signer; empty when they are all in one. */
  readonly regions: readonly string[];
}

export interface SourceWorldOptions extends NodeRules {
  readonly seed: string;
  readonly title: string;
  readonly signers: number;
  /** What the federation says it stands; for pictures. */
  readonly byzantine: number;
  readonly faulty: number;
  readonly network: SourceNetwork;
  /** Children of a tree node. */
  readonly fanout: number;
  readonly liars: readonly SignerId[];
  readonly traced: boolean;
}

/** What all liars do together. */
export interface SourceAdversary {
  receive(liar: SignerId, from: SignerId, message: SourceMessage): void;
}

export class SourceWorld {
  readonly options: SourceWorldOptions;
  readonly schedule = new Schedule();
  readonly random: Random;
  /** Honest signers. */
  readonly nodes = new Map<SignerId, SourceNode>();
  readonly liars: ReadonlySet<SignerId>;
  /** What each honest signer delivered, in order. */
  readonly deliveries = new Map<SignerId, (BookDelivery & { readonly at: number })[]>();
  readonly transactions = new Map<BatchId, SourceTransaction>();
  adversary: SourceAdversary | undefined;
  /** What honest signers signed; nobody else can make it. */
  readonly #votes = new Set<SourceVote>();
  readonly #signatures = new Set<string>();
  readonly #trees = new Map<string, Tree>();
  readonly #lastArrival = new Map<string, number>();
  readonly #latency: Random;
  readonly #trace = sha256.create();
  readonly #tracer: SourceTracer;
  #nonce = 0;
  #proposals = 0;
  #messages = 0;

  constructor(options: SourceWorldOptions) {
    this.options = options;
    this.random = new Random(options.seed);
    this.#latency = this.random.stream('network');
    this.liars = new Set(options.liars);
    this.#tracer = new SourceTracer(options.traced);
    for (const id of allSigners(options.signers)) {
      if (this.liars.has(id)) continue;
      this.deliveries.set(id, []);
      this.nodes.set(id, this.#makeNode(id));
    }
  }

  #makeNode(id: SignerId): SourceNode {
    return new SourceNode(id, this.options, {
      after: (delayMs, run) => this.schedule.after(delayMs, run),
      send: (to, message) => this.send(id, to, message),
      treeOf: (transaction) => this.treeOf(transaction),
      proposalTree: (proposal) => this.proposalTree(proposal),
      propose: (entries) => this.proposal(id, entries),
      signed: (proposal) => this.#signatures.add(`${id}/${proposal}`),
      voted: (batch, vote) => {
        this.#votes.add(vote);
        this.#note(`${id} arrived ${batch} ${vote.position}`);
        this.#tracer.add({ at: this.now, kind: 'arrived', node: id, batch, position: vote.position });
      },
      delivered: (delivery) => this.#delivered(id, delivery),
      ordered: (proposal) => this.#tracer.committed(this.now, id, proposal),
    });
  }

  get now(): number {
    return this.schedule.now;
  }

  /** Runs until nothing is under way, or the given virtual time in ms. */
  run(untilMs: number): void {
    while (this.schedule.step(untilMs));
  }

  /** A client's transaction for a signer; it exists from now on and nobody has it yet. */
  transaction(root: SignerId, client: string, dependencies?: readonly string[]): SourceTransaction {
    const text = utf8(`${this.options.seed}/${client}/${this.#nonce++}`);
    const transaction: SourceTransaction = {
      id: digestAs<BatchId>(hash('batch', text)),
      transaction: digestAs<TransactionId>(hash('transaction', text)),
      client,
      dependencies,
      root,
    };
    this.transactions.set(transaction.id, transaction);
    return transaction;
  }

  /** A client sends a transaction to its root, now. */
  submit(transaction: SourceTransaction): void {
    this.#note(`submitted ${transaction.id}`);
    this.#tracer.made(this.now, transaction, this.treeOf(transaction));
    this.nodes.get(transaction.root)?.announce(transaction);
  }

  /** @param delayMs how long it takes; only the adversary chooses. */
  send(from: SignerId, to: SignerId, message: SourceMessage, delayMs?: number): void {
    this.#checkUnforged(message);
    const id = this.#messages++;
    this.#tracer.sent(this.now, id, from, to, message);
    this.schedule.after(delayMs ?? this.#connectionMs(from, to), () => {
      this.#note(`${from}>${to} ${message.type}`);
      this.#tracer.add({ at: this.now, kind: 'received', id, from, to });
      if (this.liars.has(to)) this.adversary?.receive(to, from, message);
      else this.nodes.get(to)!.receive(from, message);
    });
  }

  /** Messages of one link arrive in the order they were sent. */
  #connectionMs(from: SignerId, to: SignerId): number {
    const key = `${from}>${to}`;
    const at = this.now + this.options.network.latencyMs(from, to, this.#latency);
    const arrival = Math.max(at, this.#lastArrival.get(key) ?? 0);
    this.#lastArrival.set(key, arrival);
    return arrival - this.now;
  }

  treeOf({ id, root }: SourceTransaction): Tree {
    return this.#tree(`${id}/${root}`, batchSeed(id, attempt(0)), root);
  }

  proposalTree({ id, leader }: SourceProposal): Tree {
    return this.#tree(`${id}/${leader}`, batchSeedFromBytes(fromHex(id), attempt(0)), leader);
  }

  #tree(key: string, seed: Uint8Array, root: SignerId): Tree {
    let tree = this.#trees.get(key);
    if (!tree) {
      tree = planTree({ n: this.options.signers, fanout: this.options.fanout, seed, root });
      this.#trees.set(key, tree);
    }
    return tree;
  }

  /** An order that a signer proposes. */
  proposal(leader: SignerId, entries: Contested): SourceProposal {
    this.#proposals += 1;
    const names = entries.map((one) => one.transaction.id).join();
    const id = hash('block', utf8(`${this.options.seed}/${leader}/${this.#proposals}/${names}`));
    return { id: digestAs<BlockDigest>(id), number: this.#proposals, leader, entries };
  }

  /** A caption for pictures. */
  note(text: string, nodes: readonly SignerId[]): void {
    this.#tracer.add({ at: this.now, kind: 'note', text, nodes });
  }

  traceHash(): string {
    return toHex(this.#trace.clone().digest());
  }

  trace(): Trace {
    return this.#tracer.trace(this.options, this.now, this.traceHash());
  }

  #delivered(node: SignerId, delivery: BookDelivery): void {
    this.#note(`${node} delivered ${delivery.id} ${delivery.finality}`);
    this.deliveries.get(node)!.push({ ...delivery, at: this.now });
    const { id: batch, finality, score } = delivery;
    this.#tracer.add({
      at: this.now,
      kind: 'delivered',
      node,
      batch,
      finality,
      void: false,
      ...(score === undefined ? {} : { score }),
      verdicts: ['executed'],
    });
  }

  #checkUnforged(message: SourceMessage): void {
    for (const vote of votesIn(message))
      invariant(this.liars.has(vote.signer) || this.#votes.has(vote), `forged vote of s${vote.signer}`);
    if (message.type !== 'signatures' && message.type !== 'ordered') return;
    const id = message.type === 'ordered' ? message.proposal.id : message.proposal;
    for (const signer of message.signers)
      invariant(
        this.liars.has(signer) || this.#signatures.has(`${signer}/${id}`),
        `forged signature of s${signer}`,
      );
  }

  #note(text: string): void {
    this.#trace.update(utf8(`${this.now.toFixed(6)} ${text}\n`));
  }
}
