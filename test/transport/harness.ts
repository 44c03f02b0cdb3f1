/** What the transport tests share: recorders, federations on free ports, waiting with a limit. */

import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { toHex } from '../../src/base/bytes.ts';
import { type Epoch, type SignerId, signerId } from '../../src/base/ids.ts';
import type { TransportLog, TransportPeer, WsTransportOptions } from '../../src/transport/options.ts';
import type { TransportHandlers } from '../../src/transport/port.ts';
import { WsTransport } from '../../src/transport/ws.ts';
import { generateTransportKeys } from '../../src/transport/x25519.ts';

/** Waits until the condition holds. @throws after the limit, naming what was waited for. */
export async function until(what: string, condition: () => boolean, limitMs = 5000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${limitMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Handlers that write down what happens. */
export class Recorder implements TransportHandlers {
  readonly frames: { from: SignerId; frame: Uint8Array }[] = [];
  readonly events: string[] = [];
  onFrame(from: SignerId, frame: Uint8Array): void {
    this.frames.push({ from, frame });
  }
  onUp(peer: SignerId): void {
    this.events.push(`up ${peer}`);
  }
  onDown(peer: SignerId): void {
    this.events.push(`down ${peer}`);
  }
  get numbers(): number[] {
    return this.frames.map(({ frame }) => Buffer.from(frame).readUInt32BE(0));
  }
}

/** A frame that starts with a number. */
export function numbered(value: number, length = 4): Uint8Array {
  const frame = Buffer.alloc(Math.max(4, length), value & 0xff);
  frame.writeUInt32BE(value, 0);
  return frame;
}

/** A log that keeps its lines. */
export class LogLines implements TransportLog {
  readonly lines: { level: string; fields: Record<string, unknown>; message: string }[] = [];
  info = (fields: object, message: string) => this.#keep('info', fields, message);
  warn = (fields: object, message: string) => this.#keep('warn', fields, message);
  debug = (fields: object, message: string) => this.#keep('debug', fields, message);
  has(code: string): boolean {
    return this.lines.some((line) => line.fields.code === code);
  }
  #keep(level: string, fields: object, message: string): void {
    this.lines.push({ level, fields: fields as Record<string, unknown>, message });
  }
}

/**
 * A port that is free, from below the range that systems give to outgoing connections: one from that
 * range could be taken by any connection before it is listened on, or between a restart's two ends.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

/** Identities and addresses of a few signers on loopback. */
export class TestFederation {
  readonly epoch = toHex(new Uint8Array(32).fill(7)) as Epoch;
  readonly secrets: Uint8Array[] = [];
  readonly peers: TransportPeer[] = [];
  readonly logs: LogLines[] = [];
  readonly made: WsTransport[] = [];

  static async of(n: number): Promise<TestFederation> {
    const federation = new TestFederation();
    for (let i = 0; i < n; i++) {
      const { secretKey, publicKey } = generateTransportKeys();
      federation.secrets.push(secretKey);
      federation.logs.push(new LogLines());
      const address = `127.0.0.1:${await freePort()}`;
      federation.peers.push({ id: signerId(i), address, transportKey: publicKey });
    }
    return federation;
  }

  port(id: number): number {
    return Number(this.peers[id]!.address.split(':')[1]);
  }

  make(id: number, options: Partial<WsTransportOptions> = {}): WsTransport {
    const transport = new WsTransport({
      self: signerId(id),
      listen: { host: '127.0.0.1', port: this.port(id) },
      peers: this.peers,
      secretKey: this.secrets[id]!,
      epoch: this.epoch,
      log: this.logs[id]!,
      ...options,
    });
    this.made.push(transport);
    return transport;
  }

  async closeAll(): Promise<void> {
    await Promise.all(this.made.map((transport) => transport.close()));
  }
}
