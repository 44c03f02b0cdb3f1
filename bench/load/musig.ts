/**
 * Our own system under load, through the project's client as anybody would use it: a transaction that
 * depends on one key, done when its receipt has come and is verified.
 */

import type { Client } from '../../src/client/client.ts';
import { connectNode } from '../../src/client/node.ts';
import type { Receipt } from '../../src/messages/receipt.ts';
import { verifyReceipt } from '../../src/verify/receipt.ts';
import type { Confirmed, Driver } from './driver.ts';
import type { LoadPlan } from './plan.ts';

const timeoutMs = 60_000;
/** Receipts kept for the audit: every so many, and at most this many. */
const keptEvery = 997;
const keptMax = 20;

export class MusigDriver implements Driver {
  readonly #clients: readonly Client[];
  readonly #awaited: LoadPlan['awaited'];
  readonly #kept: Receipt[] = [];
  #count = 0;

  /** @throws with one line when the federation file is not sound. */
  constructor({ federation, at, all, awaited }: LoadPlan) {
    this.#awaited = awaited;
    const [first, ...others] = at;
    const client = connectNode({ federation, signers: all, route: first! });
    // What was read and checked once is shared.
    const { verifier } = client;
    const more = others.map((route) => connectNode({ federation: verifier, signers: all, route }));
    this.#clients = [client, ...more];
  }

  async write(connection: number, key: string, value: Uint8Array): Promise<Confirmed> {
    const submitted = this.#clients[connection]!.submit(value, { deps: [key], timeoutMs });
    const receipt = await (this.#awaited === 'score' ? submitted.final : submitted.ordered);
    if (this.#count++ % keptEvery === 0 && this.#kept.length < keptMax) this.#kept.push(receipt);
    return { finality: receipt.finality, rejected: receipt.verdict === 'rejected' };
  }

  audit(): number {
    for (const receipt of this.#kept) {
      const verified = verifyReceipt(receipt, this.#clients[0]!.verifier);
      if (!verified.ok) throw new Error(`a receipt does not verify: ${verified.error.message}`);
    }
    return this.#kept.length;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }
}
