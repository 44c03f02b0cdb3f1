/**
 * What decides whether two batches conflict (protocol section 2). Two transactions conflict when they
 * share a dependency; a transaction's own id is one of its dependencies. A transaction with no list
 * depends on everything: it conflicts with all except those with an empty list, which are independent
 * of all. Two batches conflict when some transaction of one conflicts with some transaction of the
 * other, or when both have the same (ingress, number).
 *
 * Everything but "no list" is a shared key. The keys have separate prefixes, so nobody can make a
 * transaction with an empty list contested by naming its id as a dependency.
 */

import { byteText } from '../base/bytes.ts';
import type { BatchNumber, SignerId, TransactionId } from '../base/ids.ts';
import { native } from '../base/native.ts';
import type { Batch } from '../messages/batch.ts';

/** A string that two conflicting batches share. */
export type Key = string;

export interface BatchKeys {
  /** Keys of the explicit dependencies, without repetition. */
  readonly dependencies: readonly Key[];
  /** The transactions' ids; `transactionKey` makes keys of them where they are needed. */
  readonly transactions: readonly TransactionId[];
  /** Key of (ingress, number). */
  readonly slot: Key;
  /** Some transaction has no list. */
  readonly wildcard: boolean;
  /** Some transaction has no list, or one that is not empty: it conflicts with every wildcard. */
  readonly explicit: boolean;
}

/** Longer dependencies are rare. */
const prefixedBytesMax = 128;
/** A 'd' and room for a dependency: text of them is in one piece, where text that is joined takes three. */
const prefixed = new Uint8Array(1 + prefixedBytesMax).fill(0x64);

/** Key of a dependency: a 'd', and its bytes as text of one character each, half as long as hex. */
export function dependencyKey(dependency: Uint8Array): Key {
  const { length } = dependency;
  if (length > prefixedBytesMax) return `d${byteText(dependency)}`;
  for (let i = 0; i < length; i++) prefixed[i + 1] = dependency[i]!;
  return native ? native.text(prefixed, 0, length + 1) : byteText(prefixed.subarray(0, length + 1));
}
export const transactionKey = (id: TransactionId): Key => `t${id}`;
export const slotKey = (ingress: SignerId, number: BatchNumber): Key => `n${ingress}/${number}`;

/** The conflict keys of a batch. */
export function keysOf(batch: Pick<Batch, 'header' | 'transactions' | 'transactionIds'>): BatchKeys {
  const dependencies = new Set<Key>();
  let wildcard = false;
  for (const transaction of batch.transactions) {
    if (transaction.dependencies === undefined) wildcard = true;
    else for (const dependency of transaction.dependencies) dependencies.add(dependencyKey(dependency));
  }
  return {
    dependencies: [...dependencies],
    transactions: batch.transactionIds,
    slot: slotKey(batch.header.ingress, batch.header.number),
    wildcard,
    explicit: wildcard || dependencies.size > 0,
  };
}

/** All keys of a batch; two different batches that share one conflict. */
export const allKeys = (keys: BatchKeys): Key[] => [
  keys.slot,
  ...keys.transactions.map(transactionKey),
  ...keys.dependencies,
];

/** The keys of batches that others were compared with. */
const keySets = new WeakMap<BatchKeys, ReadonlySet<Key>>();

function keySetOf(keys: BatchKeys): ReadonlySet<Key> {
  let set = keySets.get(keys);
  if (!set) {
    set = new Set(allKeys(keys));
    keySets.set(keys, set);
  }
  return set;
}

/** True when the two batches conflict. A batch conflicts with itself. */
export function conflicts(a: BatchKeys, b: BatchKeys): boolean {
  if ((a.wildcard && b.explicit) || (b.wildcard && a.explicit)) return true;
  const [few, many] = a.transactions.length < b.transactions.length ? [a, b] : [b, a];
  const keys = keySetOf(many);
  for (const key of keySetOf(few)) if (keys.has(key)) return true;
  return false;
}
