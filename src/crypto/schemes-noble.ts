/** The multi-signature schemes in plain JavaScript: browsers, and whoever has nothing better. */

import { nobleProvider } from './bls-noble.ts';
import { nobleListProvider } from './ed25519-list-noble.ts';
import type { SchemeProvider } from './scheme.ts';

export const nobleSchemes: readonly SchemeProvider[] = [nobleListProvider, nobleProvider];
