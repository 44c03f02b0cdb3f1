/**
 * A whole federation in one process on virtual time: nodes, network, clients, faults, observations. The
 * same options give the same run, byte for byte: everything random comes from substreams of the seed.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { toHex, utf8 } from '../src/base/bytes.ts';
import { allSigners, type Height, type SignerId, type TransactionId } from '../src/base/ids.ts';
import { must } from '../src/base/result.ts';
import { blsSignatureBytes } from '../src/crypto/bls.ts';
import type { SchemeProvider } from '../src/crypto/scheme.ts';
import type { EngineEvent, SubmittedTransaction } from '../src/engine/contract.ts';
import { transactionSize } from '../src/engine/ingress.ts';
import type { Federation, FederationLimits } from '../src/messages/federation.ts';
import type { PeerMessage } from '../src/messages/peer.ts';
import { neverExpires, type Transaction, transactionId } from '../src/messages/transaction.ts';
import { type Quorum, quorumOf } from '../src/ordering/quorum.ts';
import { type Costs, free } from './costs/costs.ts';
import { Meter } from './costs/meter.ts';
import { freeWork, type WorkCosts } from './costs/work.ts';
import { type SimFederation, type SimSigner, simFederation } from './federation.ts';
import { networkModel, uniformModel } from './network/models.ts';
import type { NetworkName } from './network/names.ts';
import { Network } from './network/network.ts';
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
  readonly network?: NetworkName;
  /** Round trip of every link in ms, instead of the network's latencies. */
  readonly rttMs?: number;
  readonly bandwidthMbps?: number;
  readonly uplinkMbps?: number;
  /** Default free: computing takes no time. */
  readonly costs?: Costs;
  /** The same for what is no cryptography and no codec. */
  readonly work?: WorkCosts;
  /** Real transactions that one transaction stands for when its work is charged; default 1. */
  readonly bundle?: number;
  /** Encode and decode every message; default true. */
  readonly wire?: boolean;
  /** Count the bytes of messages, without the wire too. */
  readonly countBytes?: boolean;
  /** Slack of the engines instead of the federation's, and its threshold `n - slack`. */
  readonly slack?: number;
  readonly syncMs?: number;
  readonly fanout?: number;
  /** Default balanced; geographic trees need a network with places. */
  readonly shape?: Federation['shape'];
  /** A signer's pre-consensus check of a body: a reason to reject it, or undefined. */
  readonly check?: (signer: SignerId, body: Uint8Array) => string | undefined;
}

/** Characters of text that are hashed at once. */
const notesMax = 4096;

/** Time in ms that a sync of a good disk takes. */
export const defaultSyncMs = 0.3;

/** Something that happened at a node, as observers see it. */
export interface Observation {
  readonly at: number;
  readonly node: SignerId;
  readonly event: EngineEvent;
}

/** A node's life began, with what its disk kept, or ended. */
export interface LifeMark {
  readonly at: number;
  readonly node: SignerId;
  readonly up: boolean;
  /** Committed height that the life starts from; 0 when it ends. */
  readonly height: Height;
}

/** What those who watch a world are told. All are called in order of virtual time. */
export interface Watcher {
  observed?(observation: Observation): void;
  life?(mark: LifeMark): void;
  /** A client's transaction reaches a signer. */
  submitted?(to: SignerId, transaction: SubmittedTransaction): void;
  /** A message leaves a node, after what it depends on is durable. */
  sent?(from: SignerId, to: SignerId, message: PeerMessage, id: number): void;
  /** A message arrives; `id` is that of `sent`. */
  received?(from: SignerId, to: SignerId, message: PeerMessage, id: number): void;
  /** A fault or an attack that a picture should say in words. */
  noted?(text: string, nodes: readonly SignerId[]): void;
}

/** A second copy of a signer with the same keys, for twins; `hears` says which copy a peer talks to. */
export interface Twin {
  readonly node: SimNode;
  hears(peer: SignerId): boolean;
}

export interface SubmitOptions {
  /** Height after which signers reject it. */
  readonly expires?: Height;
  /** Client id; default one of seven. */
  readonly client?: string;
}

export class World {
  readonly random: Random;
  readonly schedule = new Schedule();
  readonly federation: SimFederation;
  readonly network: Network;
  readonly nodes: readonly SimNode[];
  readonly failures: { readonly node: SignerId; readonly error: unknown }[] = [];
  readonly submitted = new Map<TransactionId, { readonly to: SignerId; readonly at: number }>();
  readonly watchers: Watcher[] = [];
  readonly regions: readonly string[];
  /** What the engines count with: the federation's numbers, or those of an experiment. */
  readonly quorum: Quorum;
  readonly #options: WorldOptions;
  readonly #meter: Meter;
  readonly #twins = new Map<SignerId, Twin>();
  /** Signers that clients and checkers do not trust: their events are not observed. */
  readonly byzantine = new Set<SignerId>();
  readonly #trace = sha256.create();
  /** Text that the digest has yet to take in. */
  #notes = '';
  #nonce = 0;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = new Random(options.seed);
    const { signers } = options;
    const model =
      options.rttMs === undefined
        ? networkModel(options.network ?? 'lan', signers, this.random.stream('places'))
        : uniformModel(options.rttMs);
    this.regions = model.regions;
    this.#meter = new Meter(options.costs ?? free);
    this.federation = simFederation({
      ...options,
      meter: this.#meter,
      regions: model.regions,
      ...(options.shape === 'geographic' && { geography: model.geography }),
    });
    this.quorum = experimentQuorum(options);
    this.network = new Network(
      this.schedule,
      this.random.stream('network'),
      {
        signers,
        model,
        bandwidthMbps: options.bandwidthMbps,
        uplinkMbps: options.uplinkMbps,
        wire: options.wire ?? true,
        countBytes: options.countBytes ?? false,
        aggregateBytesMissing: Math.max(
          0,
          blsSignatureBytes - this.federation.verifier.scheme.signatureBytes,
        ),
      },
      (to, from, message, id) => {
        this.#note(`${from}>${to} ${message.type}`);
        for (const watcher of this.watchers) watcher.received?.(from, to, message, id);
        this.#copyThatHears(to, from).input({ type: 'message', from, message });
      },
    );
    this.nodes = this.federation.signers.map((signer) => this.#makeNode(signer));
  }

  #makeNode(signer: SimSigner): SimNode {
    const { check, slack, syncMs, work, bundle } = this.#options;
    const node: SimNode = new SimNode(
      signer,
      this.schedule,
      this.federation.verifier,
      {
        send: (from, to, message) => {
          if (this.#copyThatHears(from, to) === node) this.send(from, to, message);
        },
        event: (id, event) => this.#observe(id, event),
        started: (id, height) => this.#life(id, true, height),
        failed: (id, error) => this.#failed(id, error),
        diskFailed: (id) => this.crash(id, 'none'),
      },
      {
        syncMs: syncMs ?? defaultSyncMs,
        check: (body) => check?.(signer.id, body),
        quorum: slack === undefined ? undefined : this.quorum,
        meter: this.#meter,
        work: work ?? freeWork,
        bundle: bundle ?? 1,
        sizeOf: (message) => this.network.size(message),
      },
    );
    return node;
  }

  /** Adds a second copy of a Byzantine signer; the peers that `hears` names talk to it alone. */
  addTwin(id: SignerId, hears: (peer: SignerId) => boolean): SimNode {
    this.byzantine.add(id);
    const node = this.#makeNode(this.federation.signers[id]!);
    this.#twins.set(id, { node, hears });
    return node;
  }

  /** Which copy of a signer a peer talks to; there are two only of a twin. */
  #copyThatHears(id: SignerId, peer: SignerId): SimNode {
    const twin = this.#twins.get(id);
    return twin?.hears(peer) ? twin.node : this.nodes[id]!;
  }

  get now(): number {
    return this.schedule.now;
  }

  /** Starts every node and connects them. */
  start(): void {
    for (const node of this.nodes) node.start();
    for (const { node } of this.#twins.values()) node.start();
    for (const node of this.nodes) this.#link(node.signer.id, false);
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
    this.#life(id, false, 0 as Height);
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

  /** Connections came up again, as after a heal. */
  relink(): void {
    for (const node of this.nodes) this.#link(node.signer.id);
  }

  /** A client makes a transaction. @param dependencies absent: depends on everything. */
  transaction(
    dependencies: readonly string[] | undefined,
    body = '',
    { expires = neverExpires, client }: SubmitOptions = {},
  ): SubmittedTransaction {
    const nonce = this.#nonce++;
    const transaction: Transaction = {
      epoch: this.federation.verifier.epoch,
      client: utf8(client ?? `client-${nonce % 7}`),
      nonce,
      expires,
      dependencies: dependencies && [...new Set(dependencies)].sort().map(utf8),
      body: utf8(body),
      signature: undefined,
    };
    return { id: transactionId(transaction), transaction, size: transactionSize(transaction) };
  }

  /** A client sends a transaction to a signer. It may send the same one to several. */
  submit(to: SignerId, transaction: SubmittedTransaction): void {
    if (!this.submitted.has(transaction.id)) this.submitted.set(transaction.id, { to, at: this.now });
    for (const watcher of this.watchers) watcher.submitted?.(to, transaction);
    this.nodes[to]!.input({ type: 'submit', transactions: [transaction] });
    this.#twins.get(to)?.node.input({ type: 'submit', transactions: [transaction] });
  }

  /** A message leaves for the network. Adversaries call it for what no engine said. */
  send(from: SignerId, to: SignerId, message: PeerMessage): void {
    const id = this.network.send(from, to, message);
    for (const watcher of this.watchers) watcher.sent?.(from, to, message, id);
  }

  /** A caption for whoever draws the run. */
  caption(text: string, nodes: readonly SignerId[]): void {
    for (const watcher of this.watchers) watcher.noted?.(text, nodes);
  }

  /** Digest of everything that was delivered and observed, in order. */
  traceHash(): string {
    this.#flushNotes();
    return toHex(this.#trace.clone().digest());
  }

  /** @param both whether the others hear of it too, or hear of it by themselves. */
  #link(id: SignerId, both = true): void {
    for (const other of this.nodes) {
      const peer = other.signer.id;
      const here = this.#copyThatHears(id, peer);
      const there = this.#copyThatHears(peer, id);
      if (peer === id || !here.up || !there.up) continue;
      if (both) there.input({ type: 'link', peer: id, up: true });
      here.input({ type: 'link', peer, up: true });
    }
  }

  #observe(node: SignerId, event: EngineEvent): void {
    this.#note(`${node} ${describe(event)}`);
    if (this.byzantine.has(node)) return;
    for (const watcher of this.watchers) watcher.observed?.({ at: this.now, node, event });
  }

  #life(node: SignerId, up: boolean, height: Height): void {
    for (const watcher of this.watchers) watcher.life?.({ at: this.now, node, up, height });
  }

  /** An engine that breaks is a finding, unless a liar broke its own. */
  #failed(node: SignerId, error: unknown): void {
    this.#note(`${node} failed`);
    if (!this.byzantine.has(node)) this.failures.push({ node, error });
  }

  #note(text: string): void {
    this.#notes += `${this.now.toFixed(6)} ${text}\n`;
    if (this.#notes.length >= notesMax) this.#flushNotes();
  }

  #flushNotes(): void {
    this.#trace.update(utf8(this.#notes));
    this.#notes = '';
  }
}

function experimentQuorum({ signers, byzantine, faulty, slack }: WorldOptions): Quorum {
  const quorum = must(quorumOf(signers, byzantine, faulty));
  return slack === undefined ? quorum : { ...quorum, slack, threshold: signers - slack };
}

function describe(event: EngineEvent): string {
  switch (event.type) {
    case 'delivered':
      return `delivered ${event.delivery.batch.id} ${event.delivery.finality}`;
    case 'committed':
      return `committed ${event.committed.height} ${event.committed.block.orderRoot}`;
    case 'accepted':
      return `accepted ${event.batch}`;
    case 'arrived':
      return `arrived ${event.batch.id}`;
    case 'evidence':
      return `evidence ${event.evidence.kind} ${event.evidence.signer}`;
    case 'refused':
      return `refused ${event.from} ${event.refusal.code}`;
  }
}
