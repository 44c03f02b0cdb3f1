import { spawn } from 'node:child_process';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { signerId } from '../../src/base/ids.ts';
import { backoffMs } from '../../src/transport/link.ts';
import { LogGate, printable } from '../../src/transport/log-gate.ts';
import { defaultTransportLimits, parseAddress } from '../../src/transport/options.ts';
import { generateTransportKeys } from '../../src/transport/x25519.ts';
import { LogLines, numbered, pause, Recorder, TestFederation, until } from './harness.ts';
import { transportSuite } from './suite.ts';

const [zero, one] = [signerId(0), signerId(1)];

transportSuite('WebSocket', async () => {
  const federation = await TestFederation.of(3);
  const { queueDownBytesMax, frameBytesMax } = defaultTransportLimits;
  return {
    queueBytesMax: queueDownBytesMax,
    frameBytesMax,
    make: (id) => federation.make(id),
    dispose: () => federation.closeAll(),
  };
});

describe('WebSocket transport', () => {
  let federation: TestFederation;
  beforeEach(async () => {
    federation = await TestFederation.of(2);
  });
  afterEach(() => federation.closeAll());

  async function pair(options: Parameters<TestFederation['make']>[1] = {}) {
    const [a, b] = [federation.make(0, options), federation.make(1, options)];
    const [heardA, heardB] = [new Recorder(), new Recorder()];
    await a.start(heardA);
    await b.start(heardB);
    await until('both up', () => a.connected(one) && b.connected(zero));
    return { a, b, heardA, heardB };
  }

  test('frames of one turn share messages', async () => {
    const { a, heardB } = await pair();
    const before = a.stats();
    for (let i = 0; i < 500; i++) a.send(one, numbered(i, 100));
    await until('all frames', () => heardB.frames.length === 500);
    const after = a.stats();
    expect(after.framesOut - before.framesOut).toBe(500);
    // 500 * 103 bytes fit into one chunk; a sign of life may come on top.
    expect(after.messagesOut - before.messagesOut).toBeLessThanOrEqual(2);
  });

  test('many large frames pass a small socket buffer', async () => {
    const { a, b, heardB } = await pair({ limits: { socketBufferBytesMax: 1 } });
    for (let i = 0; i < 40; i++) a.send(one, numbered(i, 500_000));
    await until('all frames', () => heardB.frames.length === 40);
    expect(heardB.numbers).toEqual(Array.from({ length: 40 }, (_, i) => i));
    expect(a.stats()).toMatchObject({ framesOut: 40, framesDropped: 0, queuedBytes: 0, connected: 1 });
    expect(b.stats()).toMatchObject({ framesIn: 40, connected: 1, violations: 0, handshakesRefused: 0 });
    expect(b.stats().bytesIn).toBeGreaterThan(20_000_000);
  });

  test('a queue that overflows while connected drops the oldest, never half a frame', async () => {
    const { a, heardB } = await pair({ limits: { queueBytesMax: 1 << 20 } });
    for (let i = 0; i < 100; i++) a.send(one, numbered(i, 100_000));
    await until('the last frame', () => heardB.numbers.includes(99));
    const dropped = a.stats().framesDropped;
    expect(dropped).toBeGreaterThan(50);
    expect(heardB.numbers).toEqual(Array.from({ length: 100 - dropped }, (_, i) => i + dropped));
    expect(federation.logs[0]!.lines.filter((line) => line.message.includes('queue full')).length).toBe(1);
  });

  test('a used-up key renews the connection', async () => {
    const { a, heardA, heardB } = await pair({ limits: { noncesMax: 5 } });
    for (let i = 0; i < 6; i++) {
      a.send(one, numbered(i));
      await pause(5);
    }
    await until('a new connection', () => heardA.events.length >= 3);
    expect(heardA.events.slice(0, 3)).toEqual(['up 1', 'down 1', 'up 1']);
    a.send(one, numbered(99));
    await until('frames again', () => heardB.numbers.includes(99));
  });

  test('an idle connection stays up', async () => {
    const { a, b, heardA, heardB } = await pair({
      limits: { keepaliveMs: 20, deadAfterMs: 200, handshakeTimeoutMs: 150 },
    });
    await pause(500);
    expect([heardA.events, heardB.events]).toEqual([['up 1'], ['up 0']]);
    expect(a.stats().messagesOut + b.stats().messagesOut).toBeGreaterThan(10);
  });

  test('a peer behind a dead network is noticed, and found again', async () => {
    // A relay that can stop to forward without closing anything.
    const sockets: Socket[] = [];
    let frozen = false;
    const relay: Server = createServer((inner) => {
      const outer = connect(federation.port(1), '127.0.0.1');
      sockets.push(inner, outer);
      const pass = (from: Socket, to: Socket) => {
        from.on('data', (data) => frozen || to.write(data));
        from.on('error', () => to.destroy());
        from.on('close', () => frozen || to.destroy());
      };
      pass(inner, outer);
      pass(outer, inner);
    });
    await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(relay.address() as { port: number }).port}`;
    const limits = { keepaliveMs: 25, deadAfterMs: 100, handshakeTimeoutMs: 200 };
    const peers = federation.peers.map((peer) => (peer.id === one ? { ...peer, address } : peer));
    const [heardA, heardB] = [new Recorder(), new Recorder()];
    const [a, b] = [federation.make(0, { peers, limits }), federation.make(1, { limits })];
    await a.start(heardA);
    await b.start(heardB);
    await until('both up', () => a.connected(one) && b.connected(zero));
    frozen = true;
    await until('both down', () => !a.connected(one) && !b.connected(zero), 2000);
    frozen = false;
    await until('both up again', () => a.connected(one) && b.connected(zero));
    expect(federation.logs[0]!.has('SILENT')).toBe(true);
    for (const socket of sockets) socket.destroy();
    await federation.closeAll();
    relay.close();
  });

  test('pauses start anew after a connection that was up', async () => {
    const limits = { backoffMsMin: 30, backoffMsMax: 60_000 };
    const a = federation.make(0, { limits, random: () => 0 });
    await a.start(new Recorder());
    // Attempts fail after 30, 90, 210 and 450 ms; the one after 930 ms succeeds.
    await pause(550);
    const b = federation.make(1);
    await b.start(new Recorder());
    await until('up', () => a.connected(one));
    await b.close();
    await until('down', () => !a.connected(one));
    await federation.make(1).start(new Recorder());
    await until('up again, long before 960 ms', () => a.connected(one), 700);
  });

  test('a new connection of a peer replaces the old one', async () => {
    const { b, heardA, heardB } = await pair();
    // The same identity from a second process.
    const twin = federation.make(0, { listen: { host: '127.0.0.1', port: 0 } });
    await twin.start(new Recorder());
    await until('replaced', () => heardB.events.length >= 3);
    expect(heardB.events.slice(0, 3)).toEqual(['up 0', 'down 0', 'up 0']);
    expect(b.stats().connected).toBe(1);
    // Well before the old connection would be found silent.
    await until('the old one closed', () => heardA.events.includes('down 1'), 1500);
  });

  test('close does not wait for a handshake under way', async () => {
    const sockets: Socket[] = [];
    const mute = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => mute.listen(federation.port(1), '127.0.0.1', resolve));
    const a = federation.make(0, { limits: { handshakeTimeoutMs: 60_000 } });
    await a.start(new Recorder());
    await until('dialled', () => sockets.length === 1);
    const stranger = connect(federation.port(0), '127.0.0.1');
    stranger.on('error', () => {});
    await new Promise((resolve) => stranger.on('connect', resolve));
    await pause(20);
    const start = performance.now();
    await a.close();
    expect(performance.now() - start).toBeLessThan(1000);
    for (const socket of sockets) socket.destroy();
    mute.close();
  });

  test('after close a process has nothing left to wait for', async () => {
    const script = fileURLToPath(new URL('close-process.ts', import.meta.url));
    const child = spawn(process.execPath, ['--import', 'tsx', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let closedAt = 0;
    child.stdout.on('data', (data) => {
      if (String(data).includes('closed')) closedAt = performance.now();
    });
    const code = await new Promise((resolve) => {
      child.on('exit', resolve);
      // Longer than starting takes; a process with handles left would stay for ever.
      setTimeout(() => child.kill(), 15_000).unref();
    });
    expect(code).toBe(0);
    expect(closedAt).toBeGreaterThan(0);
    expect(performance.now() - closedAt).toBeLessThan(2000);
  }, 20_000);

  test('start rejects when the port is taken, and close still works', async () => {
    await federation.make(1).start(new Recorder());
    const second = federation.make(1);
    await expect(second.start(new Recorder())).rejects.toThrow('EADDRINUSE');
    await second.close();
  });

  test('reports an unreachable signer once in a while, not at each attempt', async () => {
    const a = federation.make(0, { limits: { backoffMsMin: 1, backoffMsMax: 2 } });
    await a.start(new Recorder());
    await pause(150);
    expect(federation.logs[0]!.lines.map((line) => line.message)).toEqual(['transport: cannot reach signer']);
  });
});

describe('options', () => {
  test('are refused with one line that says what is wrong', async () => {
    const federation = await TestFederation.of(3);
    const [p0, p1, p2] = federation.peers as [never, never, never];
    const make = (options: object) => () => federation.make(0, options);
    expect(make({ secretKey: new Uint8Array(31) })).toThrow('31 bytes');
    expect(make({ secretKey: generateTransportKeys().secretKey })).toThrow('does not belong');
    expect(make({ peers: [p0, p1, p1] })).toThrow('signer 1 is listed twice');
    expect(
      make({
        peers: [p0, p1, { ...(p2 as object), transportKey: (p1 as { transportKey: unknown }).transportKey }],
      }),
    ).toThrow('signers 1 and 2 have the same transport key');
    expect(make({ peers: [{ ...(p1 as object), transportKey: new Uint8Array(5) }] })).toThrow('5 bytes');
    expect(make({ peers: [{ ...(p1 as object), address: 'nowhere' }] })).toThrow(
      'signer 1: "nowhere" is not',
    );
    expect(make({ epoch: 'ff' })).toThrow('epoch');
    expect(make({ limits: { keepaliveMs: 0 } })).toThrow('keepaliveMs is 0');
    expect(make({ limits: { frameBytesMax: 2 ** 40 } })).toThrow('frameBytesMax');
    expect(make({ limits: { backoffMsMin: 3000 } })).toThrow('backoffMsMin');
  });

  test.each([
    ['host:1', { host: 'host', port: 1 }],
    ['[::1]:65535', { host: '::1', port: 65535 }],
    ['a.b-c:80', { host: 'a.b-c', port: 80 }],
  ])('address %s', (address, value) => {
    expect(parseAddress(address)).toEqual({ ok: true, value });
  });
  test.each([
    'host',
    'host:',
    ':1',
    'host:0',
    'host:65536',
    '::1:80',
    'u@h:1',
    'h/p:1',
    'h:1/',
    'h#:1',
    'h h:1',
  ])('address %s is refused', (address) => {
    expect(parseAddress(address)).toMatchObject({ ok: false, error: { code: 'ADDRESS' } });
  });
});

test('pauses double from the first to the longest, shortened by at most half', () => {
  const full = [1, 2, 3, 4, 5, 6, 7, 50, 5000].map((failures) =>
    backoffMs(failures, defaultTransportLimits, 0),
  );
  expect(full).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000, 2000]);
  expect(backoffMs(3, defaultTransportLimits, 0.999)).toBeCloseTo(100, 0);
});

test('the log gate writes the first line of a key, and counts the rest', () => {
  const log = new LogLines();
  let now = 0;
  const gate = new LogGate(log, { now: () => now }, 1000);
  for (; now < 2500; now += 100) gate.write('info', 'one', {}, 'line');
  gate.write('warn', 'two', {}, 'other');
  expect(log.lines.map(({ level, fields }) => [level, fields.alsoHeldBack])).toEqual([
    ['info', undefined],
    ['info', 9],
    ['info', 9],
    ['warn', undefined],
  ]);
  expect(printable('a\n\u0000b\u00e9')).toBe('a??b?');
});
