/**
 * An honest signer under the source's rule (protocol section 12, left column).
 *
 * 1a: a transaction goes down its tree; each signer accepts it on the first path it comes by, and notes its
 * position since start. 1b: positions go up. 2: the root's certificate goes down; every signer orders and
 * scores what it holds (book.ts), and delivers what is final. 3a: the root of the first transaction of a
 * unit that is not final proposes the unit's order, with the certificates that it follows from; each signer
 * checks that it does and signs once. 3b: the signed order goes down, and is final.
 *
 * Readings where the source is silent:
 * 1. A certificate has at least `q = n - t` votes. A root waits for all, and after its levels' time for `q`.
 * 2. "Signs once": no two different orders that name one transaction.
 * 3. A signer compares an order with the certificates that come with it, not with what it delivered by score:
 *    the source asks for no such check. One that did could only withhold its signature, and t may be missing.
 * 4. A silent inner node costs its whole subtree, down and up: going around it (section 3) is not the source's.
 * 5. One round of signatures is the whole of phase 3: there is no other leader, no view, and no timeout.
 */

import type { BatchId, BlockDigest, SignerId } from '../../../src/base/ids.ts';
import type { Tree } from '../../../src/tree/tree.ts';
import { Book, type BookDelivery, type BookRules, type Contested, orderOf } from './book.ts';
import { Gathering } from './gathering.ts';
import {
  type Certified,
  inConflict,
  type SourceMessage,
  type SourceProposal,
  type SourceTransaction,
} from './messages.ts';
import type { SourceVote } from './order.ts';

export interface NodeRules extends BookRules {
  /** `q`: votes of a certificate, and signatures of an order. */
  readonly quorum: number;
  /** Time that one level of a tree may take. */
  readonly levelMs: number;
}

/** What a node asks of the world around it. */
export interface NodeHost {
  after(delayMs: number, run: () => void): void;
  send(to: SignerId, message: SourceMessage): void;
  treeOf(transaction: SourceTransaction): Tree;
  proposalTree(proposal: SourceProposal): Tree;
  /** A proposal of this node's, with an id of its own. */
  propose(entries: Contested): SourceProposal;
  /** A transaction was accepted: this is the only vote on it, for ever. */
  voted(id: BatchId, vote: SourceVote): void;
  signed(proposal: BlockDigest): void;
  delivered(delivery: BookDelivery): void;
  ordered(proposal: SourceProposal): void;
}

export class SourceNode {
  readonly id: SignerId;
  readonly #rules: NodeRules;
  readonly #host: NodeHost;
  readonly #book: Book;
  readonly #transactions = new Map<BatchId, SourceTransaction>();
  readonly #votes = new Map<BatchId, SourceVote>();
  readonly #rounds = new Map<BatchId, Gathering<SourceVote>>();
  readonly #proposals = new Map<BlockDigest, Gathering<SignerId>>();
  /** The order that each transaction was signed in. */
  readonly #signed = new Map<BatchId, BlockDigest>();
  readonly #orders = new Set<BlockDigest>();

  constructor(id: SignerId, rules: NodeRules, host: NodeHost) {
    this.id = id;
    this.#rules = rules;
    this.#host = host;
    this.#book = new Book(rules);
  }

  receive(from: SignerId, message: SourceMessage): void {
    switch (message.type) {
      case 'announce':
        this.announce(message.transaction);
        return;
      case 'votes':
        this.#rounds.get(message.id)?.add(
          from,
          message.votes.map((vote) => [vote.signer, vote]),
        );
        return;
      case 'certificate':
        this.#certificate(message.certified);
        return;
      case 'proposal':
        this.#proposal(message.proposal);
        return;
      case 'signatures':
        this.#proposals.get(message.proposal)?.add(
          from,
          message.signers.map((signer) => [signer, signer]),
        );
        return;
      case 'ordered':
        this.#ordered(message.proposal, message.signers);
        return;
    }
  }

  /** 1a: forwards, accepts, votes. The root calls it for a client's transaction. */
  announce(transaction: SourceTransaction): void {
    const { id } = transaction;
    if (this.#rounds.has(id)) return;
    const tree = this.#host.treeOf(transaction);
    this.#down(tree, { type: 'announce', transaction });
    const vote = this.#accept(transaction);
    const round = new Gathering<SourceVote>(tree, this.id, this.#rules.quorum, this.#rules.levelMs, {
      after: this.#host.after,
      up: (to, votes) => this.#host.send(to, { type: 'votes', id, votes }),
      top: (votes) => this.#certificate({ transaction, certificate: { id, votes } }),
    });
    this.#rounds.set(id, round);
    round.add(this.id, [[this.id, vote]]);
  }

  #accept(transaction: SourceTransaction): SourceVote {
    const known = this.#votes.get(transaction.id);
    if (known) return known;
    const vote: SourceVote = {
      signer: this.id,
      position: this.#transactions.size + 1,
      before: [...this.#transactions.values()]
        .filter((other) => inConflict(other, transaction))
        .map((other) => other.id),
    };
    this.#transactions.set(transaction.id, transaction);
    this.#votes.set(transaction.id, vote);
    this.#host.voted(transaction.id, vote);
    return vote;
  }

  #down(tree: Tree, message: SourceMessage): void {
    for (const child of tree.children(this.id)) this.#host.send(child, message);
  }

  /** Phase 2: passes a certificate on, and looks at what it decides. */
  #certificate(certified: Certified): void {
    if (this.#book.has(certified.transaction.id) || !this.#valid(certified)) return;
    this.#down(this.#host.treeOf(certified.transaction), { type: 'certificate', certified });
    this.#accept(certified.transaction);
    this.#book.hold(certified);
    this.#look();
  }

  #valid({ transaction, certificate }: Certified): boolean {
    const signers = new Set(certificate.votes.map((vote) => vote.signer));
    return (
      certificate.id === transaction.id &&
      signers.size === certificate.votes.length &&
      signers.size >= this.#rules.quorum
    );
  }

  #look(): void {
    const { deliveries, contested } = this.#book.look();
    for (const delivery of deliveries) this.#host.delivered(delivery);
    for (const entries of contested) {
      const first = entries[0]!.transaction;
      if (first.root === this.id && !this.#signed.has(first.id)) this.#proposal(this.#host.propose(entries));
    }
  }

  /** 3a: passes an order on, and signs it when it follows from its certificates. */
  #proposal(proposal: SourceProposal): void {
    const { id, leader, entries } = proposal;
    if (this.#proposals.has(id) || leader !== entries[0]?.transaction.root) return;
    if (!entries.every((one) => this.#valid(one)) || !this.#follows(entries)) return;
    const tree = this.#host.proposalTree(proposal);
    this.#down(tree, { type: 'proposal', proposal });
    const round = new Gathering<SignerId>(tree, this.id, this.#rules.quorum, this.#rules.levelMs, {
      after: this.#host.after,
      up: (to, signers) => this.#host.send(to, { type: 'signatures', proposal: id, signers }),
      top: (signers) => this.#ordered(proposal, signers),
    });
    this.#proposals.set(id, round);
    const names = entries.map((one) => one.transaction.id);
    const free = names.every((name) => !this.#signed.has(name));
    if (free) {
      for (const name of names) this.#signed.set(name, id);
      this.#host.signed(id);
    }
    round.add(this.id, free ? [[this.id, this.id]] : []);
  }

  #follows(entries: Contested): boolean {
    const { places } = orderOf(entries, this.#rules.comparison);
    return places.length === entries.length && places.every(({ id }, i) => id === entries[i]!.transaction.id);
  }

  /** 3b: a signed order is final. */
  #ordered(proposal: SourceProposal, signers: readonly SignerId[]): void {
    if (this.#orders.has(proposal.id) || new Set(signers).size < this.#rules.quorum) return;
    this.#orders.add(proposal.id);
    this.#down(this.#host.proposalTree(proposal), { type: 'ordered', proposal, signers });
    for (const { transaction } of proposal.entries) this.#accept(transaction);
    this.#host.ordered(proposal);
    this.#book.ordered(proposal.entries);
    this.#look();
  }
}
