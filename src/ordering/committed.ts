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
import { allocate, fromHex, putHex, utf8 } from '../base/bytes.ts';
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
import { type BatchKeys, type Key, transactionKey } from '../dependency/keys.ts';
import type { Batch } from '../messages/batch.ts';
import { genesisDigest } from '../messages/block.ts';
import { InFlight } from './in-flight.ts';
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
  /** Void places: they leave no row of their own for their transactions. */
  readonly voids: number;
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
  voids: u53(),
}) as unknown as Codec<Head>;

const headKey = utf8('committed');
/** A transaction's first place; `writeTransactions` writes the same form. */
const firstPlaceCodec = P.struct({ position: u53(), index: u53() }) as unknown as Codec<{
  position: number;
  index: number;
}>;
const firstPlaceBytes = 16;
const unseenMax = 1 << 14;
const idBytes = 32;

function putKey(key: Key, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < key.length; i++) bytes[at + i] = key.charCodeAt(i);
}

/** A dependency key (Latin-1 text) as bytes. */
function keyBytes(key: Key): Uint8Array {
  const bytes = allocate(key.length);
  putKey(key, bytes, 0);
  return bytes;
}

/** What is looked up: ledgers keep no key that they are asked for, so the next look-up may have its bytes. */
let askedKey: Uint8Array = new Uint8Array(0);
const askedId = new Uint8Array(idBytes);

export const positionKey = (position: number): Uint8Array => u53().encode(position);
const nodeKeyCodec = P.struct({ level: P.U8, index: u53() });
export const nodeKey = (level: number, index: number): Uint8Array => nodeKeyCodec.encode({ level, index });

/** A committed block as `CommittedOrder.commit` takes it: its places with their batches. */
export interface CommittedPlace {
  readonly place: Place;
  readonly batch: Batch;
  readonly keys: BatchKeys;
  /** `orderLeaf` of the place, when it is known already. */
  readonly leaf?: Uint8Array;
}

export class CommittedOrder implements OrderPrefix {
  readonly #ledger: Ledger;
  /** Batches on their way here. */
  readonly inFlight = new InFlight((id) => this.transactionSeen(id));
  #head: Head;
  /** Transactions that were looked up and are not in the order as it stands. */
  readonly #unseen = new Set<TransactionId>();

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
          voids: 0,
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
    return !this.inFlight.has(batch) && this.#ledger.get('place', fromHex(batch)) !== undefined;
  }

  numberUsed(ingress: SignerId, number: BatchNumber): boolean {
    return isUsed(this.window(ingress), number);
  }

  transactionSeen(id: TransactionId): boolean {
    if (this.#unseen.has(id)) return false;
    putHex(id, askedId, 0);
    return this.#ledger.get('transaction', askedId) !== undefined;
  }

  /** The same, for a transaction that a client sends: it will be asked about again before long. */
  transactionKnown(id: TransactionId): boolean {
    const seen = this.transactionSeen(id);
    if (!seen && this.#unseen.size < unseenMax) this.#unseen.add(id);
    return seen;
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
    return stored && firstPlaceCodec.decode(stored);
  }

  /**
   * `base` of a vote: height of the last committed block that holds a conflicting batch, else 0.
   * @param fresh that none of its transactions is in the order is known already (`in-flight.ts`).
   */
  lastConflict(keys: BatchKeys, fresh = false): Height {
    let last = 0;
    for (const key of keys.dependencies) last = Math.max(last, this.#lastOn(key));
    for (const id of keys.transactions) {
      const first = fresh ? undefined : this.transactionPlace(id);
      if (first) last = Math.max(last, this.placeAt(first.position)?.height ?? 0);
      // Such rows are those of duplicates, which have a first place too, and of void places.
      if (first || this.#head.voids > 0) last = Math.max(last, this.#lastOn(transactionKey(id)));
    }
    if (keys.wildcard) last = Math.max(last, this.#head.explicitHeight);
    if (keys.explicit) last = Math.max(last, this.#head.wildcardHeight);
    return asHeight(last);
  }

  #lastOn(key: Key): number {
    if (askedKey.length !== key.length) askedKey = new Uint8Array(key.length);
    putKey(key, askedKey, 0);
    const stored = this.#ledger.get('dependency', askedKey);
    return stored ? u53().decode(stored) : 0;
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
    this.#unseen.clear();
    const writes: Write[] = [];
    const nodes: MerkleStored[] = [];
    const used = new Map<SignerId, BatchNumber[]>();
    let { wildcardHeight, explicitHeight, transactions, voids } = this.#head;
    let frontier = this.frontier;
    const heightBytes = u53().encode(height);
    for (const one of places) {
      const { place, batch, keys } = one;
      this.inFlight.leave(batch.id);
      const position = frontier.size;
      frontier = append(frontier, one.leaf ?? orderLeaf(position, place), nodes);
      const stored: StoredPlace = { ...place, height };
      writes.push({ table: 'order', key: positionKey(position), value: placeCodec.encode(stored) });
      writes.push({ table: 'place', key: fromHex(place.batch), value: u53().encode(position) });
      const numbers = used.get(place.ingress);
      if (numbers) numbers.push(place.number);
      else used.set(place.ingress, [place.number]);
      writeDependencies(keys.dependencies, heightBytes, writes);
      if (keys.wildcard) wildcardHeight = height;
      if (keys.explicit) explicitHeight = height;
      writeTransactions(one, position, heightBytes, writes);
      if (place.void) voids += 1;
      else transactions += batch.header.count;
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
      voids,
    };
    writes.push({ table: 'meta', key: headKey, value: headCodec.encode(this.#head) });
    return writes;
  }
}

/** The rows of the dependencies of a batch; their keys are cut from one array. */
function writeDependencies(keys: readonly Key[], heightBytes: Uint8Array, writes: Write[]): void {
  let length = 0;
  for (const key of keys) length += key.length;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const key of keys) {
    putKey(key, bytes, at);
    writes.push({ table: 'dependency', key: bytes.subarray(at, at + key.length), value: heightBytes });
    at += key.length;
  }
}

/**
 * The rows of a place's transactions: where each stands first. One that gets no such row, as a duplicate or
 * in a void place, still conflicts with whatever shares it.
 */
function writeTransactions(
  { place, batch }: CommittedPlace,
  position: number,
  heightBytes: Uint8Array,
  writes: Write[],
): void {
  const { transactionIds } = batch;
  const count = transactionIds.length;
  // Keys and values of a batch are cut from two arrays: an array of its own for each would cost more than its bytes.
  const keys = new Uint8Array(idBytes * count);
  const values = new Uint8Array(firstPlaceBytes * count);
  const view = new DataView(values.buffer);
  for (let index = 0; index < count; index++) {
    const id = transactionIds[index]!;
    if (place.void || place.verdicts[index] === 'duplicate') {
      writes.push({ table: 'dependency', key: keyBytes(transactionKey(id)), value: heightBytes });
      continue;
    }
    const at = idBytes * index;
    putHex(id, keys, at);
    const valueAt = firstPlaceBytes * index;
    view.setUint32(valueAt, Math.floor(position / 2 ** 32));
    view.setUint32(valueAt + 4, position);
    view.setUint32(valueAt + 12, index);
    writes.push({
      table: 'transaction',
      key: keys.subarray(at, at + idBytes),
      value: values.subarray(valueAt, valueAt + firstPlaceBytes),
    });
  }
}
