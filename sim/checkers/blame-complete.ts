/**
 * Blame is complete (protocol section 10): when a signer's two statements prove it faulty and an honest
 * signer held both, somebody has evidence of that kind against it by the end of the run.
 */

import type { Contradiction } from './blame-held.ts';
import { type Checker, short } from './checker.ts';
import type { History } from './history.ts';

/** Evidence leaves a signer once it is durable; a slow disk takes this long, in ms. */
const durableMs = 500;

/** Whether its holder had the time to say what it held. */
function hadTime(history: History, { holder, at }: Contradiction): boolean {
  const own = history.entries.filter((entry) => entry.node === holder && entry.at >= at);
  const last = history.entries[history.entries.length - 1]?.at ?? 0;
  const crashed = own.find((entry) => entry.kind === 'crashed')?.at ?? Number.POSITIVE_INFINITY;
  return Math.min(last, crashed) >= at + durableMs;
}

export const blameComplete: Checker = {
  name: 'blame complete',
  check(history) {
    const blamed = new Set<string>();
    for (const entry of history.entries)
      if (entry.kind === 'event' && entry.event.type === 'evidence') {
        const { kind, signer } = entry.event.evidence;
        blamed.add(`${kind} ${signer}`);
      }
    // Who gave two votes on one batch is convicted of that; the second need not be compared with other batches.
    const convicted = ({ kind, signer }: Contradiction): boolean =>
      blamed.has(`${kind} ${signer}`) || (kind === 'mutual' && blamed.has(`votes ${signer}`));
    return history.held
      .filter((one) => !convicted(one) && hadTime(history, one))
      .map(
        ({ kind, signer, holder, at, batch, view }) =>
          `s${holder} held a proof (${kind}${batch ? ` on ${short(batch)}` : ''}${view ? ` in view ${view}` : ''}) against s${signer} from ${at.toFixed(1)} ms on, and nobody has evidence`,
      );
  },
};
