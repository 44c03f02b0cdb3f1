/** An endless history whose state after `k` groups is known without replaying it. */
import type { Document, OrderedGroup, Position } from '../../../src/peer/api.ts';
import { sketchBatch } from '../../../src/peer/documents/conformance-history.ts';
import { orderedGroup } from '../../../src/peer/position.ts';

const slots = 7;
const padding = 'x'.repeat(2000);

/** Group `k` sets `counter` to k and replaces or creates one of the slots. */
export function counterGroup(previous: Position): OrderedGroup {
  const k = previous.sequence + 1;
  const first = k === 1;
  return orderedGroup(previous, [
    sketchBatch(k, [
      { ops: [{ op: first ? 'create' : 'update', id: 'counter', document: { k } }] },
      { ops: [{ op: k <= slots ? 'create' : 'update', id: `slot ${k % slots}`, document: { k, padding } }] },
    ]),
  ]);
}

/** The documents after `k` groups. */
export function counterDocuments(k: number): Map<string, Document> {
  const documents = new Map<string, Document>();
  if (k > 0) documents.set('counter', { k });
  for (let i = Math.max(1, k - slots + 1); i <= k; i++) documents.set(`slot ${i % slots}`, { k: i, padding });
  return documents;
}
