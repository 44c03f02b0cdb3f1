/** What the signer tests share: federations of real signers on loopback, in temporary directories. */

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { utf8 } from '../../src/base/bytes.ts';
import { signerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { planTestnet, type TestnetPlan } from '../../src/cli/testnet/plan.ts';
import { deriveSignerKeys } from '../../src/crypto/keys.ts';
import { providerOf } from '../../src/crypto/schemes.ts';
import { nodeSchemes } from '../../src/crypto/schemes-node.ts';
import { checkFederationKeys } from '../../src/crypto/verify-federation.ts';
import { epochOf, type Federation, type FederationLimits } from '../../src/messages/federation.ts';
import { encodeTransactionJson, type TransactionJson } from '../../src/messages/http.ts';
import { neverExpires, type Transaction, transactionId } from '../../src/messages/transaction.ts';
import { type AdmissionLimits, defaultAdmission, type SignerHome } from '../../src/signer/config.ts';
import { type RunningSigner, type SignerOptions, startSigner } from '../../src/signer/signer.ts';

/** Waits until the condition holds. @throws after the limit, naming what was waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 15_000,
): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await pause(5);
  }
}

const given = new Set<number>();
/** A free port from below the range that systems give to outgoing connections. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (given.has(port)) continue;
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    given.add(port);
    return port;
  }
}

export interface NetOptions {
  readonly signers?: number;
  readonly limits?: Partial<FederationLimits>;
  readonly admission?: Partial<AdmissionLimits>;
}

/** A federation whose signers are started one by one. */
export class TestNet {
  readonly federation: Federation;
  readonly directory: string;
  readonly running = new Map<number, RunningSigner>();
  readonly #plan: TestnetPlan;
  readonly #admission: AdmissionLimits;

  private constructor(plan: TestnetPlan, federation: Federation, admission: AdmissionLimits) {
    this.#plan = plan;
    this.federation = federation;
    this.#admission = admission;
    this.directory = mkdtempSync(join(tmpdir(), 'musig-signer-'));
  }

  static async of(options: NetOptions = {}): Promise<TestNet> {
    const plan = must(planTestnet({ signers: options.signers ?? 4, seed: '05' }));
    const signers = [];
    for (const info of plan.federation.signers)
      signers.push({
        ...info,
        address: `127.0.0.1:${await freePort()}`,
        url: `http://127.0.0.1:${await freePort()}`,
      });
    const limits = { ...plan.federation.limits, ...options.limits };
    return new TestNet(
      plan,
      { ...plan.federation, signers, limits },
      { ...defaultAdmission, ...options.admission },
    );
  }

  home(index: number): SignerHome {
    const { address, url } = this.federation.signers[index]!;
    const provider = must(providerOf(this.federation.scheme, nodeSchemes));
    const keys = deriveSignerKeys(this.#plan.signers[index]!.rootSeed, provider);
    return {
      directory: this.directory,
      dataDirectory: join(this.directory, `data-${index}`),
      federation: this.federation,
      epoch: epochOf(this.federation),
      self: signerId(index),
      keys,
      votingKey: provider.signer(keys.votingSecret),
      scheme: must(checkFederationKeys(this.federation, provider)),
      check: 'none',
      listen: {
        peers: { host: '127.0.0.1', port: Number(address.split(':')[1]) },
        http: { host: '127.0.0.1', port: Number(url.split(':')[2]) },
        metrics: { host: '127.0.0.1', port: 0 },
      },
      logLevel: 'silent',
      admission: this.#admission,
      warnings: [],
    };
  }

  async start(index: number, options: SignerOptions = {}): Promise<RunningSigner> {
    const log = options.log ?? pino({ level: process.env.TEST_LOG ?? 'silent', base: { signer: index } });
    const signer = await startSigner(this.home(index), { log, ...options });
    this.running.set(index, signer);
    return signer;
  }

  /** Starts all and waits until each is connected to all others. */
  async startAll(): Promise<RunningSigner[]> {
    const all = [];
    for (let i = 0; i < this.federation.signers.length; i++) all.push(await this.start(i));
    await this.connected();
    return all;
  }

  async connected(): Promise<void> {
    await until('all connected', () =>
      [...this.running.values()].every((one) => one.status().connected.length === this.running.size - 1),
    );
  }

  async stop(index: number): Promise<void> {
    const signer = this.running.get(index);
    this.running.delete(index);
    await signer?.close();
  }

  url(index: number, path: string): string {
    return `${this.federation.signers[index]!.url}${path}`;
  }

  metricsUrl(index: number, path: string): string {
    const { host, port } = this.running.get(index)!.addresses.metrics;
    return `http://${host}:${port}${path}`;
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.running.keys()].map((index) => this.stop(index)));
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** A transaction of this federation. */
  transaction(nonce: number, fields: Partial<Transaction> = {}): Transaction {
    return {
      epoch: epochOf(this.federation),
      client: utf8('client'),
      nonce,
      expires: neverExpires,
      dependencies: [utf8(`document-${nonce}`)],
      body: utf8(`body ${nonce}`),
      signature: undefined,
      ...fields,
    };
  }

  /** The JSON form with the id. */
  json(nonce: number, fields: Partial<Transaction> = {}): { id: string; json: TransactionJson } {
    const transaction = this.transaction(nonce, fields);
    return { id: transactionId(transaction), json: encodeTransactionJson(transaction) };
  }
}

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Headers;
}

/** A connection that was kept from before a restart is closed; every request here may be repeated. */
async function fetchOnce(url: string, init?: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const { cause } = error as { cause?: { code?: string } };
    if (cause?.code !== 'UND_ERR_SOCKET' && cause?.code !== 'ECONNRESET') throw error;
    return fetch(url, init);
  }
}

export async function ask(url: string, init?: RequestInit): Promise<Answer> {
  const response = await fetchOnce(url, init);
  const text = await response.text();
  let body: Record<string, unknown>;
  try {
    body = JSON.parse(text) as Record<string, unknown>;
  } catch {
    body = { text };
  }
  return { status: response.status, body, headers: response.headers };
}

export const post = (url: string, body: unknown): Promise<Answer> =>
  ask(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });

export { pause };
