/** Places for the stores under test. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoreFactory } from '../../../src/peer/documents/conformance.ts';
import { LmdbDocumentStore } from '../../../src/peer/documents/lmdb.ts';
import { type MemoryDisk, MemoryDocumentStore } from '../../../src/peer/documents/memory.ts';

export const memoryPlace: StoreFactory = async () => {
  const disk: MemoryDisk = {};
  return {
    store: ({ onStep }) => new MemoryDocumentStore({ disk, onStep }),
    [Symbol.asyncDispose]: async () => {
      delete disk.content;
    },
  };
};

export async function temporaryDirectory(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'musig-paxos-documents-'));
}

export const lmdbPlace: StoreFactory = async () => {
  const path = await temporaryDirectory();
  return {
    store: ({ onStep }) => new LmdbDocumentStore({ path, onStep }),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
};
