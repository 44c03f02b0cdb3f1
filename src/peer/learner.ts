/**
 * A learner: follows signers, verifies, and applies the order to a state machine (protocol section 11).
 * This file puts the parts together:
 *
 *   Follower -> VerifiedOrder -> Pipeline -> document store <- HTTP
 *                                   |
 *                            the learner's own store: its order and its log
 *
 * State machine developers call `startLearner(home, { machine, store })`.
 */

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { accept } from '../base/result.ts';
import { nodeSignatures } from '../crypto/ed25519-node.ts';
import type { SchemeProvider } from '../crypto/scheme.ts';
import { providerOf } from '../crypto/schemes.ts';
import { nodeSchemes } from '../crypto/schemes-node.ts';
import type { SingleSignatures } from '../crypto/signing.ts';
import { checkFederationKeys } from '../crypto/verify-federation.ts';
import { openLmdbStore } from '../store/lmdb.ts';
import type { Store } from '../store/port.ts';
import { Verifier } from '../verify/verifier.ts';
import type { DocumentReader, DocumentStore, StateMachine } from './api.ts';
import type { PeerHome } from './config.ts';
import { LmdbDocumentStore } from './documents/lmdb.ts';
import { MemoryDocumentStore } from './documents/memory.ts';
import { Follower, type FollowerTiming } from './follow/follower.ts';
import { Pipeline } from './follow/pipeline.ts';
import { VerifiedOrder } from './follow/verified-order.ts';
import { startHttp } from './http.ts';
import { documentMachine } from './machine/documents.ts';
import { learnerMetrics } from './metrics.ts';
import { type LearnerStatus, learnerStatus, notReady } from './status.ts';

export interface LearnerLog {
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
}

/** What a program may say instead of the configuration. */
export interface LearnerOverrides {
  /** The built-in document database by default. */
  readonly machine?: StateMachine;
  /** Where documents go; `DocumentReader` too when they are to be read over HTTP. The learner closes it. */
  readonly store?: DocumentStore & Partial<DocumentReader>;
  /** The learner's own store; by default `ledger` in the data directory. The learner closes it. */
  readonly ledger?: Store;
  /** JSON lines on standard output by default. */
  readonly log?: LearnerLog;
  readonly timing?: Partial<FollowerTiming>;
  /** Of a simulated federation, for tests. */
  readonly crypto?: { readonly provider: SchemeProvider; readonly singles: SingleSignatures };
}

export interface RunningLearner {
  /** Where it listens. */
  readonly url: string;
  /** Resolves when it halted by itself, with the reason; it goes on to answer reads. Never rejects. */
  readonly failed: Promise<Error>;
  /** @param withRoot compute the state root too; undefined when it never stood still for that. */
  status(withRoot?: boolean): Promise<LearnerStatus | undefined>;
  /** Stops between two groups, and closes both stores. */
  close(): Promise<void>;
}

/** Something of the configuration cannot work: one line that names it. */
export class LearnerRefused extends Error {
  override readonly name = 'LearnerRefused';
}

function makeVerifier({ federation }: PeerHome, crypto: LearnerOverrides['crypto']): Verifier {
  const provider = crypto ? accept(crypto.provider) : providerOf(federation.scheme, nodeSchemes);
  if (!provider.ok) throw new LearnerRefused(`federation: ${provider.error.message}`);
  const scheme = checkFederationKeys(federation, provider.value, { allowSimulated: crypto !== undefined });
  if (!scheme.ok) throw new LearnerRefused(`federation: ${scheme.error.message}`);
  return new Verifier(federation, scheme.value, crypto?.singles ?? nodeSignatures);
}

function makeDocuments({ store }: PeerHome): DocumentStore & DocumentReader {
  switch (store.kind) {
    case 'lmdb':
      return new LmdbDocumentStore({ path: store.path });
    case 'memory':
      return new MemoryDocumentStore();
    default:
      throw new LearnerRefused(
        `store.kind: "${store.kind}" is not built in yet, expected "lmdb" or "memory", ` +
          'or a document store given to startLearner',
      );
  }
}

/** Closes in the reverse order of opening, everything, whatever fails on the way. */
class Closing {
  readonly #steps: (() => Promise<void>)[] = [];
  #closed: Promise<void> | undefined;

  add(step: () => Promise<void>): void {
    this.#steps.push(step);
  }

  close(): Promise<void> {
    this.#closed ??= this.#run();
    return this.#closed;
  }

  async #run(): Promise<void> {
    const errors: unknown[] = [];
    for (const step of this.#steps.reverse())
      try {
        await step();
      } catch (error) {
        errors.push(error);
      }
    if (errors.length > 0) throw errors[0];
  }
}

async function start(home: PeerHome, overrides: LearnerOverrides, closing: Closing): Promise<RunningLearner> {
  const log: LearnerLog = overrides.log ?? pino({ level: home.logLevel });
  const warn = (line: string): void => log.warn(line);
  const verifier = makeVerifier(home, overrides.crypto);
  const documents = overrides.store ?? makeDocuments(home);
  closing.add(async () => documents[Symbol.asyncDispose]());
  await mkdir(home.dataDirectory, { recursive: true });
  const store =
    overrides.ledger ?? (await openLmdbStore({ path: join(home.dataDirectory, 'ledger'), log: warn }));
  closing.add(() => store.close());
  const { epoch, finality } = home;
  const order = new VerifiedOrder({ verifier, ledger: store, finality });
  const machine = overrides.machine ?? documentMachine;
  const pipeline = await Pipeline.open({ epoch, store, order, documents, machine, warn });
  closing.add(() => pipeline.close());
  const follower = new Follower({
    sources: home.follow,
    n: verifier.n,
    order,
    pipeline,
    log,
    timing: overrides.timing,
  });
  closing.add(() => follower.stop());
  const sources = {
    federation: home.federation.name,
    epoch,
    finality,
    storeName: overrides.store ? 'custom' : home.store.kind,
    startedAt: Date.now(),
    order,
    pipeline,
    follower,
    documents,
  };
  const http = await startHttp(home.listen.http, {
    documents,
    status: (withRoot) => learnerStatus(sources, withRoot),
    notReady: () => notReady(sources),
    metrics: learnerMetrics(sources),
    onError: (error) => log.error(`a request failed: ${error instanceof Error ? error.message : error}`),
  });
  closing.add(() => http.close());
  void pipeline.failed.then((error) => log.error(`halted, nothing is applied any more: ${error.message}`));
  follower.start();
  const { host } = home.listen.http;
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${http.port}`;
  log.info(
    `learner of "${home.federation.name}" (epoch ${epoch}) at group ${pipeline.position.sequence}, on ${url}`,
  );
  return {
    url,
    failed: pipeline.failed,
    status: (withRoot = false) => learnerStatus(sources, withRoot),
    close: () => closing.close(),
  };
}

/**
 * Starts a learner.
 * @throws LearnerRefused, ListenError, StoreError, LearnerHalted, ForkDetected: one line each, and nothing
 *   is left open.
 */
export async function startLearner(
  home: PeerHome,
  overrides: LearnerOverrides = {},
): Promise<RunningLearner> {
  const closing = new Closing();
  try {
    return await start(home, overrides, closing);
  } catch (error) {
    // What failed first is what the user must know.
    await closing.close().catch(() => undefined);
    throw error;
  }
}
