/**
 * Charges cryptography to whoever is computing. A simulation runs one signer at a time, so one meter is
 * enough: a node empties it when its step is over. The operations themselves are those of the scheme behind.
 */

import type { MultiSignatureScheme, SchemeSigner } from '../../src/crypto/scheme.ts';
import type { SingleSignatures, SingleSigner } from '../../src/crypto/signing.ts';
import type { Costs } from './costs.ts';

export class Meter {
  readonly costs: Costs;
  #ms = 0;

  constructor(costs: Costs) {
    this.costs = costs;
  }

  charge(ms: number): void {
    this.#ms += ms;
  }

  /** What was charged since the last call, in ms. */
  take(): number {
    const ms = this.#ms;
    this.#ms = 0;
    return ms;
  }

  scheme(scheme: MultiSignatureScheme): MultiSignatureScheme {
    const { verifyMs, verifyClassMs, verifyKeyMs, aggregateMs } = this.costs;
    return {
      name: scheme.name,
      signatureBytes: scheme.signatureBytes,
      publicKeyBytes: scheme.publicKeyBytes,
      size: scheme.size,
      verify: (groups, signature) => {
        const keys = groups.reduce((sum, { signers }) => sum + signers.length, 0);
        this.charge(verifyMs + verifyClassMs * Math.max(0, groups.length - 1) + verifyKeyMs * keys);
        return scheme.verify(groups, signature);
      },
      aggregate: (parts) => {
        this.charge(aggregateMs * parts.length);
        return scheme.aggregate(parts);
      },
      subtract: (aggregate, part) => {
        this.charge(aggregateMs);
        return scheme.subtract(aggregate, part);
      },
      wellFormed: (signature) => scheme.wellFormed(signature),
    };
  }

  signer(signer: SchemeSigner): SchemeSigner {
    return {
      sign: (message) => {
        this.charge(this.costs.signMs);
        return signer.sign(message);
      },
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
