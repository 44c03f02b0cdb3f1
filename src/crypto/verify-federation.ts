/**
 * The keys of a federation, checked once before anything is verified with them. An aggregate convicts
 * each member of its bitmap only if nobody could choose a key that cancels another's, and the proofs of
 * possession are what rules that out. A key that stands for two signers would let one of them stand for
 * both. Protocol sections 1 and 10.
 */

import { x25519 } from '@noble/curves/ed25519.js';
import { toHex } from '../base/bytes.ts';
import { accept, type Refusal, type Result, refuse } from '../base/result.ts';
import { signingKeyBytes } from './ed25519.ts';
import { validSigningKey } from './ed25519-noble.ts';
import { simulatedName } from './fast-scheme.ts';
import type { MultiSignatureScheme, SchemeProvider } from './scheme.ts';

/** The keys of one signer; `SignerInfo` of the federation file has these fields. */
export interface SignerPublicParts {
  readonly name: string;
  readonly votingKey: Uint8Array;
  readonly possessionProof: Uint8Array;
  readonly signingKey: Uint8Array;
  readonly transportKey: Uint8Array;
}

/** What is checked here of a `Federation`. */
export interface FederationKeys {
  readonly scheme: string;
  readonly signers: readonly SignerPublicParts[];
}

const keyFields = ['votingKey', 'signingKey', 'transportKey'] as const;
type Field = (typeof keyFields)[number] | 'possessionProof';

const transportKeyBytes = 32;
/** Any scalar: with a key of low order every scalar gives zero, which the library refuses. */
const probe = new Uint8Array(32).fill(0x42);

function validTransportKey(key: Uint8Array): boolean {
  try {
    x25519.getSharedSecret(probe, key);
    return true;
  } catch {
    return false;
  }
}

/** Checks of a signer's fields one by one; undefined when there is nothing to refuse. */
function checkSigner(
  index: number,
  signer: SignerPublicParts,
  provider: SchemeProvider,
  lengths: Pick<MultiSignatureScheme, 'publicKeyBytes' | 'signatureBytes'>,
): Refusal | undefined {
  const fault = (code: string, field: Field, what: string): Refusal => ({
    code,
    message: `signer ${index} (${signer.name}): ${field} ${what}`,
  });
  const expected: readonly (readonly [Field, number])[] = [
    ['votingKey', lengths.publicKeyBytes],
    ['possessionProof', lengths.signatureBytes],
    ['signingKey', signingKeyBytes],
    ['transportKey', transportKeyBytes],
  ];
  for (const [field, bytes] of expected)
    if (signer[field].length !== bytes)
      return fault('KEY_LENGTH', field, `has ${signer[field].length} bytes, expected ${bytes}`);
  if (!provider.verifyPossession(signer.votingKey, signer.possessionProof)) {
    try {
      provider.scheme([signer.votingKey]);
    } catch {
      return fault('KEY_MALFORMED', 'votingKey', `is not a ${provider.name} key`);
    }
    return fault('POSSESSION_INVALID', 'possessionProof', 'does not prove possession of votingKey');
  }
  if (!validSigningKey(signer.signingKey))
    return fault('KEY_MALFORMED', 'signingKey', 'is not an ed25519 key, or of small order');
  if (!validTransportKey(signer.transportKey))
    return fault('KEY_MALFORMED', 'transportKey', 'is of low order');
  return undefined;
}

/** The first key that two signers share. */
function findRepeated(signers: readonly SignerPublicParts[]): Refusal | undefined {
  for (const field of keyFields) {
    const owners = new Map<string, number>();
    for (const [index, signer] of signers.entries()) {
      const key = toHex(signer[field]);
      const owner = owners.get(key);
      if (owner !== undefined)
        return {
          code: 'KEY_REPEATED',
          message: `signer ${index} (${signer.name}): ${field} is also that of signer ${owner} (${signers[owner]!.name})`,
        };
      owners.set(key, index);
    }
  }
  return undefined;
}

/**
 * The scheme over the federation's voting keys, when all keys are sound: right lengths, valid points,
 * proofs of possession that verify, no key twice. The refusal names the signer and the field.
 * @param options.allowSimulated accept the simulator's scheme, which is no cryptography.
 */
export function checkFederationKeys(
  federation: FederationKeys,
  provider: SchemeProvider,
  options: { readonly allowSimulated?: boolean } = {},
): Result<MultiSignatureScheme> {
  if (federation.scheme === simulatedName && options.allowSimulated !== true)
    return refuse('SCHEME_SIMULATED', `scheme "${simulatedName}" is not cryptography: simulations only`);
  if (federation.scheme !== provider.name)
    return refuse('SCHEME_UNKNOWN', `scheme is "${federation.scheme}", expected "${provider.name}"`);
  if (federation.signers.length === 0) return refuse('SIGNERS_NONE', 'signers: expected at least one');
  const lengths = provider.scheme([]);
  for (const [index, signer] of federation.signers.entries()) {
    const error = checkSigner(index, signer, provider, lengths);
    if (error) return { ok: false, error };
  }
  const error = findRepeated(federation.signers);
  if (error) return { ok: false, error };
  try {
    return accept(provider.scheme(federation.signers.map((signer) => signer.votingKey)));
  } catch (error) {
    // Sound one by one, but not together: a scheme may have such rules.
    return refuse('KEYS_UNFIT', error instanceof Error ? error.message : String(error));
  }
}
