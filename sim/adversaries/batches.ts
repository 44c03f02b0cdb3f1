/** Lies about batches: withheld, equivocated, with `after` entries that nobody can meet. */

import { utf8 } from '../../src/base/bytes.ts';
import { hash } from '../../src/base/hash.ts';
import { attempt, type BatchId, batchNumber, digestAs, type SignerId } from '../../src/base/ids.ts';
import type { Send } from '../../src/engine/contract.ts';
import { type AfterEntry, type Batch, makeBatch } from '../../src/messages/batch.ts';
import type { Certificate } from '../../src/messages/vote.ts';
import type { Liar, Strategy } from './liar.ts';

/**
 * Makes a batch of the liar's own, with one transaction, that nobody knows yet.
 * @param keys absent: depends on everything.
 */
export function makeOwnBatch(
  liar: Liar,
  number: number,
  after: readonly AfterEntry[],
  keys: readonly string[] | undefined,
  body: string,
  client?: string,
): Batch {
  const { transaction } = liar.world.transaction(keys, body, client === undefined ? {} : { client });
  const { epoch } = liar.world.federation.verifier;
  const header = { epoch, ingress: liar.id, number: batchNumber(number), after };
  return makeBatch(header, [transaction], (bytes) => liar.node.signer.signingKey.sign(bytes));
}

/** One with fresh content, which all liars know of. */
export function freshBatch(
  liar: Liar,
  number: number,
  after: readonly AfterEntry[],
  keys: readonly string[] | undefined,
): Batch {
  const batch = makeOwnBatch(liar, number, after, keys, `by a liar ${liar.random.integer(0, 1 << 30)}`);
  liar.batches.set(batch.id, batch);
  return batch;
}

/** One of the keys that the drawn workload uses most. */
export const keyOf = (liar: Liar): string => `k${liar.random.integer(0, 4)}`;

/** The text of a batch's first dependency, so that a twin conflicts with the same batches. */
function sameKeys(batch: Batch): string[] {
  const first = batch.transactions[0]?.dependencies?.[0];
  return first ? [new TextDecoder().decode(first)] : ['k0'];
}

/** Own batches reach only some signers, and whoever asks for them waits in vain. */
export function withholdBatches(liar: Liar, { share }: { readonly share: number }): Strategy {
  const kept = (to: SignerId, id: BatchId): boolean => liar.side(to, id) === 0 && liar.random.chance(share);
  return {
    outgoing(send): readonly Send[] {
      const { message, to } = send;
      if (message.type === 'announce') return kept(to, message.batch.id) ? [] : [send];
      if (message.type !== 'copy') return [send];
      const batches = message.batches.filter((batch) => batch.header.ingress !== liar.id);
      return [{ ...send, message: { ...message, batches } }];
    },
  };
}

/** Two batches with one number: each half of the signers is told of another. */
export function equivocateBatches(liar: Liar, { chance }: { readonly chance: number }): Strategy {
  const twins = new Map<BatchId, Batch | undefined>();
  const twinOf = (batch: Batch): Batch | undefined => {
    if (!twins.has(batch.id)) {
      const { number, after } = batch.header;
      const twin = liar.random.chance(chance) ? freshBatch(liar, number, after, sameKeys(batch)) : undefined;
      twins.set(batch.id, twin);
      if (twin) liar.forgedBatches.set(twin.id, twin);
    }
    return twins.get(batch.id);
  };
  return {
    outgoing(send): readonly Send[] {
      const { message, to } = send;
      if (message.type !== 'announce' || message.batch.header.ingress !== liar.id) return [send];
      const twin = twinOf(message.batch);
      if (!twin || liar.side(to, message.batch.id) === 0) return [send];
      // The tree of the twin has other edges; the liar, as its root, is above everybody in it.
      const told: Send = { ...send, message: { ...message, batch: twin } };
      return liar.random.chance(0.2) ? [send, told] : [told];
    },
  };
}

/** Batches that nobody has, listed in its votes and named in `after`; numbers far ahead of the window. */
export function ghosts(liar: Liar, { chance }: { readonly chance: number }): Strategy {
  let hidden: Batch | undefined;
  const ghost = (): BatchId => {
    if (liar.random.chance(0.5)) hidden = freshBatch(liar, liar.random.integer(1, 200), [], [keyOf(liar)]);
    return hidden?.id ?? digestAs<BatchId>(hash('batch', utf8(`ghost ${liar.random.integer(0, 1 << 30)}`)));
  };
  /** Its engine's true vote would stand in the certificates that its engine makes. */
  const untold = (certificate: Certificate): boolean => liar.ownIn(certificate) === undefined;
  return {
    outgoing(send): readonly Send[] {
      const { message } = send;
      if (!liar.random.chance(chance)) return [send];
      if (message.type === 'certificate') return untold(message.certificate) ? [send] : [];
      if (message.type === 'wanted' || message.type === 'copy')
        return [{ ...send, message: { ...message, certificates: message.certificates.filter(untold) } }];
      if (message.type !== 'votes') return [send];
      const own = liar.ownIn(message.votes);
      if (!own) return [send];
      const before = [...new Set([...own.before, ghost()])].sort();
      return [{ ...send, message: { ...message, votes: liar.withOwn(message.votes, { ...own, before }) } }];
    },
    tick() {
      if (!liar.random.chance(chance)) return;
      const number = liar.random.pick([1, 2, 3, liar.random.integer(1, 40), 3000]);
      const after =
        liar.random.chance(0.6) && number > 1 ? [{ number: batchNumber(number - 1), id: ghost() }] : [];
      const batch = freshBatch(liar, number, after, [keyOf(liar)]);
      for (const to of liar.others)
        if (liar.random.chance(0.6))
          liar.send(to, { type: 'announce', root: liar.id, attempt: attempt(0), batch });
    },
  };
}
