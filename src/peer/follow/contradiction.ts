/**
 * Whether a committed block contradicts what was delivered by score before it (protocol section 5). With
 * at most `f` liars it cannot: a batch that is final by its score wins every pair against what was not
 * delivered before it, and has its verdicts. A learner checks, because applying a contradiction would
 * corrupt its documents, and the check turns it into a halt.
 *
 * The rule: of two conflicting batches, the one delivered first stands first in the committed order, and
 * a batch has the verdicts and the place with which it was delivered.
 */

import type { BatchId } from '../../base/ids.ts';
import { ConflictIndex } from '../../dependency/conflict-index.ts';
import type { BatchKeys } from '../../dependency/keys.ts';
import type { DerivedBlock } from '../../ordering/derive.ts';
import type { Verdict } from '../../ordering/order.ts';

/** A batch that was delivered by its score. */
export interface DeliveredAhead {
  readonly keys: BatchKeys;
  readonly verdicts: readonly Verdict[];
}

/** Where everything stands: in the order of deliveries, and in the committed order. */
function ranks(
  ahead: ReadonlyMap<BatchId, DeliveredAhead>,
  places: readonly { readonly batch: BatchId }[],
): (id: BatchId) => { delivered: number; ordered: number } {
  const delivered = new Map([...ahead.keys()].map((id, i) => [id, i]));
  const ordered = new Map(places.map(({ batch }, i) => [batch, i]));
  return (id) => {
    const place = ordered.get(id) ?? Number.POSITIVE_INFINITY;
    // What the block adds is delivered now, after all that is ahead, in the block's order.
    return { delivered: delivered.get(id) ?? ahead.size + place, ordered: place };
  };
}

/**
 * @param ahead what was delivered by score and is not committed, in delivery order.
 * @param block the next block, derived.
 * @returns what contradicts what, or undefined.
 */
export function contradiction(
  ahead: ReadonlyMap<BatchId, DeliveredAhead>,
  block: DerivedBlock,
): string | undefined {
  if (ahead.size === 0) return undefined;
  for (const place of block.places) {
    const delivered = ahead.get(place.batch);
    if (!delivered) continue;
    if (place.void) return `batch ${place.batch} was delivered by its score and is void in its block`;
    if (place.verdicts.some((verdict, i) => verdict !== delivered.verdicts[i]))
      return `batch ${place.batch} was delivered by its score with other verdicts than in its block`;
  }
  const index = new ConflictIndex();
  for (const [id, { keys }] of ahead) index.add(id, keys);
  for (const { batch, keys } of block.entries) index.add(batch.id, keys);
  const rankOf = ranks(ahead, block.places);
  for (const { batch } of block.places) {
    const one = rankOf(batch);
    for (const id of index.conflictsOf(batch)) {
      const other = rankOf(id);
      if (one.delivered < other.delivered !== one.ordered < other.ordered)
        return `batches ${batch} and ${id} were delivered in the other order than their block says`;
    }
  }
  return undefined;
}
