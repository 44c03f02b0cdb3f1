/** A small trace made by hand: three signers, one message lost, one doubled, a crash in between. */

import type { Trace, TraceEvent } from '../../../sim/trace/trace.ts';
import type { BatchId, BlockDigest, SignerId, TransactionId } from '../../../src/base/ids.ts';

const s = (id: number): SignerId => id as SignerId;
export const batch = 'aa11' as BatchId;
const transaction = 'ee55' as TransactionId;
const block = 'bb22' as BlockDigest;

const announce = (id: number, at: number, from: number, to: number): TraceEvent => ({
  at,
  kind: 'sent',
  id,
  from: s(from),
  to: s(to),
  type: 'announce',
  bytes: 120,
  cargo: { batch },
});
const received = (id: number, at: number, from: number, to: number): TraceEvent => ({
  at,
  kind: 'received',
  id,
  from: s(from),
  to: s(to),
});

export const events: readonly TraceEvent[] = [
  { at: 10, kind: 'submitted', node: s(0), transaction, client: 'client <1>' },
  { at: 10, kind: 'made', node: s(0), batch, number: 1, transactions: [transaction], parents: [-1, 0, 0] },
  announce(1, 10, 0, 1),
  announce(2, 10, 0, 2),
  received(1, 11, 0, 1),
  { at: 11, kind: 'arrived', node: s(1), batch, position: 1 },
  announce(3, 11, 1, 2),
  { at: 11.5, kind: 'down', node: s(2) },
  { at: 500, kind: 'up', node: s(2) },
  received(3, 501, 1, 2),
  received(3, 502, 1, 2),
  { at: 503, kind: 'delivered', node: s(2), batch, finality: 'score', void: false, score: 3, verdicts: [] },
  { at: 504, kind: 'delivered', node: s(1), batch, finality: 'order', void: false, verdicts: [] },
  { at: 505, kind: 'committed', node: s(1), height: 1, view: 4, block, entries: [batch] },
  { at: 506, kind: 'evidence', node: s(1), convicts: s(0), what: 'two-votes' },
  { at: 507, kind: 'note', text: 'the wind <turns>', nodes: [s(0), s(1)] },
] as TraceEvent[];

export const trace: Trace = {
  title: 'a & b',
  rule: 'engine',
  signers: 3,
  byzantine: 0,
  faulty: 1,
  quorum: 2,
  threshold: 3,
  liars: [s(0)],
  regions: ['Asia Pacific (Tokyo)', 'Asia Pacific (Tokyo)', 'Mars'],
  names: { [batch]: 'A' },
  events,
  endMs: 507,
  traceHash: 'ff',
};
