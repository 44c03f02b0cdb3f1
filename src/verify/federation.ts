/**
 * From a federation file to what verifies everything signed under it (protocol section 1): the file is
 * read, its rules and keys are checked, proofs of possession included, and only then are keys used.
 */

import { accept, type Result, refuse } from '../base/result.ts';
import type { SchemeProvider } from '../crypto/scheme.ts';
import { providerOf } from '../crypto/schemes.ts';
import type { SingleSignatures } from '../crypto/signing.ts';
import { checkFederationKeys } from '../crypto/verify-federation.ts';
import { parseFederation } from '../messages/federation-file.ts';
import { Verifier } from './verifier.ts';

/**
 * Opens a federation file, TOML or JSON.
 * @param schemes the providers to choose from, by the scheme that the file names: `nodeSchemes` or `nobleSchemes`.
 * @param file its name, for the error line.
 */
export function openFederation(
  text: string,
  schemes: readonly SchemeProvider[],
  singles: SingleSignatures,
  file = 'federation.toml',
): Result<Verifier> {
  const federation = parseFederation(text, file);
  if (!federation.ok) return federation;
  const provider = providerOf(federation.value.scheme, schemes);
  if (!provider.ok) return refuse(provider.error.code, `${file}: ${provider.error.message}`);
  const scheme = checkFederationKeys(federation.value, provider.value);
  return scheme.ok ? accept(new Verifier(federation.value, scheme.value, singles)) : scheme;
}
