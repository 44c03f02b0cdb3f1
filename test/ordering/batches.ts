/** Batches and certificates by short names, unsigned: the ordering rules look at no signature. */

import { utf8 } from '../../src/base/bytes.ts';
import { hash } from '../../src/base/hash.ts';
import type { BatchId, BatchNumber, Epoch, Height, SignerId } from '../../src/base/ids.ts';
import type { Write } from '../../src/base/ledger.ts';
import { must } from '../../src/base/result.ts';
import { keysOf } from '../../src/dependency/keys.ts';
import { type Batch, makeBatch } from '../../src/messages/batch.ts';
import { neverExpires, type Transaction } from '../../src/messages/transaction.ts';
import {
  type Certificate,
  certificateDigest,
  compareContent,
  type VoteClass,
} from '../../src/messages/vote.ts';
import type { CommittedOrder } from '../../src/ordering/committed.ts';
import { type DerivedBlock, type DeriveEntry, deriveBlock } from '../../src/ordering/derive.ts';
import type { OrderPrefix } from '../../src/ordering/order.ts';
import { type Quorum, quorumOf } from '../../src/ordering/quorum.ts';

export const epoch = hash('federation', utf8('ordering')) as unknown as Epoch;
export const n = 6;
/** n = 6, f = 1, t = 1: q = 5, slack 1, threshold 5. */
export const quorum: Quorum = must(quorumOf(n, 1, 1));

export const transaction = (name: string, dependencies: readonly string[] | undefined): Transaction => ({
  epoch,
  client: utf8('client'),
  nonce: 0,
  expires: neverExpires,
  dependencies: dependencies?.map(utf8),
  body: utf8(name),
  signature: undefined,
});

export function batch(
  ingress: number,
  number: number,
  transactions: readonly Transaction[],
  after: readonly Batch[] = [],
): Batch {
  return makeBatch(
    {
      epoch,
      ingress: ingress as SignerId,
      number: number as BatchNumber,
      after: after.map((one) => ({ number: one.header.number, id: one.id })),
    },
    transactions,
    () => new Uint8Array(64),
  );
}

export interface PlainVote {
  readonly base?: number;
  readonly before?: readonly Batch[];
  readonly rejects?: readonly number[];
}

/** One vote for each signer from 0; undefined does not vote. */
export function certify(one: Batch, votes: readonly (PlainVote | undefined)[]): DeriveEntry {
  const classes = new Map<string, VoteClass & { signers: SignerId[] }>();
  votes.forEach((vote, i) => {
    if (!vote) return;
    const content = {
      base: (vote.base ?? 0) as Height,
      before: (vote.before ?? []).map((other) => other.id).sort(),
      rejects: vote.rejects ?? [],
    };
    const known = classes.get(JSON.stringify(content));
    if (known) known.signers.push(i as SignerId);
    else classes.set(JSON.stringify(content), { ...content, signers: [i as SignerId] });
  });
  const certificate: Certificate = {
    batch: one.id,
    classes: [...classes.values()].sort(compareContent),
    signature: new Uint8Array(96),
  };
  return { batch: one, keys: keysOf(one), certificate, certificateDigest: certificateDigest(certificate, n) };
}

/** All signers cast the same vote. */
export const unanimous = (one: Batch, vote: PlainVote = {}): DeriveEntry =>
  certify(one, Array<PlainVote>(n).fill(vote));

export const derive = (prefix: OrderPrefix, entries: readonly DeriveEntry[]): DerivedBlock => {
  const derived = deriveBlock(prefix, entries, quorum);
  return derived.named(hash('block', utf8(`${derived.height} ${derived.orderRoot}`)) as never);
};

/** What `CommittedOrder.commit` needs of a derived block. */
export const commitTo = (committed: CommittedOrder, derived: DerivedBlock): Write[] =>
  committed.commit(
    derived.height,
    derived.block,
    derived.entries.map(({ batch: one, keys }, i) => ({ place: derived.places[i]!, batch: one, keys })),
  );

export const slotsOf =
  (...known: readonly Batch[]) =>
  (id: BatchId) =>
    known.find((one) => one.id === id)?.header;
