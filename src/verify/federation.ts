/**
 * From a federation file to what verifies everything signed under it (protocol section 1): the file is
 * read, its rules and keys are checked, proofs of possession included, and only then are keys used.
 */

import { accept, type Result } from '../base/result.ts';
import type { SchemeProvider } from '../crypto/scheme.ts';
import type { SingleSignatures } from '../crypto/signing.ts';
import { checkFederationKeys } from '../crypto/verify-federation.ts';
import { parseFederation } from '../messages/federation-file.ts';
import { Verifier } from './verifier.ts';

/**
 * Opens a federation file, TOML or JSON.
 * @param provider of the scheme that the file names.
 * @param file its name, for the error line.
 */
export function openFederation(
  text: string,
  provider: SchemeProvider,
  singles: SingleSignatures,
  file?: string,
): Result<Verifier> {
  const federation = parseFederation(text, file);
  if (!federation.ok) return federation;
  const scheme = checkFederationKeys(federation.value, provider);
  return scheme.ok ? accept(new Verifier(federation.value, scheme.value, singles)) : scheme;
}
