/**
 * The check after a run, against what the signers cannot make up: the committed order is read from a
 * signer's stream, verified block by block, and replayed by a single thread (protocol section 11).
 */

import type { TransactionId } from '../../base/ids.ts';
import type { Client } from '../../client/client.ts';
import type { OrderedTransaction } from '../../peer/api.ts';
import { deliveredBatch, orderedBatch } from '../../peer/follow/ordered.ts';
import { VerifiedOrder } from '../../peer/follow/verified-order.ts';
import { documentMachine } from '../../peer/machine/documents.ts';
import { replayRoot, singleThreadedReplay } from '../../peer/replay.ts';
import { MemoryStore } from '../../store/memory.ts';

export interface Audit {
  /** Transactions of the committed order that are not duplicates, in order. */
  readonly transactions: readonly OrderedTransaction[];
  /** State root of the single-threaded replay, hex. */
  readonly root: string;
  readonly documents: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly height: number;
}

/**
 * Reads, verifies and replays the committed order up to a height.
 * @throws when the stream ends before, or when something in it does not verify.
 */
export async function auditOrder(client: Client, height: number): Promise<Audit> {
  const store = new MemoryStore();
  const order = new VerifiedOrder({ verifier: client.verifier, ledger: store, finality: 'order' });
  const transactions: OrderedTransaction[] = [];
  const stop = new AbortController();
  for await (const event of client.subscribe({ after: 0, signal: stop.signal })) {
    for (const delivery of order.take(event)) {
      const batch = orderedBatch(deliveredBatch(delivery));
      if (!batch.void) transactions.push(...batch.transactions);
    }
    store.apply(order.drain());
    if (order.height >= height) break;
  }
  stop.abort();
  if (order.height < height) throw new Error(`the stream ended at height ${order.height}, before ${height}`);
  const replay = singleThreadedReplay(transactions, documentMachine);
  const outcomes: Record<string, number> = {};
  for (const { status } of replay.outcomes) outcomes[status] = (outcomes[status] ?? 0) + 1;
  return {
    transactions: transactions.filter((one) => one.verdict !== 'duplicate'),
    root: replayRoot(replay.documents),
    documents: replay.documents.size,
    outcomes,
    height: order.height,
  };
}

/** Transactions that were acknowledged and do not stand in the order exactly once. */
export function misplaced(audit: Audit, acknowledged: Iterable<TransactionId>): TransactionId[] {
  const places = new Map<TransactionId, number>();
  for (const { id } of audit.transactions) places.set(id, (places.get(id) ?? 0) + 1);
  return [...acknowledged].filter((id) => places.get(id) !== 1);
}
