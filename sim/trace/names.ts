/** Short names for batches: A to Z, then A1 to Z1, and so on. */

import type { BatchId } from '../../src/base/ids.ts';

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

export function shortNames(ids: readonly BatchId[]): Record<BatchId, string> {
  const name = (i: number): string => {
    const round = Math.floor(i / letters.length);
    return `${letters[i % letters.length]}${round === 0 ? '' : round}`;
  };
  return Object.fromEntries(ids.map((id, i) => [id, name(i)]));
}
