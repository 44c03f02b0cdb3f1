/**
 * Front-running: a signer that sees somebody's transaction on its way and wants its own ordered before it, and
 * votes that always speak for one side. What answers them is the order rule itself (protocol section 7):
 * a signer's own vote is one of `n`, and what all but `c` honest signers accepted first stays first.
 */

import { textOf } from '../../src/base/bytes.ts';
import type { BatchId, SignerId } from '../../src/base/ids.ts';
import type { Send } from '../../src/engine/contract.ts';
import type { Batch } from '../../src/messages/batch.ts';
import type { Certificate, VoteContent } from '../../src/messages/vote.ts';
import type { Liar, Strategy } from './liar.ts';

/** The client name under which liars send what they want ordered first. */
export const frontRunnerClient = 'front-runner';

const clientOf = (batch: Batch): string => textOf(batch.transactions[0]!.client);

/** A client's transaction straight into the liar's own engine, as its client would send it. */
export function submitOwn(
  liar: Liar,
  dependencies: readonly string[] | undefined,
  body: string,
  client: string,
): void {
  const transaction = liar.world.transaction(dependencies, body, { client });
  liar.node.input({ type: 'submit', transactions: [transaction] });
}

/** What a batch depends on, as text; nothing when it depends on everything. */
export function dependenciesOf(batch: Batch): readonly string[] | undefined {
  if (batch.transactions.some((one) => one.dependencies === undefined)) return undefined;
  return [...new Set(batch.transactions.flatMap((one) => one.dependencies!.map(textOf)))];
}

export interface FrontRun {
  /** Client whose transactions it runs before; empty for anybody's. */
  readonly victim: string;
  readonly chance: number;
  /** How long it keeps what it saw from its subtree, in ms. */
  readonly holdMs: number;
  /** Own batches go to everybody at once, not along their tree. */
  readonly direct: boolean;
  /** A second transaction right behind the victim's: a sandwich. */
  readonly back: boolean;
}

/**
 * As an inner node: it sees a batch come down its tree, sends a batch of its own on the same dependencies
 * first, and passes the other one on late.
 */
export function frontRunner(liar: Liar, { victim, chance, holdMs, direct, back }: FrontRun): Strategy {
  const seen = new Set<BatchId>();
  const isPrey = (batch: Batch): boolean =>
    batch.header.ingress !== liar.id &&
    clientOf(batch) !== frontRunnerClient &&
    (victim === '' || clientOf(batch) === victim);
  const run = (batch: Batch): void => {
    if (seen.has(batch.id) || !isPrey(batch)) return;
    seen.add(batch.id);
    if (!liar.random.chance(chance)) return;
    const dependencies = dependenciesOf(batch);
    if (dependencies?.length === 0) return;
    submitOwn(liar, dependencies, `before ${batch.id}`, frontRunnerClient);
    if (back)
      liar.world.schedule.after(holdMs, () =>
        submitOwn(liar, dependencies, `behind ${batch.id}`, frontRunnerClient),
      );
  };
  const told = new Set<BatchId>();
  return {
    incoming(_, message) {
      if (message.type === 'announce') run(message.batch);
      return true;
    },
    outgoing(send): readonly Send[] {
      const { message, to } = send;
      if (message.type !== 'announce') return [send];
      const { batch } = message;
      if (batch.header.ingress === liar.id) {
        if (!direct) return [send];
        if (told.has(batch.id)) return [];
        told.add(batch.id);
        return liar.others.map((other) => ({ to: other, message, durable: false }));
      }
      if (holdMs === 0 || !isPrey(batch)) return [send];
      liar.world.schedule.after(holdMs, () => liar.send(to, message));
      return [];
    },
  };
}

/**
 * Changes the liar's own vote wherever it leaves: single, in aggregates, and in certificates that it makes.
 * @param story what it says, once for all; undefined to say nothing yet.
 */
export function rewriteVotes(
  liar: Liar,
  story: (batch: BatchId, truth: VoteContent) => VoteContent | undefined,
): (send: Send) => readonly Send[] {
  const told = new Map<BatchId, VoteContent>();
  const changed = (votes: Certificate): Certificate | undefined => {
    const own = liar.ownIn(votes);
    if (!own) return votes;
    const content = told.get(votes.batch) ?? story(votes.batch, own);
    if (!content) return liar.without(votes);
    told.set(votes.batch, content);
    return liar.withOwn(votes, content);
  };
  return (send) => {
    const { message } = send;
    if (message.type === 'votes') {
      const votes = changed(message.votes);
      return votes ? [{ ...send, message: { ...message, votes } }] : [];
    }
    // A certificate that somebody else made stays as it is: it is a fact.
    if (message.type === 'certificate' && message.root === liar.id) {
      const certificate = changed(message.certificate);
      return certificate ? [{ ...send, message: { ...message, certificate } }] : [];
    }
    return [send];
  };
}

export interface Partisan {
  /** Client whose batches it favours; empty for its own batches. */
  readonly client: string;
}

/** Votes that put every favoured batch before every other, whatever it saw; one story for all. */
export function partisanVotes(liar: Liar, { client }: Partisan): Strategy {
  const favoured = (id: BatchId): boolean => {
    const batch = liar.batches.get(id);
    if (!batch) return false;
    const mine = (signer: SignerId): boolean => liar.cabal.members.includes(signer);
    return client === '' ? mine(batch.header.ingress) : clientOf(batch) === client;
  };
  return {
    outgoing: rewriteVotes(liar, (batch, truth) => ({
      ...truth,
      before: favoured(batch)
        ? truth.before.filter(favoured)
        : [...new Set([...truth.before, ...liar.rivalsOf(batch).filter(favoured)])].sort(),
    })),
  };
}
