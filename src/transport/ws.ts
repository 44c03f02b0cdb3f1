/**
 * The transport over WebSockets: one listener, one link per peer (link.ts), Noise inside (connection.ts).
 * Protocol section 1 asks for no more of a network than that it is partially synchronous; this adds that
 * every frame is from the signer that it seems to be from, unaltered, and unread by others.
 *
 * Rules:
 * 1. The signer with the lower id dials. A new authenticated connection of a peer replaces its old one
 *    (the peer restarted, or its old connection is dead and we have not noticed).
 * 2. Frames sent in one turn of the event loop leave together at its end.
 * 3. After `close` is called no handler is called; when it resolves, nothing is left open.
 * 4. Whatever a peer or a stranger sends, or a socket does, ends at most the connection concerned.
 */

import { performance } from 'node:perf_hooks';
import type { WebSocket } from 'ws';
import { invariant } from '../base/assert.ts';
import { toHex } from '../base/bytes.ts';
import type { SignerId } from '../base/ids.ts';
import { accept, type Result, refuse } from '../base/result.ts';
import { Connection, type ConnectionEvents, type Ending } from './connection.ts';
import { Link } from './link.ts';
import { Listener, type Stranger } from './listener.ts';
import { LogGate } from './log-gate.ts';
import {
  checkOptions,
  TransportCounters,
  type TransportLimits,
  type TransportStats,
  type WsTransportOptions,
} from './options.ts';
import type { Transport, TransportHandlers } from './port.ts';
import type { KeyPair } from './x25519.ts';

export class WsTransport implements Transport {
  readonly #options: WsTransportOptions;
  readonly #keys: KeyPair;
  readonly #limits: TransportLimits;
  readonly #counters = new TransportCounters();
  readonly #gate: LogGate;
  readonly #links = new Map<SignerId, Link>();
  readonly #idOfKey = new Map<string, SignerId>();
  readonly #listener: Listener;
  readonly #events: ConnectionEvents;
  readonly #open = new Set<WebSocket>();
  readonly #dirty = new Set<Link>();
  #state: 'new' | 'starting' | 'running' | 'closed' = 'new';
  #handlers: TransportHandlers | undefined;
  #flushing: NodeJS.Immediate | undefined;
  #ticking: NodeJS.Timeout | undefined;
  #starting: Promise<number> | undefined;
  #closing: Promise<void> | undefined;
  #allClosed: (() => void) | undefined;
  #port = 0;

  /** @throws with one line when an option is wrong. */
  constructor(options: WsTransportOptions) {
    const { keys, peers, limits } = checkOptions(options);
    this.#options = options;
    this.#keys = keys;
    this.#limits = limits;
    this.#gate = new LogGate(options.log, options.clock ?? performance, limits.logIntervalMs);
    this.#events = {
      onUp: (connection, peer) => this.#up(connection, peer),
      onFrame: (_connection, peer, frame) => this.#handlers!.onFrame(peer, frame),
      onDrain: (connection) => this.#links.get(connection.peer!)?.flush(),
      onClosed: (connection, ending) => this.#down(connection, ending),
    };
    const shared = { limits, counters: this.#counters, gate: this.#gate };
    for (const peer of peers) {
      this.#idOfKey.set(toHex(peer.transportKey), peer.id);
      const link = new Link(peer, {
        ...shared,
        events: this.#events,
        random: options.random ?? Math.random,
        handshake: { staticKeys: keys, epoch: options.epoch },
        track: (ws) => this.#track(ws),
      });
      this.#links.set(peer.id, link);
    }
    this.#listener = new Listener({ ...shared, onStranger: (stranger) => this.#greet(stranger) });
  }

  /** The port that we listen on; 0 before `start` has resolved. */
  get port(): number {
    return this.#port;
  }

  async start(handlers: TransportHandlers): Promise<void> {
    invariant(this.#state === 'new', 'transport started twice');
    this.#state = 'starting';
    this.#handlers = handlers;
    this.#starting = this.#listener.listen(this.#options.listen);
    this.#port = await this.#starting;
    // Closed while binding.
    if (this.#isClosed()) return;
    this.#state = 'running';
    this.#ticking = setInterval(() => {
      for (const link of this.#links.values()) link.connection?.tick();
    }, this.#limits.keepaliveMs);
    for (const link of this.#links.values()) if (link.peer.id > this.#options.self) link.dial();
  }

  /** The frame must not be changed afterwards. False for an unknown peer, a frame too long, or when closed. */
  send(to: SignerId, frame: Uint8Array): boolean {
    const link = this.#links.get(to);
    if (!link || this.#isClosed()) return false;
    if (frame.length > this.#limits.frameBytesMax) {
      this.#counters.framesDropped += 1;
      this.#gate.write(
        'warn',
        'long',
        { peer: to, bytes: frame.length },
        'transport: frame too long to send',
      );
      return false;
    }
    const before = link.queue.dropped;
    const queued = link.queue.push(frame);
    if (link.queue.dropped > before && link.connection)
      this.#gate.write('warn', `full:${to}`, { peer: to }, 'transport: queue full, oldest frames dropped');
    if (link.connection) this.#flushSoon(link);
    return queued;
  }

  /** What was sent so far leaves now, as far as the sockets take it, instead of at the end of the turn. */
  flush(): void {
    if (this.#dirty.size === 0 || this.#isClosed()) return;
    const links = [...this.#dirty];
    this.#dirty.clear();
    for (const link of links) link.flush();
  }

  connected(peer: SignerId): boolean {
    return this.#links.get(peer)?.connection?.up === true;
  }

  close(): Promise<void> {
    this.#closing ??= this.#shutDown();
    return this.#closing;
  }

  stats(): TransportStats {
    let connected = 0;
    let queuedBytes = 0;
    let framesDropped = this.#counters.framesDropped;
    for (const link of this.#links.values()) {
      if (link.connection?.up) connected += 1;
      queuedBytes += link.queue.bytes;
      framesDropped += link.queue.dropped;
    }
    return { ...this.#counters, framesDropped, connected, queuedBytes };
  }

  #isClosed(): boolean {
    return this.#state === 'closed';
  }

  #greet(stranger: Stranger): void {
    this.#track(stranger.ws);
    const events: ConnectionEvents = {
      ...this.#events,
      onUp: (connection, peer) => {
        stranger.admit();
        this.#events.onUp(connection, peer);
      },
    };
    new Connection(
      stranger.ws,
      stranger.socket,
      {
        role: 'responder',
        staticKeys: this.#keys,
        epoch: this.#options.epoch,
        identify: (key) => this.#identify(key),
      },
      { limits: this.#limits, counters: this.#counters, events },
    ).begin();
  }

  #identify(transportKey: Uint8Array): Result<SignerId> {
    const id = this.#idOfKey.get(toHex(transportKey));
    if (id === undefined) return refuse('UNLISTED_KEY', 'peer has no key in the federation file');
    if (id > this.#options.self)
      return refuse(
        'WRONG_DIRECTION',
        `signer ${id} dialled signer ${this.#options.self}; the lower id dials`,
      );
    return accept(id);
  }

  #up(connection: Connection, peer: SignerId): void {
    if (this.#state !== 'running') {
      connection.terminate();
      return;
    }
    const link = this.#links.get(peer)!;
    this.#counters.connectionsMade += 1;
    const replaced = link.adopt(connection);
    if (replaced) {
      replaced.close('REPLACED', 'peer made a new connection');
      this.#handlers!.onDown(peer);
    }
    this.#gate.write('info', `up:${peer}`, { peer }, 'transport: connected');
    if (link.queue.length > 0) this.#flushSoon(link);
    // Last: the handler may send or close.
    if (this.#state === 'running') this.#handlers!.onUp(peer);
  }

  #down(connection: Connection, ending: Ending): void {
    const peer = connection.peer;
    const link = peer === undefined ? undefined : this.#links.get(peer);
    const wasUp = link?.lose(connection) === true;
    if (ending.violation && wasUp) this.#counters.violations += 1;
    else if (ending.violation) this.#counters.handshakesRefused += 1;
    if (this.#state !== 'running') return;
    if (ending.code !== 'REPLACED') this.#report(peer, ending, wasUp);
    if (wasUp) this.#handlers!.onDown(peer!);
  }

  #report(peer: SignerId | undefined, ending: Ending, wasUp: boolean): void {
    const refused = ending.violation || (ending.by === 'peer' && !wasUp);
    const level = refused ? 'warn' : peer === undefined ? 'debug' : 'info';
    // What a peer gives as its reason is free text, so it never becomes a key.
    const kind = ending.by === 'peer' ? 'peer' : ending.code;
    const fields = { peer, by: ending.by, code: ending.code, reason: ending.message };
    this.#gate.write(level, `down:${kind}:${peer ?? 'stranger'}`, fields, 'transport: connection ended');
  }

  /** Frames leave at the end of the turn, or when the caller says that it has sent all it will. */
  #flushSoon(link: Link): void {
    this.#dirty.add(link);
    this.#flushing ??= setImmediate(() => {
      this.#flushing = undefined;
      this.flush();
    });
  }

  #track(ws: WebSocket): void {
    this.#open.add(ws);
    ws.once('close', () => {
      this.#open.delete(ws);
      if (this.#open.size === 0) this.#allClosed?.();
    });
  }

  /** What was sent before `close` still leaves, as far as the sockets take it. */
  async #shutDown(): Promise<void> {
    this.#state = 'closed';
    clearInterval(this.#ticking);
    clearImmediate(this.#flushing);
    for (const link of this.#links.values()) {
      link.stop();
      link.flush();
      link.connection?.close('GOING_AWAY', 'signer stops');
    }
    // A listener cannot be closed while it binds; whether it could bind is for `start` to tell.
    await Promise.allSettled([this.#starting]);
    await this.#listener.close();
    if (this.#open.size > 0) await new Promise<void>((resolve) => (this.#allClosed = resolve));
  }
}
