/**
 * Watches a world and writes its trace down. It adds only what a picture needs and a message does not say:
 * the tree of each batch, positions in arrival orders, and the score at the moment of a delivery.
 */

import { textOf } from '../../src/base/bytes.ts';
import { allSigners, attempt, type BatchId, type SignerId } from '../../src/base/ids.ts';
import type { EngineEvent } from '../../src/engine/contract.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { blockDigest } from '../../src/messages/block.ts';
import type { PeerMessage } from '../../src/messages/peer.ts';
import type { Transaction } from '../../src/messages/transaction.ts';
import { type Certificate, voteCount } from '../../src/messages/vote.ts';
import type { Delivery } from '../../src/ordering/delivery.ts';
import { batchSeed } from '../../src/tree/shuffle.ts';
import { planTree } from '../../src/tree/tree.ts';
import type { RuleName } from '../rules/rule.ts';
import type { World } from '../world.ts';
import { shortNames } from './names.ts';
import type { Trace, TraceCargo, TraceEvent, TraceVotes } from './trace.ts';

export interface TraceHeading {
  readonly title: string;
  readonly rule: RuleName;
}

export class TraceRecorder {
  readonly #world: World;
  readonly #events: TraceEvent[] = [];
  /** Batches in order of first appearance. */
  readonly #seen = new Set<BatchId>();
  readonly #delivered: Set<BatchId>[];
  readonly #heights: number[];

  constructor(world: World) {
    this.#world = world;
    this.#delivered = world.nodes.map(() => new Set());
    this.#heights = world.nodes.map(() => 0);
    world.watchers.push({
      observed: ({ node, event }) => this.#observed(node, event),
      life: ({ node, up, height }) => {
        if (up) this.#lifeBegins(node, height);
        this.#add({ at: world.now, kind: up ? 'up' : 'down', node });
      },
      submitted: (node, { id, transaction }) =>
        this.#add({
          at: world.now,
          kind: 'submitted',
          node,
          transaction: id,
          client: textOf(transaction.client),
          ...dependenciesOf([transaction]),
        }),
      sent: (from, to, message, id) => this.#sent(from, to, message, id),
      received: (from, to, _, id) => this.#add({ at: world.now, kind: 'received', id, from, to }),
      noted: (text, nodes) => this.#add({ at: world.now, kind: 'note', text, nodes }),
    });
  }

  trace({ title, rule }: TraceHeading): Trace {
    const world = this.#world;
    const { byzantine, faulty } = world.federation.federation;
    const { q, threshold } = world.quorum;
    return {
      title,
      rule,
      signers: world.nodes.length,
      byzantine,
      faulty,
      quorum: q,
      threshold,
      liars: [...world.byzantine].sort((a, b) => a - b),
      regions: world.regions,
      names: shortNames([...this.#seen]),
      events: this.#events,
      endMs: world.now,
      traceHash: world.traceHash(),
    };
  }

  /** What was delivered ahead of the committed order comes again after a restart. */
  #lifeBegins(node: SignerId, height: number): void {
    this.#heights[node] = height;
    const committed = this.#world.nodes[node]!.engine?.order.committed;
    const places = Array.from({ length: committed?.frontier.size ?? 0 }, (_, i) => committed!.placeAt(i)!);
    this.#delivered[node] = new Set(places.map((place) => place.batch));
  }

  #add(event: TraceEvent): void {
    this.#events.push(event);
  }

  #observed(node: SignerId, event: EngineEvent): void {
    const at = this.#world.now;
    switch (event.type) {
      case 'accepted':
        return;
      case 'arrived':
        this.#batch(event.batch);
        this.#add({ at, kind: 'arrived', node, batch: event.batch.id, position: event.position });
        return;
      case 'delivered':
        this.#deliveredAt(node, event.delivery);
        return;
      case 'committed': {
        const { height, block } = event.committed;
        this.#heights[node] = height;
        const entries = block.entries.map((entry) => entry.batch);
        const digest = blockDigest(block, this.#world.nodes.length);
        this.#add({ at, kind: 'committed', node, height, view: block.view, block: digest, entries });
        return;
      }
      case 'evidence': {
        const { kind, signer } = event.evidence;
        this.#add({ at, kind: 'evidence', node, convicts: signer, what: kind });
        return;
      }
      case 'refused': {
        const { code, message } = event.refusal;
        this.#add({ at, kind: 'refused', node, from: event.from, code, message });
      }
    }
  }

  #deliveredAt(node: SignerId, delivery: Delivery): void {
    const { batch, finality, certificate, verdicts } = delivery;
    this.#batch(batch);
    const before = this.#delivered[node]!;
    const score = finality === 'score' ? scoreAt(certificate, before, this.#heights[node]!) : undefined;
    before.add(batch.id);
    this.#add({
      at: this.#world.now,
      kind: 'delivered',
      node,
      batch: batch.id,
      finality,
      void: delivery.void,
      ...(score !== undefined && { score }),
      verdicts,
    });
  }

  #sent(from: SignerId, to: SignerId, message: PeerMessage, id: number): void {
    if (message.type === 'announce') this.#batch(message.batch);
    const cargo = cargoOf(message, this.#world.nodes.length);
    const bytes = this.#world.network.size(message);
    this.#add({ at: this.#world.now, kind: 'sent', id, from, to, type: message.type, bytes, cargo });
  }

  /** A batch appears for the first time. */
  #batch(batch: Batch): void {
    if (this.#seen.has(batch.id)) return;
    this.#seen.add(batch.id);
    const { ingress, number } = batch.header;
    const n = this.#world.nodes.length;
    const { fanout } = this.#world.federation.federation;
    const tree = planTree({ n, fanout, seed: batchSeed(batch.id, attempt(0)), root: ingress });
    this.#add({
      at: this.#world.now,
      kind: 'made',
      node: ingress,
      batch: batch.id,
      number,
      transactions: batch.transactionIds,
      ...dependenciesOf(batch.transactions),
      parents: allSigners(n).map((signer) => tree.parent(signer) ?? -1),
    });
  }
}

/** The dependencies of transactions together; nothing when one depends on everything. */
function dependenciesOf(transactions: readonly Transaction[]): { readonly dependencies?: readonly string[] } {
  if (transactions.some((one) => one.dependencies === undefined)) return {};
  return { dependencies: [...new Set(transactions.flatMap((one) => one.dependencies!.map(textOf)))].sort() };
}

/** The score with which a batch is delivered at a node (section 5). */
function scoreAt(certificate: Certificate, delivered: ReadonlySet<BatchId>, height: number): number {
  const present = certificate.classes.filter((one) => one.base <= height);
  const votes = voteCount(present);
  const listed = new Map<BatchId, number>();
  for (const one of present)
    for (const id of one.before)
      if (!delivered.has(id)) listed.set(id, (listed.get(id) ?? 0) + one.signers.length);
  return votes - Math.max(0, ...listed.values());
}

const votesOf = (votes: Certificate, attemptNumber: number): TraceVotes => ({
  batch: votes.batch,
  attempt: attemptNumber,
  classes: votes.classes.map(({ before, base, rejects, signers }) => ({ before, base, rejects, signers })),
});

function cargoOf(message: PeerMessage, n: number): TraceCargo {
  switch (message.type) {
    case 'announce':
      return { batch: message.batch.id };
    case 'votes':
      return { batch: message.votes.batch, votes: votesOf(message.votes, message.attempt) };
    case 'certificate':
      return { batch: message.certificate.batch, votes: votesOf(message.certificate, message.attempt) };
    case 'voteRequest':
      return { batch: message.batch };
    case 'proposal': {
      const { block } = message.proposal;
      return {
        block: {
          digest: blockDigest(block, n),
          parent: block.justify.block,
          height: block.height,
          view: block.view,
          entries: block.entries.map((entry) => entry.batch),
        },
      };
    }
    case 'blockVotes': {
      const { block, view, signers } = message;
      return { blockVotes: { block, view, signers } };
    }
    case 'view': {
      const { block, view, signers } = message.high;
      return { blockVotes: { block, view, signers } };
    }
    case 'timeout':
      return { timeout: message.timeout.end };
    default:
      return {};
  }
}
