/**
 * Messages that leave at the end of a turn: all of them to one peer in one frame, in the order in which
 * they were given. A message that goes to several peers is encoded once.
 */

import type { SignerId } from '../base/ids.ts';
import { frameBytesMax, frameMessagesMax } from '../messages/limits.ts';
import { encodeFrame, encodePeerMessage, type PeerMessage } from '../messages/peer.ts';

/** The frame's list header, and the header of each message in it (msgpack). */
const listHeaderBytes = 5;
const itemHeaderBytes = 5;

export class Outbox {
  readonly #n: number;
  readonly #send: (to: SignerId, frame: Uint8Array) => void;
  readonly #encoded = new WeakMap<PeerMessage, Uint8Array>();
  readonly #messages = new Map<SignerId, PeerMessage[]>();

  /** @param send hands a frame to the transport. */
  constructor(n: number, send: (to: SignerId, frame: Uint8Array) => void) {
    this.#n = n;
    this.#send = send;
  }

  add(to: SignerId, message: PeerMessage): void {
    const messages = this.#messages.get(to);
    if (messages) messages.push(message);
    else this.#messages.set(to, [message]);
  }

  /**
   * Sends a frame to each peer that has messages; a second one only where the first has no room.
   * @returns whether there was anything to send.
   */
  flush(): boolean {
    if (this.#messages.size === 0) return false;
    for (const [to, messages] of this.#messages) {
      let frame: Uint8Array[] = [];
      let bytes = listHeaderBytes;
      for (const message of messages) {
        const encoded = this.#encode(message);
        const cost = encoded.length + itemHeaderBytes;
        if (frame.length === frameMessagesMax || (frame.length > 0 && bytes + cost > frameBytesMax)) {
          this.#send(to, encodeFrame(frame));
          frame = [];
          bytes = listHeaderBytes;
        }
        frame.push(encoded);
        bytes += cost;
      }
      this.#send(to, encodeFrame(frame));
    }
    this.#messages.clear();
    return true;
  }

  /** Forgets what has not left. */
  clear(): void {
    this.#messages.clear();
  }

  #encode(message: PeerMessage): Uint8Array {
    let encoded = this.#encoded.get(message);
    if (!encoded) {
      encoded = encodePeerMessage(message, this.#n);
      this.#encoded.set(message, encoded);
    }
    return encoded;
  }
}
