/**
 * From arrivals to certificates. A signer's vote on T lists every conflicting batch earlier in its line
 * (protocol section 4); a liar's vote lists what it claims. Every certificate is made of all the votes
 * there are; nothing is committed yet, so every `base` is 0 and no batch has an `after`.
 */

import { compareText } from '../../base/bytes.ts';
import { allSigners, type BatchId, height, type SignerId } from '../../base/ids.ts';
import { ConflictIndex } from '../../dependency/conflict-index.ts';
import { compareContent, type VoteClass } from '../../messages/vote.ts';
import type { Facts } from '../../ordering/facts.ts';
import type { Arrivals } from './arrivals.ts';

/** For each batch the batches that conflict with it. */
export function conflictsIn(arrivals: Arrivals): Map<BatchId, BatchId[]> {
  const index = new ConflictIndex();
  for (const [id, keys] of arrivals.batches) index.add(id, keys);
  return new Map([...arrivals.batches.keys()].map((id) => [id, index.conflictsOf(id)]));
}

/** The votes on every batch, by name, ascending. */
export function votesIn(arrivals: Arrivals, conflicts: ReadonlyMap<BatchId, readonly BatchId[]>): Facts[] {
  const places = new Map<SignerId, Map<BatchId, number>>();
  for (const [signer, line] of arrivals.lines)
    places.set(signer, new Map(line.map((id, i): [BatchId, number] => [id, i])));
  const voteOf = (signer: SignerId, batch: BatchId): readonly BatchId[] | undefined => {
    const claim = arrivals.claims.get(batch)?.get(signer);
    if (claim) return claim;
    const line = places.get(signer);
    const place = line?.get(batch);
    if (line === undefined || place === undefined) return undefined;
    return conflicts.get(batch)!.filter((other) => (line.get(other) ?? place) < place);
  };
  return [...arrivals.batches.keys()].sort(compareText).map((id) => {
    const classes = new Map<string, { before: readonly BatchId[]; signers: SignerId[] }>();
    for (const signer of allSigners(arrivals.quorum.n)) {
      const vote = voteOf(signer, id);
      if (!vote) continue;
      const before = [...vote].sort(compareText);
      const key = before.join(' ');
      const known = classes.get(key);
      if (known) known.signers.push(signer);
      else classes.set(key, { before, signers: [signer] });
    }
    const sorted: VoteClass[] = [...classes.values()].map((one) => ({
      ...one,
      base: height(0),
      rejects: [],
    }));
    return { id, after: [], count: 1, classes: sorted.sort(compareContent) };
  });
}
