/**
 * One stream of events to a learner or a client (`messages/stream.ts`, protocol section 11). A session is
 * a cursor, never a queue: it remembers how far its receiver is, and takes the next event from the ledger
 * or the feed when there is credit and room in the socket. So a slow receiver costs nothing but its place,
 * and a history of any length is read one block at a time.
 *
 * Rules:
 * 1. Blocks first: while a block above the cursor is published it is sent before any batch ahead.
 * 2. Each body once. A batch brought apart from a block is remembered until its block is sent, so what is
 *    remembered is at most what was ahead at one moment.
 * 3. Bodies of a block beyond `blockBytesMax` come apart from it, before it, with the block's certificates.
 */

import { invariant } from '../base/assert.ts';
import type { BatchId, Epoch, Height } from '../base/ids.ts';
import type { Batch } from '../messages/batch.ts';
import { encodeStreamEvent, type StreamEvent } from '../messages/stream.ts';
import type { Feed } from './feed.ts';
import type { History, ProvenBlock } from './history.ts';

/** What a session needs of a WebSocket. */
export interface StreamSocket {
  readonly bufferedAmount: number;
  /** @param sent called when the bytes have left, or never will. */
  send(bytes: Uint8Array, sent: () => void): void;
  /** The session cannot go on, for a reason of our own: it has closed itself. */
  failed(error: unknown): void;
}

export interface StreamSources {
  readonly feed: Feed;
  readonly history: Pick<History, 'batch' | 'block'>;
  readonly epoch: Epoch;
  /** Signers. */
  readonly n: number;
}

/** Bytes that wait in one socket before the session stops sending. */
const socketBytesMax = 4 << 20;
/** Bodies inside one block event: what a slow line can take between two pings. */
const blockBytesMax = 4 << 20;
/** Work before other sockets get their turn, in milliseconds. */
const turnMs = 4;
const creditMax = 2 ** 32;

/** A block on its way: what goes before it, and what goes in it. */
interface BlockUnderWay extends ProvenBlock {
  /** Entries whose bodies come apart, by their index. */
  readonly apart: number[];
  readonly inside: readonly BatchId[];
}

export class StreamSession {
  readonly #socket: StreamSocket;
  readonly #sources: StreamSources;
  readonly #unlisten: () => void;
  readonly #blockBytesMax: number;
  /** Height of the last block sent. */
  #height: Height;
  /** Sequence of the last batch ahead that was sent. */
  #sequence = 0;
  #credit = 0;
  #greeted = false;
  #block: BlockUnderWay | undefined;
  /** Bodies brought whose block was not sent yet. */
  readonly #brought = new Set<BatchId>();
  #turn: NodeJS.Immediate | undefined;
  #closed = false;

  /** @param after height from which on the receiver wants to know. */
  constructor(
    socket: StreamSocket,
    sources: StreamSources,
    after: Height,
    blockBytes: number = blockBytesMax,
  ) {
    this.#socket = socket;
    this.#sources = sources;
    this.#height = after;
    this.#blockBytesMax = blockBytes;
    this.#unlisten = sources.feed.listen({ advanced: () => this.#schedule() });
  }

  /** Bodies that the session remembers having brought. */
  get remembered(): number {
    return this.#brought.size;
  }

  credit(events: number): void {
    this.#credit = Math.min(creditMax, this.#credit + events);
    this.#schedule();
  }

  close(): void {
    this.#closed = true;
    clearImmediate(this.#turn);
    this.#unlisten();
  }

  #schedule(): void {
    if (this.#closed || this.#credit === 0) return;
    this.#turn ??= setImmediate(() => {
      this.#turn = undefined;
      try {
        this.#pump();
      } catch (error) {
        this.close();
        this.#socket.failed(error);
      }
    });
  }

  #pump(): void {
    const end = performance.now() + turnMs;
    while (!this.#closed && this.#credit > 0 && this.#socket.bufferedAmount < socketBytesMax) {
      const event = this.#next();
      if (!event) return;
      this.#credit -= 1;
      // Called for each: whichever makes room again wakes the session.
      this.#socket.send(encodeStreamEvent(event, this.#sources.n), () => this.#schedule());
      if (performance.now() >= end) {
        this.#schedule();
        return;
      }
    }
  }

  /** The next event, undefined when the receiver has everything. */
  #next(): StreamEvent | undefined {
    const { feed, epoch } = this.#sources;
    if (!this.#greeted) {
      this.#greeted = true;
      return { type: 'hello', epoch, height: feed.height };
    }
    if (!this.#block && feed.height > this.#height) this.#block = this.#open((this.#height + 1) as Height);
    if (this.#block) return this.#ofBlock(this.#block);
    // A receiver that is further than this signer waits for it.
    if (feed.height < this.#height) return undefined;
    const ahead = feed.nextAhead(this.#sequence);
    if (!ahead) return undefined;
    this.#sequence = ahead.sequence;
    const { batch, certificate } = ahead.delivery;
    this.#brought.add(batch.id);
    return { type: 'batch', batch, certificate };
  }

  #open(height: Height): BlockUnderWay {
    const proven = this.#sources.history.block(height);
    invariant(proven, `committed block ${height} or its proof is not in the ledger`);
    const apart: number[] = [];
    const inside: BatchId[] = [];
    let bytes = 0;
    for (const [i, { batch }] of proven.block.entries.entries()) {
      if (this.#brought.has(batch)) continue;
      bytes += this.#bodyOf(batch).bytes.length;
      if (bytes > this.#blockBytesMax) apart.push(i);
      else inside.push(batch);
    }
    return { ...proven, apart, inside };
  }

  #ofBlock(underWay: BlockUnderWay): StreamEvent {
    const { block, certificates, proof, qc, apart, inside } = underWay;
    const next = apart.shift();
    if (next !== undefined) {
      const batch = this.#bodyOf(block.entries[next]!.batch);
      return { type: 'batch', batch, certificate: certificates[next]! };
    }
    this.#block = undefined;
    this.#height = block.height;
    for (const { batch } of block.entries) this.#brought.delete(batch);
    const batches = inside.map((id) => this.#bodyOf(id));
    return { type: 'block', block, certificates, batches, proof, qc };
  }

  #bodyOf(id: BatchId): Batch {
    const batch = this.#sources.history.batch(id);
    invariant(batch, `batch ${id} of a committed block is not in the ledger`);
    return batch;
  }
}
