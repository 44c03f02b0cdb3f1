/**
 * Charges cryptography to whoever is computing. A simulation runs one signer at a time, so one meter is
 * enough: a node empties it when its step is over. The operations themselves are those of the scheme behind.
 */

import type { MultiSignatureScheme, SchemeSigner } from '../../src/crypto/scheme.ts';
import type { SingleSignatures, SingleSigner } from '../../src/crypto/signing.ts';
import type { Costs } from './costs.ts';
import { pricesOf } from './prices.ts';

export interface ChargedScheme {
  readonly scheme: MultiSignatureScheme;
  /** @param id the signer whose key it is. */
  signer(id: number, signer: SchemeSigner): SchemeSigner;
}

export class Meter {
  readonly costs: Costs;
  #ms = 0;
  #computing = 0;

  constructor(costs: Costs) {
    this.costs = costs;
  }

  charge(ms: number): void {
    this.#ms += ms;
  }

  /** A signer computes from here on; what others were charged before is not its own. */
  begin(signer: number): void {
    this.#computing = signer;
    this.#ms = 0;
  }

  /** What was charged since the last call, in ms. */
  take(): number {
    const ms = this.#ms;
    this.#ms = 0;
    return ms;
  }

  /** The scheme with its prices (prices.ts), and the signers that sign at the same prices. */
  scheme(scheme: MultiSignatureScheme): ChargedScheme {
    const prices = pricesOf(scheme, this.costs);
    return {
      scheme: {
        name: scheme.name,
        signatureBytes: scheme.signatureBytes,
        publicKeyBytes: scheme.publicKeyBytes,
        size: scheme.size,
        verify: (groups, signature) => {
          this.charge(prices.verify(this.#computing, groups));
          const ok = scheme.verify(groups, signature);
          if (ok) prices.valid(this.#computing, groups);
          return ok;
        },
        aggregate: (parts) => {
          this.charge(prices.aggregate(parts.length));
          return scheme.aggregate(parts);
        },
        subtract: (aggregate, part) => {
          this.charge(prices.aggregate(1));
          return scheme.subtract(aggregate, part);
        },
        wellFormed: (signature) => scheme.wellFormed(signature),
      },
      signer: (id, signer) => ({
        sign: (message) => {
          this.charge(prices.sign(id, message));
          return signer.sign(message);
        },
      }),
    };
  }

  singleSigner(signer: SingleSigner): SingleSigner {
    return {
      publicKey: signer.publicKey,
      sign: (message) => {
        this.charge(this.costs.singleSignMs);
        return signer.sign(message);
      },
    };
  }

  singles(singles: SingleSignatures): SingleSignatures {
    return {
      verify: (publicKey, message, signature) => {
        this.charge(this.costs.singleVerifyMs);
        return singles.verify(publicKey, message, signature);
      },
    };
  }
}
