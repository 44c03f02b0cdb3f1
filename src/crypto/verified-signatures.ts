/**
 * Single signatures that were found valid, or made here, so that nobody pays for one twice: a vote comes up
 * in a partial aggregate and down again in the certificate. An entry is a key, the digest of a message and the
 * very bytes of the signature; nothing is inferred from less. Of several valid signatures by one key on
 * one message (a liar can make them) the last is kept.
 *
 * Bounded: the oldest messages are forgotten. Whoever floods it makes others verify again, nothing more.
 */

import { equalBytes } from '../base/bytes.ts';

export class VerifiedSignatures {
  /** Digest of the message -> public key in hex -> signature. */
  readonly #byMessage = new Map<string, Map<string, Uint8Array>>();
  readonly #sizeMax: number;
  #size = 0;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  get size(): number {
    return this.#size;
  }

  has(digest: string, key: string, signature: Uint8Array): boolean {
    const known = this.#byMessage.get(digest)?.get(key);
    return known !== undefined && equalBytes(known, signature);
  }

  /** Keeps a copy: the bytes given may be a piece of a much larger frame. */
  add(digest: string, key: string, signature: Uint8Array): void {
    let ofMessage = this.#byMessage.get(digest);
    if (!ofMessage) {
      ofMessage = new Map();
      this.#byMessage.set(digest, ofMessage);
    }
    if (!ofMessage.has(key)) this.#size += 1;
    ofMessage.set(key, signature.slice());
    if (this.#size > this.#sizeMax) this.#forgetOldest();
  }

  #forgetOldest(): void {
    for (const [digest, ofMessage] of this.#byMessage) {
      if (this.#size <= this.#sizeMax) return;
      this.#byMessage.delete(digest);
      this.#size -= ofMessage.size;
    }
  }
}
