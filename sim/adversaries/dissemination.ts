/**
 * Selective dissemination (protocol sections 4 and 9): batches that only some signers are shown, and bodies
 * that are kept from whoever asks. What answers them: a vote is passed on only by who holds what it lists, so
 * whoever names a batch can be asked for it; and what some honest signer accepted, honest signers drive.
 */

import type { BatchId, SignerId } from '../../src/base/ids.ts';
import type { Send } from '../../src/engine/contract.ts';
import { keyOf } from './batches.ts';
import { submitOwn } from './frontrun.ts';
import type { Liar, Strategy } from './liar.ts';

/** How many honest signers are shown a batch. */
export type Audience = 'nobody' | 'one' | 'few' | 'below-quorum';

export interface Selective {
  readonly audience: Audience;
  /** Chance at each look around to make a batch of its own, on a key that others use. */
  readonly chance: number;
  /** Key of its batches; empty for one that the drawn workload uses. */
  readonly key: string;
  /** Whether it hands the body to who asks. */
  readonly serve: boolean;
}

/**
 * Own batches go to a drawn audience, other for each; then the liar falls silent about them, and lists them in
 * its votes: they are in its arrival log.
 */
export function selectiveBatches(liar: Liar, { audience, chance, key, serve }: Selective): Strategy {
  const { cabal } = liar;
  const sizes: Record<Audience, number> = {
    nobody: 0,
    one: 1,
    few: liar.world.quorum.f + 1,
    'below-quorum': Math.max(0, cabal.quorum - cabal.members.length - 1),
  };
  const shownTo = new Map<BatchId, ReadonlySet<SignerId>>();
  const audienceOf = (id: BatchId): ReadonlySet<SignerId> => {
    const drawn = shownTo.get(id) ?? new Set(liar.random.shuffled(cabal.honest).slice(0, sizes[audience]));
    shownTo.set(id, drawn);
    return drawn;
  };
  return {
    outgoing(send): readonly Send[] {
      const { message, to } = send;
      if (message.type === 'announce' && message.batch.header.ingress === liar.id) {
        if (cabal.members.includes(to)) return [send];
        if (shownTo.has(message.batch.id)) return [];
        return [...audienceOf(message.batch.id)].map((one) => ({ ...send, to: one }));
      }
      if (message.type === 'voteRequest' && shownTo.has(message.batch)) return [];
      if (message.type !== 'copy' || serve) return [send];
      const batches = message.batches.filter((batch) => batch.header.ingress !== liar.id);
      return [{ ...send, message: { ...message, batches } }];
    },
    tick() {
      if (liar.random.chance(chance))
        submitOwn(liar, [key || keyOf(liar)], `for few ${liar.random.integer(0, 1 << 30)}`, 'selective');
    },
  };
}

/**
 * Keeps bodies to itself: it votes, and passes votes and certificates on, but no announcement leaves it and no
 * fetch is answered. As an inner node it leaves its subtree with votes on batches that it never got.
 */
export function hoardBodies(liar: Liar, { share }: { readonly share: number }): Strategy {
  return {
    outgoing(send): readonly Send[] {
      const { message } = send;
      const { type } = message;
      if (type !== 'announce' && type !== 'copy') return [send];
      if (type === 'announce' && message.batch.header.ingress === liar.id) return [send];
      return liar.random.chance(share) ? [] : [send];
    },
  };
}
