/**
 * One signer, running: keys, store, transport, engine with its event loop, and HTTP, wired together.
 * Nothing is decided here. Start: the store opens and the engine resumes before anybody can reach it.
 * End: nothing new is taken, what was decided is made durable and sent, then sockets and store close.
 */

import { type Logger, pino } from 'pino';
import { signerId } from '../base/ids.ts';
import { must } from '../base/result.ts';
import { nodeSignatures, nodeSignerFromSeed } from '../crypto/ed25519-node.ts';
import { installNodeNative } from '../crypto/native-node.ts';
import { arrivedBatch } from '../engine/acceptance.ts';
import type { EngineEvent } from '../engine/contract.ts';
import { Engine } from '../engine/engine.ts';
import { decodeBatch } from '../messages/batch.ts';
import type { ListenAddress } from '../messages/config-file.ts';
import { type Quorum, quorumOf } from '../ordering/quorum.ts';
import { openLmdbStore } from '../store/lmdb.ts';
import type { Store } from '../store/port.ts';
import { LogGate } from '../transport/log-gate.ts';
import type { TransportLimits } from '../transport/options.ts';
import { WsTransport } from '../transport/ws.ts';
import { Verifier } from '../verify/verifier.ts';
import { Admission } from './admission.ts';
import type { SignerHome } from './config.ts';
import { evidenceEntry } from './evidence-entry.ts';
import { Feed } from './feed.ts';
import { History } from './history.ts';
import { Host, type HostFailure } from './host.ts';
import { type Faces, startFaces } from './http/faces.ts';
import { formatAddress, listening } from './listen-error.ts';
import { SignerMetrics } from './metrics.ts';
import type { HostObserver } from './observer.ts';
import { EngineReceipts } from './receipts.ts';
import { Readiness, type SignerStatus } from './status.ts';
import { Transactions } from './transactions.ts';
import { version } from './version.ts';

export interface SignerOptions {
  /**
   * Pre-consensus check of a transaction's body: a reason to reject it, or undefined. Deterministic and
   * bounded. If it throws, the transaction is rejected.
   */
  readonly check?: (body: Uint8Array) => string | undefined;
  readonly log?: Logger;
  /** In place of the LMDB store in the home's data directory; closed with the signer. */
  readonly store?: Store;
  readonly transportLimits?: Partial<TransportLimits>;
}

export interface RunningSigner {
  readonly home: SignerHome;
  /** Where it listens; ports that were 0 are resolved. */
  readonly addresses: {
    readonly peers: ListenAddress;
    readonly http: ListenAddress;
    readonly metrics: ListenAddress;
  };
  status(): SignerStatus;
  /** Resolves when the signer stopped by itself, because it must not go on; never on `close`. */
  readonly failed: Promise<HostFailure>;
  /** A clean end. Safe to call again, and after a failure. */
  close(): Promise<void>;
}

/** For the last answers to leave, when the signer stops. */
const answersMs = 20;
/** At most one log line of a kind in this time. */
const logIntervalMs = 10_000;

/** The metrics, and what else follows what the event loop does. */
const observe = (metrics: SignerMetrics, readiness: Readiness, gate: LogGate): HostObserver => ({
  step: (input, tookMs) => metrics.step(input, tookMs),
  verified: (kind, tookMs) => metrics.verified(kind, tookMs),
  flushed: (tookMs) => metrics.flushed(tookMs),
  sent: (message) => metrics.sent(message),
  received(from, message) {
    if (message.type === 'view') readiness.claimed(from, message.committed);
    metrics.received(from, message);
  },
  refused(from, refusal) {
    metrics.refused(from, refusal);
    gate.write('warn', `refused:${from}:${refusal.code}`, { peer: from, ...refusal }, 'refused');
  },
});

const makeLog = (home: SignerHome): Logger =>
  pino({ level: home.logLevel, base: { signer: home.self, name: home.federation.signers[home.self]!.name } });

/** @throws with one line: the store or an address cannot be used. */
export async function startSigner(home: SignerHome, options: SignerOptions = {}): Promise<RunningSigner> {
  installNodeNative();
  const log = options.log ?? makeLog(home);
  const store =
    options.store ?? (await openLmdbStore({ path: home.dataDirectory, log: (line) => log.warn({}, line) }));
  let signer: Signer;
  try {
    signer = new Signer(home, options, store, log);
  } catch (error) {
    await store.close();
    throw error;
  }
  try {
    await signer.start();
  } catch (error) {
    await signer.close();
    throw error;
  }
  return signer;
}

class Signer implements RunningSigner {
  readonly home: SignerHome;
  readonly failed: Promise<HostFailure>;
  readonly #options: SignerOptions;
  readonly #log: Logger;
  readonly #gate: LogGate;
  readonly #store: Store;
  readonly #quorum: Quorum;
  readonly #engine: Engine;
  readonly #transport: WsTransport;
  readonly #host: Host;
  readonly #feed: Feed;
  readonly #history: History;
  readonly #admission: Admission;
  readonly #transactions: Transactions;
  readonly #metrics: SignerMetrics;
  readonly #readiness: Readiness;
  readonly #observer: HostObserver;
  readonly #startedAt = performance.now();
  #faces: Faces | undefined;
  #fail: (failure: HostFailure) => void = () => {};
  #announced = false;
  /** Why it serves nobody any more. */
  #stopped: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(home: SignerHome, options: SignerOptions, store: Store, log: Logger) {
    const { federation, self, keys, scheme, epoch } = home;
    this.home = home;
    this.#options = options;
    this.#store = store;
    this.#log = log;
    this.#gate = new LogGate(log, performance, logIntervalMs);
    this.failed = new Promise((resolve) => {
      this.#fail = resolve;
    });
    const n = federation.signers.length;
    this.#quorum = must(quorumOf(n, federation.byzantine, federation.faulty));
    this.#readiness = new Readiness(this.#quorum);
    this.#engine = new Engine({
      self,
      federation,
      epoch,
      scheme,
      votingKey: home.votingKey,
      signingKey: nodeSignerFromSeed(keys.signingSeed),
      ledger: store,
      check: (body) => this.#check(body),
    });
    this.#transport = new WsTransport({
      self,
      listen: home.listen.peers,
      peers: federation.signers.map(({ address, transportKey }, i) => ({
        id: signerId(i),
        address,
        transportKey,
      })),
      secretKey: keys.transportSecret,
      epoch,
      log,
      ...(options.transportLimits && { limits: options.transportLimits }),
    });
    this.#metrics = new SignerMetrics(() => [this.status(), this.#transport.stats()]);
    this.#observer = observe(this.#metrics, this.#readiness, this.#gate);
    const verifier = new Verifier(federation, scheme, nodeSignatures);
    this.#host = new Host({
      n,
      engine: this.#engine,
      store,
      verify: (request) => verifier.check(request),
      send: (to, frame) => this.#transport.send(to, frame),
      sent: () => this.#transport.flush(),
      events: (events) => this.#events(events),
      failed: (failure) => this.#failed(failure),
      observer: this.#observer,
    });
    this.#feed = new Feed(this.#engine.order.committed.height);
    this.#history = new History(this.#engine);
    this.#admission = new Admission(home.admission);
    this.#transactions = new Transactions({
      verifier,
      admission: this.#admission,
      feed: this.#feed,
      receipts: new EngineReceipts(this.#engine, this.#history, this.#quorum),
      submit: (transactions) => this.#host.submit(transactions),
    });
  }

  get addresses(): RunningSigner['addresses'] {
    const { peers, http, metrics } = this.home.listen;
    return {
      peers: { host: peers.host, port: this.#transport.port },
      http: { host: http.host, port: this.#faces?.httpPort ?? http.port },
      metrics: { host: metrics.host, port: this.#faces?.metricsPort ?? metrics.port },
    };
  }

  async start(): Promise<void> {
    const { home } = this;
    this.#transactions.restore(this.#ownUncommitted());
    this.#host.start();
    const transport = this.#transport.start({
      onFrame: (from, frame) => this.#host.frame(from, frame),
      onUp: (peer) => {
        this.#readiness.connected(peer);
        this.#host.link(peer, true);
      },
      onDown: (peer) => this.#host.link(peer, false),
    });
    await listening('listen.peers', home.listen.peers, transport);
    this.#faces = await startFaces({
      home,
      version,
      transactions: this.#transactions,
      feed: this.#feed,
      history: this.#history,
      committed: this.#engine.order.committed,
      metrics: this.#metrics,
      status: () => this.status(),
      onError: (error) => this.#gate.write('warn', 'http', { err: error }, 'http: a request failed'),
    });
    this.#announce();
  }

  status(): SignerStatus {
    const { federation, epoch, self } = this.home;
    const height = this.#feed.height;
    const notReady = this.#stopped ?? this.#readiness.why(height);
    return {
      version,
      federation: federation.name,
      epoch,
      self,
      name: federation.signers[self]!.name,
      quorum: this.#quorum,
      height,
      engine: this.#engine.status(),
      connected: federation.signers.map((_, i) => signerId(i)).filter((id) => this.#transport.connected(id)),
      ready: notReady === undefined,
      notReady,
      queuedBytes: this.#admission.queuedBytes,
      open: this.#admission.open,
      waiting: this.#transactions.waiting,
      streams: this.#faces?.streams ?? 0,
      evidence: this.#metrics.evidence,
      uptimeSeconds: Math.floor((performance.now() - this.#startedAt) / 1000),
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  async #shutDown(): Promise<void> {
    this.#stopped ??= 'stopping';
    this.#transactions.close();
    await this.#host.close();
    // Answers to requests that waited are on their way: they leave before their connections are closed.
    await new Promise((resolve) => setTimeout(resolve, answersMs));
    await this.#faces?.close();
    await this.#transport.close();
    await this.#store.close();
    if (this.#announced) this.#log.info({}, 'stopped');
  }

  /** Own batches in no committed block: their transactions are accepted, and count as under way. */
  *#ownUncommitted() {
    for (const [, row] of this.#store.range('arrival', new Uint8Array(0), Number.MAX_SAFE_INTEGER)) {
      const stored = this.#store.get('batch', arrivedBatch(row));
      const batch = stored && decodeBatch(stored);
      if (batch?.ok && batch.value.header.ingress === this.home.self) yield batch.value;
    }
  }

  #check(body: Uint8Array): string | undefined {
    try {
      return this.#options.check?.(body);
    } catch (error) {
      this.#gate.write('warn', 'check', { err: error }, 'the check of a transaction threw: rejected');
      return 'the check threw';
    }
  }

  #events(events: readonly EngineEvent[]): void {
    for (const event of events) {
      this.#metrics.event(event);
      if (event.type === 'delivered') this.#history.keep(event.delivery.batch);
      else if (event.type === 'refused') this.#observer.refused(event.from, event.refusal);
      else if (event.type === 'evidence')
        this.#log.error(
          evidenceEntry(event.evidence, this.home.federation.signers.length),
          'proof of misbehaviour',
        );
    }
    this.#feed.take(events);
    this.#transactions.take(events);
  }

  #failed(failure: HostFailure): void {
    const text =
      failure.kind === 'disk'
        ? `the disk failed: ${failure.message}`
        : `broken invariant: ${failure.message}`;
    this.#stopped = text;
    this.#log.fatal(failure.kind === 'disk' ? {} : { err: failure.error }, text);
    this.#transactions.close();
    this.#fail(failure);
  }

  #announce(): void {
    const { epoch, self, warnings } = this.home;
    const { peers, http, metrics } = this.addresses;
    this.#log.info(
      {
        version,
        epoch,
        self,
        height: this.#feed.height,
        listen: { peers: formatAddress(peers), http: formatAddress(http), metrics: formatAddress(metrics) },
        quorum: this.#quorum,
      },
      'started',
    );
    this.#announced = true;
    for (const warning of warnings) this.#log.warn({}, warning);
    const { slack, f } = this.#quorum;
    if (slack < f)
      this.#log.warn(
        { slack, byzantine: f },
        `slack ${slack} is below byzantine ${f}: one slow or lying signer sends everything through phase 3`,
      );
  }
}
