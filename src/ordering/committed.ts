/**
 * The committed order of one node, over its ledger. It answers for any batch, number, transaction or
 * dependency of the past in constant memory, and turns a committed block into ledger writes.
 *
 * Invariants:
 * 1. It advances by whole blocks, in height order, and only after every body of the block was
 *    delivered (protocol section 5: `h` advances only then).
 * 2. All its state except a few numbers lives in the ledger, so it is the same after a restart.
 */

import { invariant } from '../base/assert.ts';
import { allocate, fromHex, utf8 } from '../base/bytes.ts';
import { type Codec, digest, P, u53 } from '../base/codec.ts';
import {
  height as asHeight,
  type BatchId,
  type BatchNumber,
  type BlockDigest,
  type Epoch,
  type Height,
  type SignerId,
  type TransactionId,
} from '../base/ids.ts';
import type { Ledger, Write } from '../base/ledger.ts';
import { append, type Frontier, type MerkleStored, storedPath } from '../base/merkle.ts';
import type { BatchKeys, Key } from '../dependency/keys.ts';
import type { Batch } from '../messages/batch.ts';
import { genesisDigest } from '../messages/block.ts';
import { type OrderPrefix, orderLeaf, type Place, placeCodec, type StoredPlace } from './order.ts';
import { emptyWindow, isUsed, useNumbers, type Window, windowCodec } from './window.ts';

interface Head {
  readonly height: Height;
  readonly block: BlockDigest;
  readonly size: number;
  readonly peaks: readonly Uint8Array[];
  readonly windows: readonly Window[];
  /** Height of the last block with a batch that depends on everything, and with any dependency at all. */
  readonly wildcardHeight: Height;
  readonly explicitHeight: Height;
  readonly transactions: number;
}

const headCodec = P.struct({
  height: u53<Height>(),
  block: digest<BlockDigest>(),
  size: u53(),
  peaks: P.array(P.U8, P.bytes(32)),
  windows: P.array(P.U16BE, windowCodec),
  wildcardHeight: u53<Height>(),
  explicitHeight: u53<Height>(),
  transactions: u53(),
}) as unknown as Codec<Head>;

const headKey = utf8('committed');
const transactionCodec = P.struct({ position: u53(), index: u53() }) as unknown as Codec<{
  position: number;
  index: number;
}>;

/** A dependency key (Latin-1 text) as bytes. */
function keyBytes(key: Key): Uint8Array {
  const bytes = allocate(key.length);
  for (let i = 0; i < key.length; i++) bytes[i] = key.charCodeAt(i);
  return bytes;
}

export const positionKey = (position: number): Uint8Array => u53().encode(position);
const nodeKeyCodec = P.struct({ level: P.U8, index: u53() });
export const nodeKey = (level: number, index: number): Uint8Array => nodeKeyCodec.encode({ level, index });

/** A committed block as `CommittedOrder.commit` takes it: its places with their batches. */
export interface CommittedPlace {
  readonly place: Place;
  readonly batch: Batch;
  readonly keys: BatchKeys;
}

export class CommittedOrder implements OrderPrefix {
  readonly #ledger: Ledger;
  #head: Head;

  /** Opens the committed order that the ledger holds, or an empty one among `n` signers. */
  constructor(ledger: Ledger, epoch: Epoch, n: number) {
    this.#ledger = ledger;
    const stored = ledger.get('meta', headKey);
    this.#head = stored
      ? headCodec.decode(stored)
      : {
          height: asHeight(0),
          block: genesisDigest(epoch),
          size: 0,
          peaks: [],
          windows: Array.from({ length: n }, () => emptyWindow),
          wildcardHeight: asHeight(0),
          explicitHeight: asHeight(0),
          transactions: 0,
        };
  }

  get height(): Height {
    return this.#head.height;
  }
  get block(): BlockDigest {
    return this.#head.block;
  }
  get frontier(): Frontier {
    return { size: this.#head.size, peaks: this.#head.peaks };
  }
  /** Transactions in the order, whatever their verdict, without void batches. */
  get transactions(): number {
    return this.#head.transactions;
  }

  window(ingress: SignerId): Window {
    return this.#head.windows[ingress] ?? emptyWindow;
  }

  has(batch: BatchId): boolean {
    return this.#ledger.get('place', fromHex(batch)) !== undefined;
  }

  numberUsed(ingress: SignerId, number: BatchNumber): boolean {
    return isUsed(this.window(ingress), number);
  }

  transactionSeen(id: TransactionId): boolean {
    return this.#ledger.get('transaction', fromHex(id)) !== undefined;
  }

  /** Where a batch stands, from position 0, or undefined. */
  positionOf(batch: BatchId): number | undefined {
    const stored = this.#ledger.get('place', fromHex(batch));
    return stored && u53().decode(stored);
  }

  placeAt(position: number): StoredPlace | undefined {
    const stored = this.#ledger.get('order', positionKey(position));
    return stored && placeCodec.decode(stored);
  }

  placeOf(batch: BatchId): StoredPlace | undefined {
    const position = this.positionOf(batch);
    return position === undefined ? undefined : this.placeAt(position);
  }

  /** The first place of a transaction: position of its batch and index in it. */
  transactionPlace(id: TransactionId): { readonly position: number; readonly index: number } | undefined {
    const stored = this.#ledger.get('transaction', fromHex(id));
    return stored && transactionCodec.decode(stored);
  }

  /** `base` of a vote: height of the last committed block that holds a conflicting batch, else 0. */
  lastConflict(keys: BatchKeys): Height {
    let last = 0;
    for (const key of keys.dependencies) {
      const stored = this.#ledger.get('dependency', keyBytes(key));
      if (stored) last = Math.max(last, u53().decode(stored));
    }
    for (const key of keys.transactions) {
      const first = this.transactionPlace(key.slice(1) as TransactionId);
      if (first) last = Math.max(last, this.placeAt(first.position)?.height ?? 0);
      const again = this.#ledger.get('dependency', keyBytes(key));
      if (again) last = Math.max(last, u53().decode(again));
    }
    if (keys.wildcard) last = Math.max(last, this.#head.explicitHeight);
    if (keys.explicit) last = Math.max(last, this.#head.wildcardHeight);
    return asHeight(last);
  }

  /** Audit path of the leaf at `position` in the tree of the first `size` places. */
  path(position: number, size: number): Uint8Array[] {
    return storedPath(position, size, (level, index) => {
      const node = this.#ledger.get('node', nodeKey(level, index));
      invariant(node, `order node ${level}/${index} is missing`);
      return node;
    });
  }

  /**
   * Appends one block and returns what must be written. The caller has delivered its bodies.
   * @param height height of the block, the next one.
   */
  commit(height: Height, block: BlockDigest, places: readonly CommittedPlace[]): Write[] {
    invariant(height === this.#head.height + 1, `block ${height} does not follow ${this.#head.height}`);
    const writes: Write[] = [];
    const nodes: MerkleStored[] = [];
    const used = new Map<SignerId, BatchNumber[]>();
    let { wildcardHeight, explicitHeight, transactions } = this.#head;
    let frontier = this.frontier;
    for (const { place, batch, keys } of places) {
      const position = frontier.size;
      frontier = append(frontier, orderLeaf(position, place), nodes);
      const stored: StoredPlace = { ...place, height };
      writes.push({ table: 'order', key: positionKey(position), value: placeCodec.encode(stored) });
      writes.push({ table: 'place', key: fromHex(place.batch), value: u53().encode(position) });
      used.set(place.ingress, [...(used.get(place.ingress) ?? []), place.number]);
      const heightBytes = u53().encode(height);
      for (const key of keys.dependencies)
        writes.push({ table: 'dependency', key: keyBytes(key), value: heightBytes });
      if (keys.wildcard) wildcardHeight = height;
      if (keys.explicit) explicitHeight = height;
      // A place that writes no row of its own for a transaction still conflicts with whatever shares it.
      keys.transactions.forEach((key, index) => {
        if (place.void || place.verdicts[index] === 'duplicate')
          writes.push({ table: 'dependency', key: keyBytes(key), value: heightBytes });
      });
      if (place.void) continue;
      transactions += batch.transactions.length;
      batch.transactionIds.forEach((id, index) => {
        if (place.verdicts[index] !== 'duplicate')
          writes.push({
            table: 'transaction',
            key: fromHex(id),
            value: transactionCodec.encode({ position, index }),
          });
      });
    }
    for (const node of nodes)
      writes.push({ table: 'node', key: nodeKey(node.level, node.index), value: node.hash });
    const windows = this.#head.windows.map((window, ingress) => {
      const numbers = used.get(ingress as SignerId);
      return numbers ? useNumbers(window, numbers) : window;
    });
    this.#head = {
      height,
      block,
      size: frontier.size,
      peaks: frontier.peaks,
      windows,
      wildcardHeight,
      explicitHeight,
      transactions,
    };
    writes.push({ table: 'meta', key: headKey, value: headCodec.encode(this.#head) });
    return writes;
  }
}
