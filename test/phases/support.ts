/** Signers of one scheme whose votes are letters, and what they sign. */

import { concat, utf8 } from '../../src/base/bytes.ts';
import { type SignerId, signerId } from '../../src/base/ids.ts';
import { createSimulatedProvider } from '../../src/crypto/fast-scheme.ts';
import type { MultiSignatureScheme, SchemeProvider } from '../../src/crypto/scheme.ts';
import { type Aggregate, groupsOf } from '../../src/phases/contributions.ts';

export class Voters {
  readonly scheme: MultiSignatureScheme;
  readonly #keys;

  constructor(n: number, provider: SchemeProvider = createSimulatedProvider()) {
    const keys = Array.from({ length: n }, (_, i) => provider.keyFromSeed(new Uint8Array(32).fill(i + 1)));
    this.#keys = keys.map((key) => provider.signer(key.secretKey));
    this.scheme = provider.scheme(keys.map((key) => key.publicKey));
  }

  readonly message = (content: string): Uint8Array => concat(utf8('content '), utf8(content));
  readonly compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

  sign(signer: number, content: string): Uint8Array {
    return this.#keys[signer]!.sign(this.message(content));
  }

  /** An aggregate of honest signatures: `{ x: [0, 1], y: [2] }`. */
  of(classes: Readonly<Record<string, readonly number[]>>): Aggregate<string> {
    const sorted = Object.entries(classes).sort(([a], [b]) => this.compare(a, b));
    return {
      classes: sorted.map(([content, signers]) => ({
        content,
        signers: [...signers].sort((a, b) => a - b).map(signerId),
      })),
      signature: this.scheme.aggregate(
        sorted.flatMap(([content, signers]) => signers.map((signer) => this.sign(signer, content))),
      ),
    };
  }

  /** The same claim with a signature of nobody, well-formed. */
  forged(aggregate: Aggregate<string>): Aggregate<string> {
    return { ...aggregate, signature: this.sign(0, 'something else') };
  }

  valid(aggregate: Aggregate<string>): boolean {
    return this.scheme.verify(groupsOf(aggregate, this.message), aggregate.signature);
  }
}

export const members = (aggregate: Aggregate<string>): SignerId[] =>
  aggregate.classes.flatMap((one) => [...one.signers]).sort((a, b) => a - b);
