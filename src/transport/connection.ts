/**
 * One WebSocket from its opening to its end: first the handshake, then encrypted chunks. Every message
 * is one binary WebSocket message of at most 65535 bytes, so the socket library never holds more of a
 * peer than that.
 *
 * Invariants:
 * 1. `onUp` comes at most once, `onClosed` exactly once; no frame comes before the first or after the
 *    second.
 * 2. Whatever is not the next valid message (text, ping, wrong size, wrong tag, malformed chunk) ends
 *    the connection, and nothing that came with it is delivered.
 * 3. Chunks are encrypted only when they are about to be written: nonces follow the wire, and at most
 *    `socketBufferBytesMax` and one chunk wait in the socket.
 */

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { SignerId } from '../base/ids.ts';
import type { Refusal } from '../base/result.ts';
import { ChunkReader, ChunkWriter, type FrameSource } from './chunks.ts';
import { Handshake, type HandshakeOptions, type Session } from './handshake.ts';
import { printable } from './log-gate.ts';
import type { TransportCounters, TransportLimits } from './options.ts';

/** Why a connection ended. */
export interface Ending extends Refusal {
  /** Who ended it: we refused, the peer closed, or the network failed. */
  readonly by: 'us' | 'peer' | 'network';
  /** True when the peer, known or not, broke a rule. */
  readonly violation: boolean;
}

export interface ConnectionEvents {
  /** The peer is authenticated, and has accepted us. */
  onUp(connection: Connection, peer: SignerId): void;
  onFrame(connection: Connection, peer: SignerId, frame: Uint8Array): void;
  /** The socket has room again: flush. */
  onDrain(connection: Connection): void;
  /** Called once, before the socket is fully closed. */
  onClosed(connection: Connection, ending: Ending): void;
}

/** Application close codes of WebSocket; the reason is the refusal's code. */
const closeCodeRefused = 4000;
const closeCodeGoingAway = 1001;
const nothing = new Uint8Array(0);

export class Connection {
  readonly #ws: WebSocket;
  readonly #socket: Socket;
  readonly #handshake: Handshake;
  readonly #initiator: boolean;
  readonly #limits: TransportLimits;
  readonly #counters: TransportCounters;
  readonly #events: ConnectionEvents;
  readonly #writer = new ChunkWriter();
  readonly #reader: ChunkReader;
  #state: 'handshake' | 'confirming' | 'up' | 'closed' = 'handshake';
  #session: Session | undefined;
  #heard = false;
  #spoke = false;
  #silentTicks = 0;

  /** @param ws an open WebSocket whose messages nobody has read yet, over `socket`. */
  constructor(
    ws: WebSocket,
    socket: Socket,
    handshake: HandshakeOptions,
    context: { limits: TransportLimits; counters: TransportCounters; events: ConnectionEvents },
  ) {
    this.#ws = ws;
    this.#socket = socket;
    this.#handshake = new Handshake({ ...handshake, noncesMax: context.limits.noncesMax });
    this.#initiator = handshake.role === 'initiator';
    this.#limits = context.limits;
    this.#counters = context.counters;
    this.#events = context.events;
    this.#reader = new ChunkReader(context.limits.frameBytesMax);
    ws.on('message', (data, isBinary) => this.#receive(data as Buffer, isBinary));
    ws.on('ping', () => this.#refuse('WEBSOCKET', 'peer sent a ping', true));
    ws.on('pong', () => this.#refuse('WEBSOCKET', 'peer sent a pong', true));
    ws.on('error', (error) => this.#failed(error));
    ws.on('close', (code, reason) => this.#ended(code, reason));
    socket.on('drain', () => {
      if (this.#state === 'up') this.#events.onDrain(this);
    });
  }

  get up(): boolean {
    return this.#state === 'up';
  }

  /** The authenticated peer; also while an initiator still waits for its confirmation. */
  get peer(): SignerId | undefined {
    return this.#session?.peer;
  }

  /** Sends the initiator's first message. A responder waits. */
  begin(): void {
    if (!this.#initiator) return;
    const first = this.#handshake.start();
    if (first.ok) this.#write(first.value);
    else this.#refuse(first.error.code, first.error.message, true);
  }

  /** Writes frames until the source is empty or the socket is full; `onDrain` follows in that case. */
  flush(source: FrameSource): void {
    if (this.#state !== 'up') return;
    // Below its own mark a socket announces no drain.
    const full = Math.max(this.#limits.socketBufferBytesMax, this.#socket.writableHighWaterMark);
    // Corked, everything of this turn leaves in one system call.
    this.#socket.cork();
    while (this.#state === 'up' && this.#socket.writableLength < full) {
      const next = this.#writer.next(source);
      if (!next) break;
      this.#counters.framesOut += next.framesEnded;
      this.#seal(next.chunk);
    }
    this.#socket.uncork();
  }

  /**
   * Called every `keepaliveMs`. Silence is counted in ticks and not in time: after a long pause of our
   * own process one tick passes, and what the peer sent meanwhile is read before the next.
   */
  tick(): void {
    if (this.#state !== 'up') return;
    if (this.#heard) this.#silentTicks = 0;
    else this.#silentTicks += 1;
    this.#heard = false;
    if (this.#silentTicks * this.#limits.keepaliveMs >= this.#limits.deadAfterMs) {
      this.#end({ by: 'network', violation: false, code: 'SILENT', message: 'peer went silent' });
      this.#ws.terminate();
      return;
    }
    // Bytes that wait in the socket will be a sign of life themselves.
    if (!this.#spoke && this.#socket.writableLength === 0) this.#seal(nothing);
    this.#spoke = false;
  }

  /** Ends the connection, telling the peer why. */
  close(code: string, message: string): void {
    this.#refuse(code, message, false);
  }

  /** Ends the connection at once. */
  terminate(): void {
    this.#end({ by: 'us', violation: false, code: 'TERMINATED', message: 'connection terminated' });
    this.#ws.terminate();
  }

  #receive(data: Buffer, isBinary: boolean): void {
    if (this.#state === 'closed') return;
    this.#counters.bytesIn += data.length;
    if (!isBinary) this.#refuse('WEBSOCKET', 'peer sent a text message', true);
    else if (this.#state === 'handshake') this.#shake(data);
    else this.#unseal(data);
  }

  #shake(message: Buffer): void {
    const step = this.#handshake.receive(message);
    if (!step.ok) {
      this.#refuse(step.error.code, step.error.message, true);
      return;
    }
    if (step.value.reply) this.#write(step.value.reply);
    if (!step.value.session) return;
    this.#session = step.value.session;
    if (this.#initiator) {
      this.#state = 'confirming';
      return;
    }
    this.#enter(step.value.session.peer);
    // The confirmation that the initiator waits for, unless the handler has sent or closed already.
    if (this.up && !this.#spoke) this.#seal(nothing);
  }

  #unseal(message: Buffer): void {
    const session = this.#session!;
    const chunk = session.receive.decryptWithAd(nothing, message);
    const frames = chunk.ok ? this.#reader.read(chunk.value) : chunk;
    if (!frames.ok) {
      this.#refuse(frames.error.code, frames.error.message, true);
      return;
    }
    if (this.#state === 'confirming') this.#enter(session.peer);
    this.#heard = true;
    for (const frame of frames.value) {
      // A handler may have closed the connection.
      if (!this.up) return;
      this.#counters.framesIn += 1;
      this.#events.onFrame(this, session.peer, frame);
    }
  }

  #enter(peer: SignerId): void {
    this.#state = 'up';
    this.#heard = true;
    this.#events.onUp(this, peer);
  }

  /** Encrypts and writes one chunk; a key that is used up ends the connection, and the next has new ones. */
  #seal(chunk: Uint8Array): void {
    const cipher = this.#session!.send;
    if (cipher.exhausted) {
      this.#refuse('RENEW', 'key used up, a new connection is due', false);
      return;
    }
    this.#spoke = true;
    this.#write(cipher.encryptWithAd(nothing, chunk));
  }

  #write(message: Uint8Array): void {
    this.#counters.bytesOut += message.length;
    this.#counters.messagesOut += 1;
    this.#ws.send(message);
  }

  #refuse(code: string, message: string, violation: boolean): void {
    if (this.#state === 'closed') return;
    this.#end({ by: 'us', violation, code, message });
    this.#ws.close(code === 'GOING_AWAY' ? closeCodeGoingAway : closeCodeRefused, code);
  }

  #failed(error: Error): void {
    const code = (error as NodeJS.ErrnoException).code ?? 'SOCKET';
    // The library's own codes mean that the peer sent something it may not send.
    const violation = code.startsWith('WS_ERR');
    // The library closes the socket itself after any error, telling the peer why where it can.
    this.#end({ by: violation ? 'us' : 'network', violation, code, message: error.message });
  }

  #ended(code: number, reason: Buffer): void {
    const text = printable(reason.toString('latin1'));
    if (code === 1006)
      this.#end({ by: 'network', violation: false, code: 'LOST', message: 'connection lost' });
    else
      this.#end({
        by: 'peer',
        violation: false,
        code: text || `CLOSE_${code}`,
        message: `peer closed: ${text}`,
      });
  }

  /** A frame that was under way is lost with its connection, and counted. */
  #end(ending: Ending): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    if (this.#writer.midFrame) this.#counters.framesDropped += 1;
    this.#events.onClosed(this, ending);
  }
}
