/** Batches, certificates and receipts that the tests of receipts share. */

import { must, type Result } from '../../src/base/result.ts';
import type { Batch } from '../../src/messages/batch.ts';
import {
  decodeReceiptJson,
  encodeReceiptJson,
  type Receipt,
  type ScoreReceipt,
} from '../../src/messages/receipt.ts';
import type { Certificate } from '../../src/messages/vote.ts';
import { verifyReceipt } from '../../src/verify/receipt.ts';
import type { ReceiptSources } from '../../src/verify/receipt-make.ts';
import { makeScoreReceipt } from './make-receipts.ts';
import { World } from './support.ts';

export const four = new World(4, 1, 1); // 4 of 4 votes are needed
export const six = new World(6, 1, 1); // 5 of 6

export type Known = { batch: Batch; certificate: Certificate };
export const nothing: ReceiptSources = { ahead: new Map(), placeProof: () => undefined };
export const ahead = (...known: Known[]): ReceiptSources => ({
  ahead: new Map(known.map((one) => [one.batch.id, one])),
  placeProof: () => undefined,
});

export const score = (
  world: World,
  known: Known,
  sources: ReceiptSources = nothing,
  index = 0,
  verdict: 'executed' | 'rejected' = 'executed',
): ScoreReceipt | undefined => makeScoreReceipt({ ...known, index, verdict }, sources, world.quorum);

/** Through JSON text and back. */
export const travelled = (receipt: Receipt, world: World): Receipt =>
  must(decodeReceiptJson(JSON.parse(JSON.stringify(encodeReceiptJson(receipt, world.n))), world.n));

export const codeOf = (result: Result<unknown>): string => (result.ok ? 'ok' : result.error.code);
export const check = (receipt: Receipt | undefined, world: World): string =>
  receipt ? codeOf(verifyReceipt(travelled(receipt, world), world.verifier)) : 'none';

/** T in a batch of three, uncontested. */
export function plain(world: World): Known {
  const batch = world.batch(0, 1, ['a', 'b', 'c']);
  return { batch, certificate: world.unanimous(batch) };
}

/** A chain of batches that all votes list, as signers that accepted them in one order make it. */
export function history(world: World, length: number): Known[] {
  const known: Known[] = [];
  for (let i = 0; i < length; i++) {
    const batch = world.batch(i % world.n, 1 + Math.floor(i / world.n), [`t${i}`]);
    known.push({ batch, certificate: world.unanimous(batch, { before: known.map((one) => one.batch) }) });
  }
  return known;
}
