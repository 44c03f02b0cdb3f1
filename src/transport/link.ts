/**
 * Everything about one peer: the frames that wait for it, its connection if there is one, and, when it
 * is ours to dial, the attempts to reach it. There is one connection per pair: the signer with the lower
 * id dials. Pauses between attempts double from `backoffMsMin` to `backoffMsMax`, and each is
 * shortened at random by up to half, so that signers do not all call a restarted one at once.
 */

import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { Connection, type ConnectionEvents } from './connection.ts';
import type { InitiatorOptions } from './handshake.ts';
import { webSocketOptions } from './listener.ts';
import type { LogGate } from './log-gate.ts';
import type { CheckedPeer, TransportCounters, TransportLimits } from './options.ts';
import { FrameQueue } from './queue.ts';

export interface LinkContext {
  readonly limits: TransportLimits;
  readonly counters: TransportCounters;
  readonly events: ConnectionEvents;
  readonly gate: LogGate;
  readonly random: () => number;
  readonly handshake: Omit<InitiatorOptions, 'role' | 'dialled'>;
  /** Told of every WebSocket made, so that closing can wait for all of them. */
  readonly track: (ws: WebSocket) => void;
}

/** The pause before attempt number `failures`, from 1, in milliseconds; `random` is from 0 below 1. */
export function backoffMs(failures: number, limits: TransportLimits, random: number): number {
  const full = Math.min(limits.backoffMsMax, limits.backoffMsMin * 2 ** Math.min(failures - 1, 30));
  return full * (1 - random / 2);
}

export class Link {
  readonly peer: CheckedPeer;
  readonly queue: FrameQueue;
  readonly #context: LinkContext;
  #connection: Connection | undefined;
  /** The outbound WebSocket, from the attempt to its close. */
  #outbound: WebSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #stopped = false;

  constructor(peer: CheckedPeer, context: LinkContext) {
    this.peer = peer;
    this.#context = context;
    this.queue = new FrameQueue(context.limits.queueDownBytesMax);
  }

  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** Makes this the peer's connection; returns the one that it replaces. */
  adopt(connection: Connection): Connection | undefined {
    const replaced = this.#connection;
    this.#connection = connection;
    this.queue.bound(this.#context.limits.queueBytesMax);
    return replaced;
  }

  /** Forgets the connection if it is the current one; true when the peer is down now. */
  lose(connection: Connection): boolean {
    if (this.#connection !== connection) return false;
    this.#connection = undefined;
    this.queue.bound(this.#context.limits.queueDownBytesMax);
    return true;
  }

  flush(): void {
    this.#connection?.flush(this.queue);
  }

  /** Connects, and again whenever the connection ends, until `stop`. */
  dial(): void {
    const { limits, track, gate } = this.#context;
    const { id, host, port } = this.peer;
    const url = `ws://${host.includes(':') ? `[${host}]` : host}:${port}/`;
    // Masks keep proxies from being fed chosen bytes; ciphertext is not chosen. A zero mask costs nothing.
    const options = { ...webSocketOptions(limits), generateMask: (mask: Buffer) => mask.fill(0) };
    const ws = new WebSocket(url, options);
    this.#outbound = ws;
    track(ws);
    let socket: Socket | undefined;
    let connection: Connection | undefined;
    let wasUp = false;
    const timer = setTimeout(() => {
      if (connection)
        connection.close('HANDSHAKE_TIMEOUT', `no handshake in ${limits.handshakeTimeoutMs} ms`);
      else ws.terminate();
    }, limits.handshakeTimeoutMs);
    const settled = () => {
      clearTimeout(timer);
      wasUp = true;
    };
    ws.once('upgrade', (response) => {
      socket = response.socket;
    });
    ws.once('open', () => {
      connection = this.#initiate(ws, socket!, settled);
    });
    ws.on('error', (error) => {
      // With a connection the error is the connection's to report.
      if (!connection && !this.#stopped)
        gate.write(
          'info',
          `dial:${id}`,
          { peer: id, reason: error.message },
          'transport: cannot reach signer',
        );
    });
    ws.once('close', () => {
      clearTimeout(timer);
      this.#outbound = undefined;
      this.#redial(wasUp);
    });
  }

  /** No further attempts; one under way is given up. A connection that is up is left to its owner. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    if (!this.#connection) this.#outbound?.terminate();
  }

  #initiate(ws: WebSocket, socket: Socket, onUp: () => void): Connection {
    const { events, handshake } = this.#context;
    const { id, transportKey } = this.peer;
    const connection = new Connection(
      ws,
      socket,
      { ...handshake, role: 'initiator', dialled: { id, transportKey } },
      {
        ...this.#context,
        events: {
          ...events,
          onUp: (up, peer) => {
            onUp();
            events.onUp(up, peer);
          },
        },
      },
    );
    connection.begin();
    return connection;
  }

  #redial(wasUp: boolean): void {
    if (this.#stopped) return;
    this.#failures = wasUp ? 1 : this.#failures + 1;
    const pause = backoffMs(this.#failures, this.#context.limits, this.#context.random());
    this.#timer = setTimeout(() => this.dial(), pause);
  }
}
