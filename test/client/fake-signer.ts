/**
 * A signer's face to clients, HTTP and stream, with a whole federation behind it that always agrees: what
 * arrives in one request is one batch, certified by everybody. A script may answer in its place, in the form
 * of HTTP; over a stream the same answer travels in the stream's form.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { TransactionId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { type ErrorAnswer, encodeAnswers, type ProofAnswer } from '../../src/messages/answers.ts';
import type { Batch } from '../../src/messages/batch.ts';
import { decodeSubmitJson, type ErrorJson, type ResultJson } from '../../src/messages/http.ts';
import { decodeReceiptJson, encodeReceiptJson, type Receipt } from '../../src/messages/receipt.ts';
import { decodeSubmit, type SubmitMessage, ticketAfter } from '../../src/messages/submission.ts';
import { type EncodedTransaction, encodedTransaction } from '../../src/messages/transaction.ts';
import type { Certificate } from '../../src/messages/vote.ts';
import { hashesFor } from '../../src/verify/batch-members.ts';
import { makeOrderReceipt, makeScoreReceipt } from '../verify/make-receipts.ts';
import { TestChain, type World } from '../verify/support.ts';

export interface Call {
  readonly signer: number;
  readonly wait: string;
  readonly timeoutMs: number;
  readonly transactions: readonly EncodedTransaction[];
}

/** Answers a call itself, or undefined to leave it to the federation. */
export type Script = (call: Call, response: Response) => Promise<unknown> | unknown | undefined;

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

  place(signer: number, transactions: readonly EncodedTransaction[]): void {
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

  transaction(body: string): EncodedTransaction {
    return encodedTransaction(this.world.transaction(body));
  }

  /** A receipt as a proof of one transaction. */
  proof(ticket: number, receipt: Receipt): ProofAnswer {
    const { batch } = this.placed.get(receipt.transaction)!;
    const indices = [receipt.index];
    return { proof: receipt, tickets: [ticket], indices, hashes: hashesFor(batch, indices) };
  }

  order(id: TransactionId): unknown {
    const target = this.placed.get(id)!;
    if (!this.#chain.committed.has(target.batch.id)) this.#chain.commit([target]);
    const proof = this.#chain.proofs.of(target.batch.id)!;
    return encodeReceiptJson(makeOrderReceipt(target, proof, this.world.n)!, this.world.n);
  }
}

/** What a script may do with a response, over HTTP or a stream. */
export type Response = Pick<ServerResponse, 'destroy' | 'write' | 'writeHead' | 'end'>;

export class FakeSigner {
  readonly calls: Call[] = [];
  readonly federation: FakeFederation;
  readonly index: number;
  script: Script = () => undefined;
  url = '';
  /** One proof for a whole call, or the bytes to send in its place, instead of what the federation proves. */
  proveAs:
    | ((tickets: readonly number[], ids: readonly TransactionId[]) => ProofAnswer | Uint8Array)
    | undefined;
  /** Streams that were opened. */
  streams = 0;
  readonly #server: Server;
  readonly #sockets = new WebSocketServer({ noServer: true });
  readonly #muted: Duplex[] = [];

  /** @param stream whether it has submission streams. */
  constructor(federation: FakeFederation, index: number, stream = true) {
    this.federation = federation;
    this.index = index;
    this.#server = createServer((request, response) => {
      if (request.method === 'POST') void this.#post(request, response);
      else response.writeHead(404).end();
    });
    if (stream)
      this.#server.on('upgrade', (request, socket, head) => {
        this.#sockets.handleUpgrade(request, socket, head, (ws) => this.#stream(ws));
      });
  }

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    for (const ws of this.#sockets.clients) ws.terminate();
    for (const socket of this.#muted) socket.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Leaves upgrades without an answer. */
  muteUpgrades(): void {
    this.#server.on('upgrade', (_request, socket) => this.#muted.push(socket));
  }

  /** Ends all streams. */
  hangUp(): void {
    for (const ws of this.#sockets.clients) ws.close();
  }

  /** Undefined when the script answered itself. */
  async #results(call: Call, response: Response, over: () => boolean): Promise<unknown> {
    this.calls.push(call);
    const scripted = await this.script(call, response);
    if (over()) return undefined;
    if (scripted !== undefined) return scripted;
    const { transactions, wait } = call;
    this.federation.place(this.index, transactions);
    const results = transactions.map(({ id }) => {
      if (wait === 'accepted') return { id };
      return { id, receipt: wait === 'order' ? this.federation.order(id) : this.federation.score(id) };
    });
    return { results };
  }

  async #post(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const { epoch } = this.federation.world;
    const body: unknown = JSON.parse(Buffer.concat(parts).toString());
    const { transactions } = must(decodeSubmitJson(body, epoch));
    const query = new URL(request.url!, this.url).searchParams;
    const wait = query.get('wait')!;
    const call = { signer: this.index, wait, timeoutMs: Number(query.get('timeoutMs')), transactions };
    const over = () => response.destroyed || response.writableEnded;
    const results = await this.#results(call, response, over);
    if (results !== undefined) reply(response, wait === 'accepted' ? 202 : 200, results);
  }

  #stream(ws: WebSocket): void {
    this.streams += 1;
    ws.on('message', (data: Buffer) => {
      const message = must(decodeSubmit(new Uint8Array(data)));
      const tickets = message.transactions.map((_, i) => ticketAfter(message.first, i));
      let over = false;
      const send = (value: unknown): void => {
        over = true;
        if (ws.readyState === ws.OPEN) ws.send(this.#answers(value, tickets, message));
      };
      const response = {
        destroy: () => {
          over = true;
          ws.terminate();
        },
        writeHead: () => response,
        write: () => true,
        end: (text: string) => send(parsed(text)),
      };
      const call = { signer: this.index, ...message };
      void this.#results(call, response as unknown as Response, () => over).then((results) => {
        if (!over && results !== undefined) send(results);
      });
    });
  }

  /** What an answer in the form of HTTP is on a stream. What has no form there becomes garbage. */
  #answers(value: unknown, tickets: readonly number[], { wait }: SubmitMessage): Uint8Array {
    const answers = {
      accepted: [] as number[],
      open: [] as number[],
      errors: [] as ErrorAnswer[],
      proofs: [] as ProofAnswer[],
    };
    const { n } = this.federation.world;
    const { results, code } = value as { results?: ResultJson[]; code?: string };
    if (code !== undefined) answers.errors.push({ tickets, error: value as ErrorJson });
    else if (!results) return Uint8Array.of(9, 9, 9);
    else if (results.length !== tickets.length) answers.accepted.push(4_000_000_000);
    else if (this.proveAs && wait !== 'accepted') {
      const proof = this.proveAs(
        tickets,
        results.map(({ id }) => id as TransactionId),
      );
      if (proof instanceof Uint8Array) return proof;
      answers.proofs.push(proof);
    } else
      for (const [i, result] of results.entries()) {
        const ticket = tickets[i]!;
        if (result.error) answers.errors.push({ tickets: [ticket], error: result.error });
        else if (result.receipt === undefined)
          answers[wait === 'accepted' ? 'accepted' : 'open'].push(ticket);
        else {
          const receipt = decodeReceiptJson(result.receipt, n);
          if (!receipt.ok) return Uint8Array.of(2, 9);
          answers.proofs.push(this.federation.proof(ticket, receipt.value));
        }
      }
    return encodeAnswers(answers, n);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

export function reply(response: Response, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}

export const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
