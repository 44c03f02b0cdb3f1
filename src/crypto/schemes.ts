/**
 * Which multi-signature schemes there are. A federation names its own in its file, so it is part of the epoch
 * and everybody uses the same one; a host brings the providers that it has.
 *
 * Which is cheaper: with a list a signer checks n - 1 signatures a batch, each once, wherever it stands in the
 * tree. With BLS it checks one aggregate, or two at an inner node, whatever n is. Measured (protocol section
 * 16), a list costs less at every place in the tree below 17 signers, and more at a leaf from there on.
 */

import { accept, type Result, refuse } from '../base/result.ts';
import { blsName } from './bls.ts';
import { listName } from './ed25519-list.ts';
import { simulatedName } from './fast-scheme.ts';
import type { SchemeProvider } from './scheme.ts';

/** From so many signers on `testnet` takes BLS. */
export const aggregateFrom = 17;

/** Name of the scheme that costs less among so many signers. */
export const cheaperScheme = (signers: number): string => (signers < aggregateFrom ? listName : blsName);

/** The provider of the scheme that a federation file names. */
export function providerOf(scheme: string, schemes: readonly SchemeProvider[]): Result<SchemeProvider> {
  const provider = schemes.find(({ name }) => name === scheme);
  if (provider) return accept(provider);
  if (scheme === simulatedName)
    return refuse('SCHEME_SIMULATED', `scheme: "${simulatedName}" is not cryptography: simulations only`);
  const known = schemes.map(({ name }) => `"${name}"`).join(' or ');
  return refuse('SCHEME_UNKNOWN', `scheme: expected ${known}, found ${JSON.stringify(scheme)}`);
}
