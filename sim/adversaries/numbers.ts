/**
 * Number games (protocol section 2): gaps, numbers at the edge of the window, full windows. What answers them: a
 * window is its ingress's alone; a batch beyond it waits, a used number is never accepted again, and what a
 * liar can make others wait for is what is admitted within its window.
 */

import { attempt, type BatchId, batchNumber } from '../../src/base/ids.ts';
import type { AfterEntry, Batch } from '../../src/messages/batch.ts';
import { freshBatch, keyOf } from './batches.ts';
import type { Liar, Strategy } from './liar.ts';

/** Sends an own batch to a share of the others, as the root of its tree. */
export function showTo(liar: Liar, batch: Batch, share: number): void {
  liar.batches.set(batch.id, batch);
  for (const to of liar.others)
    if (liar.random.chance(share))
      liar.send(to, { type: 'announce', root: liar.id, attempt: attempt(0), batch });
}

const watermarkOf = (liar: Liar): number => liar.node.engine?.order.committed.window(liar.id).watermark ?? 0;

export interface Gaps {
  /** Numbers above the watermark; from it, when negative, back from the end of the window. */
  readonly jumps: readonly number[];
  readonly chance: number;
  /** What `after` names: nothing, the batch before, a number that nobody has, or one of another signer's. */
  readonly after: 'nothing' | 'last' | 'gap' | 'stranger';
  readonly share: number;
}

/** Own batches with numbers that leave gaps, at the edges of the window and beyond. */
export function gappedNumbers(liar: Liar, { jumps, chance, after, share }: Gaps): Strategy {
  let last: Batch | undefined;
  const entries = (number: number): readonly AfterEntry[] => {
    const known = [...liar.batches.values()].filter((one) => one.header.ingress !== liar.id);
    const named: Record<Gaps['after'], BatchId | undefined> = {
      nothing: undefined,
      last: last?.id,
      gap: freshBatch(liar, Math.max(1, number - 1), [], [keyOf(liar)]).id,
      stranger: known.length > 0 ? liar.random.pick(known).id : undefined,
    };
    const id = named[after];
    const before = after === 'last' ? (last?.header.number ?? 0) : number - 1;
    return id && before >= 1 && before < number ? [{ number: batchNumber(before), id }] : [];
  };
  return {
    tick() {
      if (!liar.random.chance(chance)) return;
      const { window } = liar.world.federation.federation.limits;
      const jump = liar.random.pick(jumps);
      const number = watermarkOf(liar) + (jump > 0 ? jump : window + jump);
      if (number < 1) return;
      const batch = freshBatch(liar, number, entries(number), [keyOf(liar)]);
      showTo(liar, batch, share);
      last = batch;
    },
  };
}

export interface FullWindow {
  /** Numbers used at once, at most. */
  readonly most: number;
  /** Share of the signers that are shown each. */
  readonly share: number;
  /** Depends on everything, or on a key that others use. */
  readonly wildcard: boolean;
  readonly chance: number;
}

/** Uses every number of its window at once, each batch shown to some. */
export function fullWindow(liar: Liar, { most, share, wildcard, chance }: FullWindow): Strategy {
  let filled = 0;
  return {
    tick() {
      if (!liar.random.chance(chance)) return;
      const watermark = watermarkOf(liar);
      const end = watermark + Math.min(most, liar.world.federation.federation.limits.window);
      for (let number = Math.max(filled, watermark) + 1; number <= end; number++)
        showTo(liar, freshBatch(liar, number, [], wildcard ? undefined : [keyOf(liar)]), share);
      filled = Math.max(filled, end);
    },
  };
}
