/** Lists of ed25519 signatures (`ed25519-list.ts`) on Node's OpenSSL: the provider of daemons. */

import { hash } from 'node:crypto';
import { createListProvider, type ListLibrary } from './ed25519-list.ts';
import { nodeCheckUnder, nodeSignerFromSeed } from './ed25519-node.ts';

export const nodeListLibrary: ListLibrary = {
  signerFromSeed: nodeSignerFromSeed,
  checkUnder: nodeCheckUnder,
  digest: (message) => hash('sha256', message, 'hex'),
};

export const nodeListProvider = createListProvider(nodeListLibrary);
