/**
 * Grinding (protocol sections 3 and 7): whoever makes an id may try contents until the id suits it. A batch id
 * decides the batch's tree, and where ids break ties the smallest wins. What answers it: a bad place in the
 * tree costs a level's time and no subtree, and ties go by a hash with the parent block, which is younger
 * than most batches.
 */

import type { BatchId, BlockDigest, SignerId } from '../../src/base/ids.ts';
import { attempt } from '../../src/base/ids.ts';
import { transactionSize } from '../../src/engine/ingress.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { genesisCertificate, type QuorumCertificate } from '../../src/messages/block.ts';
import type { PeerMessage } from '../../src/messages/peer.ts';
import { blockTie } from '../../src/ordering/tie.ts';
import { batchSeed } from '../../src/tree/shuffle.ts';
import { planTree } from '../../src/tree/tree.ts';
import { keyOf, makeOwnBatch } from './batches.ts';
import type { Liar, Strategy } from './liar.ts';
import { showTo } from './numbers.ts';

/** The best of some candidates: the one with the smallest cost, the first of equals. */
export function ground<T>(tries: number, make: (attempt: number) => T, cost: (made: T) => string): T {
  let best = make(0);
  let least = cost(best);
  for (let i = 1; i < tries; i++) {
    const made = make(i);
    const at = cost(made);
    if (at < least) [best, least] = [made, at];
  }
  return best;
}

/** How few signers of a group have somebody below them in the tree of a batch: smaller is more. */
export function fewBelow(
  id: BatchId,
  root: SignerId,
  members: readonly SignerId[],
  { n, fanout }: { readonly n: number; readonly fanout: number },
): string {
  const tree = planTree({ n, fanout, seed: batchSeed(id, attempt(0)), root });
  const below = (node: SignerId): number =>
    tree.children(node).reduce((sum, child) => sum + 1 + below(child), 0);
  const count = members.filter((one) => one !== root).reduce((sum, one) => sum + below(one), 0);
  return String(n * n - count).padStart(9, '0');
}

/** What ids are tried for. */
export type Prize = 'small-id' | 'small-tie' | 'tree';

export interface Grind {
  readonly prize: Prize;
  readonly tries: number;
  readonly chance: number;
}

/** The parent that the next block will have if nothing comes in between: the highest QC's block, as a liar hears. */
class LikelyParent {
  #high: QuorumCertificate;

  constructor(liar: Liar) {
    this.#high = genesisCertificate(liar.world.federation.verifier.epoch);
  }

  get block(): BlockDigest {
    return this.#high.block;
  }

  hear(message: PeerMessage): void {
    const qc =
      message.type === 'view'
        ? message.high
        : message.type === 'proposal'
          ? message.proposal.block.justify
          : undefined;
    if (qc && qc.view > this.#high.view) this.#high = qc;
  }
}

/** Own batches with ids that were tried until they suit. */
export function groundIds(liar: Liar, { prize, tries, chance }: Grind): Strategy {
  const { fanout } = liar.world.federation.federation;
  const parent = new LikelyParent(liar);
  let last = 0;
  const costOf = (batch: Batch): string => {
    if (prize === 'tree') return fewBelow(batch.id, liar.id, liar.cabal.members, { n: liar.n, fanout });
    return prize === 'small-tie' ? blockTie(parent.block)(batch.id) : batch.id;
  };
  return {
    incoming(_, message) {
      parent.hear(message);
      return true;
    },
    outgoing(send) {
      parent.hear(send.message);
      return [send];
    },
    tick() {
      const { engine } = liar.node;
      if (!engine || !liar.random.chance(chance)) return;
      const number = Math.max(last, engine.order.committed.window(liar.id).watermark) + 1;
      const key = keyOf(liar);
      const make = (i: number): Batch => makeOwnBatch(liar, number, [], [key], `ground ${i}`);
      showTo(liar, ground(tries, make, costOf), 1);
      last = number;
    },
  };
}

export interface Shot {
  readonly prize: Prize | 'nothing';
  readonly tries: number;
  readonly key: string;
  readonly atMs: number;
}

/** One ground batch at a given moment, the first of an idle liar, in the name of the client `attacker`. */
export function groundShot(liar: Liar, { prize, tries, key, atMs }: Shot): Strategy {
  const parent = new LikelyParent(liar);
  liar.world.schedule.after(atMs, () => {
    const make = (i: number): Batch => makeOwnBatch(liar, 1, [], [key], `ground ${i}`, 'attacker');
    const cost = (batch: Batch): string =>
      prize === 'small-tie' ? blockTie(parent.block)(batch.id) : batch.id;
    // Its own engine makes the very same batch: its first, of this one transaction.
    const best = ground(prize === 'nothing' ? 1 : tries, make, cost);
    const transaction = best.transactions[0]!;
    const one = { id: best.transactionIds[0]!, transaction, size: transactionSize(transaction) };
    liar.node.input({ type: 'submit', transactions: [one] });
  });
  return {
    incoming(_, message) {
      parent.hear(message);
      return true;
    },
  };
}
