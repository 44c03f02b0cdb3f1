/**
 * Writes a run of the source's rule in the form that pictures read (sim/trace/trace.ts), in the words of the
 * engine's messages: signatures on an order are block votes, and the signed order is the view message that
 * carries a block's certificate. Sizes are what the fields would take with aggregated signatures.
 */

import type { BatchId, BlockDigest, SignerId } from '../../../src/base/ids.ts';
import type { PeerMessage } from '../../../src/messages/peer.ts';
import type { Tree } from '../../../src/tree/tree.ts';
import { shortNames } from '../../trace/names.ts';
import type { Trace, TraceBlock, TraceCargo, TraceClass, TraceEvent, TraceVotes } from '../../trace/trace.ts';
import { type SourceMessage, type SourceProposal, type SourceTransaction, votesIn } from './messages.ts';
import type { SourceVote } from './order.ts';

/** What a trace says of the run as a whole. */
export interface TraceFacts {
  readonly title: string;
  readonly signers: number;
  readonly byzantine: number;
  readonly faulty: number;
  readonly quorum: number;
  /** Score that makes a transaction final. */
  readonly needed: number;
  readonly liars: readonly SignerId[];
  readonly network: { readonly regions: readonly string[] };
}

const typeNames = {
  announce: 'announce',
  votes: 'votes',
  certificate: 'certificate',
  proposal: 'proposal',
  signatures: 'blockVotes',
  ordered: 'view',
} as const satisfies Record<SourceMessage['type'], PeerMessage['type']>;

const noBlock = '0'.repeat(64) as BlockDigest;

const headerBytes = 8;
const digestBytes = 32;
const signatureBytes = 96;
const transactionBytes = 200;
/** Position and signer. */
const voteBytes = 6;

function bytesOf(message: SourceMessage): number {
  const votes = votesIn(message).reduce((sum, vote) => sum + voteBytes + digestBytes * vote.before.length, 0);
  if (message.type === 'announce') return headerBytes + transactionBytes;
  const digests =
    message.type === 'proposal' || message.type === 'ordered' ? message.proposal.entries.length : 1;
  return headerBytes + digestBytes * digests + signatureBytes + votes;
}

function votesOf(batch: BatchId, votes: readonly SourceVote[]): TraceVotes {
  const classes = new Map<string, TraceClass & { readonly signers: SignerId[] }>();
  for (const { before, signer } of votes) {
    const key = before.join();
    const known = classes.get(key);
    if (known) known.signers.push(signer);
    else classes.set(key, { before, base: 0, rejects: [], signers: [signer] });
  }
  const positions = votes.map(({ signer, position }) => [signer, position] as const);
  return { batch, attempt: 0, classes: [...classes.values()], positions };
}

const blockOf = ({ id, number, entries }: SourceProposal): TraceBlock => ({
  digest: id,
  parent: noBlock,
  height: number,
  view: number,
  entries: entries.map((one) => one.transaction.id),
});

function cargoOf(message: SourceMessage): TraceCargo {
  switch (message.type) {
    case 'announce':
      return { batch: message.transaction.id };
    case 'votes':
      return { batch: message.id, votes: votesOf(message.id, message.votes) };
    case 'certificate': {
      const { id, votes } = message.certified.certificate;
      return { batch: id, votes: votesOf(id, votes) };
    }
    case 'proposal':
      return { block: blockOf(message.proposal) };
    case 'signatures':
      return { blockVotes: { block: message.proposal, view: 0, signers: message.signers } };
    case 'ordered':
      return {
        block: blockOf(message.proposal),
        blockVotes: {
          block: message.proposal.id,
          view: message.proposal.number,
          signers: message.signers,
        },
      };
  }
}

export class SourceTracer {
  readonly #on: boolean;
  readonly #events: TraceEvent[] = [];
  readonly #made: BatchId[] = [];

  constructor(on: boolean) {
    this.#on = on;
  }

  add(event: TraceEvent): void {
    if (this.#on) this.#events.push(event);
  }

  made(at: number, { id, transaction, client, dependencies, root }: SourceTransaction, tree: Tree): void {
    if (!this.#on) return;
    this.#made.push(id);
    const listed = dependencies ? { dependencies } : {};
    this.add({ at, kind: 'submitted', node: root, transaction, client, ...listed });
    this.add({
      at,
      kind: 'made',
      node: root,
      batch: id,
      number: this.#made.length,
      transactions: [transaction],
      ...listed,
      parents: [...tree.order].sort((a, b) => a - b).map((signer) => tree.parent(signer) ?? -1),
    });
  }

  sent(at: number, id: number, from: SignerId, to: SignerId, message: SourceMessage): void {
    if (!this.#on) return;
    const type = typeNames[message.type];
    this.add({ at, kind: 'sent', id, from, to, type, bytes: bytesOf(message), cargo: cargoOf(message) });
  }

  committed(at: number, node: SignerId, proposal: SourceProposal): void {
    if (!this.#on) return;
    const { digest: block, height, view, entries } = blockOf(proposal);
    this.add({ at, kind: 'committed', node, height, view, block, entries });
  }

  trace(facts: TraceFacts, endMs: number, traceHash: string): Trace {
    return {
      title: facts.title,
      rule: 'source',
      signers: facts.signers,
      byzantine: facts.byzantine,
      faulty: facts.faulty,
      quorum: facts.quorum,
      threshold: facts.needed,
      liars: facts.liars,
      regions: facts.network.regions,
      names: shortNames(this.#made),
      events: [...this.#events],
      endMs,
      traceHash,
    };
  }
}
