/** Lists of ed25519 signatures (`ed25519-list.ts`) in plain JavaScript: the provider of browsers. */

import { toHex } from '../base/bytes.ts';
import { sha256 } from '../base/sha256.ts';
import { createListProvider, type ListLibrary } from './ed25519-list.ts';
import { nobleCheckUnder, nobleSignerFromSeed } from './ed25519-noble.ts';

export const nobleListLibrary: ListLibrary = {
  signerFromSeed: nobleSignerFromSeed,
  checkUnder: nobleCheckUnder,
  digest: (message) => toHex(sha256(message)),
};

export const nobleListProvider = createListProvider(nobleListLibrary);
