/**
 * `musig-paxos submit`: sends transactions and prints their receipts, one line each, as they come. With
 * `--json` the lines are the receipts themselves, which `musig-paxos verify` reads.
 *
 * A body that has `ops` is for the built-in document database: it is checked here, and what it depends on
 * is its documents, unless `--deps` says otherwise. Any other body without `--deps` depends on everything.
 */

import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { utf8 } from '../base/bytes.ts';
import { accept, type Refusal, type Result, refuse } from '../base/result.ts';
import type { Client } from '../client/client.ts';
import { ClientError } from '../client/error.ts';
import { connectNode } from '../client/node.ts';
import { nodeSignatures } from '../crypto/ed25519-node.ts';
import { nodeSchemes } from '../crypto/schemes-node.ts';
import { documentDependencies, parseOperations } from '../peer/machine/documents.ts';
import { openFederation } from '../verify/federation.ts';
import { type SeenParts, verifyReceipt } from '../verify/receipt.ts';
import type { Verifier } from '../verify/verifier.ts';
import { describeReceipt } from './verify.ts';

export interface SubmitOptions {
  /** Base URLs of signers, separated by commas. */
  readonly to: string;
  /** Separated by commas; empty for independent of everything. */
  readonly deps?: string;
  /** One body, as JSON. */
  readonly body?: string;
  /** A file with one body a line. */
  readonly file?: string;
  /** The federation file; fetched from the first signer when absent. */
  readonly federation?: string;
  /** Until when to wait. */
  readonly finality?: 'score' | 'order';
  readonly timeoutMs?: number;
  readonly json?: boolean;
}

/** Where lines go: results, and what a person should know besides. */
export interface SubmitOutput {
  readonly out: (line: string) => void;
  readonly warn: (line: string) => void;
}

/** Transactions under way at once. */
const outstandingMax = 512;
const federationBytesMax = 32 << 20;

const reasonOf = (error: unknown): string => {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof Error && 'code' in cause) return String(cause.code);
  return error instanceof Error ? error.message : String(error);
};

async function fetchFederation(url: string): Promise<Result<string>> {
  const from = `${url}/v1/federation`;
  try {
    const response = await fetch(from, { signal: AbortSignal.timeout(5000) });
    const text = await response.text();
    if (!response.ok || text.length > federationBytesMax)
      return refuse('FEDERATION_FETCH', `${from}: status ${response.status}`);
    return accept(text);
  } catch (error) {
    return refuse('FEDERATION_FETCH', `${from}: ${reasonOf(error)}`);
  }
}

async function federationOf(
  options: SubmitOptions,
  first: string,
  output: SubmitOutput,
): Promise<Result<Verifier>> {
  const { federation } = options;
  let text: Result<string>;
  if (federation === undefined) text = await fetchFederation(first);
  else
    text = await readFile(federation, 'utf8').then(accept, (error: NodeJS.ErrnoException) =>
      refuse('FEDERATION_FILE', `${federation}: ${error.code}: cannot be read`),
    );
  if (!text.ok) return text;
  const opened = openFederation(
    text.value,
    nodeSchemes,
    nodeSignatures,
    federation ?? `${first}/v1/federation`,
  );
  if (opened.ok && federation === undefined)
    output.warn(
      `warning: trusting the federation that ${first} names, epoch ${opened.value.epoch}; ` +
        'give --federation FILE to rely on nobody',
    );
  return opened;
}

interface Body {
  readonly bytes: Uint8Array;
  readonly deps: readonly (string | Uint8Array)[] | undefined;
}

/** @param where names the body in a refusal. */
function bodyOf(text: string, deps: string | undefined, where: string): Result<Body> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse('USAGE', `${where}: expected JSON: ${reasonOf(error)}`);
  }
  const bytes = utf8(text.trim());
  const given = deps === undefined ? undefined : deps.split(',').filter((one) => one !== '');
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, 'ops'))
    return accept({ bytes, deps: given });
  const operations = parseOperations(bytes);
  if (!operations.ok) return refuse('USAGE', `${where}: ${operations.error.message}`);
  return accept({ bytes, deps: given ?? documentDependencies(operations.value) });
}

async function* bodiesOf(options: SubmitOptions): AsyncGenerator<Result<Body>> {
  if (options.body !== undefined) {
    yield bodyOf(options.body, options.deps, '--body');
    return;
  }
  const file = options.file!;
  const input = createReadStream(file, 'utf8');
  const failure = new Promise<NodeJS.ErrnoException>((resolve) => input.once('error', resolve));
  const opened = await Promise.race([failure, new Promise((resolve) => input.once('open', resolve))]);
  if (opened instanceof Error) {
    yield refuse('SUBMIT_FILE', `${file}: ${(opened as NodeJS.ErrnoException).code}: cannot be read`);
    return;
  }
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (line.trim() !== '') yield bodyOf(line, options.deps, `${file}: line ${number}`);
  }
}

/** Sends one body and prints its receipt; the failure, if there is one. */
async function submitOne(
  client: Client,
  body: Body,
  options: SubmitOptions,
  output: SubmitOutput,
  seen: SeenParts,
): Promise<string | undefined> {
  const { timeoutMs } = options;
  try {
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    const transaction = client.submit(body.bytes, { deps: body.deps, ...limit });
    const receipt = await (options.finality === 'order' ? transaction.ordered : transaction.final);
    const verified = verifyReceipt(receipt, client.verifier, seen);
    if (!verified.ok) return verified.error.message;
    output.out(
      options.json
        ? JSON.stringify(client.receiptJson(receipt))
        : describeReceipt(verified.value, client.verifier.federation),
    );
    return undefined;
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return `${error.code}: ${error.message} (outcome: ${error.outcome})`;
  }
}

/** What was sent. */
export interface SubmitSummary {
  readonly transactions: number;
}

async function submitAll(
  client: Client,
  options: SubmitOptions,
  output: SubmitOutput,
): Promise<Result<SubmitSummary>> {
  const underWay = new Set<Promise<void>>();
  const failures: string[] = [];
  const seen: SeenParts = new WeakSet();
  let transactions = 0;
  let mistake: Refusal | undefined;
  for await (const body of bodiesOf(options)) {
    if (!body.ok) {
      mistake = body.error;
      break;
    }
    transactions += 1;
    const one: Promise<void> = submitOne(client, body.value, options, output, seen).then((failure) => {
      if (failure !== undefined) failures.push(failure);
      underWay.delete(one);
    });
    underWay.add(one);
    if (underWay.size >= outstandingMax) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  if (mistake) {
    const { code, message } = mistake;
    return refuse(code, transactions === 0 ? message : `${message}; the ${transactions} before it were sent`);
  }
  return failures.length === 0
    ? accept({ transactions })
    : refuse('SUBMIT_FAILED', `${failures.length} of ${transactions} transactions failed: ${failures[0]}`);
}

/**
 * The whole command. Receipts are printed as they come; the refusal is for what came to nothing.
 * @param output where lines go.
 */
export async function submitCommand(
  options: SubmitOptions,
  output: SubmitOutput,
): Promise<Result<SubmitSummary>> {
  const urls = options.to.split(',').map((url) => url.trim().replace(/\/+$/, ''));
  const bad = urls.find((url) => !/^https?:\/\//.test(url) || !URL.canParse(url));
  if (bad !== undefined)
    return refuse('USAGE', `--to: expected URLs, as in http://signer:7200, found "${bad}"`);
  if ((options.body === undefined) === (options.file === undefined))
    return refuse('USAGE', 'expected one of --body and --file');
  const verifier = await federationOf(options, urls[0]!, output);
  if (!verifier.ok) return verifier;
  const client = connectNode({ federation: verifier.value, signers: urls });
  try {
    return await submitAll(client, options, output);
  } finally {
    client.close();
  }
}
