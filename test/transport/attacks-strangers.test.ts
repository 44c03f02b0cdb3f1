/**
 * Strangers at the WebSocket transport's port. Each attack must end at most its own connection: a signer
 * that connects later still can, and nothing is delivered.
 */

import { randomBytes } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { WebSocket } from 'ws';
import { toHex } from '../../src/base/bytes.ts';
import { type Epoch, signerId } from '../../src/base/ids.ts';
import { must } from '../../src/base/result.ts';
import { generateTransportKeys } from '../../src/transport/x25519.ts';
import { Scene } from './attacker.ts';
import { Recorder, until } from './harness.ts';

const [zero, one] = [signerId(0), signerId(1)];

const upgradeRequest = (port: number) =>
  `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n';

let scene: Scene;
beforeEach(async () => {
  scene = await Scene.open();
});
afterEach(() => scene.close());

describe('strangers', () => {
  test('an unlisted key is refused, with the reason', async () => {
    const attacker = await scene.attacker();
    await attacker.authenticate({ secretKey: generateTransportKeys().secretKey });
    expect(await attacker.end()).toBe('4000 UNLISTED_KEY');
    expect(scene.federation.logs[1]!.has('UNLISTED_KEY')).toBe(true);
    expect(scene.victim.stats().handshakesRefused).toBe(1);
    await scene.expectUnharmed();
  });

  test('a dialler that is refused never believes that it is connected', async () => {
    const { secretKey, publicKey } = generateTransportKeys();
    const stranger = scene.federation.make(0, {
      secretKey,
      peers: scene.federation.peers.map((peer) =>
        peer.id === zero ? { ...peer, transportKey: publicKey } : peer,
      ),
    });
    const recorder = new Recorder();
    await stranger.start(recorder);
    await until('refused', () => scene.federation.logs[0]!.has('UNLISTED_KEY'));
    expect(recorder.events).toEqual([]);
    await stranger.close();
    await scene.expectUnharmed();
  });

  test('a signer with the higher id may not dial', async () => {
    const lower = scene.federation.make(0, { limits: { handshakeTimeoutMs: 300 } });
    await lower.start(new Recorder());
    const attacker = await scene.attacker(0);
    await attacker.authenticate({ secretKey: scene.federation.secrets[1]! });
    expect(await attacker.end()).toBe('4000 WRONG_DIRECTION');
  });

  test('another epoch is refused by name, and the dialling signer logs why', async () => {
    const dialler = scene.federation.make(0, { epoch: toHex(randomBytes(32)) as Epoch });
    const recorder = new Recorder();
    await dialler.start(recorder);
    await until('refused', () => scene.federation.logs[0]!.has('EPOCH_MISMATCH'));
    expect(scene.federation.logs[1]!.has('EPOCH_MISMATCH')).toBe(true);
    expect(recorder.events).toEqual([]);
    await dialler.close();
    await scene.expectUnharmed();
  });

  test('garbage bytes', async () => {
    const sockets = Array.from({ length: 5 }, () => scene.rawSocket());
    for (const { socket } of sockets) socket.write(randomBytes(100_000));
    await until('all closed', () => sockets.every(({ closed }) => closed()));
    await scene.expectUnharmed();
  });

  test('a plain HTTP request gets 426 and a closed connection', async () => {
    const { socket, closed, received } = scene.rawSocket();
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    await until('closed', closed);
    expect(received()).toMatch(/^HTTP\/1\.1 426 /);
    await scene.expectUnharmed();
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
    const { socket, closed } = scene.rawSocket();
    socket.write(text);
    await until('closed', closed, 2000);
    await scene.expectUnharmed();
  });

  test('a truncated handshake: each message in part, then nothing', async () => {
    const lengths = [0, 1, 31, 65];
    const attackers = await Promise.all(lengths.map(() => scene.attacker()));
    const first = must(attackers[0]!.handshake().start());
    attackers.forEach((attacker, i) => {
      attacker.ws.send(first.subarray(0, lengths[i]));
    });
    for (const attacker of attackers) expect(await attacker.end()).toBe('4000 HANDSHAKE_LENGTH');
    const silent = await scene.attacker();
    silent.ws.send(first);
    await silent.next();
    expect(await silent.end()).toBe('1006 ');
    await scene.expectUnharmed();
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
    const attacker = await scene.attacker();
    act(attacker.ws);
    expect(await attacker.end()).toBe(end);
    await scene.expectUnharmed();
  });

  test('a giant WebSocket frame is refused by its header', async () => {
    const { socket, closed } = scene.rawSocket();
    socket.write(upgradeRequest(scene.federation.port(1)));
    // Final binary fragment, masked, 64-bit length of 4 GB.
    const header = Buffer.from('82ff0000000100000000aabbccdd', 'hex');
    socket.write(header);
    await until('closed', closed, 2000);
    await scene.expectUnharmed();
  });

  test('slow-loris: one byte at a time, before and after the upgrade', async () => {
    const slow = [scene.rawSocket(), scene.rawSocket()];
    slow[1]!.socket.write(upgradeRequest(scene.federation.port(1)));
    const start = performance.now();
    const timer = setInterval(() => {
      for (const { socket, closed } of slow) if (!closed()) socket.write(Buffer.of(0x47));
    }, 10);
    await until('both closed', () => slow.every(({ closed }) => closed()), 2000);
    clearInterval(timer);
    expect(performance.now() - start).toBeLessThan(1500);
    await scene.expectUnharmed();
  });

  test('idle and half-open sockets run out of time', async () => {
    const idle = Array.from({ length: 4 }, () => scene.rawSocket());
    idle[0]!.socket.end();
    idle[1]!.socket.on('connect', () => idle[1]!.socket.resetAndDestroy());
    await until('all closed', () => idle.every(({ closed }) => closed()), 2000);
    await scene.expectUnharmed();
  });

  test('a flood of idle sockets: the oldest make room, and a signer still gets in', async () => {
    // Nothing but eviction can close a socket within this test.
    await scene.restart({ handshakeTimeoutMs: 60_000 });
    const flood = Array.from({ length: 40 }, () => scene.rawSocket());
    await until('evictions', () => flood.filter(({ closed }) => closed()).length >= 32, 2000);
    expect(flood.slice(-8).some(({ closed }) => closed())).toBe(false);
    await scene.expectUnharmed();
    expect(scene.victim.stats().strangersClosed).toBeGreaterThanOrEqual(32);
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
    const peers = scene.federation.peers.map((peer) => {
      if (peer.id === one) return { ...peer, address: noise };
      // Signer 2's address is where signer 1 listens.
      return peer.id === 2 ? { ...peer, address: scene.federation.peers[1]!.address } : peer;
    });
    const recorder = new Recorder();
    const limits = { handshakeTimeoutMs: 100, logIntervalMs: 1 };
    const dialler = scene.federation.make(0, { peers, limits });
    await dialler.start(recorder);
    await until('all tried', () => silent.length >= 4 && scene.federation.logs[0]!.has('WRONG_PEER'));
    expect(recorder.events).toEqual([]);
    await dialler.close();
    for (const socket of silent) socket.destroy();
    server.close();
    await scene.expectUnharmed();
  });
});
