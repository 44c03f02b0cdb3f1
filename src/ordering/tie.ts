/**
 * Ties in the derived order are broken by `H(parent block digest, batch id)`, never by the bare id: an
 * ingress could try headers until its id is small, but not before the parent exists (protocol section 7).
 */

import { digest } from '../base/codec.ts';
import { hash } from '../base/hash.ts';
import type { BatchId, BlockDigest } from '../base/ids.ts';

/** The tie-break of blocks under `parent`, as hex; the smaller one wins. Remembers what it computed. */
export function blockTie(parent: BlockDigest): (id: BatchId) => string {
  const parentBytes = digest().encode(parent);
  const known = new Map<BatchId, string>();
  return (id) => {
    let tie = known.get(id);
    if (tie === undefined) {
      tie = hash('tie', parentBytes, digest().encode(id));
      known.set(id, tie);
    }
    return tie;
  };
}
