/**
 * Whether two entries of a block stand in one Condorcet cycle (protocol section 7), found from the block's
 * certificates alone: who wins each conflicting pair, and who reaches whom along the wins.
 */

import { digest } from '../../src/base/codec.ts';
import { hash } from '../../src/base/hash.ts';
import type { BatchId, BlockDigest } from '../../src/base/ids.ts';
import type { FinalOrder, History } from './history.ts';
import { type Certified, certified, conflict, votesIn } from './rules.ts';

/** The entries of the block at a height, as it was derived on top of what is below. */
function entriesAt(history: History, order: FinalOrder, height: number): Certified[] {
  const used = new Set(
    order.places.filter((place) => place.height < height).map((place) => `${place.ingress}/${place.number}`),
  );
  return order.places
    .filter((place) => place.height === height)
    .map((place) => {
      const batch = history.batches.get(place.batch);
      const certificate = history.certificates.get(place.certificate);
      if (!batch || !certificate) throw new Error(`batch ${place.batch} or its certificate is not known`);
      return certified(batch, certificate, (number) => used.has(number));
    });
}

/** Signers that say "T first" in one of the two certificates and nothing else in the other. */
function sayFirst(t: Certified, u: Certified): number {
  const says = new Map<number, Set<boolean>>();
  const note = (signer: number, first: boolean): void => {
    says.set(signer, (says.get(signer) ?? new Set()).add(first));
  };
  const lists = (one: Certified, before: readonly BatchId[], id: BatchId): boolean =>
    before.includes(id) || one.after.includes(id);
  for (const [signer, vote] of votesIn(t.certificate)) note(signer, !lists(t, vote.before, u.batch.id));
  for (const [signer, vote] of votesIn(u.certificate)) note(signer, lists(u, vote.before, t.batch.id));
  return [...says.values()].filter((said) => said.size === 1 && said.has(true)).length;
}

function wins(t: Certified, u: Certified, parent: BlockDigest): boolean {
  const lead = sayFirst(t, u) - sayFirst(u, t);
  const tie = (id: BatchId): string => hash('tie', digest().encode(parent), digest().encode(id));
  return lead === 0 ? tie(t.batch.id) < tie(u.batch.id) : lead > 0;
}

function reaches(entries: readonly Certified[], parent: BlockDigest, from: BatchId, to: BatchId): boolean {
  const found = new Set<BatchId>([from]);
  for (const id of found) {
    const one = entries.find((entry) => entry.batch.id === id)!;
    for (const other of entries)
      if (!found.has(other.batch.id) && conflict(one.batch, other.batch) && wins(one, other, parent))
        found.add(other.batch.id);
  }
  return found.has(to);
}

/** @param height of the block that holds both batches. */
export function inOneCycle(
  history: History,
  order: FinalOrder,
  height: number,
  a: BatchId,
  b: BatchId,
): boolean {
  const block = order.blocks.find((one) => one.height === height);
  if (!block) throw new Error(`the block at height ${height} is not known`);
  const entries = entriesAt(history, order, height);
  return reaches(entries, block.parent, a, b) && reaches(entries, block.parent, b, a);
}
