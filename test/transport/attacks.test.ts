/**
 * Strangers and lying peers at the WebSocket transport's port. Each attack must end at most its own
 * connection: a signer that is connected stays so, one that connects later can, and nothing is delivered.
 */

import { randomBytes } from 'node:crypto';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { toHex } from '../../src/base/bytes.ts';
import { type Epoch, signerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { chunkBytesMax } from '../../src/transport/chunks.ts';
import { Handshake, type Session } from '../../src/transport/handshake.ts';
import type { WsTransport } from '../../src/transport/ws.ts';
import { generateTransportKeys, keyPairFrom } from '../../src/transport/x25519.ts';
import { numbered, pause, Recorder, TestFederation, until } from './harness.ts';

const [zero, one] = [signerId(0), signerId(1)];
const none = new Uint8Array(0);

let federation: TestFederation;
let victim: WsTransport;
let heard: Recorder;
const opened: { destroy(): void }[] = [];

/** Signer 1 listens with tight limits; signer 0 is whoever the attacker plays, or honest. */
beforeEach(async () => {
  federation = await TestFederation.of(3);
  victim = federation.make(1, {
    limits: { handshakeTimeoutMs: 300, handshakesMax: 8, closeTimeoutMs: 50 },
    peers: federation.peers.slice(0, 2),
  });
  heard = new Recorder();
  await victim.start(heard);
});
afterEach(async () => {
  for (const socket of opened.splice(0)) socket.destroy();
  await federation.closeAll();
});

/** The victim still serves an honest signer, and delivers only what that one sends. */
async function expectUnharmed(): Promise<void> {
  const honest = federation.make(0, { peers: federation.peers.slice(0, 2) });
  await honest.start(new Recorder());
  await until('the honest signer is connected', () => honest.connected(one) && victim.connected(zero));
  honest.send(one, numbered(4242));
  await until('its frame', () => heard.numbers.includes(4242));
  expect(heard.numbers).toEqual([4242]);
}

function rawSocket(): { socket: Socket; closed: () => boolean; received: () => string } {
  const socket = connect(federation.port(1), '127.0.0.1');
  opened.push(socket);
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

const upgradeRequest = (port: number) =>
  `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

/** A WebSocket client under the attacker's control. */
class Attacker {
  readonly ws: WebSocket;
  readonly messages: Buffer[] = [];
  closed: { code: number; reason: string } | undefined;

  constructor() {
    this.ws = new WebSocket(`ws://127.0.0.1:${federation.port(1)}/`, { perMessageDeflate: false });
    opened.push({ destroy: () => this.ws.terminate() });
    this.ws.on('message', (data) => this.messages.push(data as Buffer));
    this.ws.on('error', () => {});
    this.ws.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
    });
  }

  async open(): Promise<this> {
    await until('open', () => this.ws.readyState === WebSocket.OPEN);
    return this;
  }

  async next(): Promise<Buffer> {
    await until('a message', () => this.messages.length > 0);
    return this.messages.shift()!;
  }

  /** Runs the handshake as signer 0, or as whoever holds the key. */
  async authenticate(options: { secretKey?: Uint8Array; epoch?: Epoch } = {}): Promise<Session> {
    const handshake = new Handshake({
      role: 'initiator',
      staticKeys: keyPairFrom(options.secretKey ?? federation.secrets[0]!),
      epoch: options.epoch ?? federation.epoch,
      dialled: { id: one, transportKey: federation.peers[1]!.transportKey },
    });
    this.ws.send(must(handshake.start()));
    const step = must(handshake.receive(await this.next()));
    this.ws.send(step.reply!);
    return step.session!;
  }

  async end(): Promise<{ code: number; reason: string }> {
    await until('closed', () => this.closed !== undefined);
    return this.closed!;
  }
}

const authenticated = async () => {
  const attacker = await new Attacker().open();
  const session = await attacker.authenticate();
  await until('the attacker is connected', () => victim.connected(zero));
  return { attacker, session };
};

describe('strangers', () => {
  test('an unlisted key is refused, with the reason', async () => {
    const attacker = await new Attacker().open();
    await attacker.authenticate({ secretKey: generateTransportKeys().secretKey });
    expect(await attacker.end()).toEqual({ code: 4000, reason: 'UNLISTED_KEY' });
    expect(federation.logs[1]!.has('UNLISTED_KEY')).toBe(true);
    expect(victim.stats().handshakesRefused).toBe(1);
    await expectUnharmed();
  });

  test('a dialler that is refused never believes that it is connected', async () => {
    const { secretKey, publicKey } = generateTransportKeys();
    const stranger = federation.make(0, {
      secretKey,
      peers: federation.peers.map((peer) => (peer.id === zero ? { ...peer, transportKey: publicKey } : peer)),
    });
    const recorder = new Recorder();
    await stranger.start(recorder);
    await until('refused', () => federation.logs[0]!.has('UNLISTED_KEY'));
    expect(recorder.events).toEqual([]);
    await stranger.close();
    await expectUnharmed();
  });

  test('a signer with the higher id may not dial', async () => {
    const lower = federation.make(0, { limits: { handshakeTimeoutMs: 300 } });
    await lower.start(new Recorder());
    const attacker = await new Attacker().open();
    attacker.ws.terminate();
    const ws = new WebSocket(`ws://127.0.0.1:${federation.port(0)}/`);
    opened.push({ destroy: () => ws.terminate() });
    const handshake = new Handshake({
      role: 'initiator',
      staticKeys: keyPairFrom(federation.secrets[1]!),
      epoch: federation.epoch,
      dialled: { id: zero, transportKey: federation.peers[0]!.transportKey },
    });
    let reason = '';
    ws.on('open', () => ws.send(must(handshake.start())));
    ws.on('message', (data) => ws.send(must(handshake.receive(data as Buffer)).reply!));
    ws.on('close', (_code, text) => {
      reason = text.toString();
    });
    await until('refused', () => reason !== '');
    expect(reason).toBe('WRONG_DIRECTION');
  });

  test('another epoch is refused by name, and the dialling signer logs why', async () => {
    const dialler = federation.make(0, { epoch: toHex(randomBytes(32)) as Epoch });
    const recorder = new Recorder();
    await dialler.start(recorder);
    await until('refused', () => federation.logs[0]!.has('EPOCH_MISMATCH'));
    expect(federation.logs[1]!.has('EPOCH_MISMATCH')).toBe(true);
    expect(recorder.events).toEqual([]);
    await dialler.close();
    await expectUnharmed();
  });

  test('garbage bytes', async () => {
    const sockets = Array.from({ length: 5 }, rawSocket);
    for (const { socket } of sockets) socket.write(randomBytes(100_000));
    await until('all closed', () => sockets.every(({ closed }) => closed()));
    await expectUnharmed();
  });

  test('a plain HTTP request gets 426 and a closed connection', async () => {
    const { socket, closed, received } = rawSocket();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until('closed', closed);
    expect(received()).toMatch(/^HTTP\/1\.1 426 /);
    await expectUnharmed();
  });

  test.each([
    [
      'a request with a body that never ends',
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n',
    ],
    ['headers without end', `GET / HTTP/1.1\r\nHost: x\r\n${'X-A: b\r\n'.repeat(2000)}`],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n'],
    [
      'an upgrade to something else',
      'GET / HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
    ],
  ])('%s', async (_what, text) => {
    const { socket, closed } = rawSocket();
    socket.write(text);
    await until('closed', closed, 2000);
    await expectUnharmed();
  });

  test('a truncated handshake: each message in part, then nothing', async () => {
    const lengths = [0, 1, 31, 65];
    const attackers = await Promise.all(lengths.map(() => new Attacker().open()));
    const first = must(
      new Handshake({
        role: 'initiator',
        staticKeys: keyPairFrom(federation.secrets[0]!),
        epoch: federation.epoch,
        dialled: { id: one, transportKey: federation.peers[1]!.transportKey },
      }).start(),
    );
    attackers.forEach((attacker, i) => {
      attacker.ws.send(first.subarray(0, lengths[i]));
    });
    for (const attacker of attackers) expect((await attacker.end()).reason).toBe('HANDSHAKE_LENGTH');
    const silent = await new Attacker().open();
    silent.ws.send(first);
    await silent.next();
    expect((await silent.end()).code).toBe(1006);
    await expectUnharmed();
  });

  test.each<[string, string, (ws: WebSocket) => void]>([
    ['a handshake message of 64 KB', '4000 HANDSHAKE_LENGTH', (ws) => ws.send(randomBytes(65535))],
    ['a text message', '4000 WEBSOCKET', (ws) => ws.send('hello')],
    ['a ping', '4000 WEBSOCKET', (ws) => ws.ping()],
    ['a pong', '4000 WEBSOCKET', (ws) => ws.pong()],
    [
      'a fragmented message',
      '1008 ',
      (ws) => {
        ws.send(Buffer.alloc(5), { fin: false });
        ws.send(Buffer.alloc(5));
      },
    ],
    [
      'many bad messages at once',
      '4000 HANDSHAKE_LENGTH',
      (ws) => {
        for (let n = 1; n < 5; n++) ws.send(randomBytes(n));
      },
    ],
  ])('%s', async (_what, end, act) => {
    const attacker = await new Attacker().open();
    act(attacker.ws);
    const { code, reason } = await attacker.end();
    expect(`${code} ${reason}`).toBe(end);
    await expectUnharmed();
  });

  test('a giant WebSocket frame is refused by its header', async () => {
    const { socket, closed } = rawSocket();
    socket.write(upgradeRequest(federation.port(1)));
    // Final binary fragment, masked, 64-bit length of 4 GB.
    const header = Buffer.from('82ff0000000100000000aabbccdd', 'hex');
    socket.write(header);
    await until('closed', closed, 2000);
    await expectUnharmed();
  });

  test('slow-loris: one byte at a time, before and after the upgrade', async () => {
    const slow = [rawSocket(), rawSocket()];
    slow[1]!.socket.write(upgradeRequest(federation.port(1)));
    const start = performance.now();
    const timer = setInterval(() => {
      for (const { socket, closed } of slow) if (!closed()) socket.write(Buffer.of(0x47));
    }, 10);
    await until('both closed', () => slow.every(({ closed }) => closed()), 2000);
    clearInterval(timer);
    expect(performance.now() - start).toBeLessThan(1500);
    await expectUnharmed();
  });

  test('idle and half-open sockets run out of time', async () => {
    const idle = Array.from({ length: 4 }, rawSocket);
    idle[0]!.socket.end();
    idle[1]!.socket.on('connect', () => idle[1]!.socket.resetAndDestroy());
    await until('all closed', () => idle.every(({ closed }) => closed()), 2000);
    await expectUnharmed();
  });

  test('a flood of idle sockets: the oldest make room, and a signer still gets in', async () => {
    await victim.close();
    // Nothing but eviction can close a socket within this test.
    victim = federation.make(1, {
      limits: { handshakeTimeoutMs: 60_000, handshakesMax: 8 },
      peers: federation.peers.slice(0, 2),
    });
    await victim.start(heard);
    const flood = Array.from({ length: 40 }, rawSocket);
    await until('evictions', () => flood.filter(({ closed }) => closed()).length >= 32, 2000);
    expect(flood.slice(-8).some(({ closed }) => closed())).toBe(false);
    await expectUnharmed();
    expect(victim.stats().strangersClosed).toBeGreaterThanOrEqual(32);
  });

  test('an address that answers with another key, or with noise, or never', async () => {
    const silent: Socket[] = [];
    const server: Server = createServer((socket) => {
      silent.push(socket);
      socket.on('error', () => {});
      if (silent.length === 1) socket.write(randomBytes(1000));
      if (silent.length === 2) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const noise = `127.0.0.1:${(server.address() as { port: number }).port}`;
    const peers = federation.peers.map((peer) => {
      if (peer.id === one) return { ...peer, address: noise };
      // Signer 2's address is where signer 1 listens.
      return peer.id === 2 ? { ...peer, address: federation.peers[1]!.address } : peer;
    });
    const recorder = new Recorder();
    const limits = { handshakeTimeoutMs: 100, logIntervalMs: 1 };
    const dialler = federation.make(0, { peers, limits });
    await dialler.start(recorder);
    await until('all tried', () => silent.length >= 4 && federation.logs[0]!.has('WRONG_PEER'));
    expect(recorder.events).toEqual([]);
    await dialler.close();
    for (const socket of silent) socket.destroy();
    server.close();
    await expectUnharmed();
  });
});

describe('peers that lie', () => {
  test('a flipped bit ends the connection, and nothing of the message is delivered', async () => {
    for (const bit of [0, 77, 8 * 20 - 1]) {
      const { attacker, session } = await authenticated();
      const message = session.send.encryptWithAd(none, Buffer.from([1, 0, 1, 65]));
      const altered = Uint8Array.from(message);
      altered[(bit >> 3) % altered.length]! ^= 1 << (bit & 7);
      attacker.ws.send(altered);
      expect(await attacker.end()).toEqual({ code: 4000, reason: 'NOISE_TAG' });
      await until('down', () => !victim.connected(zero));
    }
    expect(heard.frames).toEqual([]);
    expect(victim.stats().violations).toBe(3);
    await expectUnharmed();
  });

  test('a repeated message ends the connection', async () => {
    const { attacker, session } = await authenticated();
    const message = session.send.encryptWithAd(none, Buffer.concat([Buffer.from([1, 0, 4]), numbered(4242)]));
    attacker.ws.send(message);
    attacker.ws.send(message);
    expect((await attacker.end()).reason).toBe('NOISE_TAG');
    expect(heard.numbers).toEqual([4242]);
  });

  test('a frame beyond the limit is not assembled', async () => {
    const small = federation.make(2, { limits: { frameBytesMax: 200_000 } });
    await small.start(heard);
    const attacker = new WebSocket(`ws://127.0.0.1:${federation.port(2)}/`);
    opened.push({ destroy: () => attacker.terminate() });
    let reason = '';
    const handshake = new Handshake({
      role: 'initiator',
      staticKeys: keyPairFrom(federation.secrets[0]!),
      epoch: federation.epoch,
      dialled: { id: signerId(2), transportKey: federation.peers[2]!.transportKey },
    });
    attacker.on('open', () => attacker.send(must(handshake.start())));
    attacker.once('message', (data) => {
      const { reply, session } = must(handshake.receive(data as Buffer));
      attacker.send(reply!);
      const piece = Buffer.alloc(chunkBytesMax);
      piece.writeUInt16BE(chunkBytesMax - 3, 1);
      for (let i = 0; i < 10; i++) attacker.send(session!.send.encryptWithAd(none, piece));
    });
    attacker.on('close', (_code, text) => {
      reason = text.toString();
    });
    await until('closed', () => reason !== '');
    expect(reason).toBe('FRAME_LONG');
    expect(heard.frames).toEqual([]);
  });

  test.each<[string, string, (attacker: Attacker, session: Session) => void]>([
    ['a message beyond 65535 bytes', '1009 ', (attacker) => attacker.ws.send(randomBytes(65536))],
    ['an empty message', '4000 NOISE_SHORT', (attacker) => attacker.ws.send(none)],
    ['a text message', '4000 WEBSOCKET', (attacker) => attacker.ws.send('text')],
    [
      'a malformed chunk',
      '4000 CHUNK_MALFORMED',
      (attacker, session) =>
        attacker.ws.send(session.send.encryptWithAd(none, Buffer.from([1, 0, 1, 65, 9, 9, 9]))),
    ],
  ])('%s ends the connection', async (_what, end, act) => {
    const { attacker, session } = await authenticated();
    act(attacker, session);
    const { code, reason } = await attacker.end();
    expect(`${code} ${reason}`).toBe(end);
    await until('down', () => !victim.connected(zero));
    expect(heard.events).toEqual(['up 0', 'down 0']);
    expect(victim.stats().violations).toBe(1);
    await expectUnharmed();
  });

  test('a message of 5 MB ends the connection', async () => {
    const { attacker } = await authenticated();
    attacker.ws.send(randomBytes(5_000_000));
    await attacker.end();
    await until('down', () => !victim.connected(zero));
    expect(victim.stats().bytesIn).toBeLessThan(1000);
    await expectUnharmed();
  });

  test('what follows a bad message is not delivered, though it is valid', async () => {
    const { attacker, session } = await authenticated();
    const valid = session.send.encryptWithAd(none, Buffer.concat([Buffer.from([1, 0, 4]), numbered(1)]));
    attacker.ws.send(randomBytes(40));
    attacker.ws.send(valid);
    expect((await attacker.end()).reason).toBe('NOISE_TAG');
    expect(heard.frames).toEqual([]);
  });

  test('a peer that stops reading costs no more than its queue', async () => {
    const { attacker } = await authenticated();
    attacker.ws.pause();
    for (let i = 0; i < 200; i++) {
      victim.send(zero, new Uint8Array(1 << 20));
      if (i % 20 === 0) await pause(1);
    }
    const { queuedBytes, framesDropped } = victim.stats();
    expect(queuedBytes).toBeLessThanOrEqual(64 << 20);
    expect(framesDropped).toBeGreaterThan(50);
    attacker.ws.terminate();
    await until('down', () => !victim.connected(zero));
    expect(victim.stats().queuedBytes).toBeLessThanOrEqual(8 << 20);
  });
});
