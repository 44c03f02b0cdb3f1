/** Blame (protocol section 10): evidence names only liars, and convicts them offline, by itself. */

import type { Checker } from './checker.ts';

export const blame: Checker = {
  name: 'blame',
  check(history) {
    const objections: string[] = [];
    for (const entry of history.entries) {
      if (entry.kind !== 'event' || entry.event.type !== 'evidence') continue;
      const { evidence } = entry.event;
      const what = `s${entry.node} has evidence (${evidence.kind}) against s${evidence.signer}`;
      if (history.honest.has(evidence.signer)) objections.push(`${what}, who is honest`);
      const convicted = history.convicts(evidence);
      if (!convicted.ok) objections.push(`${what} that does not verify: ${convicted.error.message}`);
    }
    return objections;
  },
};
