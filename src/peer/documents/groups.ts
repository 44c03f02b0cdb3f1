/**
 * What a store keeps of each applied group, for ever: its position's hash and its outcomes, 40 bytes
 * and one byte a transaction, and the reasons of the refused ones. With it a store answers a group that
 * is offered again, after a crash or by a retry, exactly as it did the first time, and notices a group
 * that is not the one it applied (the rule of a store, in `api.ts`).
 *
 * A store restored from a snapshot has no records up to the snapshot's position. It cannot answer such
 * groups, and says so with `PositionMismatch`: the learner continues after the position.
 */

import { InvariantViolation } from '../../base/assert.ts';
import { bytesMax, type Codec, decode, digest, listMax, P } from '../../base/codec.ts';
import type { Digest } from '../../base/ids.ts';
import { must } from '../../base/result.ts';
import { ForkDetected, type OrderedGroup, type Outcome, type Position, PositionMismatch } from '../api.ts';
import { checkGroup, samePosition } from '../position.ts';

const statuses = [
  'applied',
  'refused',
  'rejected',
  'duplicate',
  'void',
] as const satisfies readonly Outcome['status'][];
const outcomesMax = 1 << 28;

interface GroupRecord {
  readonly hash: Digest;
  /** A byte for each transaction: its index in `statuses`. */
  readonly statuses: Uint8Array;
  /** Of the refused ones, in order. */
  readonly reasons: readonly string[];
}

const groupRecord = P.struct({
  hash: digest(),
  statuses: bytesMax(outcomesMax, 'statuses'),
  reasons: listMax(P.string(P.U16BE) as Codec<string>, outcomesMax, 'reasons'),
}) as unknown as Codec<GroupRecord>;

export const encodeGroupRecord = (position: Position, outcomes: readonly Outcome[]): Uint8Array =>
  groupRecord.encode({
    hash: position.hash as Digest,
    statuses: Uint8Array.from(outcomes, (outcome) => statuses.indexOf(outcome.status)),
    reasons: outcomes.flatMap((outcome) => (outcome.status === 'refused' ? [outcome.reason] : [])),
  });

/** @throws when our own record is damaged. */
function decodeGroupRecord(bytes: Uint8Array): { hash: string; outcomes: readonly Outcome[] } {
  const record = must(decode(groupRecord, bytes, 'group record'));
  const reasons = record.reasons.values();
  const outcomes = Array.from(record.statuses, (byte): Outcome => {
    const status = statuses[byte];
    if (status === undefined) throw new InvariantViolation(`a group record holds the status ${byte}`);
    if (status !== 'refused') return { status };
    const reason = reasons.next();
    if (reason.done) throw new InvariantViolation('a group record lacks a reason');
    return { status, reason: reason.value };
  });
  return { hash: record.hash, outcomes };
}

/**
 * Where a group stands to what is stored.
 * @param recordAt the record of the group with that sequence, if kept.
 * @returns the stored outcomes when the group was applied before, undefined when it comes next.
 * @throws ForkDetected, PositionMismatch as the rule of a store says.
 */
export function placeGroup(
  group: OrderedGroup,
  stored: Position,
  recordAt: (sequence: number) => Uint8Array | undefined,
): readonly Outcome[] | undefined {
  checkGroup(group);
  const { position, previous } = group;
  if (previous.sequence > stored.sequence)
    throw new PositionMismatch(stored, position, 'groups are missing before this one');
  if (position.sequence > stored.sequence) {
    if (!samePosition(previous, stored)) throw new ForkDetected(stored, previous);
    return undefined;
  }
  const bytes = recordAt(position.sequence);
  if (bytes === undefined) {
    if (position.sequence === stored.sequence && position.hash !== stored.hash)
      throw new ForkDetected(stored, position);
    throw new PositionMismatch(stored, position, 'the store began from a snapshot that is not older');
  }
  const record = decodeGroupRecord(bytes);
  if (record.hash !== position.hash)
    throw new ForkDetected({ sequence: position.sequence, hash: record.hash }, position);
  return record.outcomes;
}
