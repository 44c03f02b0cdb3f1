/**
 * A signer 1 that is under attack, and the means to attack it: raw sockets, and a WebSocket client that
 * speaks the handshake as signer 0 and then says what it likes.
 */

import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import { WebSocket } from 'ws';
import { type Epoch, signerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { Handshake, type Session } from '../../src/transport/handshake.ts';
import type { TransportLimits } from '../../src/transport/options.ts';
import type { WsTransport } from '../../src/transport/ws.ts';
import { keyPairFrom } from '../../src/transport/x25519.ts';
import { numbered, Recorder, TestFederation, until } from './harness.ts';

const [zero, one] = [signerId(0), signerId(1)];

/** Signer 1 listens with tight limits; signer 0 is whoever the attacker plays, or honest. */
export class Scene {
  readonly federation: TestFederation;
  readonly heard = new Recorder();
  readonly opened: { destroy(): void }[] = [];
  victim: WsTransport;

  constructor(federation: TestFederation) {
    this.federation = federation;
    this.victim = this.#makeVictim({});
  }

  static async open(): Promise<Scene> {
    const scene = new Scene(await TestFederation.of(3));
    await scene.victim.start(scene.heard);
    return scene;
  }

  /** Starts the victim anew with other limits. */
  async restart(limits: Partial<TransportLimits>): Promise<void> {
    await this.victim.close();
    this.victim = this.#makeVictim(limits);
    await this.victim.start(this.heard);
  }

  #makeVictim(limits: Partial<TransportLimits>): WsTransport {
    return this.federation.make(1, {
      limits: { handshakeTimeoutMs: 300, handshakesMax: 8, closeTimeoutMs: 50, ...limits },
      peers: this.federation.peers.slice(0, 2),
    });
  }

  async close(): Promise<void> {
    for (const socket of this.opened) socket.destroy();
    await this.federation.closeAll();
  }

  /** The victim still serves an honest signer, and delivers only what that one sends. */
  async expectUnharmed(): Promise<void> {
    const honest = this.federation.make(0, { peers: this.federation.peers.slice(0, 2) });
    await honest.start(new Recorder());
    await until('the honest signer is connected', () => honest.connected(one) && this.victim.connected(zero));
    honest.send(one, numbered(4242));
    await until('its frame', () => this.heard.numbers.includes(4242));
    expect(this.heard.numbers).toEqual([4242]);
  }

  rawSocket(): { socket: Socket; closed: () => boolean; received: () => string } {
    const socket = connect(this.federation.port(1), '127.0.0.1');
    this.opened.push(socket);
    let closed = false;
    let received = '';
    socket.on('error', () => {});
    socket.on('data', (data) => {
      received += data.toString('latin1');
    });
    socket.on('close', () => {
      closed = true;
    });
    return { socket, closed: () => closed, received: () => received };
  }

  /** An open WebSocket to a signer, the victim unless told otherwise. */
  async attacker(target = 1): Promise<Attacker> {
    const attacker = new Attacker(this.federation, target);
    this.opened.push({ destroy: () => attacker.ws.terminate() });
    await until('open', () => attacker.ws.readyState === WebSocket.OPEN);
    return attacker;
  }

  /** An attacker that holds the keys of signer 0. */
  async authenticated(): Promise<{ attacker: Attacker; session: Session }> {
    const attacker = await this.attacker();
    const session = await attacker.authenticate();
    await until('the attacker is connected', () => this.victim.connected(zero));
    return { attacker, session };
  }
}

/** A WebSocket client under the attacker's control. */
export class Attacker {
  readonly ws: WebSocket;
  readonly messages: Buffer[] = [];
  closed: { code: number; reason: string } | undefined;
  readonly #federation: TestFederation;
  readonly #target: number;

  constructor(federation: TestFederation, target: number) {
    this.#federation = federation;
    this.#target = target;
    this.ws = new WebSocket(`ws://127.0.0.1:${federation.port(target)}/`, { perMessageDeflate: false });
    this.ws.on('message', (data) => this.messages.push(data as Buffer));
    this.ws.on('error', () => {});
    this.ws.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
  }

  async next(): Promise<Buffer> {
    await until('a message', () => this.messages.length > 0);
    return this.messages.shift()!;
  }

  /** An initiator towards the target: as signer 0, or as whoever holds the key. */
  handshake(options: { secretKey?: Uint8Array; epoch?: Epoch } = {}): Handshake {
    const { secrets, peers, epoch } = this.#federation;
    const { id, transportKey } = peers[this.#target]!;
    return new Handshake({
      role: 'initiator',
      staticKeys: keyPairFrom(options.secretKey ?? secrets[0]!),
      epoch: options.epoch ?? epoch,
      dialled: { id, transportKey },
    });
  }

  async authenticate(options: { secretKey?: Uint8Array; epoch?: Epoch } = {}): Promise<Session> {
    const handshake = this.handshake(options);
    this.ws.send(must(handshake.start()));
    const step = must(handshake.receive(await this.next()));
    this.ws.send(step.reply!);
    return step.session!;
  }

  /** How the other side ended it, as `code reason`. */
  async end(): Promise<string> {
    await until('closed', () => this.closed !== undefined);
    return `${this.closed!.code} ${this.closed!.reason}`;
  }
}
