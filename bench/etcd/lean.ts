/**
 * The same calls as `grpc.ts`, with next to no costs of their own (7 to 15 microseconds of processor time when
 * many are under way): what etcd could do if its clients were free. No client that people use is so cheap.
 * What is sent in one turn of the event loop leaves in one piece.
 */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type EtcdConnection, messageHeadBytes, putPath } from './connection.ts';
import {
  callHeaders,
  controlFrame,
  type Frame,
  FrameReader,
  flags,
  frameBytes,
  frameBytesMax,
  kinds,
  preface,
  settingIds,
  settingsFrame,
  windowDefault,
  windowFrame,
  windowMax,
  writeFrameHead,
} from './frames.ts';
import { putRequestBytes, putResponseRevision, writePutRequest } from './messages.ts';

interface Call {
  readonly resolve: (revision: number) => void;
  readonly reject: (error: Error) => void;
  answer: Buffer | undefined;
}

/** What is left to send of a call's body. */
interface Body {
  readonly stream: number;
  readonly bytes: Buffer;
  at: number;
}

/** The connection's own window for answers is filled again when this much of it is used. */
const windowRefill = 2 ** 29;

export class LeanConnection implements EtcdConnection {
  readonly #socket: Socket;
  readonly #reader = new FrameReader();
  readonly #headers: { readonly first: Buffer; readonly later: Buffer };
  readonly #calls = new Map<number, Call>();
  readonly #out: Buffer[] = [];
  /** Bodies that the server's windows do not admit yet, oldest first. */
  readonly #bodies: Body[] = [];
  readonly #streamWindows = new Map<number, number>();
  #scheduled = false;
  #nextStream = 1;
  #window = windowDefault;
  #initialWindow = windowDefault;
  #received = 0;
  #failure: Error | undefined;

  private constructor(socket: Socket, authority: string) {
    this.#socket = socket;
    this.#headers = callHeaders(putPath, authority);
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the connection was closed')));
    const settings = settingsFrame([
      [settingIds.enablePush, 0],
      [settingIds.initialWindow, windowMax],
    ]);
    socket.write(Buffer.concat([preface, settings, windowFrame(0, windowMax - windowDefault)]));
  }

  /** @param url as in http://127.0.0.1:2379. @throws when nothing listens there. */
  static async open(url: string): Promise<LeanConnection> {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    return new LeanConnection(socket, `${hostname}:${port}`);
  }

  put(key: Uint8Array, value: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#failure) {
        reject(this.#failure);
        return;
      }
      const stream = this.#nextStream;
      this.#nextStream += 2;
      this.#calls.set(stream, { resolve, reject, answer: undefined });
      this.#send(stream, key, value);
    });
  }

  close(): void {
    this.#fail(new Error('the connection was closed'));
    this.#socket.destroy();
  }

  #send(stream: number, key: Uint8Array, value: Uint8Array): void {
    const block = stream === 1 ? this.#headers.first : this.#headers.later;
    const head = Buffer.allocUnsafe(frameBytes + block.length);
    const to = writeFrameHead(head, 0, {
      length: block.length,
      kind: kinds.headers,
      flags: flags.endHeaders,
      stream,
    });
    head.set(block, to);
    this.#write(head);
    const length = putRequestBytes(key, value);
    const bytes = Buffer.allocUnsafe(messageHeadBytes + length);
    bytes[0] = 0;
    bytes.writeUInt32BE(length, 1);
    writePutRequest(bytes, messageHeadBytes, key, value);
    this.#bodies.push({ stream, bytes, at: 0 });
    this.#sendBodies();
  }

  /** Sends of the bodies what the windows admit, in order. */
  #sendBodies(): void {
    for (let body = this.#bodies[0]; body; body = this.#bodies[0]) {
      if (!this.#sendBody(body)) return;
      this.#bodies.shift();
    }
  }

  /** @returns whether all of it was sent. */
  #sendBody(body: Body): boolean {
    const { stream, bytes } = body;
    while (body.at < bytes.length) {
      const window = this.#streamWindows.get(stream) ?? this.#initialWindow;
      const length = Math.min(bytes.length - body.at, frameBytesMax, window, this.#window);
      if (length <= 0) return false;
      const last = body.at + length === bytes.length;
      const frame = Buffer.allocUnsafe(frameBytes + length);
      const to = writeFrameHead(frame, 0, {
        length,
        kind: kinds.data,
        flags: last ? flags.endStream : 0,
        stream,
      });
      bytes.copy(frame, to, body.at, body.at + length);
      this.#write(frame);
      body.at += length;
      this.#window -= length;
      if (!last) this.#streamWindows.set(stream, window - length);
    }
    this.#streamWindows.delete(stream);
    return true;
  }

  #write(bytes: Buffer): void {
    this.#out.push(bytes);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#socket.destroyed) this.#socket.write(Buffer.concat(this.#out));
      this.#out.length = 0;
    });
  }

  #take(chunk: Buffer): void {
    try {
      for (const frame of this.#reader.take(chunk)) this.#frame(frame);
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)));
      this.#socket.destroy();
    }
  }

  #frame(frame: Frame): void {
    const { kind, stream, payload } = frame;
    if (kind === kinds.data) this.#data(frame);
    else if (kind === kinds.headers) this.#ended(frame);
    else if (kind === kinds.settings) this.#settings(frame);
    else if (kind === kinds.windowUpdate) this.#opened(stream, payload.readUInt32BE(0) & windowMax);
    else if (kind === kinds.ping && !(frame.flags & flags.ack))
      this.#write(controlFrame(kinds.ping, flags.ack, 0, payload));
    else if (kind === kinds.reset)
      this.#settle(stream, new Error(`etcd reset a call (${payload.readUInt32BE(0)})`));
    else if (kind === kinds.goAway) throw new Error('etcd ended the connection');
  }

  #data(frame: Frame): void {
    const { stream, payload } = frame;
    if (frame.flags & flags.padded) throw new Error('etcd padded an answer');
    const call = this.#calls.get(stream);
    if (call) call.answer = call.answer ? Buffer.concat([call.answer, payload]) : Buffer.from(payload);
    this.#received += payload.length;
    if (this.#received >= windowRefill) {
      this.#write(windowFrame(0, this.#received));
      this.#received = 0;
    }
    this.#ended(frame);
  }

  #ended({ stream, flags: set }: Frame): void {
    if (!(set & flags.endStream)) return;
    const answer = this.#calls.get(stream)?.answer;
    if (!answer || answer.length < messageHeadBytes) {
      this.#settle(stream, new Error('etcd refused a write'));
      return;
    }
    this.#settle(stream, putResponseRevision(answer.subarray(messageHeadBytes)));
  }

  #settings({ flags: set, payload }: Frame): void {
    if (set & flags.ack) return;
    for (let at = 0; at + 6 <= payload.length; at += 6)
      if (payload.readUInt16BE(at) === settingIds.initialWindow) {
        const initial = payload.readUInt32BE(at + 2);
        for (const [stream, window] of this.#streamWindows)
          this.#streamWindows.set(stream, window + initial - this.#initialWindow);
        this.#initialWindow = initial;
      }
    this.#write(controlFrame(kinds.settings, flags.ack, 0, new Uint8Array(0)));
    this.#sendBodies();
  }

  #opened(stream: number, increment: number): void {
    if (stream === 0) this.#window += increment;
    else {
      const window = this.#streamWindows.get(stream);
      if (window !== undefined) this.#streamWindows.set(stream, window + increment);
    }
    this.#sendBodies();
  }

  #settle(stream: number, outcome: number | Error): void {
    const call = this.#calls.get(stream);
    this.#calls.delete(stream);
    if (outcome instanceof Error) call?.reject(outcome);
    else call?.resolve(outcome);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const stream of [...this.#calls.keys()]) this.#settle(stream, this.#failure);
  }
}
