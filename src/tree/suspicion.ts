/**
 * Who is taken to be silent. A signer that let a level's time pass is suspected, so that the next tree
 * goes around it without waiting again; one sign of life ends that (protocol section 3). Suspicion is
 * a guess: it moves messages, and never decides what counts. Time stays with the caller.
 */

import { type SignerSet, signerSet } from '../base/bitmap.ts';
import type { SignerId } from '../base/ids.ts';

export class Suspicion {
  readonly #suspected = new Set<SignerId>();

  /** Returns true when the signer was not suspected before. */
  suspect(id: SignerId): boolean {
    const fresh = !this.#suspected.has(id);
    this.#suspected.add(id);
    return fresh;
  }

  /** Anything authentic arrived from the signer. Returns true when this ended a suspicion. */
  heard(id: SignerId): boolean {
    return this.#suspected.delete(id);
  }

  /** Bound to this object, so that it can be handed to `bypass.ts` as it is. */
  readonly isSuspected = (id: SignerId): boolean => this.#suspected.has(id);

  /** All suspected signers, ascending. */
  suspected(): SignerSet {
    return signerSet(this.#suspected);
  }
}
