/**
 * Sizes of messages on the wire where none is encoded on its way. Signers that pass on a body or a certificate
 * each make a message of their own around the same object; its size is found once, by encoding it.
 */

import { encodePeerMessage, type PeerMessage } from '../../src/messages/peer.ts';

export class MessageSizes {
  readonly #n: number;
  readonly #sizes = new WeakMap<object, number>();

  constructor(n: number) {
    this.#n = n;
  }

  /** In bytes. */
  of(message: PeerMessage): number {
    const key = contentOf(message);
    let size = this.#sizes.get(key);
    if (size === undefined) {
      size = encodePeerMessage(message, this.#n).length;
      this.#sizes.set(key, size);
    }
    return size;
  }
}

/** What a message's size depends on: routes are all of one size. */
function contentOf(message: PeerMessage): object {
  if (message.type === 'announce') return message.batch;
  if (message.type === 'certificate') return message.certificate;
  return message;
}
