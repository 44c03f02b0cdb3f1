/**
 * A whole federation in one process on virtual time: nodes, network, clients, faults, observations. The
 * same options give the same run, byte for byte: everything random comes from substreams of the seed.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { toHex, utf8 } from '../src/base/bytes.ts';
import { allSigners, type SignerId, type TransactionId } from '../src/base/ids.ts';
import type { SchemeProvider } from '../src/crypto/scheme.ts';
import type { EngineEvent, Send, SubmittedTransaction } from '../src/engine/contract.ts';
import { transactionSize } from '../src/engine/ingress.ts';
import type { FederationLimits } from '../src/messages/federation.ts';
import { neverExpires, type Transaction, transactionId } from '../src/messages/transaction.ts';
import { type SimFederation, simFederation } from './federation.ts';
import { type LinkQuality, lan, Network } from './network.ts';
import { SimNode } from './node.ts';
import { Random } from './random.ts';
import { Schedule } from './schedule.ts';

export interface WorldOptions {
  readonly seed: string;
  readonly signers: number;
  readonly byzantine: number;
  readonly faulty: number;
  readonly limits?: Partial<FederationLimits>;
  readonly provider?: SchemeProvider;
  readonly quality?: LinkQuality;
  readonly syncMs?: number;
  readonly fanout?: number;
  /** What a Byzantine signer sends instead of what its engine asked for. */
  readonly tamper?: (
    signer: SignerId,
    world: World,
  ) => ((sends: readonly Send[]) => readonly Send[]) | undefined;
}

/** Something that happened at a node, as observers see it. */
export interface Observation {
  readonly at: number;
  readonly node: SignerId;
  readonly event: EngineEvent;
}

export class World {
  readonly random: Random;
  readonly schedule = new Schedule();
  readonly federation: SimFederation;
  readonly network: Network;
  readonly nodes: readonly SimNode[];
  readonly failures: { readonly node: SignerId; readonly error: unknown }[] = [];
  readonly submitted = new Map<TransactionId, { readonly to: SignerId; readonly at: number }>();
  readonly observers: ((observation: Observation) => void)[] = [];
  readonly #trace = sha256.create();
  #nonce = 0;

  constructor(options: WorldOptions) {
    this.random = new Random(options.seed);
    this.federation = simFederation(options);
    const quality = options.quality ?? lan;
    this.network = new Network(
      this.schedule,
      this.random.stream('network'),
      options.signers,
      () => quality,
      (to, from, message) => {
        this.#note(`${from}>${to} ${message.type}`);
        this.nodes[to]!.input({ type: 'message', from, message });
      },
    );
    this.nodes = this.federation.signers.map((signer) => {
      const tamper = options.tamper?.(signer.id, this);
      return new SimNode(
        signer,
        this.schedule,
        this.federation.verifier,
        {
          send: (from, to, message) => this.network.send(from, to, message),
          event: (node, event) => this.#observe(node, event),
          failed: (node, error) => this.failures.push({ node, error }),
        },
        { syncMs: options.syncMs ?? 0.3, check: () => undefined, ...(tamper && { tamper }) },
      );
    });
  }

  get now(): number {
    return this.schedule.now;
  }

  /** Starts every node and connects them. */
  start(): void {
    for (const node of this.nodes) node.start();
    for (const node of this.nodes) this.#link(node.signer.id);
  }

  /** Runs until the given virtual time in ms. */
  run(untilMs: number): void {
    while (this.schedule.step(untilMs));
    this.schedule.now = Math.max(this.schedule.now, untilMs);
  }

  /** Runs until the condition holds or the time is over; says whether it holds. */
  runUntil(condition: () => boolean, untilMs: number): boolean {
    for (;;) {
      if (condition()) return true;
      if (!this.schedule.step(untilMs)) return condition();
    }
  }

  crash(id: SignerId, keep: number | 'all' | 'none'): void {
    this.#note(`crash ${id}`);
    this.nodes[id]!.crash(keep);
    for (const other of this.nodes) other.input({ type: 'link', peer: id, up: false });
  }

  restart(id: SignerId): void {
    this.#note(`restart ${id}`);
    this.nodes[id]!.start();
    this.#link(id);
  }

  /** Cuts the federation in two groups that do not hear each other. */
  partition(group: readonly SignerId[]): void {
    const inside = new Set(group);
    for (const from of allSigners(this.nodes.length))
      for (const to of allSigners(this.nodes.length))
        if (inside.has(from) !== inside.has(to)) this.network.setCut(from, to, true);
  }

  heal(): void {
    this.network.heal();
    for (const node of this.nodes) this.#link(node.signer.id);
  }

  /** A client sends a transaction to a signer. @param dependencies absent: depends on everything. */
  submit(to: SignerId, dependencies: readonly string[] | undefined, body = ''): TransactionId {
    const transaction: Transaction = {
      epoch: this.federation.verifier.epoch,
      client: utf8(`client-${to}`),
      nonce: this.#nonce++,
      expires: neverExpires,
      dependencies: dependencies && [...new Set(dependencies)].sort().map(utf8),
      body: utf8(body),
      signature: undefined,
    };
    const id = transactionId(transaction);
    this.submitted.set(id, { to, at: this.now });
    this.send(to, { id, transaction, size: transactionSize(transaction) });
    return id;
  }

  /** Hands a made transaction to a signer, as a client that tries elsewhere does. */
  send(to: SignerId, transaction: SubmittedTransaction): void {
    this.nodes[to]!.input({ type: 'submit', transactions: [transaction] });
  }

  /** Digest of everything that was delivered and observed, in order. */
  traceHash(): string {
    return toHex(this.#trace.clone().digest());
  }

  #link(id: SignerId): void {
    for (const other of this.nodes) {
      const peer = other.signer.id;
      if (peer === id || !other.up || !this.nodes[id]!.up) continue;
      other.input({ type: 'link', peer: id, up: true });
      this.nodes[id]!.input({ type: 'link', peer, up: true });
    }
  }

  #observe(node: SignerId, event: EngineEvent): void {
    this.#note(`${node} ${describe(event)}`);
    for (const observer of this.observers) observer({ at: this.now, node, event });
  }

  #note(text: string): void {
    this.#trace.update(utf8(`${this.now.toFixed(6)} ${text}\n`));
  }
}

function describe(event: EngineEvent): string {
  switch (event.type) {
    case 'delivered':
      return `delivered ${event.delivery.batch.id} ${event.delivery.finality}`;
    case 'committed':
      return `committed ${event.committed.height} ${event.committed.block.orderRoot}`;
    case 'accepted':
      return `accepted ${event.batch}`;
    case 'evidence':
      return `evidence ${event.evidence.kind} ${event.evidence.signer}`;
    case 'refused':
      return `refused ${event.from} ${event.refusal.code}`;
  }
}
