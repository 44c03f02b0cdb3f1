/**
 * Sizes of messages on the wire. Signers that pass on a body or a certificate each make a message of their own around
 * the same object; where nothing is encoded on its way its size is found once. In fast mode an aggregate is shorter
 * than a real one, and is counted as long as that (BLS).
 */

import { encodePeerMessage, type PeerMessage } from '../../src/messages/peer.ts';

export class MessageSizes {
  readonly #n: number;
  readonly #missing: number;
  readonly #sizes = new WeakMap<object, number>();

  /** @param missing bytes that each aggregate lacks. */
  constructor(n: number, missing: number) {
    this.#n = n;
    this.#missing = missing;
  }

  /** In bytes. @param encoded its bytes, where there are some. */
  of(message: PeerMessage, encoded?: Uint8Array): number {
    if (encoded) return encoded.length + this.#missing * aggregatesIn(message);
    const key = contentOf(message);
    let size = this.#sizes.get(key);
    if (size === undefined) {
      size = this.of(message, encodePeerMessage(message, this.#n));
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

const some = (part: object | undefined): number => (part ? 1 : 0);

/** Aggregates in a message; a timeout certificate has the one of its highest QC. */
function aggregatesIn(message: PeerMessage): number {
  switch (message.type) {
    case 'votes':
    case 'certificate':
    case 'blockVotes':
      return 1;
    case 'proposal':
    case 'view':
      return 1 + some(message.tc);
    case 'timeout':
      return 1 + some(message.entry);
    case 'wanted':
      return message.certificates.length;
    case 'copy':
      return message.certificates.length + message.blocks.length;
    case 'blocks':
      return message.blocks.length + message.certificates.length + message.proof.length + 1;
    case 'announce':
    case 'voteRequest':
    case 'fetch':
    case 'catchUp':
      return 0;
  }
}
