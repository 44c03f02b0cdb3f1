/**
 * What each multi-signature scheme charges. BLS: a check costs the same whatever was checked before. A list of
 * single signatures (`crypto/ed25519-list.ts`): a signer pays for each signature it has not seen valid, and
 * never for its own; so prices depend on who computes, and what each signer knows is kept here.
 *
 * In fast mode signatures are hashes, and the prices are those of the scheme that `testnet` would choose.
 */

import { toHex } from '../../src/base/bytes.ts';
import { blsName } from '../../src/crypto/bls.ts';
import { listName } from '../../src/crypto/ed25519-list.ts';
import type { SignedGroup } from '../../src/crypto/scheme.ts';
import { cheaperScheme } from '../../src/crypto/schemes.ts';
import { VerifiedSignatures } from '../../src/crypto/verified-signatures.ts';
import type { Costs } from './costs.ts';

/** All in ms. `by` is the signer that computes. */
export interface SchemePrices {
  sign(by: number, message: Uint8Array): number;
  verify(by: number, groups: readonly SignedGroup[]): number;
  /** What was verified turned out to be valid. */
  valid(by: number, groups: readonly SignedGroup[]): void;
  /** Adding up so many parts, or taking out one. */
  aggregate(parts: number): number;
}

const blsPrices = (costs: Costs): SchemePrices => ({
  sign: () => costs.signMs,
  verify: (_, groups) => {
    const keys = groups.reduce((sum, { signers }) => sum + signers.length, 0);
    return costs.verifyMs + costs.verifyClassMs * Math.max(0, groups.length - 1) + costs.verifyKeyMs * keys;
  },
  valid: () => {},
  aggregate: (parts) => costs.aggregateMs * parts,
});

/** Signatures that a signer remembers, as many as a real one does. */
const knownMax = 8192;
/** Signers and messages stand for signatures: a liar's second one on a message would cost again. */
const anySignature = new Uint8Array(0);

class ListPrices implements SchemePrices {
  readonly #costs: Costs;
  /** By the signer that knows. */
  readonly #known: VerifiedSignatures[] = [];

  constructor(costs: Costs) {
    this.#costs = costs;
  }

  sign(by: number, message: Uint8Array): number {
    this.valid(by, [{ signers: [by], message }]);
    return this.#costs.singleSignMs;
  }

  verify(by: number, groups: readonly SignedGroup[]): number {
    const { singleVerifyMs } = this.#costs;
    if (singleVerifyMs === 0) return 0;
    let unknown = 0;
    for (const { signers, message } of groups) {
      const digest = toHex(message);
      for (const signer of signers)
        if (!this.#knownTo(by).has(digest, String(signer), anySignature)) unknown += 1;
    }
    return singleVerifyMs * unknown;
  }

  valid(by: number, groups: readonly SignedGroup[]): void {
    if (this.#costs.singleVerifyMs === 0) return;
    for (const { signers, message } of groups) {
      const digest = toHex(message);
      for (const signer of signers) this.#knownTo(by).add(digest, String(signer), anySignature);
    }
  }

  /** Copying bytes: nothing beside the rest. */
  aggregate(): number {
    return 0;
  }

  #knownTo(by: number): VerifiedSignatures {
    this.#known[by] ??= new VerifiedSignatures(knownMax);
    return this.#known[by];
  }
}

/** @param scheme its name, and the size of its key table. */
export function pricesOf(
  scheme: { readonly name: string; readonly size: number },
  costs: Costs,
): SchemePrices {
  const real = scheme.name === listName || scheme.name === blsName;
  const charged = real ? scheme.name : cheaperScheme(scheme.size);
  return charged === listName ? new ListPrices(costs) : blsPrices(costs);
}
