/**
 * Every committed block means what the protocol says (sections 6 to 8): its certificates are valid, its
 * entries new and closed, and the order, verdicts and root follow from them by rules of our own.
 */

import { toHex } from '../../src/base/bytes.ts';
import type { BatchId } from '../../src/base/ids.ts';
import { merkleRoot } from '../../src/base/merkle.ts';
import { blockDigest, genesisDigest } from '../../src/messages/block.ts';
import { certificateDigest } from '../../src/messages/vote.ts';
import type { StoredPlace } from '../../src/ordering/order.ts';
import { type Checker, short } from './checker.ts';
import type { FinalOrder, History } from './history.ts';
import {
  type Certified,
  certified,
  derivedOrder,
  executedBy,
  leafOf,
  majorityOf,
  quorumSize,
  votesIn,
} from './rules.ts';

/** The order up to a block, as this checker builds it. */
interface Prefix {
  readonly batches: Set<BatchId>;
  readonly numbers: Set<string>;
  readonly transactions: Set<string>;
  readonly leaves: Uint8Array[];
}

const numberOf = ({ header }: Certified['batch']): string => `${header.ingress}/${header.number}`;

export const derivation: Checker = {
  name: 'derivation',
  check(history) {
    if (history.finals.length === 0) return [];
    const longest = history.finals.reduce((a, b) => (b.blocks.length > a.blocks.length ? b : a));
    const prefix: Prefix = { batches: new Set(), numbers: new Set(), transactions: new Set(), leaves: [] };
    return longest.blocks.flatMap((_, i) => judge(history, longest, i, prefix));
  },
};

/** Objections to one block; adds it to the prefix. */
function judge(history: History, order: FinalOrder, index: number, prefix: Prefix): string[] {
  const block = order.blocks[index]!;
  const height = index + 1;
  const objections: string[] = [];
  const object = (what: string): void => void objections.push(`block ${height}: ${what}`);
  const before = order.blocks[index - 1];
  const parent = before ? blockDigest(before, history.n) : genesisDigest(history.epoch);
  if (block.height !== height || block.parent !== parent) object('it does not follow the block below');
  const entries = block.entries.map((entry): Certified => {
    const batch = history.batches.get(entry.batch);
    const certificate = history.certificates.get(entry.certificate);
    if (!batch || !certificate) throw new Error(`block ${height} names what nobody has: ${entry.batch}`);
    if (certificateDigest(certificate, history.n) !== entry.certificate) object('another certificate');
    return certified(batch, certificate, (number) => prefix.numbers.has(number));
  });
  for (const one of entries) objections.push(...invalid(history, one, entries, prefix, height));
  const derived = derivedOrder(entries, block.parent, history.f);
  const places = order.places.filter((place) => place.height === height);
  if (derived.join() !== places.map((place) => place.batch).join())
    object(`its order is ${places.map((place) => short(place.batch))}, not ${derived.map(short)}`);
  for (const place of places) extend(place, entries, prefix, object);
  if (toHex(merkleRoot(prefix.leaves)) !== block.orderRoot) object('its order root is another');
  return objections;
}

/** Rules 1 and 2 of validity for one entry. */
function invalid(
  history: History,
  one: Certified,
  entries: readonly Certified[],
  prefix: Prefix,
  height: number,
): string[] {
  const { batch, certificate } = one;
  const objections: string[] = [];
  const object = (what: string): void => void objections.push(`block ${height}: ${short(batch.id)} ${what}`);
  if (certificate.batch !== batch.id) object('has a certificate of another batch');
  if (votesIn(certificate).size < quorumSize(history)) object(`has ${votesIn(certificate).size} votes`);
  const verified = history.verify(certificate);
  if (!verified.ok) object(verified.error.message);
  if (prefix.batches.has(batch.id)) object('is in the order already');
  if (prefix.numbers.has(numberOf(batch))) object('has a number that is used already');
  for (const needed of majorityOf(one)) {
    const held = prefix.batches.has(needed) || entries.some((entry) => entry.batch.id === needed);
    const other = history.batches.get(needed);
    if (!held && !(other && prefix.numbers.has(numberOf(other))))
      object(`needs ${short(needed)}, which is not in the block`);
  }
  return objections;
}

function extend(
  place: StoredPlace,
  entries: readonly Certified[],
  prefix: Prefix,
  object: (what: string) => void,
): void {
  const one = entries.find((entry) => entry.batch.id === place.batch);
  if (!one) {
    object(`${short(place.batch)} has a place and no entry`);
    return;
  }
  const number = numberOf(one.batch);
  const isVoid = prefix.numbers.has(number);
  if (isVoid !== place.void) object(`${short(place.batch)} is void: ${place.void}`);
  const executed = executedBy(one);
  const verdicts = isVoid
    ? []
    : one.batch.transactionIds.map((id, i) =>
        prefix.transactions.has(id) ? 'duplicate' : executed[i] ? 'executed' : 'rejected',
      );
  if (verdicts.join() !== place.verdicts.join())
    object(`the verdicts on ${short(place.batch)} are ${place.verdicts}, not ${verdicts}`);
  prefix.batches.add(place.batch);
  prefix.numbers.add(number);
  if (!isVoid) for (const id of one.batch.transactionIds) prefix.transactions.add(id);
  prefix.leaves.push(leafOf(prefix.leaves.length, place));
}
