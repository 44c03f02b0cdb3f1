/**
 * The learner's own log: every group, written before the document store gets it, with enough to build
 * it again. So whatever the document store missed in a crash is replayed from here and not asked of a
 * signer, and a store that forgets (memory) is filled again from the start (protocol section 11).
 *
 * A record names the batches with their verdicts; the bodies are in the table `batch`. The records form
 * the hash chain of `position.ts`, which is checked when they are read.
 */

import { fromHex, utf8 } from '../../base/bytes.ts';
import { type Codec, digest, listMax, P, u53 } from '../../base/codec.ts';
import type { BatchId, Digest, Epoch } from '../../base/ids.ts';
import type { Ledger, Write } from '../../base/ledger.ts';
import { must } from '../../base/result.ts';
import { decodeBatch } from '../../messages/batch.ts';
import { batchTransactionsMax } from '../../messages/limits.ts';
import type { Position, Verdict } from '../api.ts';
import { genesisPosition, samePosition } from '../position.ts';
import type { Finality } from './counts.ts';
import { LearnerHalted } from './errors.ts';
import { type DeliveredBatch, type DeliveredGroup, deliveredGroup } from './ordered.ts';

/** How big a group may get. A single batch may exceed the bytes. */
export interface GroupBounds {
  readonly batchesMax: number;
  readonly bytesMax: number;
}
export const defaultGroupBounds: GroupBounds = { batchesMax: 256, bytesMax: 8 << 20 };

/** The record's own bound, far above any group. */
const recordBatchesMax = 1 << 16;

const verdicts: readonly Verdict[] = ['executed', 'rejected', 'duplicate'];
const finalities: readonly Finality[] = ['score', 'order'];

const headKey = utf8('learner-log');
const headCodec = P.struct({
  epoch: digest<Epoch>(),
  sequence: u53(),
  hash: digest(),
}) as unknown as Codec<{ epoch: Epoch; sequence: number; hash: Digest }>;

interface LogRecord {
  readonly hash: Digest;
  readonly batches: readonly { batch: BatchId; void: boolean; finality: number; verdicts: number[] }[];
}
const recordCodec = P.struct({
  hash: digest(),
  batches: listMax(
    P.struct({
      batch: digest<BatchId>(),
      void: P.bool,
      finality: P.U8,
      verdicts: listMax(P.U8 as Codec<number>, batchTransactionsMax, 'verdicts'),
    }),
    recordBatchesMax,
    'batches',
  ),
}) as unknown as Codec<LogRecord>;

const recordOf = (position: Position, batches: readonly DeliveredBatch[]): Uint8Array =>
  recordCodec.encode({
    hash: position.hash as Digest,
    batches: batches.map((one) => ({
      batch: one.batch.id,
      void: one.void,
      finality: finalities.indexOf(one.finality),
      verdicts: one.verdicts.map((verdict) => verdicts.indexOf(verdict)),
    })),
  });

/** Cuts what was delivered into groups within the bounds. */
function cut(batches: readonly DeliveredBatch[], bounds: GroupBounds): DeliveredBatch[][] {
  const parts: DeliveredBatch[][] = [];
  let bytes = 0;
  for (const one of batches) {
    const last = parts[parts.length - 1];
    bytes += one.batch.bytes.length;
    if (last && last.length < bounds.batchesMax && bytes <= bounds.bytesMax) last.push(one);
    else {
      parts.push([one]);
      bytes = one.batch.bytes.length;
    }
  }
  return parts;
}

export class GroupLog {
  readonly #ledger: Ledger;
  readonly #epoch: Epoch;
  readonly #bounds: GroupBounds;
  #head: Position;

  /** @throws LearnerHalted when the ledger is of another federation. */
  constructor(ledger: Ledger, epoch: Epoch, bounds: GroupBounds = defaultGroupBounds) {
    this.#ledger = ledger;
    this.#epoch = epoch;
    this.#bounds = bounds;
    const stored = ledger.get('meta', headKey);
    const head = stored && headCodec.decode(stored);
    if (head && head.epoch !== epoch)
      throw new LearnerHalted("the learner's log is of another federation: give it a directory of its own");
    this.#head = head ? { sequence: head.sequence, hash: head.hash } : genesisPosition(epoch);
  }

  /** Position after the last group that was written. */
  get head(): Position {
    return this.#head;
  }

  /** Appends what was delivered, as few groups as the bounds allow. The caller makes the writes durable. */
  extend(batches: readonly DeliveredBatch[]): { groups: DeliveredGroup[]; writes: Write[] } {
    const writes: Write[] = [];
    const groups = cut(batches, this.#bounds).map((part) => {
      const delivered = deliveredGroup(this.#head, part);
      const { position } = delivered.group;
      const value = recordOf(position, part);
      writes.push({ table: 'log', key: u53().encode(position.sequence), value });
      this.#head = position;
      return delivered;
    });
    const { sequence, hash } = this.#head;
    const head = headCodec.encode({ epoch: this.#epoch, sequence, hash: hash as Digest });
    writes.push({ table: 'meta', key: headKey, value: head });
    return { groups, writes };
  }

  /** The position after a group, from 0, or undefined beyond the head. */
  positionAt(sequence: number): Position | undefined {
    if (sequence === 0) return genesisPosition(this.#epoch);
    const stored = sequence > this.#head.sequence ? undefined : this.#record(sequence);
    return stored && { sequence, hash: stored.hash };
  }

  /** A group as it was applied, from 1 to the head. @throws LearnerHalted when it is damaged. */
  group(sequence: number): DeliveredGroup {
    const record = this.#record(sequence);
    const previous = this.positionAt(sequence - 1);
    if (!record || !previous) throw new LearnerHalted(`group ${sequence} of the learner's log is missing`);
    const delivered = deliveredGroup(
      previous,
      record.batches.map(
        (one): DeliveredBatch => ({
          batch: this.#body(sequence, one.batch),
          finality: finalities[one.finality]!,
          void: one.void,
          verdicts: one.verdicts.map((verdict) => verdicts[verdict]!),
        }),
      ),
    );
    if (!samePosition(delivered.group.position, { sequence, hash: record.hash }))
      throw new LearnerHalted(`group ${sequence} of the learner's log is damaged`);
    return delivered;
  }

  #record(sequence: number): LogRecord | undefined {
    const stored = this.#ledger.get('log', u53().encode(sequence));
    return stored && recordCodec.decode(stored);
  }

  #body(sequence: number, id: BatchId) {
    const stored = this.#ledger.get('batch', fromHex(id));
    if (!stored) throw new LearnerHalted(`batch ${id} of group ${sequence} is not in the learner's log`);
    return must(decodeBatch(stored));
  }
}
