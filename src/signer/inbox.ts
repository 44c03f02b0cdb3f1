/**
 * Frames from other signers on their way into the engine. Each peer has a queue of its own, bounded in
 * bytes, and the queues are served in turn, one message at a time: a peer that floods us delays itself
 * and loses its own oldest frames, which the protocol takes like a lossy network.
 *
 * Frames and messages are decoded here, one message a call, so that the caller can stop between two. What
 * cannot be decoded is refused and reported; the rest of the frame still counts, since every message
 * stands for itself.
 */

import type { SignerId } from '../base/ids.ts';
import type { Refusal } from '../base/result.ts';
import { decodeFrame, decodePeerMessage, type PeerMessage } from '../messages/peer.ts';
import { FrameQueue } from '../transport/queue.ts';

export interface Incoming {
  readonly from: SignerId;
  readonly message: PeerMessage;
}

interface Mailbox {
  readonly frames: FrameQueue;
  /** Encoded messages of the frame being read, and how many of them were. */
  messages: readonly Uint8Array[];
  read: number;
}

/** Frames of one peer that wait here: room for two of the longest. */
export const mailboxBytesMax = 64 << 20;

export class Inbox {
  readonly #n: number;
  readonly #refused: (from: SignerId, refusal: Refusal) => void;
  readonly #bytesMax: number;
  readonly #mailboxes = new Map<SignerId, Mailbox>();
  /** Peers with something to read, in the order in which they are served. */
  #turns: SignerId[] = [];

  /** @param refused told of frames and messages that could not be decoded, or did not fit. */
  constructor(
    n: number,
    refused: (from: SignerId, refusal: Refusal) => void,
    bytesMax: number = mailboxBytesMax,
  ) {
    this.#n = n;
    this.#refused = refused;
    this.#bytesMax = bytesMax;
  }

  get pending(): boolean {
    return this.#turns.length > 0;
  }

  push(from: SignerId, frame: Uint8Array): void {
    let mailbox = this.#mailboxes.get(from);
    if (!mailbox) {
      mailbox = { frames: new FrameQueue(this.#bytesMax), messages: [], read: 0 };
      this.#mailboxes.set(from, mailbox);
    }
    const idle = mailbox.read === mailbox.messages.length && mailbox.frames.length === 0;
    const dropped = mailbox.frames.dropped;
    mailbox.frames.push(frame);
    if (mailbox.frames.dropped > dropped)
      this.#refused(from, { code: 'INBOX_FULL', message: 'frames come faster than they can be read' });
    if (idle && mailbox.frames.length > 0) this.#turns.push(from);
  }

  /** The next message of the next peer. Undefined when this call found none: ask `pending` whether to go on. */
  next(): Incoming | undefined {
    const from = this.#turns.shift();
    if (from === undefined) return undefined;
    const mailbox = this.#mailboxes.get(from)!;
    if (mailbox.read === mailbox.messages.length) this.#open(from, mailbox);
    const bytes = mailbox.messages[mailbox.read];
    if (bytes) mailbox.read += 1;
    if (mailbox.read < mailbox.messages.length || mailbox.frames.length > 0) this.#turns.push(from);
    if (!bytes) return undefined;
    const message = decodePeerMessage(bytes, this.#n);
    if (message.ok) return { from, message: message.value };
    this.#refused(from, message.error);
    return undefined;
  }

  clear(): void {
    this.#mailboxes.clear();
    this.#turns = [];
  }

  #open(from: SignerId, mailbox: Mailbox): void {
    mailbox.messages = [];
    mailbox.read = 0;
    const frame = mailbox.frames.shift();
    if (!frame) return;
    const messages = decodeFrame(frame);
    if (!messages.ok) this.#refused(from, messages.error);
    else mailbox.messages = messages.value;
  }
}
