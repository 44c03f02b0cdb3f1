/**
 * Whether two honest signers disagree, read from what they delivered and nothing else. A signer has put T
 * before U when it delivered T and had not delivered U by then: nothing that it delivers later can undo that.
 * Two honest signers that put a conflicting pair in opposite orders disagree for ever.
 */

import type { Trace } from '../../sim/trace/trace.ts';
import type { BatchId, SignerId } from '../../src/base/ids.ts';
import { conflict } from './conflict.ts';
import type { Picture } from './picture.ts';

export interface Disagreement {
  readonly first: BatchId;
  readonly second: BatchId;
  /** Honest signers that put `first` before `second`. */
  readonly ahead: readonly SignerId[];
  /** Honest signers that put `second` before `first`. */
  readonly behind: readonly SignerId[];
}

/** Place of each batch at a signer; void batches have none. */
function placesAt(picture: Picture, signer: SignerId): Map<BatchId, number> {
  const valid = picture.delivered[signer]!.filter((one) => !one.void);
  return new Map(valid.map(({ batch }, place) => [batch, place]));
}

export function disagreements(picture: Picture, trace: Trace): Disagreement[] {
  const liars = new Set(trace.liars);
  const places = picture.delivered
    .map((_, id) => [id as SignerId, placesAt(picture, id as SignerId)] as const)
    .filter(([id]) => !liars.has(id));
  const batches = [...picture.batches.values()];
  const found: Disagreement[] = [];
  for (const [i, one] of batches.entries())
    for (const other of batches.slice(i + 1)) {
      if (!conflict(one, other)) continue;
      const ahead: SignerId[] = [];
      const behind: SignerId[] = [];
      for (const [id, place] of places) {
        const a = place.get(one.id) ?? Number.POSITIVE_INFINITY;
        const b = place.get(other.id) ?? Number.POSITIVE_INFINITY;
        if (a < b) ahead.push(id);
        if (b < a) behind.push(id);
      }
      if (ahead.length > 0 && behind.length > 0)
        found.push({ first: one.id, second: other.id, ahead, behind });
    }
  return found;
}
