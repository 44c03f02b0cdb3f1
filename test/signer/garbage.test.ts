/** Strangers at every port: whatever they send, the signers go on. */

import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { signerId } from '../../src/base/ids.ts';
import { encodeFrame } from '../../src/messages/peer.ts';
import { WsTransport } from '../../src/transport/ws.ts';
import { generateTransportKeys } from '../../src/transport/x25519.ts';
import { LogLines } from '../transport/harness.ts';
import { ask, pause, post, TestNet, until } from './harness.ts';

let net: TestNet;
beforeAll(async () => {
  net = await TestNet.of();
  await net.startAll();
});
afterAll(() => net.dispose());

/** Deterministic noise. */
function noise(length: number, seed: number): Buffer {
  const parts: Buffer[] = [];
  for (let i = 0; parts.length * 32 < length; i++)
    parts.push(createHash('sha256').update(`${seed}/${i}`).digest());
  return Buffer.concat(parts).subarray(0, length);
}

/** Sends bytes to a port of signer 0; resolves with what came back when the other side closed, or in time. */
function throwAt(port: number, bytes: Uint8Array | string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    const end = (): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(answer);
    };
    const timer = setTimeout(end, 500);
    socket.on('data', (data) => {
      answer += data.toString('latin1');
    });
    socket.on('error', end);
    socket.on('close', end);
    socket.write(bytes);
  });
}

const ports = () => {
  const { peers, http, metrics } = net.running.get(0)!.addresses;
  return [peers.port, http.port, metrics.port];
};

async function stillWorks(nonce: number): Promise<void> {
  const answer = await post(net.url(0, '/v1/transactions?wait=score'), net.json(nonce).json);
  expect(answer.status).toBe(200);
  expect((await ask(net.metricsUrl(0, '/livez'))).status).toBe(200);
}

describe('garbage', () => {
  it('on every port ends at most its own connection', async () => {
    const throws = ports().flatMap((port) => [
      throwAt(port, noise(4000, port)),
      throwAt(port, 'GET / HTTP/9.9\r\n\r\n'),
      throwAt(port, `GET /${'a'.repeat(40_000)} HTTP/1.1\r\n\r\n`),
      throwAt(port, `GET / HTTP/1.1\r\nhost: x\r\n${'x-a: b\r\n'.repeat(5000)}\r\n`),
      throwAt(port, 'POST /v1/transactions HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n'),
      throwAt(
        port,
        'POST /v1/transactions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-type: application/json\r\n\r\nzz\r\n',
      ),
      throwAt(
        port,
        'GET /v1/stream HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n',
      ),
      throwAt(port, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    ]);
    const answers = await Promise.all(throws);
    expect(answers.filter((answer) => /HTTP\/1.1 4/.test(answer)).length).toBeGreaterThan(8);
    expect(answers.filter((answer) => /HTTP\/1.1 [235]/.test(answer))).toEqual([]);
    await stillWorks(1);
  });

  it('as an upgrade to a wrong address is refused with the reason', async () => {
    const refusal = (path: string): Promise<number | undefined> =>
      new Promise((resolve) => {
        const socket = new WebSocket(net.url(0, path).replace('http', 'ws'));
        socket.on('unexpected-response', (_request, response) => resolve(response.statusCode));
        socket.on('error', () => undefined);
        socket.on('open', () => resolve(101));
      });
    expect(await refusal('/v1/other')).toBe(404);
    expect(await refusal('/')).toBe(404);
    expect(await refusal('/v1/stream?after=-1')).toBe(400);
    expect(await refusal('/v1/stream?after=x')).toBe(400);
    await stillWorks(2);
  });

  it('inside a WebSocket ends the stream', async () => {
    const socket = connect(ports()[1]!, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.resume();
    let closed = false;
    socket.on('close', () => {
      closed = true;
    });
    socket.write(
      'GET /v1/stream HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n' +
        'sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
    );
    await pause(50);
    socket.write(noise(3000, 3));
    await until('closed', () => closed);
    await stillWorks(3);
  });

  it('of JSON is refused', async () => {
    for (const body of [
      '[]',
      'null',
      '3',
      '"x"',
      '{"transactions":{}}',
      '{"__proto__":{"a":1}}',
      '{"a":'.repeat(50_000),
    ]) {
      const answer = await post(net.url(0, '/v1/transactions'), body);
      expect([answer.status, answer.body.outcome]).toEqual([400, 'rejected']);
    }
    await stillWorks(4);
  });
});

describe('a client that goes away', () => {
  it('leaves nothing waiting behind', async () => {
    const controller = new AbortController();
    const asked = ask(net.url(0, `/v1/transactions/${'cd'.repeat(32)}?wait=score`), {
      signal: controller.signal,
    });
    await until('waiting', () => net.running.get(0)!.status().waiting === 1);
    controller.abort();
    await expect(asked).rejects.toThrow();
    await until('gone', () => net.running.get(0)!.status().waiting === 0);
  });
});

describe('a stranger with a key of its own', () => {
  it('is not let in, and its frames reach nobody', async () => {
    const log = new LogLines();
    const { secretKey, publicKey } = generateTransportKeys();
    const own = { id: signerId(0), address: '127.0.0.1:9', transportKey: publicKey };
    const { signers } = net.federation;
    const stranger = new WsTransport({
      self: signerId(0),
      listen: { host: '127.0.0.1', port: 0 },
      peers: [own, { id: signerId(1), address: signers[1]!.address, transportKey: signers[1]!.transportKey }],
      secretKey,
      epoch: net.home(0).epoch,
      log,
    });
    await stranger.start({ onFrame: () => undefined, onUp: () => undefined, onDown: () => undefined });
    stranger.send(signerId(1), encodeFrame([Uint8Array.of(1)]));
    await until('refused', () => log.lines.some((line) => /connection ended/.test(line.message)));
    expect(stranger.connected(signerId(1))).toBe(false);
    expect(net.running.get(1)!.status().connected).toEqual([0, 2, 3]);
    await stranger.close();
    await stillWorks(5);
  });
});

describe('a listed signer that sends garbage', () => {
  it('is refused frame by frame, and the others go on', async () => {
    await net.stop(3);
    const home = net.home(3);
    const liar = new WsTransport({
      self: signerId(3),
      listen: home.listen.peers,
      peers: net.federation.signers.map(({ address, transportKey }, i) => ({
        id: signerId(i),
        address,
        transportKey,
      })),
      secretKey: home.keys.transportSecret,
      epoch: home.epoch,
      log: new LogLines(),
    });
    await liar.start({ onFrame: () => undefined, onUp: () => undefined, onDown: () => undefined });
    await until('in', () => liar.connected(signerId(0)) && liar.connected(signerId(1)));
    for (let i = 0; i < 50; i++)
      for (const to of [0, 1, 2]) {
        liar.send(signerId(to), noise(200 + i, i));
        liar.send(signerId(to), encodeFrame([noise(100, i), Uint8Array.of((i % 16) + 1, ...noise(80, i))]));
      }
    await until('refused', async () =>
      /refused_total\{code="[A-Z_]+"\} [0-9]+/.test(
        String((await ask(net.metricsUrl(0, '/metrics'))).body.text),
      ),
    );
    const answer = await post(net.url(0, '/v1/transactions?wait=score'), net.json(6).json);
    expect(answer.status).toBe(200);
    await liar.close();
    await net.start(3);
    await stillWorks(7);
  });
});
