/**
 * A signer's HTTP face with a whole federation behind it that always agrees: what arrives in one request
 * is one batch, certified by everybody. A script may answer in its place.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TransactionId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { decodeSubmitJson, type IdentifiedTransaction } from '../../src/messages/http.ts';
import { encodeReceiptJson } from '../../src/messages/receipt.ts';
import type { Certificate } from '../../src/messages/vote.ts';
import { makeOrderReceipt, makeScoreReceipt } from '../../src/verify/receipt-make.ts';
import { TestChain, type World } from '../verify/support.ts';

export interface Call {
  readonly signer: number;
  readonly wait: string;
  readonly timeoutMs: number;
  readonly transactions: readonly IdentifiedTransaction[];
}

/** Answers a call itself, or undefined to leave it to the federation. */
export type Script = (call: Call, response: ServerResponse) => Promise<unknown> | unknown | undefined;

interface Placed {
  readonly batch: Batch;
  readonly index: number;
  readonly certificate: Certificate;
}

/** What the signers share: each transaction is placed once, wherever it came first. */
export class FakeFederation {
  readonly world: World;
  readonly placed = new Map<TransactionId, Placed>();
  readonly #chain: TestChain;
  readonly #numbers: number[];

  constructor(world: World) {
    this.world = world;
    this.#chain = new TestChain(world);
    this.#numbers = Array(world.n).fill(0);
  }

  place(signer: number, transactions: readonly IdentifiedTransaction[]): void {
    const fresh = transactions.filter((one) => !this.placed.has(one.id));
    if (fresh.length === 0) return;
    this.#numbers[signer]! += 1;
    const batch = this.world.batch(
      signer,
      this.#numbers[signer]!,
      fresh.map((one) => one.transaction),
    );
    const certificate = this.world.unanimous(batch);
    for (const [index, one] of fresh.entries()) this.placed.set(one.id, { batch, index, certificate });
  }

  score(id: TransactionId): unknown {
    const target = { ...this.placed.get(id)!, verdict: 'executed' as const };
    const nothing = { ahead: new Map(), placeProof: () => undefined };
    return encodeReceiptJson(makeScoreReceipt(target, nothing, this.world.quorum)!, this.world.n);
  }

  order(id: TransactionId): unknown {
    const target = this.placed.get(id)!;
    if (!this.#chain.committed.has(target.batch.id)) this.#chain.commit([target]);
    const proof = this.#chain.proofs.of(target.batch.id)!;
    return encodeReceiptJson(makeOrderReceipt(target, proof, this.world.n)!, this.world.n);
  }
}

export class FakeSigner {
  readonly calls: Call[] = [];
  readonly federation: FakeFederation;
  readonly index: number;
  script: Script = () => undefined;
  url = '';
  readonly #server: Server;

  constructor(federation: FakeFederation, index: number) {
    this.federation = federation;
    this.index = index;
    this.#server = createServer((request, response) => {
      void this.#answer(request, response);
    });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { epoch } = this.federation.world;
    const body: unknown = JSON.parse(Buffer.concat(parts).toString());
    const { transactions } = must(decodeSubmitJson(body, epoch));
    const query = new URL(request.url!, this.url).searchParams;
    const wait = query.get('wait')!;
    const call = { signer: this.index, wait, timeoutMs: Number(query.get('timeoutMs')), transactions };
    this.calls.push(call);
    const scripted = await this.script(call, response);
    if (response.destroyed || response.writableEnded) return;
    if (scripted !== undefined) {
      reply(response, 200, scripted);
      return;
    }
    this.federation.place(this.index, transactions);
    const results = transactions.map(({ id }) => {
      if (wait === 'accepted') return { id };
      return { id, receipt: wait === 'order' ? this.federation.order(id) : this.federation.score(id) };
    });
    reply(response, wait === 'accepted' ? 202 : 200, { results });
  }
}

export function reply(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

export const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
