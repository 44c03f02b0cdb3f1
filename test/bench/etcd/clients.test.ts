/** Both clients against a server of `node:http2` that answers as etcd does. */

import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { EtcdConnection } from '../../../bench/etcd/connection.ts';
import {
  FrameReader,
  kinds,
  preface,
  settingsFrame,
  windowDefault,
  windowFrame,
} from '../../../bench/etcd/frames.ts';
import { GrpcConnection } from '../../../bench/etcd/grpc.ts';
import { LeanConnection } from '../../../bench/etcd/lean.ts';
import { toHex, utf8 } from '../../../src/base/bytes.ts';

let server: Http2Server | undefined;
let connection: EtcdConnection | undefined;

afterEach(() => {
  connection?.close();
  server?.close();
});

interface Seen {
  readonly headers: Record<string, unknown>;
  readonly body: Buffer;
}

const answerOf = (revision: number): Buffer => {
  const message = Buffer.of(0x0a, 0x02, 0x18, revision);
  return Buffer.concat([Buffer.of(0, 0, 0, 0, message.length), message]);
};

function answered(stream: ServerHttp2Stream, revision: number): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'grpc-message': '' }));
  stream.end(answerOf(revision));
}

/** @param respond answers the n-th call, from 1. */
async function serve(
  respond: (stream: ServerHttp2Stream, count: number) => void,
): Promise<{ url: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const made = createServer();
  server = made;
  made.on('stream', (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('end', () => {
      seen.push({ headers, body: Buffer.concat(chunks) });
      respond(stream, seen.length);
    });
  });
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(made.address() as AddressInfo).port}`, seen };
}

describe.each([
  ['grpc', GrpcConnection.open, 'etcd refused a write (gRPC status 14)'],
  ['lean', LeanConnection.open, 'etcd refused a write'],
] as const)('the client "%s"', (_, open, refusal) => {
  it('sends gRPC calls and gives the revisions', async () => {
    const { url, seen } = await serve(answered);
    connection = await open(url);
    expect(await connection.put(utf8('foo'), utf8('bar'))).toBe(1);
    expect(await connection.put(utf8('foo'), utf8('baz'))).toBe(2);
    for (const { headers } of seen)
      expect(headers).toMatchObject({
        ':method': 'POST',
        ':path': '/etcdserverpb.KV/Put',
        ':scheme': 'http',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
    expect(seen.map(({ body }) => toHex(body))).toEqual([
      '000000000a0a03666f6f1203626172',
      '000000000a0a03666f6f120362617a',
    ]);
  });

  it('has many calls under way, and more bytes than the windows of the server hold', async () => {
    const { url, seen } = await serve((stream) => answered(stream, 5));
    connection = await open(url);
    const value = new Uint8Array(100_000).fill(3);
    const puts = Array.from({ length: 40 }, (_, i) => connection!.put(utf8(`key-${i}`), value));
    expect(await Promise.all(puts)).toEqual(new Array(40).fill(5));
    for (const { body } of seen) expect(body.length).toBeGreaterThan(100_000);
  });

  it('rejects what the server refuses, and goes on', async () => {
    const { url } = await serve((stream, count) => {
      if (count > 1) answered(stream, 7);
      else
        stream.respond(
          { ':status': 200, 'grpc-status': '14', 'grpc-message': 'no leader' },
          { endStream: true },
        );
    });
    connection = await open(url);
    await expect(connection.put(utf8('a'), utf8('b'))).rejects.toThrow(refusal);
    expect(await connection.put(utf8('a'), utf8('b'))).toBe(7);
  });

  it('rejects what is under way when the server goes away', async () => {
    const { url } = await serve((stream) => stream.session?.destroy());
    connection = await open(url);
    await expect(connection.put(utf8('a'), utf8('b'))).rejects.toThrow();
  });
});

describe('the lean client', () => {
  it('sends no more than the windows of the server admit', async () => {
    let data = 0;
    let opened = false;
    const reader = new FrameReader();
    const done = new Promise<void>((resolve) => {
      const raw = createSocketServer((socket) => {
        socket.write(settingsFrame([]));
        let begun = false;
        socket.on('data', (chunk) => {
          for (const frame of reader.take(begun ? chunk : chunk.subarray(preface.length)))
            if (frame.kind === kinds.data) data += frame.payload.length;
          begun = true;
          if (data === windowDefault + 1000) {
            socket.destroy();
            raw.close();
            resolve();
          } else if (data >= windowDefault && !opened) {
            expect(data).toBe(windowDefault);
            opened = true;
            socket.write(windowFrame(0, 1000));
          }
        });
      });
      raw.listen(0, '127.0.0.1', async () => {
        connection = await LeanConnection.open(`http://127.0.0.1:${(raw.address() as AddressInfo).port}`);
        for (let i = 0; i < 4; i++)
          connection.put(utf8('key'), new Uint8Array(20_000)).catch(() => undefined);
      });
    });
    await done;
    expect(data).toBe(windowDefault + 1000);
  });
});
