/** The `submit` command against a real signer: over its stream, and where something between passes requests only. */

import { createServer, request, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { submitCommand } from '../../src/cli/submit.ts';
import { verifyCommand } from '../../src/cli/verify.ts';
import { formatFederation } from '../../src/messages/federation-file.ts';
import { TestNet } from './harness.ts';

/** Something between a client and a signer, which lets upgrades through or not, and counts. */
class Between {
  readonly #server: Server;
  posts = 0;
  upgrades = 0;

  constructor(port: number, passesUpgrades: boolean) {
    this.#server = createServer((incoming, response) => {
      if (incoming.method === 'POST') this.posts += 1;
      const { method, headers, url: path } = incoming;
      const onwards = request({ host: '127.0.0.1', port, method, headers, path }, (answer) => {
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      });
      onwards.on('error', () => response.destroy());
      incoming.pipe(onwards);
    });
    this.#server.on('upgrade', (incoming, socket, head) => {
      this.upgrades += 1;
      socket.on('error', () => {});
      if (!passesUpgrades) {
        socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
        return;
      }
      const onwards = connect(port, '127.0.0.1', () => {
        const fields = incoming.rawHeaders.flatMap((name, i) =>
          i % 2 ? [] : [`${name}: ${incoming.rawHeaders[i + 1]}\r\n`],
        );
        onwards.write(`GET ${incoming.url} HTTP/1.1\r\n${fields.join('')}\r\n`);
        onwards.write(head);
        onwards.pipe(socket).pipe(onwards);
      });
      onwards.on('error', () => socket.destroy());
      socket.on('close', () => onwards.destroy());
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

let net: TestNet;
let federation: string;
const open: Between[] = [];
beforeAll(async () => {
  net = await TestNet.of({ limits: { checkpointAfterMs: 100 } });
  await net.startAll();
  federation = formatFederation(net.federation);
});
afterAll(async () => {
  for (const between of open) await between.close();
  await net.dispose();
});

describe('submit', () => {
  it.each([
    ['the stream', true, 'score'],
    ['the stream', true, 'order'],
    ['requests', false, 'score'],
    ['requests', false, 'order'],
  ] as const)('prints a receipt that verifies, over %s (%s, %s)', async (_, passesUpgrades, finality) => {
    const between = new Between(Number(new URL(net.url(1, '/')).port), passesUpgrades);
    open.push(between);
    const to = await between.listen();
    const out: string[] = [];
    const warnings: string[] = [];
    const body = JSON.stringify({ finality, passesUpgrades });
    const result = await submitCommand(
      { to, body, finality, json: true, timeoutMs: 20_000 },
      { out: (line) => out.push(line), warn: (line) => warnings.push(line) },
    );
    expect(result).toEqual({ ok: true, value: { transactions: 1 } });
    expect(verifyCommand(out.join('\n'), federation)).toMatchObject({
      ok: true,
      value: { json: { kind: 'receipt', verdict: 'executed' } },
    });
    expect(warnings).toHaveLength(1); // it took the federation from the signer
    expect(between.upgrades).toBeGreaterThan(0);
    expect(between.posts > 0).toBe(!passesUpgrades);
  });
});
