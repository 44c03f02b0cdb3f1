/**
 * Closure: which batches a block must hold together (protocol section 6, rule 2). When a majority of all
 * of `C_T`'s votes list U, T may not be ordered by a block from which U is absent, unless U is in the
 * order up to the parent (P) or its number is used there. Whether U conflicts with T is not asked.
 * Closed sets unite, so there is one largest closed subset of any set of candidates.
 *
 * `settled(id)` here always means: in P, or its number is used in P.
 */

import type { BatchId } from '../base/ids.ts';
import { type Facts, listedCounts, voteTotal } from './facts.ts';

type Settled = (id: BatchId) => boolean;

/** Batches that more than half of all the certificate's votes list, whatever their base. */
export function majorityListed(facts: Facts): BatchId[] {
  const total = voteTotal(facts);
  const majority: BatchId[] = [];
  for (const [id, count] of listedCounts(facts)) if (2 * count > total) majority.push(id);
  return majority;
}

/** The first entry that lacks a batch which a majority of its votes list, or undefined when closed. */
export function closureGap(
  entries: readonly Facts[],
  settled: Settled,
): { batch: BatchId; missing: BatchId } | undefined {
  const held = new Set(entries.map((entry) => entry.id));
  for (const entry of entries)
    for (const id of majorityListed(entry))
      if (!held.has(id) && !settled(id)) return { batch: entry.id, missing: id };
  return undefined;
}

/**
 * The unique largest closed subset, in the order given. Candidates have distinct ids. Removes what
 * needs an absent batch, then what needed that, along reverse edges: linear in the certificates' size.
 */
export function largestClosed(candidates: readonly Facts[], settled: Settled): Facts[] {
  const held = new Set(candidates.map((candidate) => candidate.id));
  const neededBy = new Map<BatchId, BatchId[]>();
  const removed: BatchId[] = [];
  for (const candidate of candidates)
    for (const id of majorityListed(candidate)) {
      if (held.has(id)) {
        const list = neededBy.get(id);
        if (list) list.push(candidate.id);
        else neededBy.set(id, [candidate.id]);
      } else if (!settled(id)) removed.push(candidate.id);
    }
  const gone = new Set<BatchId>(removed);
  for (let next = removed.pop(); next !== undefined; next = removed.pop())
    for (const id of neededBy.get(next) ?? [])
      if (!gone.has(id) && !settled(next)) {
        gone.add(id);
        removed.push(id);
      }
  return candidates.filter((candidate) => !gone.has(candidate.id));
}

/**
 * The smallest closed set with `id` among the candidates, `id` first, or undefined when there is none:
 * some majority lists a batch that is neither a candidate nor settled.
 */
export function smallestClosedContaining(
  id: BatchId,
  candidates: ReadonlyMap<BatchId, Facts>,
  settled: Settled,
): BatchId[] | undefined {
  const found = new Set<BatchId>([id]);
  // A set grows while it is iterated, so this visits what the loop body adds.
  for (const next of found) {
    const facts = candidates.get(next);
    if (!facts) return undefined;
    for (const needed of majorityListed(facts)) if (!settled(needed)) found.add(needed);
  }
  return [...found];
}
