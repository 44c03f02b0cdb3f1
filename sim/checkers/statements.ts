/**
 * Honest signers never contradict themselves (protocol sections 4, 6 and 10), crashes and restarts
 * included, and their votes say what a single arrival order can say. Looks at what they signed, as it
 * travelled, and not at anybody's evidence.
 */

import { view as asView, type BatchId, type SignerId } from '../../src/base/ids.ts';
import type { VoteContent } from '../../src/messages/vote.ts';
import { type Checker, short } from './checker.ts';
import type { History, Statement } from './history.ts';
import { conflict, conflictsAmong } from './rules.ts';

const of = <K extends Statement['kind']>(history: History, signer: SignerId, kind: K) =>
  history.statements.filter(
    (one): one is Extract<Statement, { kind: K }> => one.kind === kind && one.signer === signer,
  );

export const statements: Checker = {
  name: 'statements',
  check: (history) =>
    [...history.honest].flatMap((signer) => [
      ...twoVotes(history, signer),
      ...twoBlocks(history, signer),
      ...againstTimeouts(history, signer),
      ...withoutCause(history, signer),
    ]),
};

function twoVotes(history: History, signer: SignerId): string[] {
  const voted = new Map<BatchId, number>();
  for (const { batch } of of(history, signer, 'vote')) voted.set(batch, (voted.get(batch) ?? 0) + 1);
  return [...voted]
    .filter(([, count]) => count > 1)
    .map(([batch, count]) => `s${signer} cast ${count} different votes on ${short(batch)}`);
}

function twoBlocks(history: History, signer: SignerId): string[] {
  const views = new Map<number, number>();
  for (const { view } of of(history, signer, 'block')) views.set(view, (views.get(view) ?? 0) + 1);
  return [...views]
    .filter(([, count]) => count > 1)
    .map(([view, count]) => `s${signer} signed ${count} blocks in view ${view}`);
}

function againstTimeouts(history: History, signer: SignerId): string[] {
  const objections: string[] = [];
  const ends = new Map<number, number>();
  for (const { timeout } of of(history, signer, 'timeout')) {
    ends.set(timeout.end, (ends.get(timeout.end) ?? 0) + 1);
    for (const { view, block } of of(history, signer, 'block')) {
      if (view > timeout.end) continue;
      if (view > timeout.lastSigned)
        objections.push(`s${signer} signed in view ${view} after its timeout for ${timeout.end}`);
      const justify = history.blocks.get(block)?.justify.view;
      if (justify !== undefined && justify > timeout.highView)
        objections.push(`s${signer} hid the QC of view ${justify} in its timeout for ${timeout.end}`);
    }
  }
  for (const [end, count] of ends)
    if (count > 1) objections.push(`s${signer} signed ${count} timeouts for ${end}`);
  return objections;
}

/** A block that skips views needs a TC for the view before it, whose highest QC is not above its own. */
function withoutCause(history: History, signer: SignerId): string[] {
  return of(history, signer, 'block').flatMap(({ view, block: digest }) => {
    const justify = history.blocks.get(digest)?.justify.view;
    if (justify === undefined || justify + 1 === view) return [];
    const highs = [...(history.givenUp.get(asView(view - 1)) ?? [])];
    return highs.some((high) => high <= justify)
      ? []
      : [
          `s${signer} signed in view ${view} on a QC of view ${justify}, and the TCs say ${highs.join() || 'nothing'}`,
        ];
  });
}

/**
 * Of two conflicting batches with votes by one honest signer, the vote on the later one lists the earlier
 * one, unless `after` says it, or its base shows that it knew the earlier one (or a twin of it) in a block.
 */
export const votes: Checker = {
  name: 'votes',
  check(history) {
    const heights = new Map<BatchId, number>();
    const numbers = new Map<string, number>();
    for (const { places } of history.finals)
      for (const place of places) {
        heights.set(place.batch, place.height);
        const number = `${place.ingress}/${place.number}`;
        numbers.set(number, Math.min(place.height, numbers.get(number) ?? place.height));
      }
    return [...history.honest].flatMap((signer) => arrivals(history, signer, heights, numbers));
  },
};

function arrivals(
  history: History,
  signer: SignerId,
  heights: ReadonlyMap<BatchId, number>,
  numbers: ReadonlyMap<string, number>,
): string[] {
  const said = of(history, signer, 'vote');
  const objections: string[] = [];
  /** Whether the vote omits U rightly: `after` says it, or U was in the order or had lost its number. */
  const excused = (batch: BatchId, vote: VoteContent, other: BatchId): boolean => {
    if (history.batches.get(batch)?.header.after.some((entry) => entry.id === other)) return true;
    const header = history.batches.get(other)?.header;
    const twin = header && numbers.get(`${header.ingress}/${header.number}`);
    if (heights.get(other) === undefined) return twin !== undefined;
    return heights.get(other)! <= vote.base;
  };
  const places = new Map(said.map(({ batch }, i) => [batch, i]));
  const conflicts = conflictsAmong(said.flatMap(({ batch }) => history.batches.get(batch) ?? []));
  said.forEach((t, i) => {
    const batchT = history.batches.get(t.batch);
    if (!batchT) return;
    for (const id of t.vote.before) {
      const listed = history.batches.get(id);
      if (listed && !conflict(batchT, listed))
        objections.push(`s${signer} lists ${short(id)}, which does not conflict with ${short(t.batch)}`);
    }
    for (const { id } of conflicts.get(t.batch)!) {
      const u = said[places.get(id)!]!;
      if (places.get(id)! <= i) continue;
      const tLists = t.vote.before.includes(u.batch);
      const uLists = u.vote.before.includes(t.batch);
      if (tLists && uLists)
        objections.push(`s${signer} lists ${short(t.batch)} and ${short(u.batch)} mutually`);
      if (tLists || uLists) continue;
      if (!excused(t.batch, t.vote, u.batch) && !excused(u.batch, u.vote, t.batch))
        objections.push(`s${signer} has no order for ${short(t.batch)} and ${short(u.batch)}`);
    }
  });
  return objections;
}
