/** The multi-signature schemes on Node: native code. */

import { blstProvider } from './bls-blst-node.ts';
import { nodeListProvider } from './ed25519-list-node.ts';
import type { SchemeProvider } from './scheme.ts';

export const nodeSchemes: readonly SchemeProvider[] = [nodeListProvider, blstProvider];
