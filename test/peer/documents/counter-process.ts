/** Applies groups of the counter history for ever, and prints each sequence once it is durable. */
import { writeSync } from 'node:fs';
import { conformanceGenesis } from '../../../src/peer/documents/conformance-history.ts';
import { LmdbDocumentStore } from '../../../src/peer/documents/lmdb.ts';
import { documentMachine } from '../../../src/peer/machine/documents.ts';
import { counterGroup } from './counter-history.ts';

const store = new LmdbDocumentStore({ path: process.argv[2]! });
const signal = new AbortController().signal;
let position = conformanceGenesis;
const stored = await store.open(conformanceGenesis);
while (position.sequence < stored.sequence) position = counterGroup(position).position;
for (;;) {
  const group = counterGroup(position);
  await store.apply(group, documentMachine, signal);
  position = group.position;
  writeSync(1, `${position.sequence}\n`);
}
