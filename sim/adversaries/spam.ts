/**
 * Spam (protocol sections 2 and 9): a signer that puts into its own batches what others already ordered, or as
 * much as fits. What answers it: an id is executed once, a window bounds what is in flight, and queues belong
 * to the signer that filled them.
 */

import type { SubmittedTransaction } from '../../src/engine/contract.ts';
import { transactionSize } from '../../src/engine/ingress.ts';
import { keyOf } from './batches.ts';
import { submitOwn } from './frontrun.ts';
import type { Liar, Strategy } from './liar.ts';

export interface Spam {
  /** Transactions at each look around. */
  readonly burst: number;
  readonly chance: number;
  /** Virtual time at which it stops, in ms; absent: never. */
  readonly untilMs?: number;
}

/** Bursts of small transactions through its own engine. */
export function spamOwn(liar: Liar, { burst, chance, untilMs = Number.POSITIVE_INFINITY }: Spam): Strategy {
  return {
    tick() {
      if (liar.world.now >= untilMs || !liar.random.chance(chance)) return;
      for (let i = 0; i < burst; i++)
        submitOwn(liar, [keyOf(liar)], `spam ${liar.random.integer(0, 1 << 30)}`, 'spam');
    },
  };
}

/** Takes clients' transactions out of the batches of others and sends them again as its own. */
export function copycat(liar: Liar, { chance }: { readonly chance: number }): Strategy {
  return {
    incoming(_, message) {
      if (message.type !== 'announce' || message.batch.header.ingress === liar.id) return true;
      const { transactions, transactionIds } = message.batch;
      const copies = transactions
        .map(
          (transaction, i): SubmittedTransaction => ({
            id: transactionIds[i]!,
            transaction,
            size: transactionSize(transaction),
          }),
        )
        .filter(() => liar.random.chance(chance));
      if (copies.length > 0) liar.node.input({ type: 'submit', transactions: copies });
      return true;
    },
  };
}
