/**
 * Folds trace events into a picture, one at a time and in order. It believes what messages say and judges
 * nothing; a vote that its signer has not sent yet is inferred from the signer's arrival order, and replaced
 * by what the signer sends.
 */

import type { Trace, TraceBlock, TraceEvent, TraceVotes } from '../../sim/trace/trace.ts';
import type { SignerId } from '../../src/base/ids.ts';
import { conflict } from './conflict.ts';
import type { BatchPicture, BlockPicture, Picture, SentEvent } from './picture.ts';

/** What never changes while a trace is folded. */
export interface Messages {
  readonly sent: ReadonlyMap<number, SentEvent>;
  /** First arrival of each message that arrives, in ms. */
  readonly receivedAt: ReadonlyMap<number, number>;
}

export function messagesOf(trace: Trace): Messages {
  const sent = new Map<number, SentEvent>();
  const receivedAt = new Map<number, number>();
  for (const event of trace.events) {
    if (event.kind === 'sent') sent.set(event.id, event);
    if (event.kind === 'received' && !receivedAt.has(event.id)) receivedAt.set(event.id, event.at);
  }
  return { sent, receivedAt };
}

type Of<Kind extends TraceEvent['kind']> = Extract<TraceEvent, { kind: Kind }>;

const addOnce = <T>(list: T[], item: T): void => {
  if (!list.includes(item)) list.push(item);
};

export class Fold {
  readonly #trace: Trace;
  readonly #messages: Messages;
  readonly #liars: ReadonlySet<SignerId>;

  constructor(trace: Trace, messages: Messages) {
    this.#trace = trace;
    this.#messages = messages;
    this.#liars = new Set(trace.liars);
  }

  /** Changes the picture by one event. */
  apply(picture: Picture, event: TraceEvent): void {
    picture.at = event.at;
    picture.events += 1;
    switch (event.kind) {
      case 'made':
        this.#made(picture, event);
        return;
      case 'arrived':
        this.#arrived(picture, event);
        return;
      case 'sent':
        this.#sent(picture, event);
        return;
      case 'received':
        this.#received(picture, event);
        return;
      case 'delivered':
        this.#delivered(picture, event);
        return;
      case 'committed':
        this.#committed(picture, event);
        return;
      case 'evidence':
        this.#evidence(picture, event);
        return;
      case 'refused':
        this.#refused(picture, event);
        return;
      case 'up':
      case 'down':
        picture.up[event.node] = event.kind === 'up';
        return;
      case 'note':
        picture.notes.push({ at: event.at, text: event.text, nodes: event.nodes });
        return;
      case 'submitted':
        return;
    }
  }

  #made(picture: Picture, event: Of<'made'>): void {
    if (picture.batches.has(event.batch)) return;
    picture.batches.set(event.batch, {
      id: event.batch,
      name: this.#trace.names[event.batch] ?? event.batch.slice(0, 6),
      ingress: event.node,
      number: event.number,
      transactions: event.transactions.length,
      dependencies: event.dependencies,
      parents: event.parents,
      madeAt: event.at,
      accepted: [],
      collected: new Map(),
      certified: [],
      certificate: undefined,
      attempt: 0,
    });
  }

  #arrived(picture: Picture, event: Of<'arrived'>): void {
    const order = picture.arrivals[event.node]!;
    if (order.includes(event.batch)) return;
    const batch = picture.batches.get(event.batch);
    if (batch) {
      batch.accepted.push(event.node);
      if (!this.#liars.has(event.node)) this.#inferVote(picture, batch, event.node);
    }
    order.push(event.batch);
  }

  /** The vote that an honest signer makes now; unless it was told already. */
  #inferVote(picture: Picture, batch: BatchPicture, node: SignerId): void {
    const votes = votesAt(batch, node);
    if (votes.has(node)) return;
    const committed = new Set(
      picture.delivered[node]!.filter((one) => one.height !== undefined).map((one) => one.batch),
    );
    const before = picture.arrivals[node]!.filter((id) => {
      const other = picture.batches.get(id);
      return other && !committed.has(id) && other.ingress !== batch.ingress && conflict(other, batch);
    });
    votes.set(node, before);
  }

  #sent(picture: Picture, event: Of<'sent'>): void {
    if (this.#messages.receivedAt.has(event.id)) picture.flights.add(event.id);
    else picture.lost.push(event.id);
    const { cargo } = event;
    if (cargo.votes) this.#votes(picture, cargo.votes, event.from, event.type);
    // Whoever sends a block first proposes it, and stands behind it without saying so.
    if (cargo.block && !picture.blocks.has(cargo.block.digest))
      blockOf(picture, cargo.block).signatures.add(event.from);
    if (cargo.blockVotes) {
      const block = picture.blocks.get(cargo.blockVotes.block);
      for (const signer of cargo.blockVotes.signers) block?.signatures.add(signer);
    }
  }

  #received(picture: Picture, event: Of<'received'>): void {
    picture.flights.delete(event.id);
    const sent = this.#messages.sent.get(event.id);
    if (sent?.cargo.votes) this.#votes(picture, sent.cargo.votes, event.to, sent.type);
  }

  /** Votes are at a node: it said them or heard them. */
  #votes(picture: Picture, votes: TraceVotes, node: SignerId, type: SentEvent['type']): void {
    const batch = picture.batches.get(votes.batch);
    if (!batch) return;
    batch.attempt = Math.max(batch.attempt, votes.attempt);
    const here = votesAt(batch, node);
    for (const { before, signers } of votes.classes) for (const signer of signers) here.set(signer, before);
    if (type !== 'certificate') return;
    addOnce(batch.certified, node);
    if (!batch.certificate || voters(votes) > voters(batch.certificate)) batch.certificate = votes;
  }

  #delivered(picture: Picture, event: Of<'delivered'>): void {
    const list = picture.delivered[event.node]!;
    // A restarted signer tells again what it delivered in an earlier life.
    if (list.some((one) => one.batch === event.batch)) return;
    const { batch, at, finality, score } = event;
    const block = [...picture.blocks.values()].find(
      (one) => one.committedBy.includes(event.node) && one.entries.includes(batch),
    );
    list.push({ batch, at, finality, void: event.void, score, height: block?.height });
  }

  #committed(picture: Picture, event: Of<'committed'>): void {
    const { block: digest, height, view, entries } = event;
    const block = blockOf(picture, { digest, parent: undefined, height, view, entries });
    addOnce(block.committedBy, event.node);
    for (const one of picture.delivered[event.node]!)
      if (entries.includes(one.batch)) one.height = event.height;
  }

  #evidence(picture: Picture, event: Of<'evidence'>): void {
    const { convicts, what, node, at } = event;
    const known = picture.convictions.find((one) => one.convicts === convicts && one.what === what);
    if (known) addOnce(known.by, node);
    else picture.convictions.push({ convicts, what, by: [node], at });
  }

  #refused(picture: Picture, event: Of<'refused'>): void {
    const { from, code, message, node, at } = event;
    const known = picture.refusals.find((one) => one.from === from && one.code === code);
    if (known) {
      known.count += 1;
      addOnce(known.by, node);
    } else picture.refusals.push({ from, code, message, by: [node], count: 1, at });
  }
}

const voters = (votes: TraceVotes): number =>
  votes.classes.reduce((sum, { signers }) => sum + signers.length, 0);

function votesAt(batch: BatchPicture, node: SignerId): Map<SignerId, readonly BatchPicture['id'][]> {
  let votes = batch.collected.get(node);
  if (!votes) {
    votes = new Map();
    batch.collected.set(node, votes);
  }
  return votes;
}

type KnownBlock = Omit<TraceBlock, 'parent'> & { readonly parent: TraceBlock['parent'] | undefined };

function blockOf(picture: Picture, { digest, parent, height, view, entries }: KnownBlock): BlockPicture {
  let block = picture.blocks.get(digest);
  if (!block) {
    block = { digest, parent, height, view, entries, signatures: new Set(), committedBy: [] };
    picture.blocks.set(digest, block);
  }
  return block;
}
